package football_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/football/footballtest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

func quiet(int) {}

func revision(t *testing.T, s *football.Store) int64 {
	r, err := s.Revision(t.Context())
	require.NoError(t, err)
	return r
}

func TestImportReportsWhatItChanged(t *testing.T) {
	store := football.NewStore(postgrestest.New(t))
	o := footballtest.Options{Seed: 1, First: 2022, Last: 2022, PlayedBefore: time.Date(2022, 10, 1, 0, 0, 0, 0, time.UTC)}
	games := footballtest.Games(o)
	start := revision(t, store)

	var sent []int
	report, err := store.Import(t.Context(), games, func(n int) { sent = append(sent, n) })
	require.NoError(t, err)
	require.Equal(t, football.ImportReport{Inserted: 258}, report)
	require.Len(t, sent, 258)
	require.True(t, slices.IsSorted(sent))
	require.Equal(t, start+1, revision(t, store))

	report, err = store.Import(t.Context(), games, quiet)
	require.NoError(t, err)
	require.Equal(t, football.ImportReport{Unchanged: 258}, report)
	require.Equal(t, start+1, revision(t, store), "nothing changed")

	// The rest of the season is played, and one game is new.
	o.PlayedBefore = time.Time{}
	played := footballtest.Games(o)
	open := len(games) - len(football.Results(games))
	extra := played[0]
	extra.ID = 1
	report, err = store.Import(t.Context(), append(played, extra), quiet)
	require.NoError(t, err)
	require.Equal(t, football.ImportReport{Inserted: 1, Updated: open, Unchanged: 258 - open}, report)
	require.Equal(t, start+2, revision(t, store))

	report, err = store.Import(t.Context(), nil, quiet)
	require.NoError(t, err)
	require.Zero(t, report)
	require.Equal(t, start+2, revision(t, store))
}

// Every single column counts as a change.
func TestImportNoticesEveryColumn(t *testing.T) {
	store := football.NewStore(postgrestest.New(t))
	game := footballtest.Games(footballtest.Options{Seed: 1, First: 2022, Last: 2022})[100]
	require.NotNil(t, game.Spread)
	spread, line, score := *game.Spread+1, *game.TotalLine+1, *game.Score
	score.Away++
	_, err := store.Import(t.Context(), []football.Game{game}, quiet)
	require.NoError(t, err)
	for i, change := range []func(*football.Game){
		func(g *football.Game) { g.Season++ },
		func(g *football.Game) { g.Week++ },
		func(g *football.Game) { g.SeasonType = football.Postseason },
		func(g *football.Game) { g.Start = g.Start.Add(time.Minute) },
		func(g *football.Game) { g.Neutral = !g.Neutral },
		func(g *football.Game) { g.ConferenceGame = !g.ConferenceGame },
		func(g *football.Game) { g.Home.Team = "Ohio" },
		func(g *football.Game) { g.Home.Conference = "MAC" },
		func(g *football.Game) { g.Home.Division = "fcs" },
		func(g *football.Game) { g.Away.Team = "Texas" },
		func(g *football.Game) { g.Away.Conference = "ACC" },
		func(g *football.Game) { g.Away.Division = "fcs" },
		func(g *football.Game) { g.Score = &score },
		func(g *football.Game) { g.Score = nil },
		func(g *football.Game) { g.Spread = &spread },
		func(g *football.Game) { g.TotalLine = &line },
	} {
		change(&game)
		report, err := store.Import(t.Context(), []football.Game{game}, quiet)
		require.NoError(t, err)
		require.Equal(t, football.ImportReport{Updated: 1}, report, "change %d", i)
		read, err := store.Game(t.Context(), game.ID)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(game, read), "change %d", i)
	}
}

