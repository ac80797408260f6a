package ridge_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/ridge"
)

func names(p int) []string {
	out := make([]string, p)
	for i := range out {
		out[i] = fmt.Sprintf("x%d", i)
	}
	return out
}

// problem is rows of normal columns, which are linearly independent.
type problem struct {
	features     []string
	x, y, weight []float64
}

func drawProblem(t *rapid.T) problem {
	p := rapid.IntRange(1, 6).Draw(t, "columns")
	n := rapid.IntRange(5*p+5, 60).Draw(t, "rows")
	random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	d := problem{features: names(p), x: make([]float64, n*p), y: make([]float64, n), weight: make([]float64, n)}
	for i := range d.x {
		d.x[i] = 10*random.NormFloat64() + 3
	}
	for i := range d.y {
		d.y[i] = random.NormFloat64() + 0.3*d.x[i*p]
		d.weight[i] = 0.5 + random.Float64()
	}
	return d
}

func (d problem) row(i int) []float64 { return d.x[i*len(d.features) : (i+1)*len(d.features)] }

func fit(t require.TestingT, d problem, penalty float64) *ridge.Model {
	m, err := ridge.Fit(d.features, d.x, d.y, d.weight, ridge.Params{Penalty: penalty})
	require.NoError(t, err)
	return m
}

func TestNoPenaltyRecoversTheTruth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawProblem(t)
		p := len(d.features)
		slope := rapid.SliceOfN(rapid.Float64Range(-5, 5), p, p).Draw(t, "slope")
		for i := range d.y {
			d.y[i] = 7
			for j, v := range d.row(i) {
				d.y[i] += slope[j] * v
			}
		}
		m := fit(t, d, 0)
		intercept := m.Intercept
		for j, c := range m.Coef {
			require.InDelta(t, slope[j], c/m.Scale[j], 1e-8)
			intercept -= c * m.Mean[j] / m.Scale[j]
		}
		require.InDelta(t, 7, intercept, 1e-7)
		require.InDelta(t, 0, m.Sigma, 1e-7)
	})
}

func TestPredictionsDoNotDependOnUnits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawProblem(t)
		penalty := rapid.Float64Range(0, 100).Draw(t, "penalty")
		m := fit(t, d, penalty)
		factor := rapid.SampledFrom([]float64{-40, -0.01, 0.5, 1000}).Draw(t, "factor")
		offset := rapid.Float64Range(-100, 100).Draw(t, "offset")
		j := rapid.IntRange(0, len(d.features)-1).Draw(t, "column")
		scaled := d
		scaled.x = append([]float64(nil), d.x...)
		for i := range d.y {
			scaled.row(i)[j] = scaled.row(i)[j]*factor + offset
		}
		other := fit(t, scaled, penalty)
		for i := range d.y {
			require.InDelta(t, m.Predict(d.row(i)), other.Predict(scaled.row(i)), 1e-7)
		}
	})
}

func TestAWeightOfTwoIsTheRowTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawProblem(t)
		doubled := problem{features: d.features}
		for i := range d.y {
			d.weight[i] = float64(rapid.IntRange(0, 2).Draw(t, "weight"))
			for range int(d.weight[i]) {
				doubled.x, doubled.y = append(doubled.x, d.row(i)...), append(doubled.y, d.y[i])
			}
		}
		if len(doubled.y) < 2*len(d.features)+6 {
			t.Skip("hardly any rows left")
		}
		m, twice := fit(t, d, 3), fit(t, doubled, 3)
		require.InDeltaSlice(t, twice.Mean, m.Mean, 1e-9)
		require.InDeltaSlice(t, twice.Scale, m.Scale, 1e-9)
		require.InDeltaSlice(t, twice.Coef, m.Coef, 1e-9)
		require.InDelta(t, twice.Intercept, m.Intercept, 1e-9)
	})
}

