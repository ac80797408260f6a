package maintenance

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/logstore"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
	"github.com/script-ohio/platform/app/platform/telemetry"
)

func TestRowsPastTheirRetentionGo(t *testing.T) {
	pool, ctx := postgrestest.New(t), t.Context()
	_, err := pool.Exec(ctx, `
		insert into job_runs (name, run, scheduled_for, queue, status, lease_until, ended_at)
			select 'log-retention', 'daily', $1::timestamptz - n * interval '1 day', 'default', 'succeeded', $1, $1::timestamptz - n * interval '1 day' from generate_series(1, 200) n`, noon)
	require.NoError(t, err)
	_, err = pool.Exec(ctx, `
		insert into job_runs (name, run, scheduled_for, queue, lease_until) values ('alone', 'manual', $1::timestamptz - interval '1 year', 'default', $1)`, noon)
	require.NoError(t, err)
	_, err = pool.Exec(ctx, `
		insert into alerts (fingerprint, starts_at, status, ends_at, name, labels, annotations, updated_at)
			select s, $1, s, $1, 'a', '{}', '{}', $1::timestamptz - interval '1 year' from unnest(array['firing', 'resolved']) s`, noon)
	require.NoError(t, err)
	_, err = pool.Exec(ctx, `
		insert into river_job (args, kind, state, finalized_at) select '{}', 'run', 'completed', $1::timestamptz - interval '15 days' from generate_series(1, $2)`, noon, 2*deleteBatch+1)
	require.NoError(t, err)

	report := do[RetentionReport](t, contract.JobLogRetention, LogRetention(pool, nil, func() time.Time { return noon }))
	require.Nil(t, report.Logs)
	require.Equal(t, map[string]int64{
		"job_runs": 110, "alerts": 1, "maintenance_reports": 0, "backup_results": 0, "river_job": 2*deleteBatch + 1,
	}, report.Deleted)
	var oldest time.Time
	var left, firing int
	require.NoError(t, pool.QueryRow(ctx, "select min(ended_at), count(*), (select count(*) from alerts where status = 'firing') from job_runs").Scan(&oldest, &left, &firing))
	require.True(t, noon.Add(-90*day).Equal(oldest), "%s", oldest)
	require.Equal(t, 91, left, "with the one that has not ended")
	require.Equal(t, 1, firing)

	pool.Close()
	_, err = LogRetention(pool, nil, time.Now)(ctx, newRun(contract.JobLogRetention))
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
}

// Old log files go whether the database answers or not, and rows go whether
// the files can be removed or not.
func TestLogFilesPastTheirRetentionGo(t *testing.T) {
	pool, dir := postgrestest.New(t), t.TempDir()
	logs := logstore.NewFolder(dir, logstore.FolderOptions{})
	name := func(age time.Duration) string {
		return filepath.Join(dir, "ohio-"+noon.Add(-age).Format("20060102")+".ndjson")
	}
	keep := contract.LogRetention
	old := func() {
		t.Helper()
		for _, age := range []time.Duration{0, keep - day, keep, keep + day, 400 * day} {
			require.NoError(t, os.WriteFile(name(age), []byte("{}\n"), 0o600))
		}
	}
	work := LogRetention(pool, logs, func() time.Time { return noon })
	old()
	report := do[RetentionReport](t, contract.JobLogRetention, work)
	require.Equal(t, &LogsDeleted{Files: 2, Bytes: 6, Kept: 30}, report.Logs)
	require.FileExists(t, name(keep), "half of the day is not old enough")
	require.NoFileExists(t, name(keep+day))

	inTheWay := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(inTheWay, nil, 0o600))
	_, err := pool.Exec(t.Context(), `insert into river_job (args, kind, state, finalized_at) values ('{}', 'run', 'completed', $1::timestamptz - interval '15 days')`, noon)
	require.NoError(t, err)
	broken, err := LogRetention(pool, logstore.NewFolder(inTheWay, logstore.FolderOptions{}), func() time.Time { return noon })(t.Context(), newRun(contract.JobLogRetention))
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	require.EqualValues(t, 1, broken.(RetentionReport).Deleted["river_job"])

	old()
	pool.Close()
	_, err = work(t.Context(), newRun(contract.JobLogRetention))
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	require.NoFileExists(t, name(keep+day))
}

