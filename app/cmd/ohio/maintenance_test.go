package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/ops/maintenance"
	"github.com/script-ohio/platform/app/platform/jobs"
	"github.com/script-ohio/platform/app/platform/postgres"
)

// working runs `ohio work` on the test's database until the test ends, and
// waits until it has told what it can do.
func working(t *testing.T, args ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan int)
	var log bytes.Buffer
	go func() {
		ended <- execute(ctx, append([]string{"work", "--internal-listen", "127.0.0.1:0"}, args...), &log, &log)
	}()
	t.Cleanup(func() {
		cancel()
		require.Zero(t, <-ended, log.String())
	})
	require.Eventually(t, func() bool {
		for _, job := range decoded[[]jobView](t, "maintenance", "list", "-o", "json") {
			if job.Runnable {
				return true
			}
		}
		return false
	}, patience, 50*time.Millisecond)
}

func TestMaintenanceIsDoneByAWorker(t *testing.T) {
	onDatabase(t)
	ohio(t, 0, "migrate")
	_, complaint := ohio(t, 4, "maintenance", "run", "log-retention")
	require.Contains(t, complaint, "ohio work", "nobody would do it")
	_, complaint = ohio(t, 3, "maintenance", "report")
	require.Contains(t, complaint, "no report yet")
	table, _ := ohio(t, 0, "maintenance", "list")
	for _, job := range contract.Jobs() {
		require.Contains(t, table, job.Name)
	}
	require.Contains(t, table, "no worker does it")

	working(t, "--queues", "default")
	runs := decoded[[]jobs.Record](t, "maintenance", "run", "log-retention", "--wait", "-o", "json")
	require.Len(t, runs, 1)
	require.Equal(t, jobs.Succeeded, runs[0].Status)
	require.Contains(t, runs[0].RequestedBy, "(ohio)")
	_, complaint = ohio(t, 3, "maintenance", "run", "monthly")
	require.Contains(t, complaint, "log-retention, ")
	require.Contains(t, complaint, "daily, weekly")
	_, complaint = ohio(t, 4, "maintenance", "cancel", strconv.FormatInt(runs[0].ID, 10))
	require.Contains(t, complaint, "has ended: it succeeded\n")

	table, _ = ohio(t, 0, "maintenance", "list")
	require.Contains(t, table, " succeeded")
	for _, job := range decoded[[]jobView](t, "maintenance", "list", "-o", "json") {
		require.Equal(t, job.Name == "log-retention", job.LastSuccessAt != nil, job.Name)
		require.False(t, job.NextDue.Before(time.Now()))
	}
}

// All jobs of a maintenance run, then its report in every form.
func TestMaintenanceRunsAndTheirReport(t *testing.T) {
	onDatabase(t)
	working(t)
	table, _ := ohio(t, 0, "maintenance", "run", "weekly", "--wait")
	require.Contains(t, table, "database-optimization")
	require.Contains(t, table, "skipped")                        // there is no Redis
	markdown, _ := ohio(t, 0, "maintenance", "report", "weekly") // at once
	require.True(t, strings.HasPrefix(markdown, "# weekly maintenance of "), markdown)
	report := decoded[maintenance.Report](t, "maintenance", "report", "--format", "json")
	require.Equal(t, "weekly", report.Run)
	require.NotEmpty(t, report.Tasks)
	page, _ := ohio(t, 0, "maintenance", "report", "--format", "html")
	require.Contains(t, page, "</html>")
	ohio(t, 3, "maintenance", "report", "daily")
	_, complaint := ohio(t, 2, "maintenance", "report", "monthly")
	require.Contains(t, complaint, `no maintenance run "monthly": say daily or weekly`)
}

func TestARunThatIsNotDone(t *testing.T) {
	onDatabase(t)
	t.Run("a worker that has gone", func(t *testing.T) { working(t, "--queues", "default") })
	runs := decoded[[]jobs.Record](t, "maintenance", "run", "health-check", "-o", "json")
	require.Equal(t, jobs.Queued, runs[0].Status)
	id := strconv.FormatInt(runs[0].ID, 10)
	_, complaint := ohio(t, 4, "maintenance", "run", "health-check")
	require.Contains(t, complaint, "run "+id+" of health-check has not ended")

	// Who no longer waits leaves it where it is.
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var out, err bytes.Buffer
	require.Equal(t, statusInterrupted, execute(ctx, []string{"maintenance", "run", "log-retention", "--wait"}, &out, &err))
	require.Regexp(t, `ohio: interrupted: stopped waiting; the run goes on: ohio maintenance status \d+\n$`, err.String())
	require.NotContains(t, err.String(), "context")
	require.NotContains(t, err.String(), "no worker", "it has only begun to wait")

	// That nobody takes it is said once.
	alter(t, "update job_runs set created_at = now() - interval '1 hour'")
	ctx, cancel = context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	err.Reset()
	require.Equal(t, statusInterrupted, execute(ctx, []string{"maintenance", "status", id, "--wait"}, &out, &err))
	require.Equal(t, 1, strings.Count(err.String(), "no worker has taken run "+id+" for 1h0m"), err.String())

	// A database that was away is come back to.
	waited := make(chan int)
	var told bytes.Buffer
	go func() { waited <- execute(t.Context(), []string{"maintenance", "status", id, "--wait"}, &out, &told) }()
	awayForAWhile(t)

	cancelled := decoded[[]jobs.Record](t, "maintenance", "cancel", id, "-o", "json")
	require.Equal(t, jobs.Cancelled, cancelled[0].Status)
	require.Equal(t, 1, <-waited)
	require.Contains(t, told.String(), "not everything is done: health-check cancelled")
	_, complaint = ohio(t, 4, "maintenance", "cancel", id)
	require.Contains(t, complaint, "has ended: it was cancelled\n")
	ohio(t, 3, "maintenance", "cancel", "999999")
	entries, _ := ohio(t, 0, "audit", "list", "-o", "json")
	require.True(t, json.Valid([]byte(entries)), entries)
	require.Contains(t, entries, "job.cancel")
}

