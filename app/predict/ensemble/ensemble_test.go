package ensemble_test

import (
	"context"
	"math"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/ensemble"
	"github.com/script-ohio/platform/app/predict/features"
	"github.com/script-ohio/platform/app/predict/football/footballtest"
	"github.com/script-ohio/platform/app/predict/gbt"
	"github.com/script-ohio/platform/app/predict/mlp"
	"github.com/script-ohio/platform/app/predict/ridge"
	"github.com/script-ohio/platform/app/predict/training"
)

type trained struct {
	rows   []training.Row
	models map[features.Set]*ensemble.Models
}

// league is trained on once for all tests here.
var league = sync.OnceValues(func() (trained, error) {
	data, err := training.Collect(footballtest.Results(footballtest.Options{Seed: 12, First: 2001, Last: 2008}))
	if err != nil {
		return trained{}, err
	}
	t := trained{data.Rows, map[features.Set]*ensemble.Models{}}
	for _, set := range features.Sets() {
		if t.models[set], err = training.Train(context.Background(), data.Rows, set, 2008); err != nil {
			return trained{}, err
		}
	}
	return t, nil
})

func setUp(t testing.TB) trained {
	l, err := league()
	require.NoError(t, err)
	return l
}

// What the features contribute adds up to the margin, for every model and
// every blend of them.
func TestContributionsAddUp(t *testing.T) {
	l := setUp(t)
	for _, set := range features.Sets() {
		m := l.models[set]
		rows := training.Between(l.rows, set, 2007, 2008)
		require.Greater(t, len(rows), 300)
		corrected := false
		for _, row := range rows {
			x := row.X[set]
			var scratch ensemble.Scratch
			f := m.Forecast(x, &scratch)
			corrected = corrected || f.GBT.Margin != f.Ridge.Margin && f.MLP.Margin != f.Ridge.Margin
			for name, tc := range map[string]struct {
				tree, net float64
				margin    float64
			}{
				"ridge":    {0, 0, f.Ridge.Margin},
				"gbt":      {1, 0, f.GBT.Margin},
				"mlp":      {0, 1, f.MLP.Margin},
				"ensemble": {m.Blend.GBT, m.Blend.MLP, f.Ensemble.Margin},
			} {
				parts, baseline := m.Contributions(x, tc.tree, tc.net)
				require.Len(t, parts, len(x))
				sum := 0.0
				for _, v := range parts {
					sum += v
				}
				require.InDelta(t, tc.margin-baseline, sum, 1e-6, "%s %s", set, name)
			}
		}
		require.True(t, corrected, "%s: the trees and the net say something of their own", set)
	}
}

// Probabilities follow margins, and the blend lies among its members.
func TestForecastHangsTogether(t *testing.T) {
	l := setUp(t)
	for _, set := range features.Sets() {
		m := l.models[set]
		for _, row := range training.Between(l.rows, set, 2008, 2008) {
			var scratch ensemble.Scratch
			f := m.Forecast(row.X[set], &scratch)
			low, high := math.Inf(1), math.Inf(-1)
			for _, e := range []ensemble.Estimate{f.Ridge, f.GBT, f.MLP} {
				low, high = min(low, e.Margin), max(high, e.Margin)
			}
			require.True(t, f.Ensemble.Margin >= low-1e-9 && f.Ensemble.Margin <= high+1e-9)
			for _, e := range []ensemble.Estimate{f.Ridge, f.GBT, f.MLP, f.Ensemble} {
				require.InDelta(t, 0.5*math.Erfc(-e.Margin/m.Blend.Sigma/math.Sqrt2), e.Probability, 1e-9)
			}
			require.Equal(t, f, m.Forecast(row.X[set], &scratch), "a used scratch changes nothing")
		}
	}
}

// The spread that games have around their forecasts is about that of the
// league, and four in five fall inside the interval.
func TestBlendIsMeasured(t *testing.T) {
	l := setUp(t)
	for _, set := range features.Sets() {
		m := l.models[set]
		require.InDelta(t, 15, m.Blend.Sigma, 3)
		inside, rows := 0, training.Between(l.rows, set, 2006, 2008)
		for _, row := range rows {
			var scratch ensemble.Scratch
			if math.Abs(row.Margin-m.Forecast(row.X[set], &scratch).Ensemble.Margin) <= m.Blend.HalfWidth {
				inside++
			}
		}
		require.InDelta(t, ensemble.IntervalLevel, float64(inside)/float64(len(rows)), 0.05)
	}
}

