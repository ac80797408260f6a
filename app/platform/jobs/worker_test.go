package jobs

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

func TestARunLeavesItsReport(t *testing.T) {
	goOn := make(chan struct{})
	s := play(t, map[string]Work{alone.Name: func(_ context.Context, run *Run) (any, error) {
		run.Progress(1, 3, "reading \x00 \xff")
		<-goOn
		run.Progress(3, 3, "read")
		return map[string]int{"rows": 7}, nil
	}})
	before, err := s.client.Jobs(t.Context())
	require.NoError(t, err)
	require.Nil(t, before[0].LastSuccessAt)
	require.True(t, before[0].Runnable)
	require.False(t, before[1].Runnable, "no work for it")

	id := s.request(alone.Name)
	under := s.until(id, func(r Record) bool { return r.Progress.Done == 1 })
	require.Equal(t, Running, under.Status)
	require.Equal(t, Progress{1, 3, "reading \uFFFD \uFFFD"}, under.Progress)
	require.Equal(t, s.worker.id, under.Worker)
	require.Equal(t, "test", under.RequestedBy)
	_, err = s.client.Request(t.Context(), alone.Name, "test")
	require.Equal(t, fault.Conflict, fault.CodeOf(err), "one at a time")
	close(goOn)

	r := s.ended(id)
	require.Equal(t, Succeeded, r.Status)
	require.JSONEq(t, `{"rows":7}`, string(r.Report))
	require.Equal(t, Progress{3, 3, "read"}, r.Progress)
	require.Equal(t, 1, r.Attempt)
	require.Equal(t, Manual, r.Run)
	require.Empty(t, r.Error)
	require.Eventually(t, func() bool { return s.counted(alone.Name)[resultSucceeded] == 1 }, patience, fast)
	after, err := s.client.Jobs(t.Context())
	require.NoError(t, err)
	require.Equal(t, r.EndedAt, after[0].LastSuccessAt)
	require.Equal(t, id, after[0].Last.ID)
	require.Nil(t, after[0].Last.Report, "lists leave reports out")
	s.request(alone.Name) // again, now that it has ended
}

func TestFailuresAreTriedAgain(t *testing.T) {
	var tries atomic.Int32
	s := play(t, map[string]Work{
		again.Name: func(context.Context, *Run) (any, error) {
			if tries.Add(1) < 3 {
				return map[string]bool{"half": true}, errors.New("not yet")
			}
			return nil, nil
		},
		alone.Name: func(context.Context, *Run) (any, error) { return map[string]bool{"half": true}, errors.New("no") },
	})
	r := s.ended(s.request(again.Name))
	require.Equal(t, Succeeded, r.Status)
	require.Equal(t, 3, r.Attempt)
	require.Empty(t, r.Error, "of the last attempt")

	tries.Store(-100)
	r = s.ended(s.request(again.Name))
	require.Equal(t, Failed, r.Status)
	require.Equal(t, 1+again.Retries, r.Attempt)
	require.Equal(t, "not yet", r.Error)
	require.JSONEq(t, `{"half":true}`, string(r.Report))

	r = s.ended(s.request(alone.Name))
	require.Equal(t, Failed, r.Status)
	require.Equal(t, 1, r.Attempt, "no retries")
	require.Eventually(t, func() bool { return s.counted(alone.Name)[resultFailed] == 1 }, patience, fast)
	require.Equal(t, map[string]int{resultSucceeded: 1, resultFailed: 1}, s.counted(again.Name), "runs, not attempts")
}

