package training

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/ensemble"
	"github.com/script-ohio/platform/app/predict/features"
	"github.com/script-ohio/platform/app/predict/gbt"
	"github.com/script-ohio/platform/app/predict/mlp"
	"github.com/script-ohio/platform/app/predict/ridge"
)

// settings of one feature set, chosen on walk-forward seasons 2021-2023.
type settings struct {
	ridgePenalty float64
	// anchor is the feature that the ridge corrects instead of predicting the
	// margin from nothing. The informed ratings and the market are hard to
	// improve on, so shrinkage must lead to them and not to zero.
	anchor string
	trees  gbt.Params
	net    mlp.Params
	seeds  int            // nets averaged
	blend  ensemble.Blend // its shares; the rest is measured
}

func settingsFor(set features.Set) settings {
	s := settings{
		ridgePenalty: 7000, anchor: "informed_margin",
		trees: gbt.Params{
			Objective: gbt.Logistic, Rounds: 20, MaxDepth: 2, LearningRate: 0.03, Lambda: 50, MinChildWeight: 100,
			RowSample: 0.6, ColSample: 0.5, MaxBins: 64, Seed: 1, BaseScore: 0.5,
		},
		net: mlp.Params{
			Hidden: []int{32, 16}, Loss: mlp.SquaredError, Epochs: 8, BatchSize: 256,
			LearningRate: 1e-3, WeightDecay: 5, Dropout: 0.3,
		},
		seeds: 4,
		blend: ensemble.Blend{Ridge: 0.15, GBT: 0.05, MLP: 0.8},
	}
	if set == features.WithSpread {
		// The market leaves less to find, so everything is held tighter.
		s.ridgePenalty, s.anchor = 15000, "market_margin"
		s.trees.Rounds = 30
		s.net.Hidden, s.net.Epochs, s.net.LearningRate, s.net.WeightDecay = []int{16}, 6, 2e-3, 10
		s.blend = ensemble.Blend{Ridge: 0.5, GBT: 0.15, MLP: 0.35}
	}
	return s
}

// holdoutSeasons is how many of the last seasons measure the blend's sigma
// and interval with members that have not seen them.
const holdoutSeasons = 3

// Train fits the models of a set on rows of seasons up to and including last.
// It trains twice: without the last seasons to measure how far games fall
// from their forecast, then on all rows. With too few rows it is
// ErrTooFewGames.
func Train(ctx context.Context, rows []Row, set features.Set, last int) (*ensemble.Models, error) {
	s := settingsFor(set)
	early := Between(rows, set, FirstSeason, last-holdoutSeasons)
	late := Between(rows, set, last-holdoutSeasons+1, last)
	all := Between(rows, set, FirstSeason, last)
	if len(early) < minRows || len(late) < minRows/10 {
		return nil, fault.Wrap(fault.Invalid, ErrTooFewGames, "%s: %d games to train on and %d of the last %d seasons to measure with; at least %d and %d are needed (seasons %d to %d)",
			set, len(early), len(late), holdoutSeasons, minRows, minRows/10, FirstSeason, last)
	}
	// Any sigma will do for the first pass; the recipe's is close.
	s.blend.Sigma, s.blend.HalfWidth = 16, 20.5
	measured, err := s.fit(ctx, early, set)
	if err != nil {
		return nil, err
	}
	s.blend.Sigma, s.blend.HalfWidth = residuals(measured, late, set)
	return s.fit(ctx, all, set)
}

// ErrTooFewGames is the cause when there is too little to learn from.
var ErrTooFewGames = errors.New("too few games")

// minRows keeps us from fitting noise.
const minRows = 500

func (s settings) fit(ctx context.Context, rows []Row, set features.Set) (*ensemble.Models, error) {
	names := features.Names(set)
	n, p := len(rows), len(names)
	x, margins, wins := make([]float64, 0, n*p), make([]float64, n), make([]float32, n)
	for i, r := range rows {
		x = append(x, r.X[set]...)
		margins[i], wins[i] = r.Margin, float32(r.HomeWin())
	}
	linear, err := s.fitRidge(names, x, margins)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", set, err)
	}

	corrections := make([]float64, n)
	offsets, x32 := make([]float32, n), make([]float32, n*p)
	for i := range rows {
		margin := linear.Predict(x[i*p : (i+1)*p])
		corrections[i] = margins[i] - margin
		offsets[i] = float32(s.blend.LogOdds(margin))
	}
	for i, v := range x {
		x32[i] = float32(v)
	}
	trees, _, err := gbt.Train(ctx, gbt.Dataset{Features: names, X: x32, Y: wins, Offset: offsets}, s.trees)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", set, err)
	}
	m := ensemble.Models{Set: set, Ridge: linear, Trees: trees, Blend: s.blend}
	for seed := range s.seeds {
		params := s.net
		params.Seed = uint64(seed + 1)
		net, _, err := mlp.Train(ctx, mlp.Dataset{Features: names, Train: mlp.Samples{X: x, Y: corrections}}, params)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", set, err)
		}
		m.Nets = append(m.Nets, net)
	}
	return ensemble.New(m)
}

// fitRidge regresses what the anchor misses; the anchor is then added to its
// own coefficient.
func (s settings) fitRidge(names []string, x, margins []float64) (*ridge.Model, error) {
	column := slices.Index(names, s.anchor)
	target := slices.Clone(margins)
	for i := range target {
		target[i] -= x[i*len(names)+column]
	}
	m, err := ridge.Fit(names, x, target, nil, ridge.Params{Penalty: s.ridgePenalty})
	if err == nil {
		m.Coef[column] += m.Scale[column]
		m.Intercept += m.Mean[column]
	}
	return m, err
}

// residuals measures the root mean squared error of the ensemble's margin
// and the half width that holds ensemble.IntervalLevel of the games.
func residuals(m *ensemble.Models, rows []Row, set features.Set) (sigma, halfWidth float64) {
	var scratch ensemble.Scratch
	absolute := make([]float64, len(rows))
	sum := 0.0
	for i, r := range rows {
		miss := r.Margin - m.Forecast(r.X[set], &scratch).Ensemble.Margin
		absolute[i] = math.Abs(miss)
		sum += miss * miss
	}
	slices.SortFunc(absolute, cmp.Compare[float64])
	return math.Sqrt(sum / float64(len(rows))), absolute[int(ensemble.IntervalLevel*float64(len(absolute)))]
}
