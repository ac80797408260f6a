package mlp

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestBackpropagationMatchesNumericalGradient(t *testing.T) {
	for _, tc := range []struct {
		loss    Loss
		hidden  []int
		dropout float64
	}{
		{LogLoss, nil, 0},
		{LogLoss, []int{5}, 0},
		{LogLoss, []int{6, 4}, 0.3},
		{SquaredError, []int{9, 5, 3}, 0},
		{SquaredError, []int{8, 4}, 0.5},
	} {
		t.Run(fmt.Sprintf("%s %v dropout %v", tc.loss, tc.hidden, tc.dropout), func(t *testing.T) {
			const rows, p, h = 17, 5, 1e-6
			random := rand.New(rand.NewPCG(3, 1))
			l := newLearner(p, Params{Hidden: tc.hidden, Loss: tc.loss, Dropout: tc.dropout}, rows, random)
			for i := range l.values { // away from gain 1 and shift 0
				l.values[i] += 0.3 * random.NormFloat64()
			}
			x, y, weight := make([]float64, rows*p), make([]float64, rows), make([]float64, rows)
			for i := range x {
				x[i] = random.NormFloat64()
			}
			for i := range y {
				y[i], weight[i] = random.Float64(), 0.5+random.Float64()
			}
			loss := func() float64 {
				l.random = rand.New(rand.NewPCG(7, 7)) // the same units drop out every time
				return l.learn(x, y, weight) / rows
			}
			loss()
			gradient := append([]float64(nil), l.gradient...)
			for i, v := range l.values {
				l.values[i] = v + h
				up := loss()
				l.values[i] = v - h
				down := loss()
				l.values[i] = v
				numerical := (up - down) / (2 * h)
				require.InDelta(t, numerical, gradient[i], 1e-7+1e-5*math.Abs(numerical), "parameter %d of %d", i, len(l.values))
			}
		})
	}
}

func TestProductMatchesItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 11)
		rows, inner, width := size.Draw(t, "rows"), size.Draw(t, "inner"), size.Draw(t, "width")
		value := rapid.Float64Range(-3, 3)
		a := rapid.SliceOfN(value, rows*inner, rows*inner).Draw(t, "a")
		b := rapid.SliceOfN(value, inner*width, inner*width).Draw(t, "b")
		turned := make([]float64, len(a))
		transpose(turned, a, rows, inner)
		plain, fromTurned := make([]float64, rows*width), make([]float64, rows*width)
		product(plain, a, b, rows, inner, width, inner, 1)
		product(fromTurned, turned, b, rows, inner, width, 1, rows)
		require.Equal(t, plain, fromTurned)
		for r := range rows {
			for o := range width {
				want := 0.0
				for k := range inner {
					want += a[r*inner+k] * b[k*width+o]
				}
				require.InDelta(t, want, plain[r*width+o], 1e-12)
			}
		}
	})
}

func TestLossesAreStable(t *testing.T) {
	for _, z := range []float64{-800, -40, -1, 0, 1, 40, 800} {
		for _, y := range []float64{0, 0.25, 1} {
			loss, slope := LogLoss.at(z, y)
			require.False(t, math.IsNaN(loss) || math.IsInf(loss, 0), "z %v y %v", z, y)
			require.LessOrEqual(t, math.Abs(slope), 1.0)
			if math.Abs(z) <= 1 {
				p := 1 / (1 + math.Exp(-z))
				require.InDelta(t, -y*math.Log(p)-(1-y)*math.Log(1-p), loss, 1e-12)
				require.InDelta(t, p-y, slope, 1e-12)
			}
		}
	}
	loss, slope := SquaredError.at(3, 1)
	require.Equal(t, []float64{4, 4}, []float64{loss, slope})
}

func TestRunningStatisticsFollowTheData(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 1))
	const rows = 64
	l := newLearner(1, Params{Hidden: []int{1}, Loss: LogLoss}, rows, random)
	h := l.hidden[0]
	h.weight[0] = 2
	x, y, weight := make([]float64, rows), make([]float64, rows), make([]float64, rows)
	for range 300 {
		for i := range x {
			x[i] = 3 + random.NormFloat64()
		}
		l.learn(x, y, weight)
	}
	require.InDelta(t, 6, h.mean[0], 0.3)
	require.InDelta(t, 4, h.variance[0], 0.8)
}

func TestAdamTakesTheStepsOfThePaper(t *testing.T) {
	a := newAdam(Params{LearningRate: 0.1, WeightDecay: 0.5}, 2)
	values := []float64{1, 1} // a weight and a bias
	a.step(values, []float64{2, -3}, 1)
	// The first corrected step is the rate, whatever the gradient's size; the weight decays besides.
	require.InDelta(t, 1-0.1*0.5-0.1, values[0], 1e-7)
	require.InDelta(t, 1+0.1, values[1], 1e-7)
	a.step(values, []float64{2, 0}, 1)
	m, v := 0.9*0.1*-3.0/(1-0.81), 0.999*0.001*9.0/(1-0.999*0.999)
	require.InDelta(t, 1.1-0.1*m/(math.Sqrt(v)+1e-8), values[1], 1e-7)
}

func TestStandardiseSkipsWhatIsMissing(t *testing.T) {
	nan := math.NaN()
	columns, z, err := standardise([]string{"a", "b"}, []float64{1, 0.1, nan, 0.1, 3, nan})
	require.NoError(t, err)
	require.Equal(t, []column{{mean: 2, scale: 1}, {mean: 0.1, scale: 1, constant: true}}, columns)
	require.Equal(t, []float64{-1, 0, 0, 0, 1, 0}, z)
}
