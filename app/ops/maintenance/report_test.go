package maintenance

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/jobs"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run with -update")
	require.Equal(t, string(want), got)
}

func record(job contract.Job, status jobs.Status, why, report string) jobs.Record {
	began := noon.Add(time.Minute)
	r := jobs.Record{ID: int64(len(job.Name)), Job: job.Name, Run: job.Run.Name, ScheduledFor: noon, Status: status, Attempt: 1, Error: why, StartedAt: &began}
	if report != "" {
		r.Report = json.RawMessage(report)
	}
	if status.Ended() {
		ended := began.Add(90 * time.Second)
		r.EndedAt = &ended
	}
	return r
}

func aDay() Report {
	return compile("daily", noon, contract.Jobs(), []jobs.Record{
		record(contract.JobDatabaseBackup, jobs.Failed, "disk | full\nat line 2", ""),
		record(contract.JobRestoreDrill, jobs.Succeeded, "", `{"issues":[{"severity":"warning","text":"slow: <b>12 min</b>"},{"severity":"odd","text":"an odd one"},{"text":""}]}`),
		record(contract.JobLogRetention, jobs.Succeeded, "", `{"deleted":{"job_runs":3}}`),
		record(contract.JobCacheCleanup, jobs.Skipped, "there is no Redis", ""),
		record(contract.JobHealthCheck, jobs.TimedOut, "it was not done", `{"issues":"none"}`),
		record(contract.JobPerformanceMetrics, jobs.Running, "", `[1]`),
	}, noon.Add(2*time.Hour))
}

func TestAReportTellsAll(t *testing.T) {
	r := aDay()
	require.Equal(t, Critical, r.Verdict)
	require.Equal(t, map[string]int{"succeeded": 2, "skipped": 1, "failed": 1, "timed_out": 1, "running": 1, absent: 1}, r.Counts)
	require.Len(t, r.Tasks, 7)
	require.InDelta(t, 150, r.TookSeconds, 0)
	for i := 1; i < len(r.Issues); i++ {
		require.LessOrEqual(t, rankOf(t, r.Issues[i-1]), rankOf(t, r.Issues[i]), "most urgent first")
	}
	markdown, err := r.Markdown()
	require.NoError(t, err)
	golden(t, "daily.md", markdown)
	html, err := r.HTML()
	require.NoError(t, err)
	golden(t, "daily.html", html)
	require.NotContains(t, html, "<b>12")
	golden(t, "daily-brief.md", r.Brief())
}

func rankOf(t *testing.T, i Issue) int {
	for n, s := range contract.Severities() {
		if s == i.Severity {
			return n
		}
	}
	t.Fatalf("severity %q", i.Severity)
	return 0
}

func TestVerdicts(t *testing.T) {
	all := func(status jobs.Status, but contract.Job, as jobs.Status, report string) []jobs.Record {
		var records []jobs.Record
		for _, job := range contract.Jobs() {
			if job.Name == but.Name {
				records = append(records, record(job, as, "why", report))
			} else {
				records = append(records, record(job, status, "", ""))
			}
		}
		return records
	}
	for name, test := range map[string]struct {
		records []jobs.Record
		want    Verdict
		says    string
	}{
		"all is well":       {all(jobs.Succeeded, contract.Job{}, "", ""), OK, "7 of 7 tasks are done."},
		"a ticket":          {all(jobs.Succeeded, contract.JobLogRetention, jobs.Failed, ""), OK, "6 of 7 tasks are done (1 failed)."},
		"a warning":         {all(jobs.Succeeded, contract.JobHealthCheck, jobs.TimedOut, ""), Warning, "1 timed out); 1 issue needs attention."},
		"a critical one":    {all(jobs.Succeeded, contract.JobDatabaseBackup, jobs.Cancelled, ""), Critical, "1 cancelled"},
		"an idle one":       {all(jobs.Succeeded, contract.JobDatabaseBackup, jobs.Skipped, ""), Warning, "7 of 7 tasks are done; 1 issue needs attention."},
		"reported warnings": {all(jobs.Succeeded, contract.JobCacheCleanup, jobs.Succeeded, `{"issues":[{"severity":"warning","text":"a"},{"severity":"warning","text":"b"}]}`), Warning, "2 issues need"},
		"nobody there":      {nil, OK, "0 of 0 tasks are done (7 absent)."},
	} {
		r := compile("daily", noon, contract.Jobs(), test.records, noon)
		require.Equal(t, test.want, r.Verdict, name)
		require.Contains(t, r.Summary, test.says, name)
		require.True(t, strings.HasPrefix(r.Summary, "daily maintenance of 2026-11-03: "), r.Summary)
	}
}

