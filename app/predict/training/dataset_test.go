package training_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/predict/features"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/football/footballtest"
	"github.com/script-ohio/platform/app/predict/ratings"
	"github.com/script-ohio/platform/app/predict/training"
)

// A game's score is in its own row's target and in the features of later
// blocks, nowhere else.
func TestRowsNeverSeeTheirOwnBlockOrLaterOnes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		results := footballtest.Winter(footballtest.Results(footballtest.Options{Seed: rapid.Uint64().Draw(t, "seed"), First: 2003, Last: 2004}), 2003)
		game := rapid.IntRange(0, len(results)-1).Draw(t, "game")
		before, err := training.Collect(results)
		require.NoError(t, err)
		calendar := football.NewCalendar(results)
		own := calendar.Key(results[game].Fixture)

		results[game].Score.Home += rapid.IntRange(1, 60).Draw(t, "more points")
		after, err := training.Collect(results)
		require.NoError(t, err)
		require.Len(t, after.Rows, len(before.Rows))
		noticed, later := false, false
		for i, old := range before.Rows {
			row, key := after.Rows[i], calendar.Key(old.Fixture)
			require.Equal(t, old.Fixture, row.Fixture)
			if row.Fixture.ID == results[game].ID {
				require.Equal(t, float64(results[game].Margin()), row.Margin)
			} else {
				require.Equal(t, old.Margin, row.Margin)
			}
			same := old.Matchup == row.Matchup
			for set, x := range old.X {
				same = same && slices.Equal(x, row.X[set])
			}
			if key.Compare(own) <= 0 && !same {
				t.Fatalf("game %d on day %d sees game %d on day %d", row.Fixture.ID, key.Day, results[game].ID, own.Day)
			}
			noticed, later = noticed || !same, later || key.Compare(own) > 0
		}
		if noticed != later {
			t.Fatalf("game %d: there are later rows: %v, they noticed: %v", results[game].ID, later, noticed)
		}
	})
}

func TestCollectKeepsFBSGamesSinceTheFirstSeason(t *testing.T) {
	results := footballtest.Results(footballtest.Options{Seed: 4, First: 2001, Last: 2004})
	data, err := training.Collect(results)
	require.NoError(t, err)
	want := map[int64]football.Result{}
	for _, r := range results {
		if r.BothFBS() && r.Season >= training.FirstSeason {
			want[r.ID] = r
		}
	}
	require.Len(t, data.Rows, len(want))
	for _, row := range data.Rows {
		r := want[row.Fixture.ID]
		require.Empty(t, cmp.Diff(r.Fixture, row.Fixture))
		require.Equal(t, float64(r.Margin()), row.Margin)
		require.Len(t, row.X[features.WithoutSpread], len(features.Names(features.WithoutSpread)))
		require.Equal(t, r.Spread != nil, row.X[features.WithSpread] != nil)
	}
	require.Equal(t, []int{2003, 2004}, data.Seasons())
	require.Equal(t, len(results), data.State.Games())
	for season := 2001; season <= 2004; season++ {
		played := slices.DeleteFunc(slices.Clone(data.Ends[season]), func(team ratings.Team) bool { return team.Season != season })
		require.Len(t, played, 40, "FBS teams of %d", season)
	}
	require.Equal(t, data.State.View().Ranking(), data.Ends[2004])
}

func TestHomeWin(t *testing.T) {
	for margin, want := range map[float64]float64{3: 1, -1: 0, 0: 0.5} {
		require.Equal(t, want, training.Row{Margin: margin}.HomeWin())
	}
}

func TestBetween(t *testing.T) {
	row := func(season int, sets ...features.Set) training.Row {
		r := training.Row{Fixture: football.Fixture{Season: season}, X: map[features.Set][]float64{}}
		for _, set := range sets {
			r.X[set] = []float64{1}
		}
		return r
	}
	rows := []training.Row{row(2003, features.Sets()...), row(2004, features.WithoutSpread), row(2005, features.Sets()...)}
	require.Len(t, training.Between(rows, features.WithoutSpread, 2003, 2004), 2)
	require.Len(t, training.Between(rows, features.WithSpread, 2003, 2004), 1)
	require.Empty(t, training.Between(rows, features.WithSpread, 2006, 2003))
}

func TestTrainSaysHowManyGamesItNeeds(t *testing.T) {
	data, err := training.Collect(footballtest.Results(footballtest.Options{Seed: 4, First: 2003, Last: 2005}))
	require.NoError(t, err)
	_, err = training.Train(context.Background(), data.Rows, features.WithoutSpread, 2005)
	require.ErrorIs(t, err, training.ErrTooFewGames)
	require.ErrorContains(t, err, "without_spread: 0 games to train on and 738 of the last 3 seasons")
	require.ErrorContains(t, err, "at least 500 and 50")
}

func TestTrainStopsWithItsContext(t *testing.T) {
	data, err := training.Collect(footballtest.Results(footballtest.Options{Seed: 4, First: 2003, Last: 2008}))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = training.Train(ctx, data.Rows, features.WithoutSpread, 2008)
	require.ErrorIs(t, err, context.Canceled)
}
