package football_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/football/footballtest"
)

// What a source tells of a stored game, and what is stored then.
func TestFollow(t *testing.T) {
	games := footballtest.Games(footballtest.Options{Seed: 1, First: 2022, Last: 2022})
	known := games[100]
	known.Home.Team, known.Away.Team, known.Score = "Hawai'i", "App State", &football.Score{Home: 30, Away: 20}
	same := football.NewDirectory([]string{"Hawai'i", "Ohio State"}).Same
	for name, tc := range map[string]struct {
		told     func(*football.Game)
		stored   func(*football.Game)
		want     football.ImportReport
		kept     bool
		conflict bool
	}{
		"the same":           {want: football.ImportReport{Unchanged: 1}},
		"no result":          {told: func(g *football.Game) { g.Score = nil }, want: football.ImportReport{Unchanged: 1}, kept: true},
		"no result, no line": {told: func(g *football.Game) { g.Score, g.Spread = nil, nil }, want: football.ImportReport{Unchanged: 1}, kept: true},
		"another result": {
			told:   func(g *football.Game) { g.Score = &football.Score{Home: 30, Away: 21} },
			stored: func(g *football.Game) { g.Score = &football.Score{Home: 30, Away: 21} },
			want:   football.ImportReport{Updated: 1},
		},
		"no result and another week": {
			told: func(g *football.Game) { g.Score, g.Week = nil, g.Week+1 }, stored: func(g *football.Game) { g.Week++ },
			want: football.ImportReport{Updated: 1}, kept: true,
		},
		"other spellings": {
			told:   func(g *football.Game) { g.Home.Team, g.Away.Team = "Hawaii", "Appalachian St." },
			stored: func(g *football.Game) { g.Home.Team, g.Away.Team = "Hawaii", "Appalachian St." },
			want:   football.ImportReport{Updated: 1},
		},
		"another home team": {told: func(g *football.Game) { g.Home.Team = "Ohio State" }, conflict: true},
		"another away team": {told: func(g *football.Game) { g.Away.Team = "Ohio State" }, conflict: true},
		"other teams and no result": {
			told: func(g *football.Game) { g.Home.Team, g.Away.Team, g.Score = "Ohio", "Ohio State", nil }, conflict: true,
		},
		"home and away swapped": {told: func(g *football.Game) { g.Home, g.Away = g.Away, g.Home }, conflict: true},
	} {
		t.Run(name, func(t *testing.T) {
			store := football.NewStore(postgrestest.New(t))
			_, err := store.Import(t.Context(), []football.Game{known}, quiet)
			require.NoError(t, err)
			told, stored := known, known
			if tc.told != nil {
				tc.told(&told)
			}
			if tc.stored != nil {
				tc.stored(&stored)
			}
			fresh := games[101]
			tc.want.Inserted = 1
			before := revision(t, store)
			followed, err := store.Follow(t.Context(), []football.Game{told, fresh}, same, quiet)
			require.NoError(t, err)
			require.Equal(t, tc.want, followed.ImportReport)
			require.Equal(t, tc.kept, len(followed.Kept) == 1)
			var conflicts []football.Conflict
			if tc.conflict {
				conflicts = []football.Conflict{{Stored: known, Told: told}}
			}
			require.Empty(t, cmp.Diff(conflicts, followed.Conflicts))
			read, err := store.Game(t.Context(), known.ID)
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(stored, read))
			_, err = store.Game(t.Context(), fresh.ID)
			require.NoError(t, err, "the others are imported")
			require.Equal(t, before+1, revision(t, store))
			again, err := store.Follow(t.Context(), []football.Game{told, fresh}, same, quiet)
			require.NoError(t, err)
			require.Zero(t, again.Inserted+again.Updated, "doing it twice changes nothing")
			require.Equal(t, len(followed.Kept), len(again.Kept), "and tells the same")
		})
	}
}

// Whatever is told, no result is taken back and no game changes its teams.
func TestSettleTakesNothingBack(t *testing.T) {
	teams := []string{"Ohio State", "ohio st", "Iowa", "Texas"}
	same := football.NewDirectory([]string{"Ohio State", "Iowa", "Texas"}).Same
	game := rapid.Custom(func(t *rapid.T) football.Game {
		g := football.Game{Fixture: football.Fixture{ID: rapid.Int64Range(1, 6).Draw(t, "id")}}
		g.Home.Team, g.Away.Team = rapid.SampledFrom(teams).Draw(t, "home"), rapid.SampledFrom(teams).Draw(t, "away")
		if rapid.Bool().Draw(t, "played") {
			g.Score = &football.Score{Home: rapid.IntRange(0, 3).Draw(t, "points")}
		}
		return g
	})
	id := func(g football.Game) int64 { return g.ID }
	rapid.Check(t, func(t *rapid.T) {
		stored := map[int64]football.Game{}
		for _, g := range rapid.SliceOfDistinct(game, id).Draw(t, "stored") {
			stored[g.ID] = g
		}
		told := rapid.SliceOfDistinct(game, id).Draw(t, "told")
		believed, kept, conflicts := football.Settle(stored, told, same)
		require.Len(t, told, len(believed)+len(conflicts))
		for _, g := range believed {
			original := told[slices.IndexFunc(told, func(o football.Game) bool { return o.ID == g.ID })]
			known, ok := stored[g.ID]
			held := slices.ContainsFunc(kept, func(k football.Game) bool { return k.ID == g.ID })
			require.Equal(t, ok && known.Score != nil && original.Score == nil, held)
			if held {
				require.Equal(t, known.Score, g.Score)
				g.Score = nil
			}
			require.Equal(t, original, g, "all else is as told")
			require.True(t, !ok || same(known.Home.Team, g.Home.Team) && same(known.Away.Team, g.Away.Team))
		}
		for _, c := range conflicts {
			require.Equal(t, stored[c.Told.ID], c.Stored)
			require.False(t, same(c.Stored.Home.Team, c.Told.Home.Team) && same(c.Stored.Away.Team, c.Told.Away.Team))
		}
	})
}

func TestSpellingsOfOneTeam(t *testing.T) {
	d := football.NewDirectory([]string{"Florida International", "Ohio State", "Miami", "Miami (OH)"})
	for _, tc := range []struct {
		a, b string
		want bool
	}{
		{"Ohio State", "ohio st.", true}, {"FIU", "Florida International", true},
		{"Nicholls State", "Nicholls", true}, {"San Jose State", "San José State", true}, // not in the directory
		{"Slippery Rock", "SLIPPERY ROCK", true}, {"MSU", "Michigan State", false},
		{"Miami", "Miami (OH)", false}, {"Ohio", "Ohio State", false}, {"Slippery Rock", "Edinboro", false},
	} {
		require.Equal(t, tc.want, d.Same(tc.a, tc.b), "%s, %s", tc.a, tc.b)
		require.Equal(t, tc.want, d.Same(tc.b, tc.a), "%s, %s", tc.b, tc.a)
	}
}

func TestFollowIsAllOrNothing(t *testing.T) {
	store := football.NewStore(postgrestest.New(t))
	games := footballtest.Games(footballtest.Options{Seed: 1, First: 2022, Last: 2022})[:2]
	games[1].Score = &football.Score{Home: -1}
	followed, err := store.Follow(t.Context(), games, football.NewDirectory(nil).Same, quiet)
	require.Equal(t, fault.Invalid, fault.CodeOf(err), "%v", err)
	require.ErrorContains(t, err, "nothing was changed")
	require.Zero(t, followed)
	left, err := store.Games(t.Context(), football.GameFilter{})
	require.NoError(t, err)
	require.Empty(t, left)
}
