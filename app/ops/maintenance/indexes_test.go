package maintenance

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/jobs"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

// memory keeps reports as the table of runs does.
type memory struct{ records []jobs.Record }

func (m *memory) Runs(_ context.Context, f jobs.Filter) ([]jobs.Record, error) {
	if f.Job != contract.JobDatabaseOptimization.Name || f.Status != jobs.Succeeded {
		return nil, fmt.Errorf("%v", f)
	}
	return m.records, nil
}

// optimize is a run of the job that is remembered.
func (m *memory) optimize(t *testing.T, pool *pgxpool.Pool, opts OptimizationOptions) OptimizationReport {
	t.Helper()
	opts.History = m
	report := do[OptimizationReport](t, contract.JobDatabaseOptimization, DatabaseOptimization(pool, opts))
	text, err := json.Marshal(report)
	require.NoError(t, err)
	m.records = append([]jobs.Record{{Report: text}}, m.records...)
	return report
}

func execAll(t *testing.T, pool *pgxpool.Pool, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		_, err := pool.Exec(t.Context(), sql)
		require.NoError(t, err, sql)
	}
}

func issueTexts(issues []Issue) (texts []string) {
	for _, i := range issues {
		texts = append(texts, i.Text)
	}
	return texts
}

// Indexes of many kinds, all freshly built, are not taken for bloated: the
// estimate must not send the job round in circles.
func TestFreshIndexesAreNotBloated(t *testing.T) {
	pool, ctx := postgrestest.New(t), t.Context()
	_, err := pool.Exec(ctx, `
		create table fresh (a smallint, b int, c bigint, d uuid, e text, f text, g timestamptz, h bool);
		insert into fresh select n % 1000, n, n, gen_random_uuid(), md5(n::text), case when n % 3 = 0 then repeat('x', n % 100) end, now(), n % 2 = 0
			from generate_series(1, 50000) n;
		create index on fresh (a); create index on fresh (b); create index on fresh (c); create index on fresh (d); create index on fresh (e);
		create index on fresh (f); create index on fresh (g); create index on fresh (h); create index on fresh (e, b); create index on fresh (a, d, g);
		create index on fresh (e) with (fillfactor = 12); create index on fresh (b) with (fillfactor = 30); create index on fresh (lower(e)); create index on fresh ((b + 1), upper(f));
		create index on fresh (b) where h; create index on fresh (c) include (e);
		analyze fresh`)
	require.NoError(t, err)
	rows, err := pool.Query(ctx, airyIndexes, 256<<10, .2)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		values, err := rows.Values()
		require.NoError(t, err)
		t.Errorf("%v is taken for bloated", values)
	}
	require.NoError(t, rows.Err())
}

// Long values lie outside of their rows but inside of the index, where the
// planner does not see them: the rebuild does not help, and is not done again
// before more is amiss.
func TestWhatARebuildDoesNotShrinkIsLeft(t *testing.T) {
	pool, past := postgrestest.New(t), &memory{}
	execAll(t, pool,
		`create table long (id int, text text)`, `alter table long alter text set storage external`,
		`insert into long select n, (select string_agg(md5(random()::text || n || m), '') from generate_series(1, 64) m) from generate_series(1, 1500) n`,
		`create index long_text on long (text)`, `vacuum analyze long`)
	opts := OptimizationOptions{BloatBytes: 1 << 20}
	first := past.optimize(t, pool, opts)
	require.Len(t, first.Bloated, 1)
	require.True(t, first.Bloated[0].Reindexed)
	require.Greater(t, first.Bloated[0].After, first.Bloated[0].Bytes*3/4, "it does not shrink")
	for range 2 {
		require.Empty(t, past.optimize(t, pool, opts).Bloated)
	}
	execAll(t, pool, `delete from long where id % 20 <> 0`, `vacuum analyze long`)
	last := past.optimize(t, pool, opts)
	require.Len(t, last.Bloated, 1, "now there is air")
	require.Less(t, last.Bloated[0].After, last.Bloated[0].Bytes/4)
}

// What cannot be judged is said, not passed over.
func TestIndexesThatCannotBeJudgedAreTold(t *testing.T) {
	pool, past := postgrestest.New(t), &memory{}
	execAll(t, pool,
		`create table odd (a text, b int[])`, `alter table odd alter a set statistics 0`,
		`insert into odd select md5(n::text), array[n] from generate_series(1, 20000) n`,
		`create index odd_text on odd (a)`, `create index odd_list on odd using gin (b)`, `vacuum analyze odd`)
	report := past.optimize(t, pool, OptimizationOptions{BloatBytes: 1 << 16})
	why := map[string]string{}
	for _, u := range report.Unjudged {
		why[u.Name] = u.Why
	}
	require.Equal(t, map[string]string{"public.odd_text": "the width of its keys is not known", "public.odd_list": "it is a gin index"}, why)
	require.Contains(t, fmt.Sprint(issueTexts(report.Issues)), "cannot be judged: ")
}

func TestALockIsNoEnd(t *testing.T) {
	pool, ctx := postgrestest.New(t), t.Context()
	_, err := pool.Exec(ctx, `
		create table busy (id int); insert into busy select generate_series(1, 60000); create index busy_id on busy (id);
		delete from busy where id % 20 <> 0`)
	require.NoError(t, err)
	_, err = pool.Exec(ctx, "vacuum analyze busy")
	require.NoError(t, err)
	tx, err := pool.Begin(ctx)
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(ctx) }()
	_, err = tx.Exec(ctx, "lock table busy in share update exclusive mode")
	require.NoError(t, err)
	report := do[OptimizationReport](t, contract.JobDatabaseOptimization, DatabaseOptimization(pool, OptimizationOptions{BloatBytes: 1 << 16, LockWait: 100 * time.Millisecond}))
	require.Len(t, report.Bloated, 1)
	require.False(t, report.Bloated[0].Reindexed)
	require.Contains(t, report.Bloated[0].Error, "lock")
	require.Contains(t, report.Issues[0].Text, "public.busy_id")
}