// A message stays short however much is wrong.
func TestATextIsShort(t *testing.T) {
	r := aDay()
	for range 100 {
		r.Issues = append(r.Issues, Issue{contract.Ticket, "cache-analysis", "one\nmore"})
	}
	text := r.Brief()
	issues, _, _ := strings.Cut(text, "Tasks")
	require.Equal(t, toldIssues+1, strings.Count(issues, "\n- "))
	require.Contains(t, text, "- and 86 more\n")
	require.NotContains(t, text, "one\nmore")
	require.NotContains(t, (Report{Summary: "all is well"}).Brief(), "Issues")
}

// Whatever a job says, a table keeps its rows.
func TestMarkdownKeepsItsForm(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.SampledFrom([]rune("|\n\r<`*_[\\")))).Draw(rt, "text")
		r := compile("weekly", noon, contract.Jobs(), []jobs.Record{record(contract.JobSecurityAudit, jobs.Failed, text, "")}, noon)
		markdown, err := r.Markdown()
		if err != nil {
			rt.Fatal(err)
		}
		rows := 0
		for _, line := range strings.Split(markdown, "\n") {
			bare := strings.ReplaceAll(strings.ReplaceAll(line, `\\`, ""), `\|`, "")
			if strings.HasPrefix(line, "| security-audit |") {
				rows++
				if strings.Count(bare, "|") != 6 {
					rt.Fatalf("%q", line)
				}
			}
		}
		if rows != 1 {
			rt.Fatalf("%d rows", rows)
		}
	})
}

// Neither does it steer the terminal that shows the report, in whichever form.
func TestAReportSteersNothing(t *testing.T) {
	evil := "\x1b[2J\u009b1m\u202e\tx"
	r := compile("daily", noon, contract.Jobs(), []jobs.Record{record(contract.JobHealthCheck, jobs.Failed, evil, "")}, noon)
	markdown, err := r.Markdown()
	require.NoError(t, err)
	html, err := r.HTML()
	require.NoError(t, err)
	for _, text := range []string{markdown, html, r.Brief()} {
		require.False(t, strings.ContainsAny(text, "\x1b\u009b\u202e\t"), "%q", text)
		require.Contains(t, text, "\ufffd")
	}
}

// A report is made once, when all have ended or the time is up.
func TestReportsAreMadeOnce(t *testing.T) {
	pool, ctx := postgrestest.New(t), t.Context()
	client, err := jobs.NewClient(pool, jobs.ClientOptions{Clock: func() time.Time { return noon }})
	require.NoError(t, err)
	require.NoError(t, client.Register(ctx))
	_, err = pool.Exec(ctx, "update jobs set runnable = name in ('log-retention', 'health-check', 'cache-analysis')")
	require.NoError(t, err)
	var mu sync.Mutex
	var made []Report
	refuse := false
	reports := NewReports(pool, client, Options{Made: func(_ context.Context, _ pgx.Tx, r Report) error {
		mu.Lock()
		defer mu.Unlock()
		if refuse {
			return errors.New("nobody can be told")
		}
		made = append(made, r)
		return nil
	}})
	makeAll := func() {
		t.Helper()
		var workers sync.WaitGroup
		for range 3 {
			workers.Go(func() {
				if err := reports.Make(ctx, noon); err != nil {
					t.Error(err)
				}
			})
		}
		workers.Wait()
	}
	_, err = reports.Newest(ctx, "", noon)
	require.Equal(t, fault.NotFound, fault.CodeOf(err))

	daily, err := client.Request(ctx, "daily", "test")
	require.NoError(t, err)
	require.Len(t, daily, 2)
	_, err = client.Request(ctx, "cache-analysis", "test") // alone: no report
	require.NoError(t, err)
	makeAll()
	require.Empty(t, made, "they have not ended")

	_, err = pool.Exec(ctx, "update job_runs set status = 'succeeded', ended_at = now() where name <> 'health-check'")
	require.NoError(t, err)
	makeAll()
	require.Empty(t, made, "one has not")
	_, err = pool.Exec(ctx, "update job_runs set created_at = now() - $1::interval where name = 'health-check'", bound(contract.Daily, contract.Jobs())+time.Minute)
	require.NoError(t, err)
	refuse = true
	require.ErrorContains(t, reports.Make(ctx, noon), "cannot be stored", "a report that nobody hears of does not stand")
	refuse = false
	makeAll()
	makeAll()
	require.Len(t, made, 1)
	require.Equal(t, 1, made[0].Counts["queued"])
	require.Equal(t, 5, made[0].Counts[absent])

	for _, name := range []string{"daily", ""} {
		newest, err := reports.Newest(ctx, name, noon)
		require.NoError(t, err)
		require.Equal(t, made[0].Summary, newest.Summary)
		require.True(t, noon.Equal(newest.ScheduledFor))
	}
	_, err = reports.Newest(ctx, "weekly", noon)
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
}

