package cfbd_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/predict/cfbd"
	"github.com/script-ohio/platform/app/predict/cfbd/cfbdtest"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/football/footballtest"
)

// scoreOf is a game with another score, nil for none.
func scoreOf(g football.Game, s *football.Score) football.Game { g.Score = s; return g }

// told is the answer to GET /games with games of whatever season.
func told(t *testing.T, games ...football.Game) string {
	t.Helper()
	shapes := []any{}
	for _, g := range games {
		shapes = append(shapes, cfbdtest.Game(g))
	}
	body, err := json.Marshal(shapes)
	require.NoError(t, err)
	return string(body)
}

// A result comes, is corrected, and is not told any more: it stays.
func TestAResultIsNotTakenBack(t *testing.T) {
	games := league()[:30]
	games[0].Score = &football.Score{Home: 30, Away: 20}
	api := cfbdtest.New(t, games...)
	r := newRig(t, api, 100, cfbd.Options{})
	syncer := cfbd.NewSyncer(r.Client, football.NewStore(r.pool), directory(games))
	sync := func(first football.Game) (cfbd.Part, []cfbd.Issue) {
		api.Games(append([]football.Game{first}, games[1:]...)...)
		report, err := syncer.Sync(t.Context(), []cfbd.Query{{Season: 2022}}, still)
		require.NoError(t, err)
		return report.Parts[0], report.Issues
	}
	part, issues := sync(games[0])
	require.Equal(t, 30, part.Added)
	require.Empty(t, issues)

	corrected := scoreOf(games[0], &football.Score{Home: 30, Away: 21})
	part, issues = sync(corrected)
	require.Equal(t, 1, part.Changed)
	require.Empty(t, issues)

	want := []football.Game{corrected}
	want = append(want, games[1:]...)
	for range 2 { // and every time
		part, issues = sync(scoreOf(games[0], nil))
		require.Equal(t, []int{0, 0, 30, 1, 0}, []int{part.Added, part.Changed, part.Unchanged, part.Kept, part.Refused})
		require.Equal(t, []cfbd.Issue{{Severity: contract.Warning, Text: fmt.Sprintf("season 2022: the API no longer tells the result of game %d (%s at %s, 21:30); "+
			"it is kept. If it does not count, `ohio games import` with empty points takes it back", games[0].ID, games[0].Away.Team, games[0].Home.Team)}}, issues)
		require.Empty(t, cmp.Diff(want, stored(t, r.pool)))
	}
	part, issues = sync(games[0])
	require.Equal(t, 1, part.Changed)
	require.Zero(t, part.Kept)
	require.Empty(t, issues)
}

