package postgres_test

import (
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/postgres"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

func TestMigrate(t *testing.T) {
	url := postgrestest.Empty(t)
	current, newest, err := postgres.Version(t.Context(), url)
	require.NoError(t, err)
	require.Zero(t, current)
	require.Empty(t, schema(t, url), "asking for the version changes nothing")

	report, err := postgres.Migrate(t.Context(), url)
	require.NoError(t, err)
	require.Equal(t, int64(0), report.From)
	require.Equal(t, newest, report.To)
	require.Len(t, report.Ran, int(newest))
	require.Equal(t, "00001_games.sql", report.Ran[0].Name)

	again, err := postgres.Migrate(t.Context(), url)
	require.NoError(t, err)
	require.Equal(t, postgres.Report{From: newest, To: newest}, again)

	steps, err := postgres.Status(t.Context(), url)
	require.NoError(t, err)
	require.Len(t, steps, int(newest))
	for i, s := range steps {
		require.Equal(t, int64(i+1), s.Version)
		require.True(t, s.Applied)
		require.False(t, s.AppliedAt.IsZero())
	}
}

// Replicas that start together: each migration runs once, every replica ends
// at the newest version.
func TestReplicasMigrateInTurn(t *testing.T) {
	url := postgrestest.Empty(t)
	var reports [4]postgres.Report
	var errs [4]error
	var replicas sync.WaitGroup
	for i := range reports {
		replicas.Go(func() { reports[i], errs[i] = postgres.Migrate(t.Context(), url) })
	}
	replicas.Wait()
	ran := map[int64]int{}
	for i, r := range reports {
		require.NoError(t, errs[i])
		for _, s := range r.Ran {
			ran[s.Version]++
		}
		require.Equal(t, reports[0].To, r.To)
	}
	require.Len(t, ran, int(reports[0].To))
	for version, times := range ran {
		require.Equal(t, 1, times, "migration %d", version)
	}
}

// Every migration can be undone, and done again to the same schema.
func TestEveryMigrationGoesDownAndUp(t *testing.T) {
	url := postgrestest.Empty(t)
	_, newest, err := postgres.Version(t.Context(), url)
	require.NoError(t, err)
	schemas := make([][]string, newest+1)
	schemas[0] = schema(t, url)
	for v := int64(1); v <= newest; v++ {
		_, err := postgres.MigrateTo(t.Context(), url, v)
		require.NoError(t, err)
		schemas[v] = schema(t, url)
		require.NotEqual(t, schemas[v-1], schemas[v])
	}
	for v := newest - 1; v >= 0; v-- {
		report, err := postgres.MigrateTo(t.Context(), url, v)
		require.NoError(t, err)
		require.Equal(t, v, report.To)
		require.False(t, report.Ran[0].Applied)
		require.Equal(t, schemas[v], schema(t, url), "down to %d", v)
	}
	_, err = postgres.Migrate(t.Context(), url)
	require.NoError(t, err)
	require.Equal(t, schemas[newest], schema(t, url))

	_, err = postgres.MigrateTo(t.Context(), url, newest+1)
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
}

// After a rollback of the program the database is ahead of it.
func TestDatabaseOfANewerProgramIsLeftAlone(t *testing.T) {
	url := postgrestest.URL(t)
	execute(t, url, "insert into goose_db_version (version_id, is_applied) values (99999, true)")
	before := schema(t, url)
	report, err := postgres.Migrate(t.Context(), url)
	require.NoError(t, err)
	require.Equal(t, postgres.Report{From: 99999, To: 99999}, report)
	require.Equal(t, before, schema(t, url))
}

func TestFailedMigrationKeepsThoseBefore(t *testing.T) {
	url := postgrestest.Empty(t)
	execute(t, url, "create table api_keys ()") // in the way of 00002
	report, err := postgres.Migrate(t.Context(), url)
	require.ErrorContains(t, err, "migration 00002_api_keys.sql failed")
	require.Len(t, report.Ran, 1)
	current, _, err := postgres.Version(t.Context(), url)
	require.NoError(t, err)
	require.Equal(t, int64(1), current)

	execute(t, url, "drop table api_keys")
	_, err = postgres.Migrate(t.Context(), url)
	require.NoError(t, err)
}

func TestMigratingAMissingServer(t *testing.T) {
	away := "postgres://ohio:hidden@/ohio?host=/nowhere"
	_, err := postgres.Migrate(t.Context(), away)
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	require.NotContains(t, err.Error(), "hidden")
	_, _, err = postgres.Version(t.Context(), away)
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	_, err = postgres.Status(t.Context(), away)
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
}

// schema describes every column, constraint and index, without goose's own.
func schema(t *testing.T, url string) []string {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), url)
	require.NoError(t, err)
	defer pool.Close()
	rows, err := pool.Query(t.Context(), `
		select concat_ws(' ', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
		                 pg_get_expr(d.adbin, d.adrelid)) as line
		from pg_class c
		join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
		left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
		where c.relnamespace = 'public'::regnamespace and c.relname not like 'goose%'
		union all
		select concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) from pg_constraint
		where connamespace = 'public'::regnamespace and conrelid::regclass::text not like 'goose%'
		union all
		select indexdef from pg_indexes where schemaname = 'public' and tablename not like 'goose%'
		order by line`)
	require.NoError(t, err)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return lines
}

func execute(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), sql)
	require.NoError(t, err)
}
