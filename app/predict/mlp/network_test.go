package mlp_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/mlp"
)

// plainly evaluates a model by its definition, in float64.
func plainly(m *mlp.Model, x []float64) float64 {
	values := make([]float64, len(x))
	for j, v := range x {
		if !math.IsNaN(v) {
			values[j] = (v - m.Mean[j]) / m.Scale[j]
		}
	}
	for i, l := range m.Layers {
		next := make([]float64, l.Out)
		for o := range next {
			v := float64(l.Bias[o])
			for j := range l.In {
				v += float64(l.Weight[o*l.In+j]) * values[j]
			}
			if n := l.Norm; n != nil {
				v = float64(n.Gain[o])*(v-float64(n.Mean[o]))/math.Sqrt(float64(n.Variance[o])+n.Epsilon) + float64(n.Shift[o])
			}
			if i < len(m.Layers)-1 {
				v = max(v, 0)
			}
			next[o] = v
		}
		values = next
	}
	return values[0]
}

func TestPredictByHand(t *testing.T) {
	network, err := small().Compile()
	require.NoError(t, err)
	// z = (2, -1); linear (2, 4); norm (1, 3); 3*1 - 2*3 + 0.5
	require.InDelta(t, -2.5, network.Predict([]float64{5, -2}), 1e-4)
	// Missing counts as the mean: z = (0, -1); linear (0, 2); norm (-1, 1); ReLU (0, 1)
	require.InDelta(t, -1.5, network.Predict([]float64{math.NaN(), -2}), 1e-4)
	require.True(t, math.IsNaN(network.Predict([]float64{1})), "too few values")
	require.True(t, math.IsNaN(network.Predict(nil)), "no values")
	require.True(t, math.IsNaN(network.Predict([]float64{math.Inf(1), math.Inf(1)})), "ReLU must not hide an undefined value")
}

func TestEveryShapePredictsAsDefined(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		network, err := m.Compile()
		require.NoError(t, err)
		p, rows := len(m.Features), rapid.IntRange(0, 3).Draw(t, "rows")
		value := rapid.OneOf(rapid.Float64Range(-9, 9), rapid.Just(math.NaN()))
		x := rapid.SliceOfN(value, rows*p, rows*p).Draw(t, "x")
		out := make([]float64, rows)
		require.NoError(t, network.PredictBatch(x, out))
		for i := range out {
			row := x[i*p : (i+1)*p]
			want := plainly(m, row)
			require.Equal(t, out[i], network.Predict(row))
			// Deep random nets grow by their width in each layer; float32 holds seven digits of that.
			require.InDelta(t, want, out[i], 1e-4*math.Max(math.Abs(want), growth(m)), "row %d", i)
		}
	})
}

// growth bounds how far values of the network can reach.
func growth(m *mlp.Model) float64 {
	bound := 200.0
	for _, l := range m.Layers {
		bound = bound*2*float64(l.In) + 2
		if l.Norm != nil {
			bound = bound*2*math.Sqrt2 + 10
		}
	}
	return bound
}

func TestARowDoesNotLeakIntoTheNext(t *testing.T) {
	network, err := small().Compile()
	require.NoError(t, err)
	out := make([]float64, 2)
	require.NoError(t, network.PredictBatch([]float64{math.Inf(1), math.Inf(1), 5, -2}, out))
	require.Equal(t, network.Predict([]float64{5, -2}), out[1])
}

func TestBatchLengthsMustAgree(t *testing.T) {
	network, err := small().Compile()
	require.NoError(t, err)
	require.Equal(t, fault.Invalid, fault.CodeOf(network.PredictBatch(make([]float64, 5), make([]float64, 2))))
}

func TestPredictionsDoNotAllocate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		network, err := m.Compile()
		require.NoError(t, err)
		x, out := make([]float64, 2*len(m.Features)), make([]float64, 2)
		require.Zero(t, testing.AllocsPerRun(10, func() { out[0] = network.Predict(x[:len(m.Features)]) }))
		require.Zero(t, testing.AllocsPerRun(10, func() { _ = network.PredictBatch(x, out) }))
	})
}

func TestANetworkKeepsNothingOfItsModel(t *testing.T) {
	m := small()
	network, err := m.Compile()
	require.NoError(t, err)
	before := network.Predict([]float64{5, -2})
	m.Mean[0], m.Scale[0], m.Layers[0].Weight[0], m.Layers[1].Weight[0], m.Layers[1].Bias[0] = 7, 7, 7, 7, 7
	require.Equal(t, before, network.Predict([]float64{5, -2}))
}
