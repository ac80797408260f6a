package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/postgres"
)

// Recorder notes a person's change in the transaction that makes it.
type Recorder func(ctx context.Context, tx pgx.Tx, action, subject string, before, after any) error

// OutboxOptions of NewOutbox; the zero value is ready for use.
type OutboxOptions struct {
	Clock  func() time.Time // default time.Now
	Record Recorder         // told when dead letters are tried again; may be nil
}

// Outbox accepts notifications and shows what became of them. It needs no
// channel: those are the Sender's, which may run elsewhere.
type Outbox struct {
	pool   *pgxpool.Pool
	clock  func() time.Time
	record Recorder
}

// NewOutbox makes an Outbox on a migrated database.
func NewOutbox(pool *pgxpool.Pool, o OutboxOptions) *Outbox {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Record == nil {
		o.Record = func(context.Context, pgx.Tx, string, string, any, any) error { return nil }
	}
	return &Outbox{pool: pool, clock: o.Clock, record: o.Record}
}

const acceptSQL = `insert into notifications (key, kind, severity, resolved, title, body, html, link, fields, accepted_at)
	values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`

// Enqueue accepts a notification: it will be delivered if the transaction
// commits, and not be heard of if it does not. It only inserts a row, so it
// waits for nobody. fault.Invalid is a mistake of the program; any other error
// is the database's and the transaction is lost.
func (o *Outbox) Enqueue(ctx context.Context, tx pgx.Tx, n Notification) error {
	n, err := n.normal()
	if err != nil {
		return err
	}
	if n.At.IsZero() {
		n.At = o.clock()
	}
	if _, err := tx.Exec(ctx, acceptSQL, n.Key, n.Kind, n.Severity, n.Resolved, n.Title, n.Body, n.HTML, n.Link, n.Fields, n.At); err != nil {
		return fmt.Errorf("the notification %q could not be accepted: %w", n.Key, err)
	}
	return nil
}

// Accept is Enqueue in a transaction of its own, for what has none.
func (o *Outbox) Accept(ctx context.Context, n Notification) error {
	return o.inTx(ctx, "the notification could not be accepted", func(tx pgx.Tx) error { return o.Enqueue(ctx, tx, n) })
}

// inTx words what is no fault yet as a database that is away.
func (o *Outbox) inTx(ctx context.Context, message string, work func(pgx.Tx) error) error {
	err := postgres.InTx(ctx, o.pool, work)
	if _, ok := errors.AsType[*fault.Error](err); err == nil || ok {
		return err
	}
	return fault.Wrap(fault.Unavailable, err, "%s", message)
}
