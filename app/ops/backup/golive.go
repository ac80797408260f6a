package backup

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/script-ohio/platform/app/fault"
)

// maintenance is the database that every server has: nobody can rename the
// one that they are in.
const maintenance = "postgres"

const (
	endSessionsSQL = `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()`
	// swapTries is how often the sessions of the live database are ended.
	swapTries = 5
	endEvery  = 100 * time.Millisecond
)

// goLive puts a restored database in the place of the live one, of which it
// takes over what belongs to the database itself. Both names change in one
// transaction, so that there is a live database at any moment; its sessions
// end and find the restored one when they come back.
func (s *Service) goLive(ctx context.Context, scratch string, r *Restored) error {
	live, err := pgx.ParseConfig(s.DatabaseURL)
	if err != nil {
		return fault.New(fault.Invalid, "the database URL cannot be read")
	}
	replaced := fitting(live.Database, "_before_"+r.At.Format("20060102_150405"))
	swapping, err := s.connect(ctx, maintenance, "restore")
	if err != nil {
		return err
	}
	defer disconnect(ctx, swapping)
	ending, err := s.connect(ctx, maintenance, "restore")
	if err != nil {
		return err
	}
	defer disconnect(ctx, ending)
	if err := s.inherit(ctx, swapping, live.Database, scratch); err != nil {
		return err
	}
	for range swapTries {
		if err = s.swap(ctx, swapping, ending, live.Database, replaced, scratch); err == nil {
			r.Database, r.Replaced = live.Database, replaced
			return nil
		}
		if refusal, ok := errors.AsType[*pgconn.PgError](err); !ok || refusal.Code != "55006" { // object in use
			break
		}
	}
	return fault.Wrap(fault.Unavailable, err, "the restored database cannot take the place of %s, which is as it was", live.Database)
}

// swap renames both. From its lock on, the rename lets nobody in and waits a
// few seconds for those inside, whom the other session ends meanwhile; the
// session that keeps other runs out is among them, and so goes only when no
// other can begin.
func (s *Service) swap(ctx context.Context, swapping, ending *pgx.Conn, live, replaced, scratch string) error {
	done := make(chan struct{})
	var sessions sync.WaitGroup
	sessions.Go(func() {
		pulse := time.NewTicker(endEvery)
		defer pulse.Stop()
		for {
			select {
			case <-done:
				return
			case <-ctx.Done():
				return
			case <-pulse.C:
			}
			if _, err := ending.Exec(ctx, endSessionsSQL, live); err != nil {
				s.Logger.WarnContext(ctx, "sessions of the live database cannot be ended", "error", err)
				return
			}
		}
	})
	defer sessions.Wait()
	defer close(done)
	return pgx.BeginFunc(ctx, swapping, func(tx pgx.Tx) error {
		for _, names := range [][2]string{{live, replaced}, {scratch, live}} {
			if _, err := tx.Exec(ctx, renameSQL(names[0], names[1])); err != nil {
				return err
			}
		}
		return nil
	})
}
