package features_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/features"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/football/footballtest"
	"github.com/script-ohio/platform/app/predict/ratings"
)

// vectors builds both sets' features of every fixture before its block.
func vectors(t require.TestingT, blocks []football.Block) map[int64][]float64 {
	all := map[int64][]float64{}
	line := football.Spread(-3)
	err := ratings.NewState().Walk(blocks, func(view ratings.View, slate football.Slate) error {
		build := features.NewBuilder(view)
		for _, f := range slate.Fixtures {
			if f.Spread == nil {
				f.Spread = &line
			}
			var m ratings.Matchup
			for _, set := range features.Sets() {
				x := make([]float64, len(features.Names(set)))
				if err := build.Build(set, &f, &m, x); err != nil {
					return err
				}
				all[f.ID] = append(all[f.ID], x...)
			}
		}
		return nil
	})
	require.NoError(t, err)
	return all
}

// No feature knows the result of its own block or of a later one: whatever
// one game's score had been, the features of all fixtures up to and including
// its block are the same bit for bit. The next block does notice.
func TestFeaturesNeverSeeTheirOwnBlockOrLaterOnes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.SampledFrom([]int{2000, 2001, 2012}).Draw(t, "first")
		results := footballtest.Winter(footballtest.Results(footballtest.Options{Seed: rapid.Uint64().Draw(t, "seed"), First: first, Last: first + 1}), first)
		game := rapid.IntRange(0, len(results)-1).Draw(t, "game")
		score := rapid.Custom(func(t *rapid.T) football.Score {
			return football.Score{Home: rapid.IntRange(0, 90).Draw(t, "home"), Away: rapid.IntRange(0, 90).Draw(t, "away")}
		}).Filter(func(s football.Score) bool { return s != results[game].Score }).Draw(t, "score")

		blocks := football.Blocks(results)
		before := vectors(t, blocks)
		id := results[game].ID
		results[game].Score = score
		changed := football.Blocks(results)
		after := vectors(t, changed)

		own := slices.IndexFunc(blocks, func(b football.Block) bool {
			return slices.ContainsFunc(b.Fixtures, func(f football.Fixture) bool { return f.ID == id })
		})
		noticed := false
		for i, b := range blocks {
			for _, f := range b.Fixtures {
				same := slices.Equal(before[f.ID], after[f.ID])
				if i <= own && !same {
					t.Fatalf("game %d of block %d sees the result of game %d of block %d", f.ID, i, id, own)
				}
				noticed = noticed || !same
			}
		}
		if later := own < len(blocks)-1; noticed != later {
			t.Fatalf("block %d of %d changed: later blocks noticed: %v", own, len(blocks), noticed)
		}
	})
}

// Closing lines are known no earlier than results: without its own line a
// fixture's features depend on lines of earlier blocks only.
func TestFeaturesWithoutSpreadNeverSeeTheLinesOfTheirBlock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		results := footballtest.Winter(footballtest.Results(footballtest.Options{Seed: rapid.Uint64().Draw(t, "seed"), First: 2012, Last: 2013}), 2012)
		game := rapid.IntRange(0, len(results)-1).Draw(t, "game")
		blocks := football.Blocks(results)
		before, n := vectors(t, blocks), len(features.Names(features.WithoutSpread))
		line := football.Spread(rapid.Float64Range(-60, 60).Draw(t, "line"))
		results[game].Spread = &line
		after := vectors(t, football.Blocks(results))
		own := football.NewCalendar(results).Key(results[game].Fixture)
		for _, b := range blocks {
			for _, f := range b.Fixtures {
				if b.Compare(own) <= 0 && !slices.Equal(before[f.ID][:n], after[f.ID][:n]) {
					t.Fatalf("game %d on day %d sees the line of game %d on day %d", f.ID, b.Day, results[game].ID, own.Day)
				}
			}
		}
	})
}

func TestFeaturesAreFinite(t *testing.T) {
	blocks := football.Blocks(footballtest.Results(footballtest.Options{Seed: 3, First: 1999, Last: 2004}))
	games := 0
	for id, x := range vectors(t, blocks) {
		for i, v := range x {
			require.False(t, math.IsNaN(v) || math.IsInf(v, 0), "game %d, value %d is %v", id, i, v)
		}
		games++
	}
	require.Equal(t, 6*258, games)
}

// A model belongs to one meaning of the features, so a change of the schema
// must be meant: train a new default pack with it and set the new hash here.
func TestSchemaHashes(t *testing.T) {
	require.Equal(t, "ab1999c3e9324bcc", features.SchemaHash(features.WithoutSpread))
	require.Equal(t, "5eba8aadf6ba8b80", features.SchemaHash(features.WithSpread))
}