func TestExtremeFeaturesStayProbabilities(t *testing.T) {
	m := setUp(t).models[features.WithoutSpread]
	for _, v := range []float64{-1e6, 0, 1e6} {
		x := make([]float64, len(features.Names(features.WithoutSpread)))
		for i := range x {
			x[i] = v
		}
		var scratch ensemble.Scratch
		f := m.Forecast(x, &scratch)
		for _, e := range []ensemble.Estimate{f.Ridge, f.GBT, f.MLP, f.Ensemble} {
			require.True(t, e.Probability > 0 && e.Probability < 1, "%+v", f)
			require.False(t, math.IsNaN(e.Margin) || math.IsInf(e.Margin, 0), "%+v", f)
		}
	}
}

func TestForecastAllocatesNothing(t *testing.T) {
	l := setUp(t)
	x := l.rows[0].X[features.WithoutSpread]
	var scratch ensemble.Scratch
	l.models[features.WithoutSpread].Forecast(x, &scratch)
	require.Zero(t, testing.AllocsPerRun(100, func() { l.models[features.WithoutSpread].Forecast(x, &scratch) }))
}

func TestNewRefuses(t *testing.T) {
	good := *setUp(t).models[features.WithoutSpread]
	other := setUp(t).models[features.WithSpread]
	_, err := ensemble.New(good)
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		spoil  func(*ensemble.Models)
		reason string
	}{
		"no ridge":         {func(m *ensemble.Models) { m.Ridge = nil }, "a ridge, trees and at least one net are needed"},
		"no trees":         {func(m *ensemble.Models) { m.Trees = nil }, "a ridge, trees and at least one net are needed"},
		"no nets":          {func(m *ensemble.Models) { m.Nets = nil }, "a ridge, trees and at least one net are needed"},
		"broken ridge":     {func(m *ensemble.Models) { r := *m.Ridge; r.Intercept = math.NaN(); m.Ridge = &r }, "the intercept is NaN"},
		"another ridge":    {func(m *ensemble.Models) { m.Ridge = other.Ridge }, "ridge: "},
		"other trees":      {func(m *ensemble.Models) { m.Trees = other.Trees }, "gbt: "},
		"other nets":       {func(m *ensemble.Models) { m.Nets = append([]*mlp.Model{}, m.Nets[0], other.Nets[0]) }, "mlp: "},
		"another set":      {func(m *ensemble.Models) { m.Set = features.WithSpread }, "this version computes"},
		"order of columns": {func(m *ensemble.Models) { m.Ridge = swapped(*m.Ridge) }, "ridge: feature 0 is"},
		"trees of margins": {func(m *ensemble.Models) { m.Trees = marginTrees(t, m.Trees.Features()) }, "the objective is reg:squarederror"},
		"a net of odds":    {func(m *ensemble.Models) { n := *m.Nets[0]; n.Loss = mlp.LogLoss; m.Nets = []*mlp.Model{&n} }, "the loss is"},
		"shares below one": {func(m *ensemble.Models) { m.Blend.MLP -= 0.01 }, "weights must be shares"},
		"negative share":   {func(m *ensemble.Models) { m.Blend.MLP, m.Blend.GBT = m.Blend.MLP+1, m.Blend.GBT-1 }, "weights must be shares"},
		"NaN share":        {func(m *ensemble.Models) { m.Blend.Ridge = math.NaN() }, "weights must be shares"},
		"no sigma":         {func(m *ensemble.Models) { m.Blend.Sigma = 0 }, "sigma and half width positive"},
		"infinite sigma":   {func(m *ensemble.Models) { m.Blend.Sigma = math.Inf(1) }, "sigma and half width positive"},
		"no half width":    {func(m *ensemble.Models) { m.Blend.HalfWidth = -1 }, "sigma and half width positive"},
	} {
		t.Run(name, func(t *testing.T) {
			m := good
			tc.spoil(&m)
			_, err := ensemble.New(m)
			require.Error(t, err)
			require.Equal(t, fault.Invalid, fault.CodeOf(err))
			require.ErrorContains(t, err, tc.reason)
		})
	}
}

func swapped(m ridge.Model) *ridge.Model {
	m.Features = append([]string{}, m.Features...)
	m.Features[0], m.Features[1] = m.Features[1], m.Features[0]
	return &m
}

func marginTrees(t *testing.T, names []string) *gbt.Model {
	const rows = 40
	d := gbt.Dataset{Features: names, X: make([]float32, rows*len(names)), Y: make([]float32, rows)}
	for i := range rows {
		d.X[i*len(names)], d.Y[i] = float32(i), float32(i%7)
	}
	p := gbt.DefaultParams(gbt.SquaredError)
	p.Rounds = 2
	m, _, err := gbt.Train(context.Background(), d, p)
	require.NoError(t, err)
	return m
}
