package ratings_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/football/footballtest"
	"github.com/script-ohio/platform/app/predict/ratings"
)

func league(seed uint64, first, last int) []football.Block {
	return football.Blocks(footballtest.Results(footballtest.Options{Seed: seed, First: first, Last: last}))
}

// winter is the end of one season and the start of the next.
func winter(seed uint64) []football.Block {
	return football.Blocks(footballtest.Winter(footballtest.Results(footballtest.Options{Seed: seed, First: 2001, Last: 2002}), 2001))
}

func learned(t require.TestingT, blocks []football.Block) *ratings.State {
	s := ratings.NewState()
	for _, b := range blocks {
		require.NoError(t, s.Learn(b))
	}
	return s
}

func encoded(t require.TestingT, s *ratings.State) (structure, covariances string) {
	a, b, err := s.Encode()
	require.NoError(t, err)
	return string(a), string(b)
}

// The filters take in a block as a whole: in which order its games stand
// makes no difference to anybody's rating.
func TestOrderInsideABlockDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		blocks := winter(rapid.Uint64().Draw(t, "seed"))
		state := learned(t, blocks)
		shuffled := ratings.NewState()
		for _, b := range blocks {
			order := make([]int, len(b.Fixtures))
			for i := range order {
				order[i] = i
			}
			mixed := football.Block{Slate: football.Slate{BlockKey: b.BlockKey}}
			for _, i := range rapid.Permutation(order).Draw(t, "order") {
				mixed.Fixtures, mixed.Scores = append(mixed.Fixtures, b.Fixtures[i]), append(mixed.Scores, b.Scores[i])
			}
			require.NoError(t, shuffled.Learn(mixed))
		}
		want, got := state.View(), shuffled.View()
		require.Equal(t, want.Names(), got.Names())
		for _, name := range want.Names() {
			a, _ := want.Team(name)
			b, _ := got.Team(name)
			require.Equal(t, [...]any{a.Conference, a.FBS, a.Season, a.Games, a.Wins, a.Last}, [...]any{b.Conference, b.FBS, b.Season, b.Games, b.Wins, b.Last})
			for i, values := range [][2]float64{
				{a.Rating, b.Rating}, {a.SD, b.SD}, {a.Form, b.Form}, {a.Level, b.Level}, {a.League, b.League}, {a.TotalShift, b.TotalShift}, {a.Elo, b.Elo},
				{a.Offence, b.Offence}, {a.Defence, b.Defence},
			} {
				require.InDelta(t, values[0], values[1], 1e-9, "%s, value %d", name, i)
			}
		}
	})
}

func TestEarlierBlocksAreRefused(t *testing.T) {
	blocks := league(1, 2005, 2005)
	state := learned(t, blocks[:3])
	_, err := state.Open(blocks[1].Slate)
	require.ErrorContains(t, err, "opened after day")
	require.Error(t, state.Learn(blocks[0]))
	require.Error(t, state.Walk(blocks[:1], func(ratings.View, football.Slate) error { return nil }))
	_, err = state.Open(blocks[2].Slate)
	require.NoError(t, err, "the same block may be opened again")
	last, ok := state.LastBlock()
	require.True(t, ok)
	require.Equal(t, blocks[2].BlockKey, last)
}

func TestScoresMustMatchFixtures(t *testing.T) {
	block := league(1, 2005, 2005)[0]
	block.Scores = block.Scores[1:]
	require.ErrorContains(t, ratings.NewState().Learn(block), "25 scores for 26 fixtures")
	require.ErrorContains(t, ratings.NewState().Walk([]football.Block{block}, nil), "25 scores for 26 fixtures")
}

