package local

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/script-ohio/platform/app/fault"
)

// Remove deletes the cluster of a data directory with all that is in it, also
// when it lies elsewhere, and ends a server that was left running. Files of
// others in the directory stay. It is fault.Conflict while a program runs
// there.
func Remove(ctx context.Context, dataDir string, logger *slog.Logger) error {
	lock, err := lockDir(ctx, dataDir)
	if err != nil {
		return err
	}
	defer lock.release()
	link := filepath.Join(dataDir, "postgres")
	home, err := filepath.EvalSymlinks(link)
	if err == nil {
		left := cluster{home: home, socket: home}
		if err := left.recoverStale(ctx, logger); err != nil {
			return err
		}
		err = os.RemoveAll(home)
	}
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	err = errors.Join(err, os.RemoveAll(link), removeInstance(dataDir),
		os.RemoveAll(filepath.Join(dataDir, logName)), os.RemoveAll(filepath.Join(dataDir, logName+".1")))
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "the cluster in %s cannot be removed", dataDir)
	}
	return nil
}