// At the minimum the gradient vanishes: Z'W r = penalty * coef and the weighted
// residuals sum to zero.
func TestTheFitIsAMinimum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawProblem(t)
		penalty := rapid.Float64Range(0, 100).Draw(t, "penalty")
		m := fit(t, d, penalty)
		gradient, sum, squares, total := make([]float64, len(m.Coef)), 0.0, 0.0, 0.0
		for i := range d.y {
			r := d.y[i] - m.Predict(d.row(i))
			sum += d.weight[i] * r
			squares += d.weight[i] * r * r
			total += d.weight[i]
			for j, v := range d.row(i) {
				gradient[j] += d.weight[i] * r * (v - m.Mean[j]) / m.Scale[j]
			}
		}
		require.InDelta(t, 0, sum, 1e-8)
		for j, g := range gradient {
			require.InDelta(t, penalty*m.Coef[j], g, 1e-7)
		}
		n := float64(len(d.y))
		require.InDelta(t, math.Sqrt(squares/total*n/(n-1)), m.Sigma, 1e-9)
	})
}

func TestConstantColumnsAreWithoutEffect(t *testing.T) {
	for _, penalty := range []float64{0, 5} {
		d := problem{features: names(2)}
		for i := range 20 {
			d.x, d.y = append(d.x, 0.1, float64(i*i)), append(d.y, float64(i))
		}
		m := fit(t, d, penalty)
		require.Equal(t, []float64{0.1, 1, 0}, []float64{m.Mean[0], m.Scale[0], m.Coef[0]})
		require.NotZero(t, m.Coef[1])
	}
}

func TestWhatCannotBeFittedIsRefused(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for name, tc := range map[string]struct {
		spoil func(*problem, *ridge.Params)
		want  string
	}{
		"NaN":             {func(d *problem, _ *ridge.Params) { d.x[3] = nan }, `column "x1" is NaN in row 1`},
		"infinite":        {func(d *problem, _ *ridge.Params) { d.x[4] = inf }, `column "x0" is +Inf in row 2`},
		"y":               {func(d *problem, _ *ridge.Params) { d.y[2] = nan }, "y is NaN in row 2"},
		"weight":          {func(d *problem, _ *ridge.Params) { d.weight[1] = -1 }, "weight of row 1 is -1"},
		"penalty":         {func(_ *problem, p *ridge.Params) { p.Penalty = -1 }, "penalty is -1"},
		"NaN penalty":     {func(_ *problem, p *ridge.Params) { p.Penalty = nan }, "penalty is NaN"},
		"ragged":          {func(d *problem, _ *ridge.Params) { d.x = d.x[1:] }, "x needs 8"},
		"weights":         {func(d *problem, _ *ridge.Params) { d.weight = d.weight[1:] }, "weight 4"},
		"no features":     {func(d *problem, _ *ridge.Params) { d.features, d.x = nil, nil }, "no features"},
		"twins":           {func(d *problem, _ *ridge.Params) { d.features = []string{"a", "a"} }, "no name of its own"},
		"no rows":         {func(d *problem, _ *ridge.Params) { d.x, d.y, d.weight = nil, nil, nil }, "0 rows"},
		"one row":         {func(d *problem, _ *ridge.Params) { d.weight = []float64{0, 0, 3, 0} }, "1 rows"},
		"dependent":       {func(d *problem, _ *ridge.Params) { d.x = []float64{1, 2, 2, 4, 3, 6, 4, 8} }, "linearly dependent"},
		"too few rows":    {func(d *problem, _ *ridge.Params) { d.x, d.y, d.weight = d.x[:4], d.y[:2], nil }, "linearly dependent"},
		"huge x":          {func(d *problem, _ *ridge.Params) { d.x[0], d.x[2] = 1e308, -1e308 }, `"x0" are too large`},
		"huge y":          {func(d *problem, _ *ridge.Params) { d.y[0], d.y[1] = 1e308, -1e308 }, "overflowed"},
		"infinite weight": {func(d *problem, _ *ridge.Params) { d.weight[1] = inf }, "weight of row 1 is +Inf"},
	} {
		t.Run(name, func(t *testing.T) {
			d := problem{names(2), []float64{1, 2, 3, 5, 8, 1, 4, 4}, []float64{1, 2, 3, 5}, []float64{1, 1, 1, 1}}
			var params ridge.Params
			tc.spoil(&d, &params)
			m, err := ridge.Fit(d.features, d.x, d.y, d.weight, params)
			require.Nil(t, m)
			require.ErrorContains(t, err, tc.want)
			require.Equal(t, fault.Invalid, fault.CodeOf(err))
		})
	}
}
