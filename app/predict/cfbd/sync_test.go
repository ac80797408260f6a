package cfbd_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/cfbd"
	"github.com/script-ohio/platform/app/predict/cfbd/cfbdtest"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/football/footballtest"
)

// directory knows the teams of games.
func directory(games []football.Game, and ...string) *football.Directory {
	names := and
	for _, g := range games {
		names = append(names, g.Home.Team, g.Away.Team)
	}
	return football.NewDirectory(names)
}

func still(int, int, string) {}

func stored(t *testing.T, pool *pgxpool.Pool) []football.Game {
	t.Helper()
	games, err := football.NewStore(pool).Games(context.Background(), football.GameFilter{})
	require.NoError(t, err)
	return games
}

// A season as it comes in: new games, nothing new, results and lines, and a
// bad row.
func TestSyncFollowsTheSeason(t *testing.T) {
	options := footballtest.Options{Seed: 7, First: 2022, Last: 2022, PlayedBefore: time.Date(2022, 9, 6, 0, 0, 0, 0, time.UTC)}
	games := footballtest.Games(options)
	api := cfbdtest.New(t, games...)
	r := newRig(t, api, 100, cfbd.Options{})
	syncer := cfbd.NewSyncer(r.Client, football.NewStore(r.pool), directory(games))
	season := []cfbd.Query{{Season: 2022}}

	var seen []int
	report, err := syncer.Sync(t.Context(), season, func(done, total int, what string) {
		require.NotEmpty(t, what)
		require.Equal(t, 3, total)
		seen = append(seen, done)
	})
	require.NoError(t, err)
	require.Equal(t, []int{0, 1, 2, 3}, seen)
	lines := 0
	for _, g := range games {
		if g.Spread != nil {
			lines++
		}
	}
	require.Equal(t, cfbd.Report{Parts: []cfbd.Part{{Season: 2022, Added: 258, Lines: lines}}, Issues: []cfbd.Issue{}}, report)
	require.Empty(t, cmp.Diff(games, stored(t, r.pool)))

	report, err = syncer.Sync(t.Context(), season, still)
	require.NoError(t, err)
	require.Equal(t, cfbd.Part{Season: 2022, Unchanged: 258, Lines: lines}, report.Parts[0])

	options.PlayedBefore = time.Date(2022, 9, 20, 0, 0, 0, 0, time.UTC)
	games = footballtest.Games(options)
	wrong := games[200]
	wrong.ID, wrong.Week = 5, 99
	api.Games(append(games, wrong)...)
	report, err = syncer.Sync(t.Context(), season, still)
	require.NoError(t, err)
	part := report.Parts[0]
	require.Equal(t, []int{0, 40, 218, 1}, []int{part.Added, part.Changed, part.Unchanged, part.Refused})
	require.Equal(t, []cfbd.Refusal{{GameID: 5, Reason: "week must be 0 to 30"}}, part.Refusals)
	require.Equal(t, []cfbd.Issue{{Severity: contract.Ticket, Text: "season 2022: 1 left out, the first because game 5: week must be 0 to 30"}}, report.Issues)
	require.Empty(t, cmp.Diff(games, stored(t, r.pool)))
}

// Games whose lines cannot be had are imported, and the trouble is told.
func TestGamesComeWithoutTheirLines(t *testing.T) {
	games := league()
	api := cfbdtest.New(t, games...)
	api.Next(nil, cfbdtest.Say(400, "no"))
	r := newRig(t, api, 100, cfbd.Options{})
	syncer := cfbd.NewSyncer(r.Client, football.NewStore(r.pool), directory(games))
	report, err := syncer.Sync(t.Context(), []cfbd.Query{{Season: 2022, Week: 4, SeasonType: "regular"}, {Season: 2022, Week: 5, SeasonType: "regular"}}, still)
	require.ErrorContains(t, err, "season 2022, week 4, regular: the College Football Data API does not take the question (400: no)")
	require.Len(t, report.Parts, 2)
	require.Zero(t, report.Parts[0].Lines)
	require.Positive(t, report.Parts[0].Added)
	require.Positive(t, report.Parts[1].Lines, "the next week is tried")
}

