package local

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/script-ohio/platform/app/fault"
)

// recoverStale ends what an earlier program left running on a data directory.
// Only processes seen to be servers of this very directory are signalled, and
// only by the holder of the directory's lock. A killed program's server is
// usually on its way out already, so it is given a moment first.
func (c *cluster) recoverStale(ctx context.Context, logger *slog.Logger) error {
	data := c.data()
	for _, step := range []struct {
		signal   syscall.Signal // 0: only look
		patience time.Duration
	}{{0, time.Second}, {syscall.SIGQUIT, immediateShutdown}, {syscall.SIGKILL, 5 * time.Second}} {
		left := serversIn(data)
		if len(left) == 0 {
			break
		}
		if step.signal != 0 {
			logger.Warn("a PostgreSQL server left by an earlier run is ended",
				slog.Any("pids", left), slog.String("signal", step.signal.String()))
			for _, pid := range left {
				_ = syscall.Kill(pid, step.signal)
			}
		}
		if err := awaitNone(ctx, data, step.patience); err != nil {
			return err
		}
	}
	if left := serversIn(data); len(left) > 0 {
		return fault.New(fault.Conflict, "a PostgreSQL server (pid %d) runs on %s and cannot be stopped", left[0], data)
	}
	// PostgreSQL would take a process that has the same number by now for a
	// living server.
	for _, path := range []string{filepath.Join(data, "postmaster.pid"), filepath.Join(c.socket, socketName+".lock")} {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fault.Wrap(fault.Unavailable, err, "the stale pid file %s cannot be removed", path)
		}
	}
	return nil
}

// awaitNone waits until no server runs on data or patience ends.
func awaitNone(ctx context.Context, data string, patience time.Duration) error {
	deadline := time.After(patience)
	for len(serversIn(data)) > 0 {
		select {
		case <-ctx.Done():
			return fault.Wrap(fault.Unavailable, ctx.Err(), "interrupted while an earlier PostgreSQL server on %s ends", data)
		case <-deadline:
			return nil
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}