// An id that is another game suddenly is left alone, and somebody is told;
// another spelling is no other team.
func TestAGameDoesNotChangeItsTeams(t *testing.T) {
	games := league()[:30]
	games[0].Home.Team = "App State"
	api := cfbdtest.New(t, games...)
	r := newRig(t, api, 100, cfbd.Options{})
	syncer := cfbd.NewSyncer(r.Client, football.NewStore(r.pool), directory(games, "Delaware Tech"))
	sync := func(games ...football.Game) cfbd.Report {
		api.Games(games...)
		report, err := syncer.Sync(t.Context(), []cfbd.Query{{Season: 2022}}, still)
		require.NoError(t, err)
		return report
	}
	require.Equal(t, 30, sync(games...).Parts[0].Added)
	before := stored(t, r.pool)
	for name, tc := range map[string]struct {
		change   func(*football.Game)
		conflict bool
	}{
		"another spelling":      {func(g *football.Game) { g.Home.Team = "Appalachian State" }, false},
		"another home team":     {func(g *football.Game) { g.Home.Team = "Delaware Tech" }, true},
		"another away team":     {func(g *football.Game) { g.Away.Team = "Delaware Tech" }, true},
		"an unknown team":       {func(g *football.Game) { g.Away.Team = "Nobody" }, true},
		"home and away swapped": {func(g *football.Game) { g.Home, g.Away = g.Away, g.Home }, true},
		"swapped, no result":    {func(g *football.Game) { g.Home, g.Away, g.Score = g.Away, g.Home, nil }, true},
	} {
		t.Run(name, func(t *testing.T) {
			changed := slices.Clone(games)
			tc.change(&changed[0])
			report := sync(changed...)
			part := report.Parts[0]
			require.Empty(t, cmp.Diff(before, stored(t, r.pool)))
			require.Zero(t, part.Added+part.Changed+part.Kept+part.Missing)
			require.Empty(t, part.NewTeams, "of what is not imported nothing is told")
			if !tc.conflict {
				require.Zero(t, part.Conflicts)
				require.Empty(t, report.Issues)
				return
			}
			require.Equal(t, []int{1, 29}, []int{part.Conflicts, part.Unchanged})
			require.Len(t, report.Issues, 1)
			require.Equal(t, contract.Warning, report.Issues[0].Severity)
			require.Contains(t, report.Issues[0].Text, fmt.Sprintf("the API tells other teams of game %d (%s at App State, now said to be %s at %s); nothing is changed there",
				games[0].ID, games[0].Away.Team, changed[0].Away.Team, changed[0].Home.Team))
		})
	}
	all := slices.Clone(games)
	for i := range all {
		all[i].Home, all[i].Away = all[i].Away, all[i].Home
	}
	report := sync(all...)
	require.Equal(t, 30, report.Parts[0].Conflicts)
	require.Equal(t, 10, strings.Count(report.Issues[0].Text, "now said to be"))
	require.Contains(t, report.Issues[0].Text, " and 20 more; ")
}

// What nobody asked for is refused, whatever it is.
func TestOnlyWhatWasAskedForIsTaken(t *testing.T) {
	game := footballtest.Games(footballtest.Options{Seed: 7, First: 2022, Last: 2022})[0]
	season, week := cfbd.Query{Season: 2022}, cfbd.Query{Season: 2022, Week: game.Week}
	regular := cfbd.Query{Season: 2022, Week: game.Week, SeasonType: football.Regular}
	for name, tc := range map[string]struct {
		query  cfbd.Query
		change func(*football.Game)
		reason string // "" when it is taken
	}{
		"a season, its game":      {season, func(*football.Game) {}, ""},
		"a season, any week":      {season, func(g *football.Game) { g.Week = 9 }, ""},
		"a season, a bowl":        {season, func(g *football.Game) { g.SeasonType = football.Postseason }, ""},
		"a season, another one's": {season, func(g *football.Game) { g.Season--; g.Start = g.Start.AddDate(-1, 0, 0) }, "it is of season 2021, week 1, regular, which was not asked for"},
		"a week, its game":        {week, func(*football.Game) {}, ""},
		"a week, another one's":   {week, func(g *football.Game) { g.Week = 9 }, "it is of season 2022, week 9, regular, which was not asked for"},
		"a type, its game":        {regular, func(*football.Game) {}, ""},
		"a type, the other":       {regular, func(g *football.Game) { g.SeasonType = football.Postseason }, "it is of season 2022, week 1, postseason, which was not asked for"},
	} {
		t.Run(name, func(t *testing.T) {
			g := game
			tc.change(&g)
			api := cfbdtest.New(t)
			api.Next(cfbdtest.Body(told(t, g)))
			r := newRig(t, api, 100, cfbd.Options{})
			report, err := cfbd.NewSyncer(r.Client, football.NewStore(r.pool), directory([]football.Game{g})).Sync(t.Context(), []cfbd.Query{tc.query}, still)
			require.NoError(t, err)
			part := report.Parts[0]
			if tc.reason == "" {
				require.Equal(t, []int{1, 0}, []int{part.Added, part.Refused})
				return
			}
			require.Equal(t, []int{0, 1}, []int{part.Added, part.Refused})
			require.Equal(t, []cfbd.Refusal{{GameID: g.ID, Reason: tc.reason}}, part.Refusals)
			require.Len(t, report.Issues, 1)
			require.Empty(t, stored(t, r.pool))
		})
	}
}
