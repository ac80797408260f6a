package mlp_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/predict/football/reference"
	"github.com/script-ohio/platform/app/predict/mlp"
)

// golden is a network trained elsewhere and its predictions, in float32.
type golden struct {
	Features []string  `json:"features"`
	Mean     []float64 `json:"scaler_mean"`
	Scale    []float64 `json:"scaler_scale"`
	Layers   []struct {
		Type     string          `json:"type"`
		Weight   json.RawMessage `json:"weight"` // a matrix for linear, a vector for batchnorm1d
		Bias     []float32       `json:"bias"`
		Mean     []float32       `json:"running_mean"`
		Variance []float32       `json:"running_var"`
		Epsilon  float64         `json:"eps"`
	} `json:"layers"`
	Rows []struct {
		X           []float64 `json:"x"`
		Logit       float64   `json:"logit"`
		Probability float64   `json:"probability"`
	} `json:"rows"`
}

func (g golden) model(t testing.TB) *mlp.Model {
	m := &mlp.Model{Version: mlp.Version, Loss: mlp.LogLoss, Features: g.Features, Mean: g.Mean, Scale: g.Scale}
	for _, l := range g.Layers {
		switch l.Type {
		case "linear":
			var rows [][]float32
			require.NoError(t, json.Unmarshal(l.Weight, &rows))
			layer := mlp.Layer{In: len(rows[0]), Out: len(rows), Bias: l.Bias}
			for _, r := range rows {
				layer.Weight = append(layer.Weight, r...)
			}
			m.Layers = append(m.Layers, layer)
		case "batchnorm1d":
			norm := &mlp.BatchNorm{Shift: l.Bias, Mean: l.Mean, Variance: l.Variance, Epsilon: l.Epsilon}
			require.NoError(t, json.Unmarshal(l.Weight, &norm.Gain))
			m.Layers[len(m.Layers)-1].Norm = norm
		case "relu", "sigmoid": // after every hidden layer, and what makes the logit a probability
		default:
			t.Fatalf("unknown layer %q", l.Type)
		}
	}
	return m
}

func readGolden(t testing.TB) golden {
	data, err := os.ReadFile(reference.File(t, "golden/mlp_golden.json"))
	require.NoError(t, err)
	var g golden
	require.NoError(t, json.Unmarshal(data, &g))
	require.Len(t, g.Rows, 200)
	return g
}

func TestPredictionsMatchTheReferenceNetwork(t *testing.T) {
	g := readGolden(t)
	network, err := g.model(t).Compile()
	require.NoError(t, err)
	x, batch := []float64(nil), make([]float64, len(g.Rows))
	for _, r := range g.Rows {
		x = append(x, r.X...)
	}
	require.NoError(t, network.PredictBatch(x, batch))
	for i, r := range g.Rows {
		logit := network.Predict(r.X)
		require.InDelta(t, r.Logit, logit, 1e-5, "row %d", i)
		require.InDelta(t, r.Probability, 1/(1+math.Exp(-logit)), 1e-5, "row %d", i)
		require.Equal(t, logit, batch[i], "row %d", i)
	}
}

func BenchmarkPredict(b *testing.B) {
	g := readGolden(b)
	network, err := g.model(b).Compile()
	require.NoError(b, err)
	x := []float64(nil)
	for _, r := range g.Rows {
		x = append(x, r.X...)
	}
	p, out := len(g.Features), make([]float64, len(g.Rows))
	b.Run("one row", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			r := i % len(g.Rows)
			out[0] += network.Predict(x[r*p : (r+1)*p])
		}
	})
	b.Run(fmt.Sprintf("batch of %d", len(out)), func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = network.PredictBatch(x, out)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(out)), "ns/row")
	})
}