// Once nothing more may be asked, nothing more is.
func TestSyncEndsWithTheBudget(t *testing.T) {
	games := league()
	api := cfbdtest.New(t, games...)
	r := newRig(t, api, 3, cfbd.Options{})
	syncer := cfbd.NewSyncer(r.Client, football.NewStore(r.pool), directory(games))
	report, err := syncer.Sync(t.Context(), []cfbd.Query{{Season: 2022, Week: 4}, {Season: 2022, Week: 5}, {Season: 2022, Week: 6}}, still)
	require.ErrorContains(t, err, "season 2022, week 5: the budget of 3 requests")
	require.Equal(t, fault.RateLimited, fault.CodeOf(err))
	require.NotContains(t, err.Error(), "week 6")
	require.Len(t, report.Parts, 2, "the games of week 5 had come")
}

// Names are unified with those that are known; new ones are told, and asked
// about only then.
func TestSyncKnowsTheTeams(t *testing.T) {
	games := league()[:40]
	known := directory(games, "App State")
	renamed, typo, joined := games[0], games[1], games[2]
	renamed.Home.Team, typo.Home.Team, joined.Home.Team = "Appalachian State", "Ohio Stat", "Delaware Tech"
	api := cfbdtest.New(t, renamed)
	r := newRig(t, api, 100, cfbd.Options{})
	syncer := cfbd.NewSyncer(r.Client, football.NewStore(r.pool), known)
	all := []cfbd.Query{{Season: 2022}}

	report, err := syncer.Sync(t.Context(), all, still)
	require.NoError(t, err)
	require.Empty(t, report.Parts[0].NewTeams)
	require.Len(t, api.Requests(), 2)
	require.Equal(t, "App State", stored(t, r.pool)[0].Home.Team)

	api.Games(typo, joined)
	api.Members("Ohio State", "Delaware Tech")
	report, err = syncer.Sync(t.Context(), all, still)
	require.NoError(t, err)
	require.Equal(t, 2, report.Parts[0].Added, "they are imported")
	require.Equal(t, []cfbd.NewTeam{{Name: "Ohio Stat", Near: known.Suggest("Ohio Stat", 3)}, {Name: "Delaware Tech", Confirmed: true}}, report.Parts[0].NewTeams)
	require.Len(t, report.Issues, 1, "a member is no issue")
	require.Contains(t, report.Issues[0].Text, "is it Ohio State")
	require.Equal(t, "/teams/fbs?year=2022", api.Requests()[4])
}

func TestAReportStaysReadable(t *testing.T) {
	games := league()
	api := cfbdtest.New(t, games...)
	bad := games[0]
	for i := range 70 {
		bad.ID, bad.Week = int64(i+1), 99
		games = append(games, bad)
	}
	api.Games(games...)
	r := newRig(t, api, 100, cfbd.Options{})
	report, err := cfbd.NewSyncer(r.Client, football.NewStore(r.pool), directory(games)).Sync(t.Context(), []cfbd.Query{{Season: 2022}}, still)
	require.NoError(t, err)
	require.Equal(t, 70, report.Parts[0].Refused)
	require.Len(t, report.Parts[0].Refusals, 50)
}

func TestSyncIsGivenUp(t *testing.T) {
	api := cfbdtest.New(t, league()...)
	r := newRig(t, api, 100, cfbd.Options{})
	ctx, cancel := contextThatEnds(t)
	cancel()
	report, err := cfbd.NewSyncer(r.Client, football.NewStore(r.pool), directory(nil)).Sync(ctx, []cfbd.Query{{Season: 2022}, {Season: 2021}}, still)
	require.ErrorIs(t, err, context.Canceled)
	require.NotContains(t, err.Error(), "2021")
	require.Empty(t, report.Parts)
	require.Empty(t, api.Requests())
}
