package jobs

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/postgres"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

func TestEveryStatementFitsTheSchema(t *testing.T) {
	conn, err := pgx.Connect(t.Context(), postgrestest.URL(t))
	require.NoError(t, err)
	defer conn.Close(context.Background())
	for i, sql := range []string{
		registerJobs, offerJobs, listMarks, insertRun, linkRun, findRun, sameTime, claimRun, renewRun, expireRun, waitRun, finishRun,
		lostRuns, requeueRun, giveUpRun, lockJob, activeRun, cancelRun, cancelAsked, listRuns, briefRuns, listJobs, latestRuns, togetherRuns,
		lastSuccesses, countQueued,
	} {
		_, err := conn.Prepare(t.Context(), fmt.Sprint("s", i), sql)
		require.NoError(t, err, sql)
	}
}

// A River whose schema has moved on needs a migration of ours.
func TestSchemaIsRivers(t *testing.T) {
	ctx := t.Context()
	theirs, err := pgxpool.New(ctx, postgrestest.Empty(t))
	require.NoError(t, err)
	defer theirs.Close()
	migrator, err := rivermigrate.New(riverpgxv5.New(theirs), nil)
	require.NoError(t, err)
	migrated, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	require.NoError(t, err)
	require.Len(t, migrated.Versions, 8, "of which 00004_jobs.sql speaks")
	require.Equal(t, riverSchema(t, theirs), riverSchema(t, postgrestest.New(t)))
}

// riverSchema describes River's columns, constraints, indexes, types,
// functions and how tables are stored, without its own record of migrations.
func riverSchema(t *testing.T, pool *pgxpool.Pool) []string {
	t.Helper()
	rows, err := pool.Query(t.Context(), `
		select concat_ws(' ', c.relname, c.relkind, c.relpersistence, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
			replace(pg_get_expr(d.adbin, d.adrelid), 'CURRENT_TIMESTAMP', 'now()')) as line
		from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
			left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
		where c.relname like 'river%' and c.relname not like 'river_migration%'
		union all
		select concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) from pg_constraint
		where conrelid::regclass::text like 'river%' and conrelid::regclass::text not like 'river_migration%'
		union all
		select indexdef from pg_indexes where tablename like 'river%' and tablename not like 'river_migration%'
		union all
		select concat_ws(' ', t.typname, e.enumlabel, row_number() over (order by e.enumsortorder)) from pg_enum e join pg_type t on t.oid = e.enumtypid
		where t.typname like 'river%'
		union all
		select concat_ws(' ', proname, pg_get_function_identity_arguments(oid), provolatile, lower(regexp_replace(prosrc, '\s+', ' ', 'g'))) from pg_proc
		where proname like 'river%'
		union all
		select tgname::text from pg_trigger where not tgisinternal and tgrelid::regclass::text like 'river%'
		order by line`)
	require.NoError(t, err)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.NotEmpty(t, lines)
	return lines
}

// The program is rolled out after the migration, but must live with the
// schema before it.
func TestTheSchemaBefore(t *testing.T) {
	url := postgrestest.URL(t)
	_, err := postgres.MigrateTo(t.Context(), url, 3)
	require.NoError(t, err)
	pool, err := postgres.Open(t.Context(), url, postgres.Options{})
	require.NoError(t, err)
	defer pool.Close()

	client, err := NewClient(pool, ClientOptions{})
	require.NoError(t, err)
	err = client.Register(t.Context())
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	require.ErrorContains(t, err, "run `ohio migrate`")
	require.NotContains(t, err.Error(), "SQLSTATE")
	require.Empty(t, NewCollector(pool, CollectorOptions{}).current())
	w := startWorker(t, pool, Options{Works: map[string]Work{}, Every: fast})
	require.Eventually(t, func() bool { err := w.Ready(); return err != nil && !errors.Is(err, errOpening) }, patience, fast)

	_, err = postgres.Migrate(t.Context(), url)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return w.Ready() == nil }, patience, fast)
	require.NoError(t, client.Register(t.Context()))
}
