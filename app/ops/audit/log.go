package audit

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/postgres"
	"github.com/script-ohio/platform/app/platform/telemetry"
)

// Options of New; the zero value is ready for use.
type Options struct {
	Clock  func() time.Time // default time.Now
	System string           // who acts when no context says so; default "ohio"
}

// Log is the audit log of a database.
type Log struct {
	pool   *pgxpool.Pool
	clock  func() time.Time
	system string
}

// New makes a Log on a migrated database.
func New(pool *pgxpool.Pool, o Options) *Log {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.System == "" {
		o.System = "ohio"
	}
	return &Log{pool: pool, clock: o.Clock, system: o.System}
}

// chainLock is the advisory lock of who appends ("audit" in ASCII).
const chainLock = 0x6175646974

const (
	lockSQL   = `select pg_advisory_xact_lock($1)`
	headSQL   = `select seq, hash from audit_log order by seq desc limit 1`
	appendSQL = `insert into audit_log (seq, at, actor_id, actor_name, actor_role, client_ip, action, subject_type, subject_id,
			before, after, request_id, prev, hash)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`
)

// Record appends an entry in the transaction of the change, which must be read
// committed, as postgres.InTx makes it.
//
// A chain without gaps has one end: from Record to its commit a transaction has
// the log to itself, and all others that record wait. Together they commit one
// after the other, a round trip and a flush each, and the server can no longer
// flush many commits at once: where a flush takes 5 ms that is 200 a second,
// with one writer or with eight, beside 2,000 for eight without the log
// (BenchmarkRecord). It is far above what operators do, and too little for what
// every request does. Record last, so that nothing slow happens under the lock
// and no other lock is taken after it, which could deadlock.
func (l *Log) Record(ctx context.Context, tx pgx.Tx, e Entry) error {
	row, err := e.row(ctx, l.system, l.clock())
	if err != nil {
		return err
	}
	if row.Actor.RequestID == "" {
		row.Actor.RequestID = text(telemetry.RequestID(ctx))
	}
	// Two statements in one trip: the second sees what was committed before
	// the lock was given.
	batch := &pgx.Batch{}
	batch.Queue(lockSQL, chainLock)
	var prev []byte
	batch.Queue(headSQL).QueryRow(func(r pgx.Row) error {
		err := r.Scan(&row.Seq, &prev)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("the audit log cannot be continued: %w", err)
	}
	row.Seq++
	copy(row.Prev[:], prev)
	row.Hash = row.sum()
	if _, err := tx.Exec(ctx, appendSQL, row.Seq, row.At, row.Actor.ID, row.Actor.Name, row.Actor.Role, row.Actor.ClientIP, row.Action,
		row.SubjectType, row.SubjectID, row.Before, row.After, row.Actor.RequestID, row.Prev[:], row.Hash[:]); err != nil {
		return fmt.Errorf("the audit entry %s could not be written: %w", row.Action, err)
	}
	return nil
}

// Change is Record for packages that declare a function of this form and do
// not know this one; subject is TYPE/ID.
func (l *Log) Change(ctx context.Context, tx pgx.Tx, action, subject string, before, after any) error {
	kind, id := Subject(subject)
	return l.Record(ctx, tx, Entry{Action: action, SubjectType: kind, SubjectID: id, Before: before, After: after})
}

// Subject splits TYPE/ID.
func Subject(text string) (kind, id string) {
	kind, id, _ = strings.Cut(text, "/")
	return kind, id
}

// Append is Record in a transaction of its own, for what changes nothing in
// this database.
func (l *Log) Append(ctx context.Context, e Entry) error {
	return inTx(ctx, l.pool, func(tx pgx.Tx) error { return l.Record(ctx, tx, e) })
}

// inTx words what is no fault yet as a database that is away.
func inTx(ctx context.Context, pool *pgxpool.Pool, work func(pgx.Tx) error) error {
	err := postgres.InTx(ctx, pool, work)
	if _, ok := errors.AsType[*fault.Error](err); err == nil || ok {
		return err
	}
	return fault.Wrap(fault.Unavailable, err, "the audit log could not be written")
}
