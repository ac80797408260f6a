// Package training turns results into training rows and trains models on
// them, season by season and without looking ahead.
package training

import (
	"fmt"
	"slices"

	"github.com/script-ohio/platform/app/predict/features"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/ratings"
)

// FirstSeason is the first whose games are trained on: the ratings need some
// seasons to settle.
const FirstSeason = 2003

// Row is one FBS game as it looked before its block, and what became of it.
type Row struct {
	Fixture football.Fixture
	Margin  float64                    // home minus away, the target
	X       map[features.Set][]float64 // WithSpread only when there was a line
	Matchup ratings.Matchup
}

// HomeWin is 1 when the home side won, 0 when it lost and a half for a tie.
func (r Row) HomeWin() float64 {
	switch {
	case r.Margin > 0:
		return 1
	case r.Margin < 0:
		return 0
	}
	return 0.5
}

// Dataset is all rows in time order and the state of the ratings after the
// last block.
type Dataset struct {
	Rows  []Row
	State *ratings.State
	// Ends holds the FBS teams as they were rated at the end of each season.
	Ends map[int][]ratings.Team
}

// Collect walks through results block by block and keeps the rows of games
// between FBS teams from FirstSeason on.
func Collect(results []football.Result) (*Dataset, error) {
	margins := make(map[int64]float64, len(results))
	for _, r := range results {
		margins[r.ID] = float64(r.Margin())
	}
	d := &Dataset{State: ratings.NewState(), Ends: map[int][]ratings.Team{}}
	blocks := football.Blocks(results)
	for len(blocks) > 0 {
		season := blocks[0].Season
		n := slices.IndexFunc(blocks, func(b football.Block) bool { return b.Season != season })
		if n < 0 {
			n = len(blocks)
		}
		err := d.State.Walk(blocks[:n], func(view ratings.View, slate football.Slate) error {
			return d.collect(view, slate, margins)
		})
		if err != nil {
			return nil, err
		}
		d.Ends[season] = d.State.View().Ranking()
		blocks = blocks[n:]
	}
	return d, nil
}

func (d *Dataset) collect(view ratings.View, slate football.Slate, margins map[int64]float64) error {
	build := features.NewBuilder(view)
	for i := range slate.Fixtures {
		f := &slate.Fixtures[i]
		if !f.BothFBS() || f.Season < FirstSeason {
			continue
		}
		row := Row{Fixture: *f, Margin: margins[f.ID], X: map[features.Set][]float64{}}
		for _, set := range features.Sets() {
			if set == features.WithSpread && f.Spread == nil {
				continue
			}
			x := make([]float64, len(features.Names(set)))
			if err := build.Build(set, f, &row.Matchup, x); err != nil {
				return fmt.Errorf("game %d: %w", f.ID, err)
			}
			row.X[set] = x
		}
		d.Rows = append(d.Rows, row)
	}
	return nil
}

// Seasons lists the seasons with rows, in order.
func (d *Dataset) Seasons() []int {
	var seasons []int
	for _, r := range d.Rows {
		seasons = append(seasons, r.Fixture.Season)
	}
	slices.Sort(seasons)
	return slices.Compact(seasons)
}

// Between keeps the rows of a set's games in seasons from..to, inclusive.
func Between(rows []Row, set features.Set, from, to int) []Row {
	var kept []Row
	for _, r := range rows {
		if r.X[set] != nil && r.Fixture.Season >= from && r.Fixture.Season <= to {
			kept = append(kept, r)
		}
	}
	return kept
}