// A rebuild that waits for somebody in vain leaves half an index: it is
// dropped as soon as that can be, and nobody is told that it is not used.
func TestWhatABrokenRebuildLeavesIsDropped(t *testing.T) {
	pool, past, ctx := postgrestest.New(t), &memory{}, t.Context()
	execAll(t, pool,
		`create table held (id int)`, `insert into held select generate_series(1, 60000)`, `create index held_id on held (id)`,
		`delete from held where id % 20 <> 0`, `vacuum analyze held`)
	const left = `select count(*) from pg_class where relname like 'held_id%' and relname <> 'held_id'`
	count := func(sql string) (n int) {
		t.Helper()
		require.NoError(t, pool.QueryRow(ctx, sql).Scan(&n))
		return n
	}
	opts := OptimizationOptions{BloatBytes: 1 << 16, UnusedBytes: 1, LockWait: 200 * time.Millisecond}
	writer, err := pool.Begin(ctx)
	require.NoError(t, err)
	defer func() { _ = writer.Rollback(ctx) }()
	_, err = writer.Exec(ctx, `insert into held values (1)`)
	require.NoError(t, err)

	report := past.optimize(t, pool, opts)
	require.Contains(t, report.Bloated[0].Error, "lock")
	require.Equal(t, 1, count(left), "the writer keeps it there")
	require.Equal(t, []string{"public.held_id_ccnew"}, report.Invalid)
	require.Contains(t, fmt.Sprint(issueTexts(report.Issues)), "the next run tries again")
	for _, u := range report.Unused {
		require.NotContains(t, u.Name, "_ccnew")
	}

	require.NoError(t, writer.Rollback(ctx))
	report = past.optimize(t, pool, opts)
	require.Equal(t, []string{"public.held_id_ccnew"}, report.Dropped)
	require.True(t, report.Bloated[0].Reindexed)
	require.Empty(t, report.Invalid)
	require.Zero(t, count(left))

	// The same run drops it when the writer goes in time.
	execAll(t, pool, `insert into held select generate_series(1, 60000)`, `delete from held where id % 20 <> 0`, `vacuum analyze held`)
	opts.LockWait = 5 * time.Second
	writer, err = pool.Begin(ctx)
	require.NoError(t, err)
	defer func() { _ = writer.Rollback(ctx) }()
	_, err = writer.Exec(ctx, `insert into held values (1)`)
	require.NoError(t, err)
	gone := make(chan error, 1)
	go func() {
		for ctx.Err() == nil {
			var failed bool
			err := pool.QueryRow(ctx, `select exists (select from pg_class where relname = 'held_id_ccnew')
				and not exists (select from pg_stat_progress_create_index)`).Scan(&failed)
			if failed || err != nil {
				_ = writer.Rollback(ctx)
				gone <- err
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	report = past.optimize(t, pool, opts)
	require.NoError(t, <-gone)
	require.False(t, report.Bloated[0].Reindexed)
	require.Equal(t, []string{"public.held_id_ccnew"}, report.Dropped)
	require.Zero(t, count(left))
}

// An index is not used when nobody was seen to use it for long, by this job:
// the server does not know how old an index is.
func TestUnusedIndexesAreKnownForLong(t *testing.T) {
	pool, past, at := postgrestest.New(t), &memory{}, time.Now()
	execAll(t, pool,
		`create table idle (a int, b int, c int, d int)`, `insert into idle select n, n, n, n from generate_series(1, 5000) n`,
		`create index idle_a on idle (a)`, `create index idle_b on idle (b)`, `create unique index idle_c on idle (c)`,
		`alter table idle add constraint idle_d exclude using btree (d with =)`, `analyze idle`)
	opts := OptimizationOptions{UnusedBytes: 1, Clock: func() time.Time { return at }}
	told := func() string {
		t.Helper()
		return fmt.Sprint(issueTexts(past.optimize(t, pool, opts).Issues))
	}
	require.NotContains(t, told(), "has not been used", "it was made a minute ago")
	first := at.UTC().Format(time.DateOnly)
	at = at.Add(20 * day)
	require.NotContains(t, told(), "has not been used")
	execAll(t, pool, `create index idle_late on idle (b, a)`)
	at = at.Add(5 * day)
	require.NotContains(t, told(), "has not been used")
	conn, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `set enable_seqscan = off`)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `select count(*) from idle where a = 1`)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `select pg_stat_force_next_flush(); reset enable_seqscan`)
	require.NoError(t, err)
	conn.Release()
	at = at.Add(6 * day)
	says := told()
	require.Contains(t, says, "index public.idle_b of public.idle")
	require.Contains(t, says, "has not been used since "+first)
	for _, other := range []string{"idle_a ", "idle_c", "idle_d", "idle_late"} {
		require.NotContains(t, says, other)
	}
	require.NotContains(t, fmt.Sprint(issueTexts(do[OptimizationReport](t, contract.JobDatabaseOptimization, DatabaseOptimization(pool, OptimizationOptions{UnusedBytes: 1})).Issues)),
		"has not been used", "without a memory nothing is known")
}