func TestNames(t *testing.T) {
	base, more := features.Names(features.WithoutSpread), features.Names(features.WithSpread)
	require.Equal(t, base, more[:len(base)])
	require.Equal(t, []string{"market_margin", "market_edge"}, more[len(base):])
	seen := map[string]bool{}
	for _, name := range more {
		require.False(t, seen[name], name)
		seen[name] = true
	}
	more[0] = "changed by a caller"
	require.Equal(t, base[0], features.Names(features.WithSpread)[0])
}

func TestSetFor(t *testing.T) {
	line := football.Spread(0)
	require.Equal(t, features.WithoutSpread, features.SetFor(&football.Fixture{}))
	require.Equal(t, features.WithSpread, features.SetFor(&football.Fixture{Spread: &line}))
}

// Features by hand, for two teams that met once.
func TestFeatureValues(t *testing.T) {
	side := func(team string) football.Side {
		return football.Side{Team: team, Division: football.FBS, Conference: "Big Ten"}
	}
	state := ratings.NewState()
	opening := football.WeekDay(2023, 1)
	first := football.Fixture{ID: 1, Season: 2023, Week: 1, SeasonType: football.Regular, Start: opening.Kickoff(), Home: side("Ohio State"), Away: side("Iowa")}
	require.NoError(t, state.Learn(football.Blocks([]football.Result{{Fixture: first, Score: football.Score{Home: 31, Away: 10}}})[0]))
	view, err := state.Open(football.Slate{BlockKey: football.BlockKey{Season: 2023, Day: opening + 14}, Fixtures: []football.Fixture{{
		Season: 2023, Home: side("Ohio State"), Away: side("Michigan"),
	}}})
	require.NoError(t, err)

	line := football.Spread(-6.5)
	f := features.Hypothetical(view, side("Ohio State"), side("Michigan"), false)
	f.Spread = &line
	require.Equal(t, 3, f.Week)
	require.True(t, f.ConferenceGame)
	var m ratings.Matchup
	x := make([]float64, len(features.Names(features.WithSpread)))
	require.NoError(t, features.NewBuilder(view).Build(features.WithSpread, &f, &m, x))
	byName := map[string]float64{}
	for i, name := range features.Names(features.WithSpread) {
		byName[name] = x[i]
	}
	for name, want := range map[string]float64{
		"margin": m.Margin, "margin_postseason": 0, "margin_early": m.Margin, // Michigan has not played
		"total_at_home": m.Total - 55, "neutral_regular": 0, "bye_edge": 1,
		"wins_edge": 2.0/3 - 0.5, "games_played": 0, "rest_edge": 0, "week": 3,
		"conference_game": 1, "neutral": 0, "postseason": 0,
		"market_margin": 6.5, "market_edge": 6.5 - m.Margin, "margin_sd": math.Sqrt(m.Variance),
	} {
		require.InDelta(t, want, byName[name], 1e-12, name)
	}
	require.Positive(t, m.Margin, "the winner at home against a newcomer")

	f.Neutral, f.SeasonType = true, football.Postseason
	require.NoError(t, features.NewBuilder(view).Build(features.WithoutSpread, &f, &m, x[:len(x)-2]))
	require.Equal(t, m.Margin, x[1])
	require.Zero(t, x[3])
	require.Zero(t, x[4])
}

func TestUnknownTeamsHaveNoFeatures(t *testing.T) {
	view := ratings.NewState().View()
	f := football.Fixture{Home: football.Side{Team: "Ohio State", Division: football.FBS}, Away: football.Side{Team: "Iowa", Division: football.FBS}}
	var m ratings.Matchup
	err := features.NewBuilder(view).Build(features.WithoutSpread, &f, &m, make([]float64, len(features.Names(features.WithoutSpread))))
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
	require.ErrorContains(t, err, "Iowa against Ohio State")
}

func TestBuildAllocatesNothing(t *testing.T) {
	games := footballtest.Results(footballtest.Options{Seed: 1, First: 2000, Last: 2000})
	state := ratings.NewState()
	var fixture football.Fixture
	require.NoError(t, state.Walk(football.Blocks(games), func(_ ratings.View, s football.Slate) error {
		fixture = s.Fixtures[0]
		return nil
	}))
	build, x := features.NewBuilder(state.View()), make([]float64, len(features.Names(features.WithoutSpread)))
	var m ratings.Matchup
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if err := build.Build(features.WithoutSpread, &fixture, &m, x); err != nil {
			t.Error(err)
		}
	}))
}
