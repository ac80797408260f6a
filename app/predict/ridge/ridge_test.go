package ridge_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/ridge"
)

func small() *ridge.Model {
	return &ridge.Model{
		Features: []string{"a", "b"}, Mean: []float64{1, 2}, Scale: []float64{2, 4},
		Coef: []float64{3, -1}, Intercept: 10, Sigma: 15, Rows: 9,
	}
}

func TestPredictByHand(t *testing.T) {
	m, dst := small(), make([]float64, 2)
	require.Equal(t, 10+3*2+1.0, m.Predict([]float64{5, -2}))
	require.Equal(t, []float64{6, 1}, m.Contributions([]float64{5, -2}, nil))
	require.Equal(t, &dst[0], &m.Contributions([]float64{5, -2}, dst)[0], "dst is used")
	require.True(t, math.IsNaN(m.Predict([]float64{math.NaN(), 1})))
	require.True(t, math.IsNaN(m.Predict([]float64{1})), "too few values")
	require.True(t, math.IsNaN(m.Contributions([]float64{1, 2, 3}, nil)[0]), "too many values")
	x := []float64{1, 2}
	require.Zero(t, testing.AllocsPerRun(10, func() { dst[0] = m.Predict(x); m.Contributions(x, dst) }))
}

func TestContributionsAddUpToThePrediction(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawProblem(t)
		m := fit(t, d, 1)
		for i := range d.y {
			sum := m.Intercept
			for _, c := range m.Contributions(d.row(i), nil) {
				sum += c
			}
			require.InDelta(t, m.Predict(d.row(i)), sum, 1e-9)
		}
	})
}

func TestMalformedModelsAreRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil func(*ridge.Model)
		want  string
	}{
		"no features": {func(m *ridge.Model) { *m = ridge.Model{} }, "no features"},
		"empty name":  {func(m *ridge.Model) { m.Features[0] = "" }, "no name of its own"},
		"short mean":  {func(m *ridge.Model) { m.Mean = nil }, "mean has 0 values for 2 features"},
		"long coef":   {func(m *ridge.Model) { m.Coef = append(m.Coef, 1) }, "coef has 3 values"},
		"NaN mean":    {func(m *ridge.Model) { m.Mean[1] = math.NaN() }, `mean of "b" is NaN`},
		"zero scale":  {func(m *ridge.Model) { m.Scale[1] = 0 }, `scale of "b" is 0`},
		"intercept":   {func(m *ridge.Model) { m.Intercept = math.Inf(1) }, "intercept is +Inf"},
		"sigma":       {func(m *ridge.Model) { m.Sigma = -1 }, "sigma is -1"},
		"rows":        {func(m *ridge.Model) { m.Rows = -1 }, "rows is -1"},
	} {
		t.Run(name, func(t *testing.T) {
			m := small()
			require.NoError(t, m.Validate())
			tc.spoil(m)
			require.ErrorContains(t, m.Validate(), tc.want)
			require.Equal(t, fault.Invalid, fault.CodeOf(m.Validate()))
		})
	}
}

func FuzzModelFile(f *testing.F) {
	data, err := json.Marshal(small())
	require.NoError(f, err)
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		var m, back ridge.Model
		if json.Unmarshal(data, &m) != nil || m.Validate() != nil {
			return
		}
		x := make([]float64, len(m.Features))
		m.Predict(x)
		m.Contributions(x, nil)
		again, err := json.Marshal(m)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(again, &back))
		require.Empty(t, cmp.Diff(m, back))
	})
}
