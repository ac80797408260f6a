package mlp_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/mlp"
)

// small is a model of two inputs, two hidden units and known outputs.
func small() *mlp.Model {
	return &mlp.Model{
		Version: mlp.Version, Loss: mlp.LogLoss, Features: []string{"a", "b"},
		Mean: []float64{1, 2}, Scale: []float64{2, 4},
		Layers: []mlp.Layer{
			{In: 2, Out: 2, Weight: []float32{1, 0, 1, -1}, Bias: []float32{0, 1}, Norm: &mlp.BatchNorm{
				Gain: []float32{2, 1}, Shift: []float32{0, -1}, Mean: []float32{1, 0}, Variance: []float32{4, 1}, Epsilon: 1e-5,
			}},
			{In: 2, Out: 1, Weight: []float32{3, -2}, Bias: []float32{0.5}},
		},
	}
}

// drawModel makes a model of any shape up to wider than one buffer class.
func drawModel(t *rapid.T) *mlp.Model {
	width := rapid.OneOf(rapid.IntRange(1, 20), rapid.IntRange(60, 70))
	value := rapid.Float32Range(-2, 2)
	vector := func(n int) []float32 { return rapid.SliceOfN(value, n, n).Draw(t, "values") }
	p := width.Draw(t, "inputs")
	m := &mlp.Model{Version: mlp.Version, Loss: mlp.SquaredError, Features: names(p)}
	for range p {
		m.Mean = append(m.Mean, rapid.Float64Range(-9, 9).Draw(t, "mean"))
		m.Scale = append(m.Scale, rapid.Float64Range(0.1, 9).Draw(t, "scale"))
	}
	in := p
	for range rapid.IntRange(0, 3).Draw(t, "hidden") {
		out := width.Draw(t, "units")
		l := mlp.Layer{In: in, Out: out, Weight: vector(in * out), Bias: vector(out)}
		if rapid.Bool().Draw(t, "norm") {
			l.Norm = &mlp.BatchNorm{Gain: vector(out), Shift: vector(out), Mean: vector(out), Epsilon: 1e-5}
			l.Norm.Variance = rapid.SliceOfN(rapid.Float32Range(0.5, 2), out, out).Draw(t, "variance")
		}
		m.Layers = append(m.Layers, l)
		in = out
	}
	m.Layers = append(m.Layers, mlp.Layer{In: in, Out: 1, Weight: vector(in), Bias: vector(1)})
	return m
}

func TestModelSurvivesItsFile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		data, err := json.Marshal(m)
		require.NoError(t, err)
		back, err := mlp.Parse(data)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(m, back))
	})
}

func TestMalformedModelsAreRefused(t *testing.T) {
	nan := float32(math.NaN())
	for name, tc := range map[string]struct {
		spoil func(*mlp.Model)
		want  string
	}{
		"version":          {func(m *mlp.Model) { m.Version = 2 }, "version 2"},
		"loss":             {func(m *mlp.Model) { m.Loss = "hinge" }, `unknown loss "hinge"`},
		"no features":      {func(m *mlp.Model) { m.Features = nil }, "0 features"},
		"twin features":    {func(m *mlp.Model) { m.Features[1] = "a" }, "no name of its own"},
		"short mean":       {func(m *mlp.Model) { m.Mean = m.Mean[:1] }, "mean has 1 values, not 2"},
		"infinite mean":    {func(m *mlp.Model) { m.Mean[1] = math.Inf(1) }, "mean [1] is +Inf"},
		"zero scale":       {func(m *mlp.Model) { m.Scale[0] = 0 }, "scale [0] is 0"},
		"no layers":        {func(m *mlp.Model) { m.Layers = nil }, "no layers"},
		"in":               {func(m *mlp.Model) { m.Layers[0].In = 3 }, "layer 0 takes 3 values but gets 2"},
		"chain":            {func(m *mlp.Model) { m.Layers[1].In = 3 }, "layer 1 takes 3 values but gets 2"},
		"negative out":     {func(m *mlp.Model) { m.Layers[0].Out = -2 }, "-2 units"},
		"huge out":         {func(m *mlp.Model) { m.Layers[0].Out = math.MaxInt }, "units"},
		"short weight":     {func(m *mlp.Model) { m.Layers[0].Weight = m.Layers[0].Weight[:3] }, "layer 0: weight has 3 values, not 4"},
		"NaN weight":       {func(m *mlp.Model) { m.Layers[1].Weight[1] = nan }, "layer 1: weight [1] is NaN"},
		"no bias":          {func(m *mlp.Model) { m.Layers[1].Bias = nil }, "layer 1: bias has 0 values"},
		"short gain":       {func(m *mlp.Model) { m.Layers[0].Norm.Gain = nil }, "norm: gain has 0 values"},
		"NaN shift":        {func(m *mlp.Model) { m.Layers[0].Norm.Shift[0] = nan }, "norm: shift [0] is NaN"},
		"negative var":     {func(m *mlp.Model) { m.Layers[0].Norm.Variance[0] = -1 }, "norm: variance [0] is -1"},
		"no epsilon":       {func(m *mlp.Model) { m.Layers[0].Norm.Epsilon = 0 }, "norm: epsilon"},
		"two outputs":      {func(m *mlp.Model) { m.Layers = m.Layers[:1] }, "last layer"},
		"overflowing norm": {func(m *mlp.Model) { m.Layers[0].Norm.Gain[0], m.Layers[0].Norm.Variance[0] = 3e38, 0 }, "range of float32"},
	} {
		t.Run(name, func(t *testing.T) {
			m := small()
			tc.spoil(m)
			_, err := m.Compile()
			require.ErrorContains(t, err, tc.want)
			require.Equal(t, fault.Invalid, fault.CodeOf(err))
		})
	}
}

func TestParseRefusesWhatIsNoModel(t *testing.T) {
	for _, text := range []string{"", "{}", "[]", `{"version":"1"}`, `{"version":1,"layers":[{"in":1e99}]}`} {
		_, err := mlp.Parse([]byte(text))
		require.Equal(t, fault.Invalid, fault.CodeOf(err), text)
	}
}

func FuzzParse(f *testing.F) {
	data, err := json.Marshal(small())
	require.NoError(f, err)
	f.Add(data)
	f.Add([]byte(`{"version":1,"loss":"log_loss","features":["a"],"mean":[0],"scale":[1],"layers":[{"in":1,"out":1,"weight":[1],"bias":[0]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := mlp.Parse(data)
		if err != nil {
			require.Equal(t, fault.Invalid, fault.CodeOf(err))
			return
		}
		again, err := json.Marshal(m)
		require.NoError(t, err)
		_, err = mlp.Parse(again)
		require.NoError(t, err)
		network, err := m.Compile()
		if err != nil {
			return
		}
		x, out := make([]float64, 2*len(m.Features)), make([]float64, 2)
		x[0] = math.NaN()
		require.NoError(t, network.PredictBatch(x, out))
		one := network.Predict(x[:len(m.Features)])
		require.True(t, out[0] == one || one != one)
	})
}
