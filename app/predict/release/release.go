// Package release trains everything a pack holds: the models of both feature
// sets, the team state, the rating history and the walk-forward scores.
package release

import (
	"cmp"
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/backtest"
	"github.com/script-ohio/platform/app/predict/ensemble"
	"github.com/script-ohio/platform/app/predict/features"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/pack"
	"github.com/script-ohio/platform/app/predict/training"
)

// Options of a training run.
type Options struct {
	ToolVersion string
	Now         func() time.Time
	// JudgedSeasons is how many of the last seasons are scored walk-forward.
	JudgedSeasons int
	// Progress is told of every step; it may be called by two goroutines.
	Progress func(step string)
}

// Build trains a pack from all results. The same results give the same
// version.
func Build(ctx context.Context, results []football.Result, o Options) (*pack.Pack, error) {
	o.Progress("rating teams")
	data, err := training.Collect(results)
	if err != nil {
		return nil, err
	}
	seasons := data.Seasons()
	if len(seasons) == 0 {
		return nil, fault.New(fault.Invalid, "no games between FBS teams since %d to train on", training.FirstSeason)
	}
	judged := seasons[max(0, len(seasons)-o.JudgedSeasons):]
	report, err := backtest.Run(ctx, data, judged, func(season int, set features.Set) {
		o.Progress("judging " + string(set))
	})
	if err != nil {
		return nil, err
	}
	last := seasons[len(seasons)-1]
	models := map[features.Set]*ensemble.Models{}
	trained := make([]*ensemble.Models, len(features.Sets()))
	group, groupCtx := errgroup.WithContext(ctx)
	for i, set := range features.Sets() {
		group.Go(func() (err error) {
			trained[i], err = training.Train(groupCtx, data.Rows, set, last)
			o.Progress("training " + string(set))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for i, set := range features.Sets() {
		models[set] = trained[i]
	}
	return pack.New(pack.Contents{
		CreatedAt: o.Now().UTC().Truncate(time.Second), ToolVersion: o.ToolVersion,
		FirstSeason: seasons[0], LastSeason: last,
		Models: models, State: data.State, History: history(data), Metrics: metrics(report),
	})
}

// Steps is how often Build reports progress.
func Steps(judged int) int { return 1 + len(features.Sets())*(judged+1) }

func history(data *training.Dataset) pack.History {
	h := pack.History{}
	for season, teams := range data.Ends {
		for _, t := range teams {
			if t.Season != season {
				continue // did not play
			}
			h[t.Name] = append(h[t.Name], pack.PointOf(t))
		}
	}
	for _, points := range h {
		slices.SortFunc(points, func(a, b pack.RatingPoint) int { return cmp.Compare(a.Season, b.Season) })
	}
	return h
}

// metrics keeps the models' scores by season; baselines stay in backtests.
func metrics(r *backtest.Report) map[string]map[string]map[string]pack.Metrics {
	kept := map[string]map[string]map[string]pack.Metrics{}
	for season, byModel := range r.Seasons {
		kept[season] = byModel
	}
	return kept
}
