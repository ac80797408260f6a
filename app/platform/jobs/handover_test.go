package jobs

import (
	"context"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/postgres"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

func TestAStopLetsShortWorkFinish(t *testing.T) {
	begun, release := make(chan struct{}), make(chan struct{})
	s := scene{t: t, pool: postgrestest.New(t)}
	s.client = newTestClient(t, s.pool, all)
	s.worker = startWorker(t, s.pool, Options{Drain: patience, Works: map[string]Work{alone.Name: func(ctx context.Context, _ *Run) (any, error) {
		close(begun)
		<-release
		return nil, ctx.Err()
	}}})
	s.ready(s.worker)
	id := s.request(alone.Name)
	<-begun
	time.AfterFunc(100*time.Millisecond, func() { close(release) })
	require.NoError(t, s.worker.Stop(t.Context()))
	r, err := s.client.Run(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, Succeeded, r.Status, r.Error)
	require.NoError(t, s.worker.Stop(t.Context()), "again")
}

// What takes longer goes to another worker, also when it has no retries.
func TestAStopHandsLongWorkOver(t *testing.T) {
	s := play(t, map[string]Work{alone.Name: untilCut})
	id := s.request(alone.Name)
	s.until(id, is(Running))
	require.NoError(t, s.worker.Stop(t.Context()))
	r, err := s.client.Run(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, Interrupted, r.Status)
	require.Contains(t, r.Error, "cut off on "+s.worker.id)
	require.Nil(t, r.EndedAt)
	require.Empty(t, s.counted(alone.Name), "it has not ended")

	next := startWorker(t, s.pool, Options{Works: map[string]Work{alone.Name: nothing}})
	r = s.ended(id)
	require.Equal(t, Succeeded, r.Status)
	require.Equal(t, 2, r.Attempt)
	require.Equal(t, next.id, r.Worker)
	require.Empty(t, r.Error)
}

// What has done its work when it is cut off has done it.
func TestAStopBelievesWhatIsDone(t *testing.T) {
	s := play(t, map[string]Work{alone.Name: func(ctx context.Context, _ *Run) (any, error) { <-ctx.Done(); return "done", nil }})
	id := s.request(alone.Name)
	s.until(id, is(Running))
	require.NoError(t, s.worker.Stop(t.Context()))
	r, err := s.client.Run(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, Succeeded, r.Status)
}

// A worker that is killed says nothing any more; another one notices.
func TestAKilledWorkersRunIsTakenOver(t *testing.T) {
	s := scene{t: t}
	url := postgrestest.URL(t)
	pool, err := postgres.Open(t.Context(), url, postgres.Options{MaxConns: 8})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	s.pool, s.client = pool, newTestClient(t, pool, all)

	program, err := os.Executable()
	require.NoError(t, err)
	victim := exec.Command(program)
	victim.Env = append(os.Environ(), asWorker+"="+url)
	require.NoError(t, victim.Start())
	defer func() { _ = victim.Process.Kill() }()
	require.Eventually(t, func() bool {
		states, err := s.client.Jobs(t.Context())
		return err == nil && states[0].Runnable
	}, patience, fast)
	id := s.request(alone.Name)
	under := s.until(id, is(Running))
	require.NoError(t, victim.Process.Signal(syscall.SIGKILL))
	_ = victim.Wait()

	next := startWorker(t, pool, Options{Works: map[string]Work{alone.Name: nothing}})
	require.NotEqual(t, next.id, under.Worker)
	seen := s.until(id, func(r Record) bool { return r.Status != Running })
	if !seen.Status.Ended() { // it may be done before it is looked at
		require.Contains(t, seen.Error, under.Worker+" stopped answering")
	}
	r := s.ended(id)
	require.Equal(t, Succeeded, r.Status)
	require.Equal(t, 2, r.Attempt)
	require.Equal(t, 1, r.rescues)
	require.Eventually(t, func() bool {
		var left int
		require.NoError(t, pool.QueryRow(t.Context(), `select count(*) from river_job
			where state not in ('completed', 'cancelled') and not metadata ? 'cancel_attempted_at'`).Scan(&left))
		return left == 0
	}, patience, fast, "something is left to do in River")
}

// A run that kills whoever does it is given up.
func TestRescuesAreBounded(t *testing.T) {
	s := play(t, map[string]Work{alone.Name: untilCut})
	id := s.request(alone.Name)
	s.until(id, is(Running))
	_, err := s.pool.Exec(t.Context(), "update job_runs set lease_until = now() - interval '1 hour', rescues = $1 where id = $2", maxRescues-1, id)
	require.NoError(t, err)
	r := s.ended(id)
	require.Equal(t, Failed, r.Status)
	require.Contains(t, r.Error, "died 3 times")
	require.Eventually(t, func() bool { return s.counted(alone.Name)[resultFailed] == 1 }, patience, fast)
	s.until(s.request(alone.Name), is(Running)) // the slot is free: who was overtaken has let go
}

// Who has lost a run stops, and its ending counts for nothing.
func TestAnOvertakenAttemptStops(t *testing.T) {
	lost := make(chan error, 1)
	s := play(t, map[string]Work{alone.Name: func(ctx context.Context, _ *Run) (any, error) {
		<-ctx.Done()
		lost <- context.Cause(ctx)
		return "mine", nil
	}})
	id := s.request(alone.Name)
	s.until(id, is(Running))
	_, err := s.pool.Exec(t.Context(), "update job_runs set attempt = attempt + 1, worker = 'another', lease_until = now() + interval '1 day' where id = $1", id)
	require.NoError(t, err)
	require.ErrorIs(t, <-lost, errLost)
	r, err := s.client.Run(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, Running, r.Status)
	require.Equal(t, "another", r.Worker)
	require.Nil(t, r.Report)
}

// River forgets or drops an entry: the run is queued anew.
func TestALostQueueEntryIsReplaced(t *testing.T) {
	for name, sql := range map[string]string{
		"deleted":   "delete from river_job",
		"discarded": "update river_job set state = 'discarded', finalized_at = now()",
		"held":      "update river_job set state = 'running', attempted_at = now() - interval '1 hour'",
	} {
		t.Run(name, func(t *testing.T) {
			s := scene{t: t, pool: postgrestest.New(t)}
			s.client = newTestClient(t, s.pool, all)
			_, err := s.pool.Exec(t.Context(), "update jobs set runnable = true")
			require.NoError(t, err)
			id := s.request(alone.Name)
			_, err = s.pool.Exec(t.Context(), sql)
			require.NoError(t, err)
			_, err = s.pool.Exec(t.Context(), "update job_runs set lease_until = now()")
			require.NoError(t, err)
			startWorker(t, s.pool, Options{Works: map[string]Work{alone.Name: nothing}})
			require.Equal(t, Succeeded, s.ended(id).Status)
		})
	}
}

func TestCancel(t *testing.T) {
	s := play(t, map[string]Work{alone.Name: untilCut, again.Name: nothing})
	id := s.request(alone.Name)
	r := s.cancelled(id)
	require.Equal(t, Cancelled, r.Status)
	require.Equal(t, 1, r.Attempt)
	require.Eventually(t, func() bool { return s.counted(alone.Name)[resultCancelled] == 1 }, patience, fast)
	_, err := s.client.Cancel(t.Context(), id, "ann")
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
	_, err = s.client.Cancel(t.Context(), 1<<40, "ann")
	require.Equal(t, fault.NotFound, fault.CodeOf(err))

	require.NoError(t, s.worker.Stop(t.Context()))
	id = s.request(again.Name)
	r, err = s.client.Cancel(t.Context(), id, "ann")
	require.NoError(t, err)
	require.Equal(t, Cancelled, r.Status)
	require.Equal(t, "cancelled by ann", r.Error)
	startWorker(t, s.pool, Options{Works: map[string]Work{alone.Name: nothing, again.Name: nothing}})
	s.ended(s.request(alone.Name))
	r, err = s.client.Run(t.Context(), id)
	require.NoError(t, err)
	require.Zero(t, r.Attempt, "it never began")
}

// The worker of a run that a person cancels dies before it hears of that.
func TestACancelledRunIsNotRescued(t *testing.T) {
	s := scene{t: t, pool: postgrestest.New(t)}
	s.client = newTestClient(t, s.pool, all)
	_, err := s.pool.Exec(t.Context(), "update jobs set runnable = true")
	require.NoError(t, err)
	id := s.request(alone.Name)
	_, err = s.pool.Exec(t.Context(), "update river_job set state = 'running', attempted_at = now()")
	require.NoError(t, err)
	_, err = s.pool.Exec(t.Context(), "update job_runs set status = 'running', attempt = 1, worker = 'dead'")
	require.NoError(t, err)
	_, err = s.client.Cancel(t.Context(), id, "ann")
	require.NoError(t, err)
	_, err = s.pool.Exec(t.Context(), "update job_runs set lease_until = now()")
	require.NoError(t, err)
	startWorker(t, s.pool, Options{Works: map[string]Work{alone.Name: nothing}})
	require.Equal(t, Cancelled, s.ended(id).Status)
}
