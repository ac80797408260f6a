package local

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
)

// patience bounds waits for what must happen; no test depends on how long it
// takes.
const patience = time.Minute

// pid gives the postmaster's process, 0 while none runs.
func (p *Postgres) pid() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.server == nil {
		return 0
	}
	return p.server.Pid
}

// A killed postmaster, and a killed backend, under load: the server comes
// back by itself, and every row whose commit was confirmed is there.
func TestKilledServerComesBackWithItsData(t *testing.T) {
	opts := quiet(clusterDir(t))
	opts.Durable = true
	opts.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	p := start(t, opts)
	execute(t, p.URL(), "create table load (worker int, n bigint)")
	pool, err := pgxpool.New(t.Context(), p.URL())
	require.NoError(t, err)
	defer pool.Close()

	ctx, cancel := context.WithCancel(t.Context())
	var confirmed [4]atomic.Int64 // the last row each worker knows to be there
	left := make(chan struct{})
	for worker := range confirmed {
		go func() {
			defer func() { left <- struct{}{} }()
			for n := int64(1); ctx.Err() == nil; n++ {
				if _, err := pool.Exec(ctx, "insert into load values ($1, $2)", worker, n); err == nil {
					confirmed[worker].Store(n)
				}
			}
		}()
	}
	progress := func() {
		t.Helper()
		before := confirmed[0].Load()
		require.Eventually(t, func() bool { return confirmed[0].Load() > before }, patience, time.Millisecond)
	}

	progress()
	postmaster := p.pid()
	require.NoError(t, syscall.Kill(postmaster, syscall.SIGKILL))
	require.Eventually(t, func() bool { return p.pid() != 0 && p.pid() != postmaster }, patience, time.Millisecond)
	progress()

	var backend int
	require.NoError(t, pool.QueryRow(ctx, "select pg_backend_pid()").Scan(&backend))
	postmaster = p.pid()
	require.NoError(t, syscall.Kill(backend, syscall.SIGKILL))
	progress()
	require.Equal(t, postmaster, p.pid(), "the postmaster itself replaces a killed backend")

	cancel()
	for range confirmed {
		<-left
	}
	for worker := range confirmed {
		var newest int64
		require.Eventually(t, func() bool { // it may still recover from the second kill
			return pool.QueryRow(t.Context(),
				"select coalesce(max(n), 0) from load where worker = $1", worker).Scan(&newest) == nil
		}, patience, 10*time.Millisecond)
		require.GreaterOrEqual(t, newest, confirmed[worker].Load())
	}
}

func TestServerThatNeverComesBackIsGivenUp(t *testing.T) {
	opts := quiet(clusterDir(t))
	opts.longestDelay = time.Millisecond
	p, err := Start(t.Context(), opts)
	require.NoError(t, err)
	require.NoError(t, os.Remove(filepath.Join(p.cluster.data(), "global", "pg_control")))
	require.NoError(t, syscall.Kill(p.pid(), syscall.SIGKILL))
	<-p.Done()
	require.Equal(t, fault.Unavailable, fault.CodeOf(p.Err()))
	require.ErrorContains(t, p.Err(), "pg_control")
	require.Equal(t, p.Err(), p.Stop(t.Context()), "a stop tells why it was gone already")
}