func TestHowRunsEnd(t *testing.T) {
	for name, test := range map[string]struct {
		job    contract.Job
		work   Work
		status Status
		says   string
		report string
		counts string
	}{
		"timeout":    {hasty, untilCut, TimedOut, "within its timeout", "", resultTimedOut},
		"panic":      {alone, func(context.Context, *Run) (any, error) { panic("odd") }, Failed, "panicked: odd", "", resultFailed},
		"nothing":    {alone, func(context.Context, *Run) (any, error) { return nil, Skip("no %s", "Redis") }, Skipped, "no Redis", "", resultSucceeded},
		"idle":       {grave, func(context.Context, *Run) (any, error) { return nil, Skip("no bucket") }, Skipped, "no bucket", "", ""},
		"late":       {hasty, func(ctx context.Context, _ *Run) (any, error) { <-ctx.Done(); return "done", nil }, TimedOut, "only after that", `"done"`, resultTimedOut},
		"late skip":  {hasty, func(ctx context.Context, _ *Run) (any, error) { <-ctx.Done(); return nil, Skip("no bucket") }, TimedOut, "no bucket", "", resultTimedOut},
		"NUL":        {alone, func(context.Context, *Run) (any, error) { return "a\x00b", nil }, Succeeded, "", `{"unstorable":`, resultSucceeded},
		"no JSON":    {alone, func(context.Context, *Run) (any, error) { return make(chan int), nil }, Succeeded, "", `{"unstorable":`, resultSucceeded},
		"too large":  {alone, func(context.Context, *Run) (any, error) { return strings.Repeat("x", maxReport), nil }, Succeeded, "", `bytes`, resultSucceeded},
		"long error": {alone, func(context.Context, *Run) (any, error) { return nil, errors.New(strings.Repeat("é", maxError)) }, Failed, "éé", "", resultFailed},
	} {
		t.Run(name, func(t *testing.T) {
			s := play(t, map[string]Work{test.job.Name: test.work})
			r := s.ended(s.request(test.job.Name))
			require.Equal(t, test.status, r.Status)
			require.Contains(t, r.Error, test.says)
			require.Equal(t, test.says == "", r.Error == "", r.Error)
			require.LessOrEqual(t, len(r.Error), maxError)
			compact := strings.ReplaceAll(string(r.Report), " ", "")
			require.Contains(t, compact, test.report)
			require.Equal(t, test.report == "", compact == "", compact)
			require.Eventually(t, func() bool { return test.counts == "" || s.counted(test.job.Name)[test.counts] == 1 }, patience, fast)
			states, err := s.client.Jobs(t.Context())
			require.NoError(t, err)
			for _, state := range states {
				require.Equal(t, state.Job.Name == test.job.Name && test.counts == resultSucceeded, state.LastSuccessAt != nil)
			}
		})
	}
}

// The second waits for the first and then runs, whatever became of it.
func TestARunWaitsForTheOneBefore(t *testing.T) {
	for name, end := range map[string]error{"success": nil, "failure": errors.New("full disk")} {
		t.Run(name, func(t *testing.T) {
			release := make(chan struct{})
			var order []string
			var mu sync.Mutex
			note := func(what string) {
				mu.Lock()
				defer mu.Unlock()
				order = append(order, what)
			}
			s := play(t, map[string]Work{
				first.Name: func(context.Context, *Run) (any, error) {
					<-release
					note("first")
					return nil, end
				},
				second.Name: func(context.Context, *Run) (any, error) { note("second"); return nil, nil },
			})
			// Asked for alone it has nothing to wait for.
			require.Equal(t, Succeeded, s.ended(s.request(second.Name)).Status)
			records, err := s.client.Request(t.Context(), never.Name, "test")
			require.NoError(t, err)
			require.Len(t, records, 2, "those that have work")
			require.Equal(t, records[0].ScheduledFor, records[1].ScheduledFor)
			waiting := s.until(records[1].ID, func(r Record) bool { return r.Progress.Note != "" })
			require.Equal(t, "waits for first to end", waiting.Progress.Note)
			require.Equal(t, Queued, waiting.Status)
			close(release)
			require.Equal(t, Succeeded, s.ended(records[1].ID).Status)
			require.Equal(t, end == nil, s.ended(records[0].ID).Status == Succeeded)
			require.Equal(t, []string{"second", "first", "second"}, order)
		})
	}
}

// But not for ever.
func TestARunDoesNotWaitForOneThatHangs(t *testing.T) {
	release := make(chan struct{})
	s := play(t, map[string]Work{first.Name: func(context.Context, *Run) (any, error) { <-release; return nil, nil }, second.Name: nothing})
	defer close(release)
	records, err := s.client.Request(t.Context(), never.Name, "test")
	require.NoError(t, err)
	s.until(records[1].ID, func(r Record) bool { return r.Status.Ended() || r.Progress.Note != "" })
	_, err = s.pool.Exec(t.Context(), "update job_runs set created_at = now() - $1::interval", Bound(first)+time.Second)
	require.NoError(t, err)
	require.Equal(t, Succeeded, s.ended(records[1].ID).Status)
}

