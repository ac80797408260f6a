package backup

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/script-ohio/platform/app/fault"
)

// runLock is the advisory lock of whoever makes, restores, tries or retires
// backups of a database ("ohioback" in ASCII). PostgreSQL frees it when the
// session ends, whatever ended it.
const runLock = 0x6f68696f6261636b

const (
	lockSQL   = `select pg_try_advisory_lock($1)`
	unlockSQL = `select pg_advisory_unlock($1)`
	// domainSQL tells the database that a lock counts in from all others, also
	// of other servers.
	domainSQL = `select (select system_identifier from pg_control_system()) || '/' || oid from pg_database where datname = current_database()`
	holderSQL = `select a.pid, a.application_name, coalesce(a.backend_start, now())
		from pg_locks l join pg_stat_activity a on a.pid = l.pid
		where l.locktype = 'advisory' and l.granted and l.objsubid = 1
		and l.database = (select oid from pg_database where datname = current_database())
		and (l.classid::bigint << 32 | l.objid::bigint) = $1`
)

// lockPulse is how soon a lost lock is noticed.
const lockPulse = 5 * time.Second

// lock is held while work runs that must not be done twice at a time.
type lock struct {
	conn *pgx.Conn
	// domain is the database that it counts in; "" when the server does not
	// tell us.
	domain string
	once   sync.Once
	done   chan struct{} // closed when nobody watches the session any more
}

// unwatch lets the session be lost, for whoever ends it on purpose.
func (l *lock) unwatch() { l.once.Do(func() { close(l.done) }) }

// free lets others in at once; the end of the session would do so a moment
// later.
func (l *lock) free(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectTimeout)
	defer cancel()
	_, _ = l.conn.Exec(ctx, unlockSQL, int64(runLock))
}

// exclusive does work that must not be done twice at a time, on this or
// another machine. When somebody else is at it, it is fault.Conflict. First it
// cleans up what a killed program left. Work's context ends when the session
// that holds the lock is lost.
func (s *Service) exclusive(ctx context.Context, what string, work func(context.Context, *lock) error) error {
	conn, err := s.connect(ctx, "", what)
	if err != nil {
		return err
	}
	defer disconnect(ctx, conn)
	var ours bool
	if err := conn.QueryRow(ctx, lockSQL, int64(runLock)).Scan(&ours); err != nil {
		return fault.Wrap(fault.Unavailable, err, "the lock of backups cannot be taken")
	}
	if !ours {
		return busy(ctx, conn)
	}
	if err := s.sweep(ctx, conn); err != nil {
		return err
	}
	l := &lock{conn: conn, done: make(chan struct{})}
	if err := conn.QueryRow(ctx, domainSQL).Scan(&l.domain); err != nil {
		s.Logger.WarnContext(ctx, "what killed backups left is not removed at once, because the server does not tell who it is", "error", err)
	}
	working, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var watch sync.WaitGroup
	watch.Go(func() {
		if err := l.watch(working); err != nil {
			cancel(err)
		}
	})
	err = work(working, l)
	l.unwatch()
	watch.Wait()
	l.free(ctx)
	if cause := context.Cause(working); cause != nil && ctx.Err() == nil {
		return errors.Join(cause, err)
	}
	return err
}

// watch makes sure that the session lives.
func (l *lock) watch(ctx context.Context) error {
	pulse := time.NewTicker(lockPulse)
	defer pulse.Stop()
	for {
		select {
		case <-l.done:
			return nil
		case <-ctx.Done():
			return nil
		case <-pulse.C:
			if err := l.conn.Ping(ctx); err != nil && ctx.Err() == nil {
				return fault.Wrap(fault.Unavailable, err, "the session that keeps others out was lost")
			}
		}
	}
}

// busy tells who is at it.
func busy(ctx context.Context, conn *pgx.Conn) error {
	var pid int
	var name string
	var since time.Time
	who := ""
	if err := conn.QueryRow(ctx, holderSQL, int64(runLock)).Scan(&pid, &name, &since); err == nil {
		who = fmt.Sprintf(" (%s, session %d since %s)", strings.TrimPrefix(name, sessionName), pid, since.UTC().Format(time.TimeOnly))
	}
	return fault.New(fault.Conflict, "another backup, restore, drill or prune of this database is running%s; try again when it has ended", who)
}
