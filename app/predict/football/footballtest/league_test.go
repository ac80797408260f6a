package footballtest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/football/footballtest"
)

func TestLeagueIsWhole(t *testing.T) {
	o := footballtest.Options{Seed: 7, First: 2000, Last: 2003}
	games := footballtest.Games(o)
	require.Equal(t, games, footballtest.Games(o), "equal options give equal games")
	require.Len(t, games, 4*258)

	ids := map[int64]bool{}
	type week struct {
		team         string
		season, week int
		seasonType   string
	}
	busy := map[week]bool{}
	var pooled, bowls, lines int
	for _, g := range games {
		require.NoError(t, g.Validate())
		require.False(t, ids[g.ID])
		ids[g.ID] = true
		require.NotEqual(t, g.Score.Home, g.Score.Away)
		for _, team := range []string{g.Home.Team, g.Away.Team} {
			w := week{team, g.Season, g.Week, g.SeasonType}
			require.False(t, busy[w], "%v plays twice", w)
			busy[w] = true
		}
		if !g.BothFBS() {
			pooled++
		}
		if g.IsPostseason() {
			bowls++
		}
		if g.Spread != nil {
			lines++
		}
	}
	require.Equal(t, 4*12, pooled)
	require.Equal(t, 4*12, bowls)
	require.Greater(t, lines, len(games)*8/10)
}

func TestPlayedBeforeOnlyTakesScoresAway(t *testing.T) {
	o := footballtest.Options{Seed: 7, First: 2000, Last: 2001}
	all := footballtest.Games(o)
	o.PlayedBefore = time.Date(2001, time.October, 1, 0, 0, 0, 0, time.UTC)
	open := 0
	for i, g := range footballtest.Games(o) {
		require.Equal(t, all[i].Fixture, g.Fixture)
		if g.Score == nil {
			open++
			require.False(t, g.Start.Before(o.PlayedBefore))
		}
	}
	require.Greater(t, open, 100)
	require.Len(t, football.Results(all), len(all))
}

func TestWinterSpansTwoSeasons(t *testing.T) {
	results := footballtest.Winter(footballtest.Results(footballtest.Options{Seed: 7, First: 2000, Last: 2002}), 2000)
	seasons := map[int]int{}
	for _, r := range results {
		seasons[r.Season]++
	}
	require.Len(t, seasons, 2)
	require.Greater(t, seasons[2000], 12, "more than the bowls")
	require.Greater(t, seasons[2001], 26, "more than the first week")
	require.Less(t, len(results), 200)
}
