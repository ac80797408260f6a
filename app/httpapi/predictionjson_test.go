package httpapi

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/predict/serving"
)

func TestAppendPredictionEqualsEncodingJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPrediction(t)
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		err := enc.Encode(p)
		got, ok := appendPrediction(nil, &p)
		require.Equal(t, err == nil, ok)
		if ok {
			require.Equal(t, want.String(), string(got)+"\n")
		}
	})
}

func drawPrediction(t *rapid.T) serving.Prediction {
	text, whole := rapid.String(), rapid.Int()
	number := rapid.OneOf(rapid.Float64(), rapid.Float64Range(-50, 50), rapid.Float64Range(-1e-5, 1e-5), rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1e21, 1e-6, 1e-9, math.SmallestNonzeroFloat64}))
	f := func(name string) float64 { return number.Draw(t, name) }
	p := serving.Prediction{
		ID: text.Draw(t, "id"), GameID: rapid.Int64().Draw(t, "game"), HomeTeam: text.Draw(t, "home"), AwayTeam: text.Draw(t, "away"),
		NeutralSite: rapid.Bool().Draw(t, "neutral"), Season: whole.Draw(t, "season"), Week: whole.Draw(t, "week"),
		SeasonType: text.Draw(t, "type"), Model: text.Draw(t, "model"), Winner: text.Draw(t, "winner"),
		Probabilities: serving.Probabilities{Home: f("p home"), Away: f("p away")},
		Margin:        serving.Interval{Expected: f("expected"), Low: f("low"), High: f("high"), Level: f("level")},
		Total:         f("total"),
		Agreement:     serving.Agreement{SameWinner: whole.Draw(t, "same"), Models: whole.Draw(t, "models"), ProbabilityRange: f("range")},
		FeatureSet:    text.Draw(t, "set"), PackVersion: text.Draw(t, "pack"), SchemaHash: text.Draw(t, "schema"), RatingsHash: text.Draw(t, "ratings"),
		AsOf: time.Unix(rapid.Int64Range(-1e11, 3e11).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns")).UTC(),
	}
	if rapid.Bool().Draw(t, "line") {
		spread := f("spread")
		p.Spread = &spread
	}
	if rapid.Bool().Draw(t, "estimates") {
		p.Models = rapid.MapOf(text, rapid.Map(number, func(v float64) serving.Estimate {
			return serving.Estimate{HomeProbability: v, Margin: -v}
		})).Draw(t, "estimates")
	}
	p.Contributions = rapid.SliceOf(rapid.Custom(func(t *rapid.T) serving.Contribution {
		return serving.Contribution{Feature: text.Draw(t, "feature"), Value: number.Draw(t, "value"), Points: number.Draw(t, "points")}
	})).Draw(t, "contributions")
	return p
}
