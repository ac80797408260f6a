package httpapi

import (
	"context"

	"github.com/script-ohio/platform/app/predict/serving"
)

type predictInput struct {
	RawBody []byte `contentType:"application/json"` // a GameRequest
}

func (a *API) predict(ctx context.Context, in *predictInput) (*reply[*serving.Prediction], error) {
	game, err := a.gameReader.read(in.RawBody)
	if err != nil {
		return nil, err
	}
	start := a.opts.Clock()
	prediction, err := a.deps.Predictor.Predict(ctx, game.request())
	if err != nil {
		return nil, err
	}
	if m, ok := a.metrics.models[prediction.Model]; ok {
		m.duration.Observe(a.opts.Clock().Sub(start).Seconds())
	}
	a.metrics.predicted(&prediction)
	return &reply[*serving.Prediction]{&prediction}, nil
}

// BatchRequest asks for many games at once.
type BatchRequest struct {
	Games []GameRequest `json:"games" minItems:"1" maxItems:"1000" nullable:"false"`
}

// BatchAnswer has one item for every game asked for, in that order.
type BatchAnswer struct {
	Predictions []BatchItem `json:"predictions" nullable:"false"`
	Failed      int         `json:"failed" doc:"Games without a prediction"`
}

// BatchItem is a prediction or an error.
type BatchItem struct {
	Index      int                 `json:"index" doc:"Position in the request, from 0"`
	Prediction *serving.Prediction `json:"prediction,omitempty"`
	Error      *BatchError         `json:"error,omitempty"`
}

// BatchError is a Problem's part that differs from game to game.
type BatchError struct {
	Code   string         `json:"code" example:"invalid"`
	Detail string         `json:"detail"`
	Errors []ProblemError `json:"errors,omitempty"`
}

type batchInput struct{ Body BatchRequest }

func (a *API) predictBatch(ctx context.Context, in *batchInput) (*reply[*BatchAnswer], error) {
	requests := make([]serving.Request, len(in.Body.Games))
	for i, g := range in.Body.Games {
		requests[i] = g.request()
	}
	items := a.deps.Predictor.PredictBatch(ctx, requests)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	answer := &BatchAnswer{Predictions: make([]BatchItem, len(items))}
	for i, item := range items {
		answer.Predictions[i] = BatchItem{Index: i, Prediction: item.Prediction}
		if item.Err != nil {
			p := a.problemOf(ctx, item.Err)
			answer.Predictions[i] = BatchItem{Index: i, Error: &BatchError{Code: p.Code, Detail: p.Detail, Errors: p.Errors}}
			answer.Failed++
		} else {
			a.metrics.predicted(item.Prediction)
		}
	}
	return &reply[*BatchAnswer]{answer}, nil
}

type slateInput struct {
	Season     int    `path:"season" minimum:"1869" maximum:"2200" example:"2023"`
	Week       int    `path:"week" minimum:"1" maximum:"30" example:"5"`
	SeasonType string `query:"season_type" enum:"regular,postseason" default:"regular"`
}

func (a *API) slate(ctx context.Context, in *slateInput) (*reply[*serving.Slate], error) {
	slate, err := a.deps.Predictor.Week(ctx, in.Season, in.Week, in.SeasonType)
	if err != nil {
		return nil, err
	}
	for i := range slate.Predictions {
		a.metrics.predicted(&slate.Predictions[i])
	}
	return &reply[*serving.Slate]{&slate}, nil
}
