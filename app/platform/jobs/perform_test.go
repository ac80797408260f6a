package jobs

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

// Work that never returns keeps nobody from being done: what holds all places
// of its queue ends without it.
func TestWorkThatDoesNotStop(t *testing.T) {
	release, log := make(chan struct{}), new(locked)
	deaf := func(context.Context, *Run) (any, error) { <-release; return "late", nil }
	s := scene{t: t, pool: postgrestest.New(t)}
	s.client = newTestClient(t, s.pool, all)
	s.worker = startWorker(t, s.pool, Options{
		Works:  map[string]Work{hasty.Name: deaf, alone.Name: deaf, again.Name: nothing},
		Logger: slog.New(slog.NewTextHandler(log, nil)), grace: fast,
	})
	defer close(release)
	s.ready(s.worker)

	timed := s.ended(s.request(hasty.Name))
	require.Equal(t, TimedOut, timed.Status)
	require.Contains(t, timed.Error, "it does not stop")
	cancelled := s.cancelled(s.request(alone.Name))
	require.Equal(t, Cancelled, cancelled.Status)
	require.Contains(t, cancelled.Error, "on "+s.worker.id)

	require.Equal(t, Succeeded, s.ended(s.request(again.Name)).Status)
	for _, name := range []string{hasty.Name, alone.Name} {
		require.Regexp(t, `level=ERROR msg="a job does not stop.*job=`+name, log.String())
	}
	require.Equal(t, 2, strings.Count(log.String(), "level=ERROR"), log.String())
}

// A run that is cancelled did not succeed, whatever its work says.
func TestACancelledRunDoesNotSucceed(t *testing.T) {
	s := play(t, map[string]Work{alone.Name: func(ctx context.Context, _ *Run) (any, error) { <-ctx.Done(); return "half", nil }})
	r := s.cancelled(s.request(alone.Name))
	require.Equal(t, Cancelled, r.Status)
	require.JSONEq(t, `"half"`, string(r.Report))
	require.Eventually(t, func() bool { return s.counted(alone.Name)[resultCancelled] == 1 }, patience, fast)
}

// A run that another worker has keeps no place either, and is left alone.
func TestLostWorkThatDoesNotStop(t *testing.T) {
	release := make(chan struct{})
	log := new(locked)
	s := scene{t: t, pool: postgrestest.New(t)}
	s.client = newTestClient(t, s.pool, all)
	s.worker = startWorker(t, s.pool, Options{
		Works:  map[string]Work{alone.Name: func(context.Context, *Run) (any, error) { <-release; return nil, nil }},
		Logger: slog.New(slog.NewTextHandler(log, nil)), grace: fast,
	})
	defer close(release)
	s.ready(s.worker)
	id := s.request(alone.Name)
	s.until(id, is(Running))
	_, err := s.pool.Exec(t.Context(), "update job_runs set attempt = attempt + 1, worker = 'another', lease_until = now() + interval '1 day' where id = $1", id)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "a job does not stop") }, patience, fast)
	r, err := s.client.Run(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, Running, r.Status)
	require.Equal(t, "another", r.Worker)
}
