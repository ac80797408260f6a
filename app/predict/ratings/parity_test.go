package ratings_test

import (
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/football/reference"
	"github.com/script-ohio/platform/app/predict/ratings"
)

func referenceBlocks(tb testing.TB) []football.Block {
	file, err := os.Open(reference.File(tb, "games_2000_2023.csv"))
	require.NoError(tb, err)
	defer file.Close()
	games, bad, err := football.ReadCSV(file)
	require.NoError(tb, err)
	require.Empty(tb, bad)
	return football.Blocks(football.Results(games))
}

// The filters reproduce an independent implementation, game by game, before
// each of 5,420 games.
func TestFiltersReproduceReference(t *testing.T) {
	file, err := os.Open(reference.File(t, "golden/ratings_2016_2023.csv"))
	require.NoError(t, err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	want := map[int64][]string{}
	for _, row := range rows[1:] {
		id, err := strconv.ParseInt(row[0], 10, 64)
		require.NoError(t, err)
		want[id] = row
	}

	compared := 0
	worst := map[string]float64{}
	started := time.Now()
	state := ratings.NewState()
	err = state.Walk(referenceBlocks(t), func(view ratings.View, slate football.Slate) error {
		for i := range slate.Fixtures {
			row, ok := want[slate.Fixtures[i].ID]
			if !ok {
				continue
			}
			var m ratings.Matchup
			require.True(t, view.Rate(&slate.Fixtures[i], &m))
			for name, got := range map[string]float64{"Q": m.Margin, "var": m.Variance, "T": m.Total} {
				value, err := strconv.ParseFloat(row[column[name]], 64)
				require.NoError(t, err)
				worst[name] = max(worst[name], math.Abs(got-value))
			}
			compared++
		}
		return nil
	})
	require.NoError(t, err)
	t.Logf("%d games compared, replay of 2000-2023 in %s, largest differences %v", compared, time.Since(started).Round(time.Millisecond), worst)
	require.Equal(t, len(want), compared)
	for name, difference := range worst {
		require.LessOrEqual(t, difference, 1e-4, name)
	}

	view, err := state.Clone().Open(football.Slate{BlockKey: mustLast(t, state)})
	require.NoError(t, err)
	for _, tc := range []struct {
		name                            string
		form, level, league, rating, sd float64
	}{
		{"Michigan", 11.943, 10.533, 8.478, 30.954, 5.606},
		{"Georgia", 11.105, 11.762, 10.320, 33.187, 5.950},
		{"Akron", -3.280, -9.333, -9.098, -21.711, 6.520},
		{"James Madison", 7.234, -3.605, 2.908, 6.537, 6.179},
		{"North Dakota State", 0.810, 20.530, -26.203, -4.862, 15.215},
	} {
		team, ok := view.Team(tc.name)
		require.True(t, ok, tc.name)
		require.InDelta(t, tc.form, team.Form, 6e-4, tc.name)
		require.InDelta(t, tc.level, team.Level, 6e-4, tc.name)
		require.InDelta(t, tc.league, team.League, 6e-4, tc.name)
		require.InDelta(t, tc.rating, team.Rating, 6e-4, tc.name)
		require.InDelta(t, tc.sd, team.SD, 6e-4, tc.name)
	}
	g, sd := view.HomeField()
	require.InDelta(t, 2.1586, g, 6e-5)
	require.InDelta(t, 0.2999, sd, 6e-5)
}

func mustLast(t *testing.T, s *ratings.State) football.BlockKey {
	key, ok := s.LastBlock()
	require.True(t, ok)
	return key
}