func TestARunOfTheScheduleWaitsForARequestedOne(t *testing.T) {
	release := make(chan struct{})
	s := play(t, map[string]Work{alone.Name: func(context.Context, *Run) (any, error) { <-release; return nil, nil }})
	requested := s.request(alone.Name)
	s.until(requested, is(Running))
	added, err := s.worker.scheduler.tick(t.Context(), time.Now().Add(366*24*time.Hour))
	require.NoError(t, err)
	require.Len(t, added, 1)
	runs, err := s.client.Runs(t.Context(), Filter{Run: never.Name})
	require.NoError(t, err)
	waiting := s.until(runs[0].ID, func(r Record) bool { return r.Progress.Note != "" })
	require.Equal(t, "waits for another run of the job to end", waiting.Progress.Note)
	close(release)
	require.Equal(t, Succeeded, s.ended(requested).Status)
	require.Equal(t, Succeeded, s.ended(runs[0].ID).Status)
}

// yearsAgo registers the jobs some years ago, and gives a clock that stands so
// far back too, less the years that the test lets pass. Nobody believes one
// that is ahead.
func yearsAgo(t *testing.T, pool *pgxpool.Pool, years int) (clock func() time.Time, passed *atomic.Int32) {
	t.Helper()
	passed = new(atomic.Int32)
	clock = func() time.Time { return time.Now().AddDate(int(passed.Load())-years, 0, 0) }
	_, err := pool.Exec(t.Context(), "update jobs set registered_at = $1", clock())
	require.NoError(t, err)
	return clock, passed
}

// A worker speaks for its own queues, and schedules whatever it has work for.
func TestWorkersOfDifferentQueues(t *testing.T) {
	s := scene{t: t, pool: postgrestest.New(t)}
	s.client = newTestClient(t, s.pool, all)
	clock, year := yearsAgo(t, s.pool, 2)
	backup := startWorker(t, s.pool, Options{Queues: []contract.Queue{contract.QueueBackup}, Works: map[string]Work{first.Name: nothing, alone.Name: nothing}, Clock: clock})
	s.ready(backup)
	standard := startWorker(t, s.pool, Options{Queues: []contract.Queue{contract.QueueDefault}, Works: map[string]Work{alone.Name: nothing, again.Name: nothing}, Clock: clock})
	s.ready(standard)
	require.NoError(t, standard.Stop(t.Context()))
	states, err := s.client.Jobs(t.Context())
	require.NoError(t, err)
	for _, state := range states {
		require.Equal(t, slices.Contains([]string{"first", "alone", "again"}, state.Job.Name), state.Runnable, state.Job.Name)
	}
	year.Store(1)
	require.Eventually(t, func() bool {
		runs, err := s.client.Runs(t.Context(), Filter{Status: Succeeded})
		require.NoError(t, err)
		return len(runs) == 1 && runs[0].Job == first.Name
	}, patience, fast)
	waiting, err := s.client.Runs(t.Context(), Filter{Status: Queued})
	require.NoError(t, err)
	require.Len(t, waiting, 1)
	require.Equal(t, alone.Name, waiting[0].Job, "until a worker of its queue comes")
}

// Several workers do each of many runs once.
func TestWorkersShareTheWork(t *testing.T) {
	pool := postgrestest.New(t)
	client := newTestClient(t, pool, all)
	done := map[string]*atomic.Int32{}
	works := map[string]Work{}
	for _, job := range all {
		n := new(atomic.Int32)
		done[job.Name] = n
		works[job.Name] = func(context.Context, *Run) (any, error) { n.Add(1); return nil, nil }
	}
	const years = 4
	clock, year := yearsAgo(t, pool, years+1)
	for range 3 {
		startWorker(t, pool, Options{Works: works, Clock: clock})
	}
	for y := range int32(years) {
		year.Store(y + 1)
		require.Eventually(t, func() bool {
			runs, err := client.Runs(t.Context(), Filter{Status: Succeeded})
			require.NoError(t, err)
			return len(runs) == int(y+1)*len(all)
		}, patience, fast)
	}
	for name, n := range done {
		require.EqualValues(t, years, n.Load(), name)
	}
}
