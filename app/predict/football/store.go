package football

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/postgres"
)

// Store keeps games in PostgreSQL.
type Store struct {
	pool   *pgxpool.Pool
	record Recorder
}

// Recorder notes a change in the transaction that makes it. Its error undoes
// the change.
type Recorder func(ctx context.Context, tx pgx.Tx, action, subject string, before, after any) error

// NewStore stores games through a pool.
func NewStore(pool *pgxpool.Pool) *Store {
	return &Store{pool: pool, record: func(context.Context, pgx.Tx, string, string, any, any) error { return nil }}
}

// Recording is the Store with a Recorder that is told of imports that changed
// anything.
func (s *Store) Recording(record Recorder) *Store { return &Store{pool: s.pool, record: record} }

// gameColumns in the order that values and scanGame use.
var gameColumns = []string{
	"id", "season", "week", "season_type", "start_date", "neutral_site", "conference_game",
	"home_team", "home_conference", "home_division", "home_points",
	"away_team", "away_conference", "away_division", "away_points", "spread", "total_line",
}

// ImportReport says what an import changed.
type ImportReport struct {
	Inserted  int `json:"inserted"`
	Updated   int `json:"updated"`
	Unchanged int `json:"unchanged"`
}

const (
	stageSQL = `create temp table incoming (like games including defaults) on commit drop`

	// A file without a line does not take back one that is known. Rows that say
	// nothing new are left alone, so that importing a file twice
	// changes nothing and predictions stay cached.
	upsertSQL = `
with changed as (
	insert into games as g (id, season, week, season_type, start_date, neutral_site, conference_game,
		home_team, home_conference, home_division, home_points,
		away_team, away_conference, away_division, away_points, spread, total_line)
	select id, season, week, season_type, start_date, neutral_site, conference_game,
		home_team, home_conference, home_division, home_points,
		away_team, away_conference, away_division, away_points, spread, total_line
	from incoming
	on conflict (id) do update set
		season = excluded.season, week = excluded.week, season_type = excluded.season_type,
		start_date = excluded.start_date, neutral_site = excluded.neutral_site, conference_game = excluded.conference_game,
		home_team = excluded.home_team, home_conference = excluded.home_conference, home_division = excluded.home_division,
		home_points = excluded.home_points, away_team = excluded.away_team, away_conference = excluded.away_conference,
		away_division = excluded.away_division, away_points = excluded.away_points,
		spread = coalesce(excluded.spread, g.spread), total_line = coalesce(excluded.total_line, g.total_line), updated_at = now()
	where (g.season, g.week, g.season_type, g.start_date, g.neutral_site, g.conference_game,
		g.home_team, g.home_conference, g.home_division, g.home_points,
		g.away_team, g.away_conference, g.away_division, g.away_points, g.spread, g.total_line)
		is distinct from (excluded.season, excluded.week, excluded.season_type, excluded.start_date, excluded.neutral_site, excluded.conference_game,
		excluded.home_team, excluded.home_conference, excluded.home_division, excluded.home_points,
		excluded.away_team, excluded.away_conference, excluded.away_division, excluded.away_points, coalesce(excluded.spread, g.spread), coalesce(excluded.total_line, g.total_line))
	returning (xmax = 0) as inserted
)
select count(*) filter (where inserted), count(*) filter (where not inserted) from changed`

	bumpSQL     = `update games_revision set revision = revision + 1`
	revisionSQL = `select revision from games_revision`
)

// Import upserts games by id, all of them or none, and moves the revision on
// if anything changed. Rows travel by COPY. progress is told how many were
// sent so far.
func (s *Store) Import(ctx context.Context, games []Game, progress func(sent int)) (ImportReport, error) {
	var report ImportReport
	err := postgres.InTx(ctx, s.pool, func(tx pgx.Tx) (err error) {
		report, err = s.upsert(ctx, tx, games, progress)
		return err
	})
	if err != nil {
		return ImportReport{}, notImported(err)
	}
	return report, nil
}

func (s *Store) upsert(ctx context.Context, tx pgx.Tx, games []Game, progress func(sent int)) (ImportReport, error) {
	var report ImportReport
	if _, err := tx.Exec(ctx, stageSQL); err != nil {
		return report, err
	}
	sent := 0
	source := pgx.CopyFromFunc(func() ([]any, error) {
		if sent == len(games) {
			return nil, nil
		}
		row := values(games[sent])
		sent++
		progress(sent)
		return row, nil
	})
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"incoming"}, gameColumns, source); err != nil {
		return report, err
	}
	if err := tx.QueryRow(ctx, upsertSQL).Scan(&report.Inserted, &report.Updated); err != nil {
		return report, err
	}
	report.Unchanged = len(games) - report.Inserted - report.Updated
	if report.Inserted+report.Updated == 0 {
		return report, nil
	}
	if _, err := tx.Exec(ctx, bumpSQL); err != nil {
		return report, err
	}
	return report, s.record(ctx, tx, "games.import", "games/import", nil, report)
}

// notImported words why nothing was imported.
func notImported(err error) error {
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok && blamesData(refusal) {
		return fault.Wrap(fault.Invalid, err, "the games could not be imported; nothing was changed: %s", refusal.Message)
	}
	return unavailable(err, "the games could not be imported; nothing was changed")
}