// What Walk shows knows earlier blocks only: the same as Open shows.
func TestWalkShowsEachBlockBeforeItsScores(t *testing.T) {
	blocks := league(3, 2003, 2004)
	seen := 0
	err := ratings.NewState().Walk(blocks, func(view ratings.View, slate football.Slate) error {
		before := learned(t, blocks[:seen])
		opened, err := before.Open(slate)
		require.NoError(t, err)
		require.Equal(t, opened.Hash(), view.Hash())
		require.Equal(t, opened.Ranking(), view.Ranking())
		seen++
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, len(blocks), seen)
}

// A clone and its original go their own ways.
func TestCloneIsIndependent(t *testing.T) {
	blocks := league(4, 2003, 2004)
	state := learned(t, blocks[:20])
	structure, covariances := encoded(t, state)
	clone := state.Clone()
	for _, b := range blocks[20:] {
		require.NoError(t, clone.Learn(b))
	}
	sameStructure, sameCovariances := encoded(t, state)
	require.Equal(t, structure, sameStructure)
	require.Equal(t, covariances, sameCovariances)
	require.Equal(t, encodedPair(t, learned(t, blocks)), encodedPair(t, clone))
}

func encodedPair(t require.TestingT, s *ratings.State) [2]string {
	a, b := encoded(t, s)
	return [2]string{a, b}
}

// Games between FBS teams pass Elo points on; none are made or lost, within a
// season and over the winter.
func TestEloIsConserved(t *testing.T) {
	var blocks []football.Block
	for _, b := range league(5, 2000, 2001) {
		kept := football.Block{Slate: football.Slate{BlockKey: b.BlockKey}}
		for i, f := range b.Fixtures {
			if f.BothFBS() {
				kept.Fixtures, kept.Scores = append(kept.Fixtures, f), append(kept.Scores, b.Scores[i])
			}
		}
		blocks = append(blocks, kept)
	}
	state, moved := ratings.NewState(), false
	for _, b := range blocks {
		require.NoError(t, state.Learn(b))
		sum, n := 0.0, 0
		for _, team := range state.View().Ranking() {
			sum += team.Elo
			n++
			moved = moved || team.Elo != 1500
		}
		require.InDelta(t, 1500*float64(n), sum, 1e-6)
	}
	require.True(t, moved)
}

// Winning by more is worth more, to no side less than nothing, and beating a
// better team is worth more than beating a worse one.
func TestEloShifts(t *testing.T) {
	after := func(score football.Score) float64 {
		f := fbsGame(1, "Ohio State", "Iowa")
		state := ratings.NewState()
		require.NoError(t, state.Learn(football.Blocks([]football.Result{{Fixture: f, Score: score}})[0]))
		team, ok := state.View().Team("Ohio State")
		require.True(t, ok)
		return team.Elo
	}
	require.Greater(t, after(football.Score{Home: 40, Away: 3}), after(football.Score{Home: 20, Away: 17}))
	require.Greater(t, after(football.Score{Home: 20, Away: 17}), 1300.0)
	require.Less(t, after(football.Score{Home: 17, Away: 20}), 1300.0)
	require.Equal(t, 1300.0, after(football.Score{Home: 17, Away: 17}), "a tie moves nothing in a log of the margin")
}

func fbsGame(id int64, home, away string) football.Fixture {
	return football.Fixture{
		ID: id, Season: 2010, Week: 1, SeasonType: football.Regular, Start: football.WeekDay(2010, int(id)).Kickoff(),
		Home: football.Side{Team: home, Conference: "Big Ten", Division: football.FBS},
		Away: football.Side{Team: away, Conference: "Big Ten", Division: football.FBS},
	}
}

// Offence and defence explain what teams score: on games that were made up
// from them they come out near what was put in.
func TestPointsRatingsFindOffenceAndDefence(t *testing.T) {
	offence := map[string]float64{"A": 10, "B": 4, "C": 0, "D": -4, "E": -10}
	defence := map[string]float64{"A": -3, "B": 6, "C": 0, "D": 3, "E": -6}
	var results []football.Result
	id := int64(0)
	for range 3 {
		for home := range 5 {
			for away := range 5 {
				if home == away {
					continue
				}
				h, a := string(rune('A'+home)), string(rune('A'+away))
				id++
				f := fbsGame(1, h, a)
				f.ID, f.Start = id, f.Start.AddDate(0, 0, int(id))
				results = append(results, football.Result{Fixture: f, Score: football.Score{
					Home: int(28 + 2 + offence[h] - defence[a]), Away: int(28 - 2 + offence[a] - defence[h]),
				}})
			}
		}
	}
	view := learned(t, football.Blocks(results)).View()
	_, err := learned(t, football.Blocks(results)).Open(football.Slate{BlockKey: football.BlockKey{Season: 2010, Day: football.DayOf(results[len(results)-1].Start) + 7}})
	require.NoError(t, err)
	teams := view.Ranking()
	require.Len(t, teams, 5)
	for _, a := range teams {
		for _, b := range teams {
			if offence[a.Name] > offence[b.Name] {
				require.Greater(t, a.Offence, b.Offence, "%s %s", a.Name, b.Name)
			}
			if defence[a.Name] > defence[b.Name] {
				require.Greater(t, a.Defence, b.Defence, "%s %s", a.Name, b.Name)
			}
		}
		require.InDelta(t, offence[a.Name], a.Offence, 3.5, "pulled to the average by some games' weight")
		require.InDelta(t, defence[a.Name], a.Defence, 3.5)
	}
	f := fbsGame(1, "A", "E")
	f.Start = results[len(results)-1].Start
	var m ratings.Matchup
	require.True(t, view.Rate(&f, &m))
	require.InDelta(t, 28+2+10+6, m.PointsHome, 6)
	require.InDelta(t, 28-2-10+3, m.PointsAway, 6)
	require.Greater(t, m.Margin, 10.0)
}

// Better teams of a league that was made up are rated higher.
func TestRatingsFollowResults(t *testing.T) {
	blocks := league(11, 2003, 2006)
	state := learned(t, blocks)
	var margins, predicted []float64
	err := ratings.NewState().Walk(blocks, func(view ratings.View, slate football.Slate) error {
		if slate.Season < 2005 {
			return nil
		}
		for i := range slate.Fixtures {
			var m ratings.Matchup
			if view.Rate(&slate.Fixtures[i], &m) {
				predicted = append(predicted, m.Margin)
			}
		}
		return nil
	})
	require.NoError(t, err)
	for _, b := range blocks {
		if b.Season >= 2005 {
			for _, s := range b.Scores {
				margins = append(margins, float64(s.Margin()))
			}
		}
	}
	require.Len(t, predicted, len(margins))
	model, nothing := 0.0, 0.0
	for i := range margins {
		model += math.Abs(margins[i] - predicted[i])
		nothing += math.Abs(margins[i])
	}
	require.Less(t, model, 0.85*nothing, "the ratings explain a good part of the margins")
	ranking := state.View().Ranking()
	require.True(t, slices.IsSortedFunc(ranking, func(a, b ratings.Team) int {
		if a.Rating > b.Rating {
			return -1
		}
		return 1
	}))
}

// Teams are found as they last took the field: one that joined the FBS is an
// FBS team.
func TestSideFollowsTheDivision(t *testing.T) {
	state := learned(t, league(1, 2003, 2006))
	side, ok := state.View().Side("James Madison")
	require.True(t, ok)
	require.Equal(t, football.Side{Team: "James Madison", Conference: "Mountain West", Division: football.FBS}, side)
	side, ok = state.View().Side("Colorado")
	require.True(t, ok)
	require.Equal(t, football.Side{Team: "Colorado"}, side)
	_, ok = state.View().Side("Slippery Rock")
	require.False(t, ok)
	_, ok = state.View().Team("Slippery Rock")
	require.False(t, ok)
}

// The hash names games, scores and their order.
func TestHashNamesTheGames(t *testing.T) {
	blocks := league(1, 2003, 2003)
	state := learned(t, blocks)
	require.Equal(t, state.Hash(), learned(t, blocks).Hash())
	require.NotEqual(t, state.Hash(), learned(t, blocks[:len(blocks)-1]).Hash())
	blocks[4].Scores[2].Home++
	require.NotEqual(t, state.Hash(), learned(t, blocks).Hash())
	require.Equal(t, 258, state.Games())
}
