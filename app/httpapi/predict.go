package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/danielgtaylor/huma/v2"

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
	Games []batchGame `json:"games" minItems:"1" maxItems:"1000" nullable:"false" doc:"Each as in the prediction of one game"`
}

// batchGame is a GameRequest that is judged by itself, so that a wrong one
// does not refuse the others.
type batchGame json.RawMessage

// UnmarshalJSON implements json.Unmarshaler.
func (g *batchGame) UnmarshalJSON(text []byte) error {
	*g = append((*g)[:0], text...)
	return nil
}

// Schema implements huma.SchemaProvider: any object.
func (batchGame) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: true, Description: "A GameRequest",
		Examples: []any{map[string]any{"home_team": "Ohio State", "away_team": "Michigan"}},
	}
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
	answer := &BatchAnswer{Predictions: make([]BatchItem, len(in.Body.Games))}
	requests, asked := make([]serving.Request, 0, len(in.Body.Games)), make([]int, 0, len(in.Body.Games))
	for i, text := range in.Body.Games {
		game, err := a.gameReader.read(text)
		if err != nil {
			answer.fail(i, a.problemOf(ctx, err))
			continue
		}
		requests, asked = append(requests, game.request()), append(asked, i)
	}
	items := a.deps.Predictor.PredictBatch(ctx, requests)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for k, item := range items {
		if item.Err != nil {
			answer.fail(asked[k], a.problemOf(ctx, item.Err))
			continue
		}
		answer.Predictions[asked[k]] = BatchItem{Index: asked[k], Prediction: item.Prediction}
		a.metrics.predicted(item.Prediction)
	}
	return &reply[*BatchAnswer]{answer}, nil
}

// fail puts a problem in the place of a game's prediction.
func (b *BatchAnswer) fail(index int, p *Problem) {
	e := &BatchError{Code: p.Code, Detail: p.Detail}
	for _, wrong := range p.Errors {
		if rest, found := strings.CutPrefix(wrong.Location, "body"); found {
			wrong.Location = fmt.Sprintf("body.games[%d]%s", index, rest)
		}
		e.Errors = append(e.Errors, wrong)
	}
	b.Predictions[index] = BatchItem{Index: index, Error: e}
	b.Failed++
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