// blamesData tells whether a row is at fault: SQLSTATE classes 21, 22 and 23,
// cardinality violation, data exception and integrity constraint violation.
func blamesData(e *pgconn.PgError) bool {
	return len(e.Code) == 5 && slices.Contains([]string{"21", "22", "23"}, e.Code[:2])
}

func values(g Game) []any {
	var home, away *int
	if g.Score != nil {
		home, away = &g.Score.Home, &g.Score.Away
	}
	return []any{
		g.ID, g.Season, g.Week, g.SeasonType, g.Start, g.Neutral, g.ConferenceGame,
		g.Home.Team, g.Home.Conference, g.Home.Division, home,
		g.Away.Team, g.Away.Conference, g.Away.Division, away, (*float64)(g.Spread), g.TotalLine,
	}
}

// Revision is a number that grows whenever games change.
func (s *Store) Revision(ctx context.Context) (int64, error) {
	var revision int64
	err := s.pool.QueryRow(ctx, revisionSQL).Scan(&revision)
	if err != nil {
		return 0, unavailable(err, "the games' revision could not be read")
	}
	return revision, nil
}

// GameFilter selects games; zero fields do not restrict.
type GameFilter struct {
	Season, Week int
	SeasonType   string
	Team         string // canonical name, home or away
	Played       *bool
	AfterStart   time.Time // with AfterID: only games strictly after this one
	AfterID      int64
	Limit        int // 0 for all
}

var (
	selectGames   = "select " + strings.Join(gameColumns, ", ") + " from games"
	gameSQL       = selectGames + " where id = $1"
	fromSeasonSQL = selectGames + " where season >= $1 order by start_date, id"
)

// Games lists games by start and id.
func (s *Store) Games(ctx context.Context, f GameFilter) ([]Game, error) {
	sql, args := f.sql()
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, unavailable(err, "the games could not be read")
	}
	games, err := pgx.CollectRows(rows, scanGame)
	if err != nil {
		return nil, unavailable(err, "the games could not be read")
	}
	return games, nil
}

func (f GameFilter) sql() (string, []any) {
	var where []string
	var args []any
	restrict := func(used bool, condition string, values ...any) {
		if !used {
			return
		}
		for _, v := range values {
			args = append(args, v)
			condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(args)), 1)
		}
		where = append(where, condition)
	}
	restrict(f.Season != 0, "season = ?", f.Season)
	restrict(f.Week != 0, "week = ?", f.Week)
	restrict(f.SeasonType != "", "season_type = ?", f.SeasonType)
	restrict(f.Team != "", "(home_team = ? or away_team = ?)", f.Team, f.Team)
	if f.Played != nil {
		restrict(*f.Played, "home_points is not null")
		restrict(!*f.Played, "home_points is null")
	}
	restrict(!f.AfterStart.IsZero(), "(start_date, id) > (?, ?)", f.AfterStart, f.AfterID)
	sql := selectGames
	if len(where) > 0 {
		sql += " where " + strings.Join(where, " and ")
	}
	sql += " order by start_date, id"
	if f.Limit > 0 {
		args = append(args, f.Limit)
		sql += fmt.Sprintf(" limit $%d", len(args))
	}
	return sql, args
}

// Game finds one game.
func (s *Store) Game(ctx context.Context, id int64) (Game, error) {
	rows, err := s.pool.Query(ctx, gameSQL, id)
	if err != nil {
		return Game{}, unavailable(err, "the game could not be read")
	}
	game, err := pgx.CollectExactlyOneRow(rows, scanGame)
	if errors.Is(err, pgx.ErrNoRows) {
		return Game{}, fault.New(fault.NotFound, "no game %d", id)
	}
	if err != nil {
		return Game{}, unavailable(err, "the game could not be read")
	}
	return game, nil
}

// FromSeason lists all games of a season and later ones, by start and id.
func (s *Store) FromSeason(ctx context.Context, season int) ([]Game, error) {
	rows, err := s.pool.Query(ctx, fromSeasonSQL, season)
	if err != nil {
		return nil, unavailable(err, "the games could not be read")
	}
	games, err := pgx.CollectRows(rows, scanGame)
	if err != nil {
		return nil, unavailable(err, "the games could not be read")
	}
	return games, nil
}

func scanGame(row pgx.CollectableRow) (Game, error) {
	var g Game
	var home, away *int
	var spread *float64
	err := row.Scan(
		&g.ID, &g.Season, &g.Week, &g.SeasonType, &g.Start, &g.Neutral, &g.ConferenceGame,
		&g.Home.Team, &g.Home.Conference, &g.Home.Division, &home,
		&g.Away.Team, &g.Away.Conference, &g.Away.Division, &away, &spread, &g.TotalLine)
	g.Start, g.Spread = g.Start.UTC(), (*Spread)(spread)
	if home != nil && away != nil {
		g.Score = &Score{*home, *away}
	}
	return g, err
}

func unavailable(err error, message string) error {
	return fault.Wrap(fault.Unavailable, err, "%s", message)
}
