package validation

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/pack"
)

// week is one week of the schedule and its games.
type week struct {
	season, number int
	seasonType     string
	last           time.Time // kick-off
	games          []football.Game
}

// givenUp is how long after kick-off a game without a score is taken for one
// that was never played.
const givenUp = 4 * 24 * time.Hour

// finished lists the newest weeks that are over and that the pack has not
// learned from, in time order.
func (v *Validator) finished(ctx context.Context, manifest pack.Manifest) ([]week, error) {
	// The pack's last block, a week at most, may have taught it.
	after := manifest.LastBlock.Day + 7
	games, err := v.games.Games(ctx, football.GameFilter{AfterStart: after.Time()})
	if err != nil {
		return nil, err
	}
	type name struct {
		season, number int
		seasonType     string
	}
	byName := map[name]*week{}
	open := map[name]bool{}
	for _, g := range games {
		n := name{g.Season, g.Week, g.SeasonType}
		if g.Score == nil && g.Start.After(v.options.Now().Add(-givenUp)) {
			open[n] = true
		}
		if football.DayOf(g.Start) < after {
			continue // late at night in UTC
		}
		if byName[n] == nil {
			byName[n] = &week{season: g.Season, number: g.Week, seasonType: g.SeasonType}
		}
		w := byName[n]
		w.games = append(w.games, g)
		if g.Start.After(w.last) {
			w.last = g.Start
		}
	}
	var weeks []week
	for n, w := range byName {
		played := slices.ContainsFunc(w.games, func(g football.Game) bool { return g.Score != nil && g.BothFBS() })
		if played && !open[n] {
			weeks = append(weeks, *w)
		}
	}
	slices.SortFunc(weeks, func(a, b week) int {
		return cmp.Or(a.last.Compare(b.last), cmp.Compare(a.number, b.number))
	})
	return weeks[max(0, len(weeks)-v.options.Weeks):], nil
}