func TestOptimizationFindsAndMends(t *testing.T) {
	pool, ctx := postgrestest.New(t), t.Context()
	exec := func(sql string) {
		t.Helper()
		_, err := pool.Exec(ctx, sql)
		require.NoError(t, err, sql)
	}
	exec(`create table "Odd ""name""" (id int, text text, filler text)`)
	exec(`insert into "Odd ""name""" select n, md5(n::text), 'x' from generate_series(1, 60000) n`)
	exec(`create index "Fat index" on "Odd ""name""" (text)`)
	exec(`create index slim on "Odd ""name""" (id)`)
	exec(`create index of_expression on "Odd ""name""" (lower(text))`)
	exec(`delete from "Odd ""name""" where id % 20 <> 0`)
	exec(`vacuum "Odd ""name"""`) // not analyzed

	var before int64
	require.NoError(t, pool.QueryRow(ctx, `select pg_relation_size('"Fat index"')`).Scan(&before))
	opts := OptimizationOptions{BloatBytes: 1 << 20, UnusedBytes: 1, Clock: func() time.Time { return time.Now().Add(30 * day) }}
	report := do[OptimizationReport](t, contract.JobDatabaseOptimization, DatabaseOptimization(pool, opts))
	require.Contains(t, report.Analyzed, `public.Odd "name"`)
	require.NotEmpty(t, report.Bloated)
	var fat BloatedIndex
	var rebuilt []string
	for _, b := range report.Bloated {
		rebuilt = append(rebuilt, b.Name)
		if b.Name == "public.Fat index" {
			fat = b
		}
	}
	require.Contains(t, rebuilt, "public.of_expression", "of expressions the planner knows widths too")
	require.True(t, fat.Reindexed, fat.Error)
	require.Equal(t, before, fat.Bytes)
	require.Less(t, fat.After, before/4)
	require.InDelta(t, float64(fat.After), float64(fat.Estimate), float64(fat.After)/2, "the estimate is near what a new index takes")
	var unused []string
	for _, u := range report.Unused {
		unused = append(unused, u.Name)
	}
	require.Contains(t, unused, "public.slim")
	require.NotContains(t, unused, "public.games_pkey", "keys are not for queries")
	require.Positive(t, report.OldestXID)
	require.Empty(t, report.Invalid)

	again := do[OptimizationReport](t, contract.JobDatabaseOptimization, DatabaseOptimization(pool, opts))
	require.Empty(t, again.Bloated, "nothing is bloated any more, freshly built indexes least of all")
	require.NotContains(t, again.Analyzed, `public.Odd "name"`)
	var limit string
	require.NoError(t, pool.QueryRow(ctx, "show statement_timeout").Scan(&limit))
	require.Equal(t, "30s", limit, "connections come back as they were")
}

func TestFiguresOfTheDay(t *testing.T) {
	pool := postgrestest.New(t)
	reg := telemetry.NewRegistry()
	figures := do[FiguresReport](t, contract.JobPerformanceMetrics, PerformanceMetrics(pool, reg))
	require.Nil(t, figures.Requests, "it serves nothing")
	require.Positive(t, figures.Database.Bytes)
	require.Positive(t, figures.Database.MaxConnections)
	require.Positive(t, figures.Database.Connections["active"])
	require.NotEmpty(t, figures.Database.Tables)
	require.Empty(t, figures.Issues)

	requests, err := telemetry.Counter(reg, contract.HTTPRequests)
	require.NoError(t, err)
	requests.WithLabelValues("GET", "/v1/games", "200").Add(90)
	requests.WithLabelValues("GET", "/v1/games", "503").Add(10)
	duration, err := telemetry.Histogram(reg, contract.HTTPRequestDuration)
	require.NoError(t, err)
	for i := range 100 {
		duration.WithLabelValues("GET", "/v1/games").Observe(float64(i) / 1000)
	}
	figures = do[FiguresReport](t, contract.JobPerformanceMetrics, PerformanceMetrics(pool, reg))
	require.EqualValues(t, 100, figures.Requests.Total)
	require.InDelta(t, .1, figures.Requests.ErrorRatio, 1e-9)
	latency := figures.Requests.Latency["GET /v1/games"]
	require.InDelta(t, .05, latency.P50, .005)
	require.InDelta(t, .099, latency.P99, .005)
	require.Len(t, figures.Issues, 1)
	require.Equal(t, contract.Warning, figures.Issues[0].Severity)
}

func TestQuantilesOfOddHistograms(t *testing.T) {
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "h", Help: "h", Buckets: []float64{1, 2}})
	reg := prometheus.NewRegistry()
	reg.MustRegister(h)
	read := func(q float64) float64 {
		families, err := reg.Gather()
		require.NoError(t, err)
		return quantile(q, families[0].GetMetric()[0].GetHistogram())
	}
	require.Zero(t, read(.5), "empty")
	h.Observe(50)
	require.InDelta(t, 2, read(.5), 0, "beyond the last bucket")
	h.Observe(.5)
	h.Observe(.5)
	require.InDelta(t, .75, read(.5), 1e-9)
}
