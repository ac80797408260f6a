// Package backtest judges models the way they are used: each season is
// predicted by models trained on earlier seasons only, each game from ratings
// that know earlier blocks only.
package backtest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/ensemble"
	"github.com/script-ohio/platform/app/predict/features"
	"github.com/script-ohio/platform/app/predict/pack"
	"github.com/script-ohio/platform/app/predict/training"
)

// Models lists what is judged, members first, then the baselines.
func Models() []string {
	return []string{"ridge", "gbt", "mlp", "ensemble", "elo", "closing_line", "always_home"}
}

// ByModel holds scores by model and feature set. Baselines stand under
// without_spread, except for the closing line.
type ByModel map[string]map[string]pack.Metrics

// Report is the result of a backtest.
type Report struct {
	Seasons map[string]ByModel `json:"seasons"`
	Total   ByModel            `json:"total"`

	// Outcomes by model and feature set, all seasons, for curves and
	// comparisons.
	Outcomes map[string]map[string][]Outcome `json:"-"`
}

// Run trains for each season on the rows of earlier ones and judges FBS games
// that have a spread. progress is told of every trained season and set. One
// season costs two trainings a feature set; the sets are trained side by side.
func Run(ctx context.Context, data *training.Dataset, seasons []int, progress func(season int, set features.Set)) (*Report, error) {
	known := data.Seasons()
	r := &Report{Seasons: map[string]ByModel{}, Outcomes: map[string]map[string][]Outcome{}}
	for _, season := range slices.Compact(slices.Sorted(slices.Values(seasons))) {
		games := training.Between(data.Rows, features.WithSpread, season, season)
		if len(games) == 0 {
			return nil, fault.New(fault.Invalid, "season %d has no FBS games with a spread and a score in the file; it has seasons %v", season, known)
		}
		trained, err := train(ctx, data.Rows, season, progress)
		if err != nil {
			return nil, err
		}
		r.judge(season, games, trained)
	}
	r.Total = score(r.Outcomes, func(Outcome) bool { return true })
	return r, nil
}

func train(ctx context.Context, rows []training.Row, season int, progress func(int, features.Set)) (map[features.Set]*ensemble.Models, error) {
	sets := features.Sets()
	trained := make([]*ensemble.Models, len(sets))
	group, ctx := errgroup.WithContext(ctx)
	for i, set := range sets {
		group.Go(func() (err error) {
			trained[i], err = training.Train(ctx, rows, set, season-1)
			if set == features.WithSpread && errors.Is(err, training.ErrTooFewGames) {
				err = nil // lines are not known long enough: judged without them
			}
			if err != nil {
				return fmt.Errorf("season %d: %w", season, err)
			}
			progress(season, set)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	bySet := map[features.Set]*ensemble.Models{}
	for i, set := range sets {
		bySet[set] = trained[i]
	}
	return bySet, nil
}

func (r *Report) judge(season int, games []training.Row, trained map[features.Set]*ensemble.Models) {
	add := func(model string, set features.Set, row training.Row, probability, expected float64) {
		if r.Outcomes[model] == nil {
			r.Outcomes[model] = map[string][]Outcome{}
		}
		r.Outcomes[model][string(set)] = append(r.Outcomes[model][string(set)], Outcome{season, probability, expected, row.Margin})
	}
	none := math.NaN()
	var scratch ensemble.Scratch
	for _, row := range games {
		for _, set := range features.Sets() {
			if trained[set] == nil {
				continue
			}
			f := trained[set].Forecast(row.X[set], &scratch)
			add("ridge", set, row, f.Ridge.Probability, f.Ridge.Margin)
			// The trees say who wins, not by how much.
			add("gbt", set, row, f.GBT.Probability, none)
			add("mlp", set, row, f.MLP.Probability, f.MLP.Margin)
			add("ensemble", set, row, f.Ensemble.Probability, f.Ensemble.Margin)
		}
		add("elo", features.WithoutSpread, row, row.Matchup.EloProbability, row.Matchup.EloMargin)
		line := float64(row.Fixture.Spread.Margin())
		add("closing_line", features.WithSpread, row, lineProbability(line), line)
		add("always_home", features.WithoutSpread, row, 1, none)
	}
	r.Seasons[strconv.Itoa(season)] = score(r.Outcomes, func(o Outcome) bool { return o.Season == season })
}

// lineSigma is the standard deviation in points of games around the closing
// line, 2013-2023.
const lineSigma = 15.6

func lineProbability(line float64) float64 { return 0.5 * math.Erfc(-line/lineSigma/math.Sqrt2) }

func score(outcomes map[string]map[string][]Outcome, keep func(Outcome) bool) ByModel {
	scores := ByModel{}
	for model, bySet := range outcomes {
		scores[model] = map[string]pack.Metrics{}
		for set, all := range bySet {
			var kept []Outcome
			for _, o := range all {
				if keep(o) {
					kept = append(kept, o)
				}
			}
			m := Score(kept)
			if model == "always_home" {
				// A claim of certainty has an accuracy and no calibration.
				m = pack.Metrics{Games: m.Games, Accuracy: m.Accuracy}
			}
			scores[model][set] = m
		}
	}
	return scores
}