func TestWorkWantsKnownQueues(t *testing.T) {
	alone(t)
	_, complaint := ohio(t, 2, "work", "--queues", "express")
	require.Contains(t, complaint, "default")
	_, complaint = ohio(t, 2, "work")
	require.Contains(t, complaint, "DATABASE_URL")
}

// Whatever stands in a row, it neither steers a terminal nor makes a line that
// looks like one of ours.
func TestStatusForgesNoLine(t *testing.T) {
	onDatabase(t)
	ohio(t, 0, "migrate")
	alter(t, `insert into job_runs (name, run, scheduled_for, queue, lease_until, requested_by, worker, status, ended_at, error, report) values
		('log-retention', 'manual', now(), 'default', now(), E'ann\nSTATUS  succeeded', E'w\x1b[2J', 'failed', now(), E'no\r\n\u009b2JSTATUS  succeeded\u202e',
		jsonb_build_object('found', E'\u009b2J\u202e\n\x1b[2J'))`)
	for _, args := range [][]string{{"maintenance", "status", "1"}, {"maintenance", "status"}} {
		text, _ := ohio(t, 0, args...)
		for line := range strings.Lines(text) {
			require.False(t, strings.HasPrefix(line, "STATUS  succeeded"), text)
			require.NotContains(t, strings.TrimSuffix(line, "\n"), "\r")
		}
		require.False(t, strings.ContainsAny(text, "\x1b\u009b\u202e"), "%q", text)
	}
}

func TestJobsThatNobodyKnows(t *testing.T) {
	onDatabase(t)
	ohio(t, 0, "migrate")
	_, complaint := ohio(t, 3, "maintenance", "status", "--job", "nope")
	require.Contains(t, complaint, `there is no job "nope": use one of `)
	for _, job := range append(contract.Jobs(), contract.Tasks()...) {
		require.Contains(t, complaint, job.Name)
		require.Empty(t, decoded[[]jobs.Record](t, "maintenance", "status", "--job", job.Name, "-o", "json"))
	}
	alter(t, `insert into job_runs (name, run, scheduled_for, queue, lease_until, status, ended_at) values ('nope', 'manual', now(), 'default', now(), 'succeeded', now())`)
	require.Len(t, decoded[[]jobs.Record](t, "maintenance", "status", "--job", "nope", "-o", "json"), 1, "it was a job once")
}

func TestADatabaseThatIsNotMigrated(t *testing.T) {
	onDatabase(t)
	_, err := postgres.MigrateTo(t.Context(), os.Getenv("DATABASE_URL"), 3)
	require.NoError(t, err)
	for _, args := range [][]string{{"list"}, {"status"}, {"status", "1"}, {"run", "daily"}, {"cancel", "1"}} {
		_, complaint := ohio(t, 5, append([]string{"maintenance"}, args...)...)
		require.Contains(t, complaint, "the database is not migrated: run `ohio migrate`\n")
		require.NotContains(t, complaint, "SQLSTATE")
	}
}

// alter changes what is in the test's database.
func alter(t *testing.T, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), os.Getenv("DATABASE_URL"))
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), sql)
	require.NoError(t, err)
}

// awayForAWhile waits until somebody looks at a run, and then ends whatever
// session there is, for several looks.
func awayForAWhile(t *testing.T) {
	t.Helper()
	config, err := pgx.ParseConfig(os.Getenv("DATABASE_URL"))
	require.NoError(t, err)
	database := config.Database
	config.Database = "postgres"
	conn, err := pgx.ConnectConfig(t.Context(), config)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	require.Eventually(t, func() bool {
		var n int
		err := conn.QueryRow(t.Context(), "select count(*) from pg_stat_activity where datname = $1 and query like '%from job_runs where id%'", database).Scan(&n)
		return err == nil && n > 0
	}, patience, 10*time.Millisecond)
	for range 20 {
		_, err := conn.Exec(t.Context(), "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", database)
		require.NoError(t, err)
		time.Sleep(waitPoll / 5)
	}
}