// Who has waited for the last job does not wait for a worker's next look: the
// report is the one that will be made, and is made and told of all the same.
func TestAReportThatIsDueIsTold(t *testing.T) {
	pool, ctx, at := postgrestest.New(t), t.Context(), noon
	client, err := jobs.NewClient(pool, jobs.ClientOptions{Clock: func() time.Time { return at }})
	require.NoError(t, err)
	require.NoError(t, client.Register(ctx))
	_, err = pool.Exec(ctx, "update jobs set runnable = true")
	require.NoError(t, err)
	made := 0
	reports := NewReports(pool, client, Options{Made: func(context.Context, pgx.Tx, Report) error { made++; return nil }})
	end := func() {
		t.Helper()
		_, err := pool.Exec(ctx, "update job_runs set status = 'succeeded', ended_at = now() where ended_at is null")
		require.NoError(t, err)
	}
	_, err = client.Request(ctx, "daily", "test")
	require.NoError(t, err)
	_, err = reports.Newest(ctx, "", noon)
	require.Equal(t, fault.NotFound, fault.CodeOf(err), "the jobs have not ended")
	end()
	told, err := reports.Newest(ctx, "", noon)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"succeeded": 7}, told.Counts)
	require.Zero(t, made)
	require.NoError(t, reports.Make(ctx, noon))
	require.Equal(t, 1, made)
	kept, err := reports.Newest(ctx, "daily", noon.Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, told.Summary, kept.Summary)
	require.Equal(t, noon, kept.MadeAt.UTC(), "it is the one that was made")

	// The later of two is the newest, whichever was made.
	at = noon.Add(time.Hour)
	_, err = client.Request(ctx, "weekly", "test")
	require.NoError(t, err)
	end()
	for name, run := range map[string]string{"": "weekly", "weekly": "weekly", "daily": "daily"} {
		newest, err := reports.Newest(ctx, name, at)
		require.NoError(t, err)
		require.Equal(t, run, newest.Run)
	}
	require.Equal(t, 1, made)
}

func TestBoundCoversWhatFollowsEachOther(t *testing.T) {
	daily := bound(contract.Daily, contract.Jobs())
	require.Equal(t, jobs.Bound(contract.JobDatabaseBackup)+jobs.Bound(contract.JobRestoreDrill), daily)
	require.Less(t, daily, contract.Daily.Every)
	require.Less(t, bound(contract.Weekly, contract.Jobs()), contract.Daily.Every)
}

func TestEveryStatementFitsTheSchema(t *testing.T) {
	conn, err := postgrestest.New(t).Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	statements := []string{
		unreported, keepReport, newestReport, databaseFigures, connectionFigures, tableFigures, hasStatements,
		staleTables, airyIndexes, unusedIndexes, brokenOff, invalidIndexes, deadRows, oldestXID,
	}
	for _, r := range Retentions() {
		statements = append(statements, r.deleteSQL())
	}
	for i, sql := range statements {
		_, err := conn.Conn().Prepare(t.Context(), fmt.Sprint("s", i), sql)
		require.NoError(t, err, sql)
	}
}