// A file without lines does not take back the ones that are known.
func TestImportKeepsKnownLines(t *testing.T) {
	store := football.NewStore(postgrestest.New(t))
	game := footballtest.Games(footballtest.Options{Seed: 1, First: 2022, Last: 2022})[100]
	_, err := store.Import(t.Context(), []football.Game{game}, quiet)
	require.NoError(t, err)
	bare := game
	bare.Spread, bare.TotalLine = nil, nil
	report, err := store.Import(t.Context(), []football.Game{bare}, quiet)
	require.NoError(t, err)
	require.Equal(t, football.ImportReport{Unchanged: 1}, report)
	read, err := store.Game(t.Context(), game.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(game, read))
}

// One bad game keeps all out: what the database refuses is the caller's to
// correct, and nothing is half done.
func TestImportIsAllOrNothing(t *testing.T) {
	store := football.NewStore(postgrestest.New(t))
	games := footballtest.Games(footballtest.Options{Seed: 1, First: 2022, Last: 2022})[:20]
	before := revision(t, store)
	for name, spoil := range map[string]func(*football.Game){
		"same team twice": func(g *football.Game) { g.Away.Team = g.Home.Team },
		"season type":     func(g *football.Game) { g.SeasonType = "spring" },
		"negative points": func(g *football.Game) { g.Score = &football.Score{Home: -1} },
		"text":            func(g *football.Game) { g.Home.Conference = "Big\x00Ten" },
		"id twice":        func(g *football.Game) { g.ID = games[0].ID },
	} {
		t.Run(name, func(t *testing.T) {
			bad := slices.Clone(games)
			spoil(&bad[19])
			report, err := store.Import(t.Context(), bad, quiet)
			require.Equal(t, fault.Invalid, fault.CodeOf(err), "%v", err)
			require.ErrorContains(t, err, "nothing was changed")
			require.Zero(t, report)
			left, err := store.Games(t.Context(), football.GameFilter{})
			require.NoError(t, err)
			require.Empty(t, left)
			require.Equal(t, before, revision(t, store))
		})
	}
}

func TestGamesFilters(t *testing.T) {
	store := football.NewStore(postgrestest.New(t))
	all := footballtest.Games(footballtest.Options{Seed: 2, First: 2021, Last: 2022, PlayedBefore: time.Date(2022, 10, 1, 0, 0, 0, 0, time.UTC)})
	_, err := store.Import(t.Context(), all, quiet)
	require.NoError(t, err)
	yes, no := true, false
	for name, tc := range map[string]struct {
		filter football.GameFilter
		keep   func(football.Game) bool
	}{
		"all":      {football.GameFilter{}, func(football.Game) bool { return true }},
		"season":   {football.GameFilter{Season: 2022}, func(g football.Game) bool { return g.Season == 2022 }},
		"week":     {football.GameFilter{Season: 2021, Week: 5}, func(g football.Game) bool { return g.Season == 2021 && g.Week == 5 }},
		"bowls":    {football.GameFilter{SeasonType: football.Postseason}, football.Game.IsPostseason},
		"team":     {football.GameFilter{Team: "Ohio State"}, func(g football.Game) bool { return g.Home.Team == "Ohio State" || g.Away.Team == "Ohio State" }},
		"played":   {football.GameFilter{Played: &yes}, func(g football.Game) bool { return g.Score != nil }},
		"unplayed": {football.GameFilter{Played: &no}, func(g football.Game) bool { return g.Score == nil }},
		"everything": {
			football.GameFilter{Season: 2022, Week: 4, SeasonType: football.Regular, Team: "Iowa", Played: &yes},
			func(g football.Game) bool {
				return g.Season == 2022 && g.Week == 4 && !g.IsPostseason() && (g.Home.Team == "Iowa" || g.Away.Team == "Iowa") && g.Score != nil
			},
		},
		"a name that is SQL": {football.GameFilter{Team: "Hawai'i' or true --"}, func(football.Game) bool { return false }},
	} {
		t.Run(name, func(t *testing.T) {
			want := []football.Game{}
			for _, g := range all {
				if tc.keep(g) {
					want = append(want, g)
				}
			}
			got, err := store.Games(t.Context(), tc.filter)
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(want, got))

			// Page by page it is the same list, although many games start at once.
			tc.filter.Limit = 7
			paged := []football.Game{}
			for {
				page, err := store.Games(t.Context(), tc.filter)
				require.NoError(t, err)
				require.LessOrEqual(t, len(page), 7)
				if len(page) == 0 {
					break
				}
				paged = append(paged, page...)
				last := page[len(page)-1]
				tc.filter.AfterStart, tc.filter.AfterID = last.Start, last.ID
			}
			require.Empty(t, cmp.Diff(want, paged))
		})
	}
	from, err := store.FromSeason(t.Context(), 2022)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(all[258:], from))
}

