package notify

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
)

// State says how far a delivery is.
type State string

// The states. What is pending in a wider sense is accepted, pending or held.
const (
	Accepted State = "accepted" // not routed yet
	Pending  State = "pending"  // waits for an attempt
	Held     State = "held"     // waits for its digest
	Digested State = "digested" // told in a digest
	Sent     State = "sent"
	Dead     State = "dead" // given up; waits for a person
)

// Letter is one delivery as it is listed.
type Letter struct {
	ID         int64             `json:"id"` // zero while accepted
	State      State             `json:"state"`
	Channel    string            `json:"channel,omitempty"`
	InsteadOf  string            `json:"instead_of,omitempty"`
	Severity   contract.Severity `json:"severity"`
	Kind       string            `json:"kind"`
	Key        string            `json:"key"`
	Resolved   bool              `json:"resolved,omitempty"`
	Title      string            `json:"title"`
	Repeats    int               `json:"repeats,omitempty"` // came again and was not told again
	Digest     int64             `json:"digest_id,omitempty"`
	Attempts   int               `json:"attempts"`
	AcceptedAt time.Time         `json:"accepted_at"`
	NextAt     *time.Time        `json:"next_at,omitempty"`
	EndedAt    *time.Time        `json:"ended_at,omitempty"`
	Error      string            `json:"error,omitempty"` // of the last attempt
}

// MaxLetters is the most that List gives.
const MaxLetters = 1000

// The statements of the Outbox. Newest first.
const (
	lettersSQL = `
		select d.id, d.state, d.channel, d.instead_of, n.severity, n.kind, n.key, n.resolved, n.title, n.repeats,
			coalesce(d.digest_id, 0), d.attempts, n.accepted_at,
			case d.state when 'pending' then d.next_at end, d.ended_at, d.error
		from notification_deliveries d join notifications n on n.id = d.notification_id
		where d.state = any($1)
		union all
		select 0, 'accepted', '', '', severity, kind, key, resolved, title, repeats, 0, 0, accepted_at, null, null, ''
		from notifications where routed_at is null and 'accepted' = any($1)
		order by 13 desc, 1 desc limit $2`
	reviveSQL = `update notification_deliveries
		set state = 'pending', attempts = 0, queued_at = $1, next_at = $1, ended_at = null
		where state = 'dead' and ($2 = 0 or id = $2) returning id`
	// A pager that heard of the end would open the matter and never close it.
	mootSQL = `update notification_deliveries d set state = 'sent', ended_at = $1, error = $4
		from notifications n where n.id = d.notification_id and d.state = 'dead' and ($2 = 0 or d.id = $2)
			and d.channel = $3 and not d.digest and not n.resolved and exists (
				select 1 from notification_deliveries e join notifications m on m.id = e.notification_id
				where e.channel = d.channel and e.key = d.key and e.id > d.id and m.resolved)
		returning d.id`
	deadSQL  = `select count(*) from notification_deliveries where state = 'dead'`
	purgeSQL = `delete from notifications where id in (
		select n.id from notifications n where n.accepted_at < $1 and n.routed_at is not null and not exists (
			select 1 from notification_deliveries d where d.notification_id = n.id and d.state in ('pending', 'held', 'dead'))
		order by n.accepted_at limit $2)`
)

// List gives deliveries in the states, the newest first, MaxLetters at most.
func (o *Outbox) List(ctx context.Context, states []State, limit int) ([]Letter, error) {
	if limit <= 0 || limit > MaxLetters {
		limit = MaxLetters
	}
	rows, err := o.pool.Query(ctx, lettersSQL, states, limit)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the notifications could not be listed")
	}
	letters, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Letter, error) {
		var l Letter
		err := row.Scan(&l.ID, &l.State, &l.Channel, &l.InsteadOf, &l.Severity, &l.Kind, &l.Key, &l.Resolved, &l.Title, &l.Repeats,
			&l.Digest, &l.Attempts, &l.AcceptedAt, &l.NextAt, &l.EndedAt, &l.Error)
		return l, err
	})
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the notifications could not be listed")
	}
	return letters, nil
}

// Retry has a dead letter tried again from the start; fault.NotFound when there
// is no such one. One for a pager whose matter was over since is closed
// unsent, which is fault.Conflict.
func (o *Outbox) Retry(ctx context.Context, id int64) error {
	var closed []int64
	err := o.inTx(ctx, "the dead letter could not be tried again", func(tx pgx.Tx) error {
		var ids []int64
		var err error
		if closed, err = o.close(ctx, tx, id); err != nil {
			return err
		}
		if ids, err = o.revive(ctx, tx, id); err != nil {
			return err
		}
		if len(ids)+len(closed) == 0 {
			return fault.New(fault.NotFound, "there is no dead letter %d: `ohio notify list --state dead` shows them", id)
		}
		return o.record(ctx, tx, "notification.retry", fmt.Sprintf("notification/%d", id), nil, nil)
	})
	if err == nil && len(closed) > 0 {
		return fault.New(fault.Conflict, "the dead letter %d is closed and %s", id, moot)
	}
	return err
}

// moot is the error of a letter that was closed.
const moot = "not sent: what it tells of was over before it could be"

// RetryAll has every dead letter tried again and tells how many; those that
// Retry would close are closed.
func (o *Outbox) RetryAll(ctx context.Context) (n int, err error) {
	err = o.inTx(ctx, "the dead letters could not be tried again", func(tx pgx.Tx) error {
		closed, err := o.close(ctx, tx, 0)
		if err != nil {
			return err
		}
		ids, err := o.revive(ctx, tx, 0)
		if n = len(ids); err != nil || n+len(closed) == 0 {
			return err
		}
		return o.record(ctx, tx, "notification.retry", "notification/all-dead", nil, map[string]int{"letters": n})
	})
	return n, err
}

func (o *Outbox) revive(ctx context.Context, tx pgx.Tx, id int64) ([]int64, error) {
	return changed(ctx, tx, reviveSQL, o.clock(), id)
}

// close ends the dead letters that would open what nobody ends.
func (o *Outbox) close(ctx context.Context, tx pgx.Tx, id int64) ([]int64, error) {
	return changed(ctx, tx, mootSQL, o.clock(), id, PagerDuty, moot)
}

func changed(ctx context.Context, tx pgx.Tx, sql string, args ...any) ([]int64, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

// Dead counts the dead letters.
func (o *Outbox) Dead(ctx context.Context) (n int, err error) {
	if err := o.pool.QueryRow(ctx, deadSQL).Scan(&n); err != nil {
		return 0, fault.Wrap(fault.Unavailable, err, "the dead letters could not be counted")
	}
	return n, nil
}

const purgeBatch = 5000

// Purge deletes what was accepted before a time and has ended well; dead
// letters stay. It tells how many went.
func (o *Outbox) Purge(ctx context.Context, before time.Time) (int64, error) {
	var gone int64
	for {
		tag, err := o.pool.Exec(ctx, purgeSQL, before, purgeBatch)
		if err != nil {
			return gone, fault.Wrap(fault.Unavailable, err, "old notifications could not be deleted")
		}
		gone += tag.RowsAffected()
		if tag.RowsAffected() < purgeBatch {
			return gone, nil
		}
	}
}
