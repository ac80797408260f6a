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
	// One that we may not end must not keep the others.
	endSessionsSQL = `select pg_terminate_backend(a.pid) from pg_stat_activity a left join pg_roles r on r.oid = a.usesysid
		where a.datname = $1 and a.pid <> pg_backend_pid() and case
			when (select rolsuper from pg_roles where rolname = current_user) then true
			when r.oid is null or r.rolsuper then false
			else pg_has_role(r.oid, 'usage') or pg_has_role('pg_signal_backend', 'usage') end`
	// insideSQL tells whose sessions keep the live database busy.
	insideSQL = `select coalesce(string_agg(distinct coalesce(usename, backend_type), ', '), '') from pg_stat_activity
		where datname = $1 and pid <> pg_backend_pid()`
	templateSQL = `select exists (select from pg_database where datname = $1 and datistemplate)`
	// swapTries is how often the sessions of the live database are ended.
	swapTries = 5
	endEvery  = 100 * time.Millisecond
)

// goLive puts a restored database in the place of the live one, of which it
// takes over what belongs to the database itself. Both names change in one
// transaction, so that there is a live database at any moment; its sessions
// end and find the restored one when they come back.
func (s *Service) goLive(ctx context.Context, scratch string, r *Restored) error {
	live := s.target.Name()
	replaced := fitting(live, "_before_"+r.At.Format("20060102_150405"))
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
	if err := s.inherit(ctx, swapping, live, scratch); err != nil {
		return err
	}
	for range swapTries {
		if err = s.swap(ctx, swapping, ending, live, replaced, scratch); err == nil {
			r.Database, r.Replaced = live, replaced
			return nil
		}
		if refusal, ok := errors.AsType[*pgconn.PgError](err); !ok || refusal.Code != "55006" { // object in use
			break
		}
	}
	inside := ""
	if ending.QueryRow(ctx, insideSQL, live).Scan(&inside) == nil && inside != "" {
		return fault.Wrap(fault.Unavailable, err, "the restored database cannot take the place of %s, which is as it was: sessions of %s are in it; end them, or `grant pg_signal_backend` to the role that restores", live, inside)
	}
	return fault.Wrap(fault.Unavailable, err, "the restored database cannot take the place of %s, which is as it was", live)
}

// Live tells a person which database a restore into live would replace.
func (s *Service) Live() string { return s.target.String() }

// replaceable refuses databases that are not the platform's own.
func (s *Service) replaceable(ctx context.Context) error {
	conn, err := s.connect(ctx, "", "restore")
	if err != nil {
		return err
	}
	defer disconnect(ctx, conn)
	var template bool
	if err := conn.QueryRow(ctx, templateSQL, s.target.Name()).Scan(&template); err != nil {
		return fault.Wrap(fault.Unavailable, err, "databases cannot be listed")
	}
	if template || s.target.Name() == maintenance {
		return fault.New(fault.Invalid, "%s is the server's own and is not replaced; DATABASE_URL must name the platform's database", s.Live())
	}
	return nil
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