func TestGameNotFound(t *testing.T) {
	store := football.NewStore(postgrestest.New(t))
	_, err := store.Game(t.Context(), 404)
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
	require.ErrorContains(t, err, "no game 404")
}

// A database that is away is said to be unavailable, whatever is asked.
func TestStoreWithoutDatabase(t *testing.T) {
	pool := postgrestest.New(t)
	store := football.NewStore(pool)
	pool.Close()
	ctx := t.Context()
	_, importErr := store.Import(ctx, footballtest.Games(footballtest.Options{Seed: 1, First: 2022, Last: 2022})[:1], quiet)
	_, revisionErr := store.Revision(ctx)
	_, gamesErr := store.Games(ctx, football.GameFilter{})
	_, gameErr := store.Game(ctx, 1)
	_, fromErr := store.FromSeason(ctx, 0)
	for _, err := range []error{importErr, revisionErr, gamesErr, gameErr, fromErr} {
		require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	}
}

// As many games as there are since 2000 go in, and from CSV.
func TestImportTwentyThousandGames(t *testing.T) {
	store := football.NewStore(postgrestest.New(t))
	games, bad, err := football.ReadCSV(bytes.NewReader(write(footballtest.Games(footballtest.Options{Seed: 3, First: 1930, Last: 2007}))))
	require.NoError(t, err)
	require.Empty(t, bad)
	require.Greater(t, len(games), 20_000)
	report, err := store.Import(t.Context(), games, quiet)
	require.NoError(t, err)
	require.Equal(t, football.ImportReport{Inserted: len(games)}, report)
	games[0].Week++
	report, err = store.Import(t.Context(), games, quiet)
	require.NoError(t, err)
	require.Equal(t, football.ImportReport{Updated: 1, Unchanged: len(games) - 1}, report)
	read, err := store.FromSeason(t.Context(), 0)
	require.NoError(t, err)
	require.Len(t, read, len(games))
}

// Every query of the store is prepared against the migrated schema.
func TestQueriesFitTheSchema(t *testing.T) {
	tx, err := postgrestest.New(t).Begin(t.Context())
	require.NoError(t, err)
	defer func() { require.NoError(t, tx.Rollback(context.Background())) }()
	_, err = tx.Exec(t.Context(), football.StageSQL)
	require.NoError(t, err)
	for i, query := range football.Queries() {
		_, err := tx.Prepare(t.Context(), fmt.Sprintf("query_%d", i), query)
		require.NoError(t, err, query)
	}
}

// An import and its record stand or fall together.
func TestImportsAreRecordedInTheirTransaction(t *testing.T) {
	var told []any
	var refuses error
	store := football.NewStore(postgrestest.New(t)).Recording(func(_ context.Context, _ pgx.Tx, action, subject string, before, after any) error {
		told = append(told, action, subject, before, after)
		return refuses
	})
	games := footballtest.Games(footballtest.Options{Seed: 1, First: 2022, Last: 2022})[:5]
	for range 2 { // the second changes nothing
		_, err := store.Import(t.Context(), games[:3], quiet)
		require.NoError(t, err)
	}
	require.Equal(t, []any{"games.import", "games/import", nil, football.ImportReport{Inserted: 3}}, told)
	before := revision(t, store)
	refuses = fault.New(fault.Internal, "not recorded")
	_, err := store.Import(t.Context(), games, quiet)
	require.ErrorIs(t, err, refuses)
	require.Equal(t, before, revision(t, store))
}
