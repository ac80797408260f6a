package notify

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// The gravest goes first, since what the rate leaves over is summed up; but
	// never before an earlier one of the same key: a resolution must not
	// overtake what it resolves. A digest, and what has been due for a whole
	// stretch of the rate, are not kept waiting by what is graver. While the
	// channel fails ($4) what is due longest goes first, so that one message
	// that it chokes on does not block the others.
	nextSQL = `select d.id, d.instead_of, d.digest, d.attempts, d.queued_at,
			n.key, n.kind, n.severity, n.resolved, n.title, n.body, n.html, n.link, n.fields, n.accepted_at
		from notification_deliveries d join notifications n on n.id = d.notification_id
		where d.channel = $1 and d.state = 'pending' and d.next_at <= $2 and not exists (
			select 1 from notification_deliveries e
			where e.channel = d.channel and e.key = d.key and e.id < d.id and e.state = 'pending')
		order by case when $4 or d.digest or d.next_at <= $3 then 0
			else array_position(array['critical', 'warning', 'ticket', 'info'], n.severity) end, d.next_at, d.id
		limit 1 for update of d skip locked`
	sentSQL = `update notification_deliveries
		set state = 'sent', attempts = attempts + 1, tried_at = $2, ended_at = $2, error = '' where id = $1`
	digestedSQL = `update notification_deliveries set state = 'digested', ended_at = $2 where digest_id = $1`
	wellSQL     = `update notification_lanes set failures = 0, paused_until = null where name = $1 and failures > 0`
)

// delivery is a row whose turn it is.
type delivery struct {
	Message
	digest   bool
	attempts int
	queuedAt time.Time
}

// deliver takes one step for a channel: it holds back what is too much, or
// sends one message. The row's lock is kept while it is sent, so nobody sends
// it twice; if this process dies, the row is as it was.
func (s *Sender) deliver(ctx context.Context, channel Channel) (more bool, err error) {
	name, tally := channel.Name(), tally{}
	err = s.inLane(ctx, name, func(tx pgx.Tx, l lane) error {
		more = false
		budget, err := s.budget(ctx, tx, name)
		if err != nil {
			return err
		}
		if budget <= 0 || l.failures >= holdAfter {
			held, err := s.hold(ctx, tx, name)
			if err != nil || held > 0 { // others need not wait for the network
				tally.add(name, ResultDigested, held)
				more = true
				return err
			}
		}
		if budget <= 0 || l.pausedUntil != nil && s.o.Clock().Before(*l.pausedUntil) {
			return nil
		}
		d, err := s.next(ctx, tx, name, l)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if d.digest {
			if d.Message, err = s.describe(ctx, tx, name, d.Message); err != nil {
				return err
			}
		}
		more = true
		if err := s.send(ctx, channel, d.Message); err != nil {
			return s.failed(ctx, tx, name, l, d, failureOf(err), tally)
		}
		return s.delivered(ctx, tx, name, d, tally)
	})
	if err != nil {
		return false, err
	}
	tally.tell(s.o.Count)
	return more, nil
}

func (s *Sender) next(ctx context.Context, tx pgx.Tx, channel string, l lane) (d delivery, err error) {
	now := s.o.Clock()
	err = tx.QueryRow(ctx, nextSQL, channel, now, now.Add(-s.rate(channel).Per), l.failures > 0).Scan(&d.ID, &d.InsteadOf, &d.digest, &d.attempts, &d.queuedAt,
		&d.Key, &d.Kind, &d.Severity, &d.Resolved, &d.Title, &d.Body, &d.HTML, &d.Link, &d.Fields, &d.At)
	return d, err
}

// sendTimeout bounds one attempt.
const sendTimeout = 15 * time.Second

func (s *Sender) send(ctx context.Context, channel Channel, m Message) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	return channel.Send(ctx, m)
}

func (s *Sender) delivered(ctx context.Context, tx pgx.Tx, channel string, d delivery, tally tally) error {
	now := s.o.Clock()
	if _, err := tx.Exec(ctx, sentSQL, d.ID, now); err != nil {
		return err
	}
	if d.digest {
		if _, err := tx.Exec(ctx, digestedSQL, d.ID, now); err != nil {
			return err
		}
		if stateful(channel) && !d.Resolved {
			if err := s.endLater(ctx, tx, channel, d); err != nil {
				return err
			}
		}
	}
	tally.add(channel, ResultSent, 1)
	_, err := tx.Exec(ctx, wellSQL, channel)
	return err
}
