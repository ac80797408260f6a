package notify

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// Rate is the most messages that a channel gets in any stretch of time.
type Rate struct {
	Messages int
	Per      time.Duration
}

func (s *Sender) rate(channel string) Rate {
	if rate, ok := s.o.Rates[channel]; ok {
		return rate
	}
	if channel == Log {
		return Rate{Messages: 600, Per: time.Minute}
	}
	return Rate{Messages: 20, Per: time.Minute}
}

// holdAfter is how many failures in a row make a channel one that is away, so
// that what comes meanwhile is summed up instead of poured out afterwards.
const holdAfter = 3

const (
	triedSQL = `select count(*) from notification_deliveries where channel = $1 and tried_at > $2`
	// A digest takes more in until it is delivered: one message after an outage.
	openDigestSQL = `select id from notification_deliveries
		where channel = $1 and digest and state = 'pending' order by id desc limit 1`
	// On a channel that keeps a state by key, the end of what was told by
	// itself must be told by itself too, or it would never end there.
	freshSQL = `from notification_deliveries f join notifications n on n.id = f.notification_id
		where f.channel = $1 and f.state = 'pending' and f.attempts = 0 and not f.digest and f.next_at <= $2
			and not ($3 and n.resolved and exists (
				select 1 from notification_deliveries e join notifications m on m.id = e.notification_id
				where e.channel = $1 and e.key = f.key and e.id < f.id and not m.resolved
					and (e.state = 'sent' or e.state = 'pending' and e.attempts > 0)))`
	anyHeldSQL = `select exists (select 1 ` + freshSQL + `)
		or exists (select 1 from notification_overflow where channel = $1 and digest_id is null)`
	holdSQL = `update notification_deliveries set state = 'held', digest_id = $4
		where id in (select f.id ` + freshSQL + ` order by f.id limit $5)`
	holdOverflowSQL = `update notification_overflow set digest_id = $2 where channel = $1 and digest_id is null`

	holdBatch = 5000
)

// budget is how many messages the channel may get now. Failed attempts count:
// a channel that refuses is not to be stormed either.
func (s *Sender) budget(ctx context.Context, tx pgx.Tx, channel string) (int, error) {
	var tried int
	rate := s.rate(channel)
	err := tx.QueryRow(ctx, triedSQL, channel, s.o.Clock().Add(-rate.Per)).Scan(&tried)
	return rate.Messages - tried, err
}

// stateful tells whether a channel keeps a matter open, by its key, until it
// is told of the end.
func stateful(channel string) bool { return channel == PagerDuty }

// hold puts what waits for its first attempt into the channel's open digest,
// which it makes when there is none. It tells how many went in.
func (s *Sender) hold(ctx context.Context, tx pgx.Tx, channel string) (int, error) {
	now := s.o.Clock()
	var due bool
	if err := tx.QueryRow(ctx, anyHeldSQL, channel, now, stateful(channel)).Scan(&due); err != nil || !due {
		return 0, err
	}
	var digest int64
	err := tx.QueryRow(ctx, openDigestSQL, channel).Scan(&digest)
	if errors.Is(err, pgx.ErrNoRows) {
		digest, err = s.openDigest(ctx, tx, channel)
	}
	if err != nil {
		return 0, err
	}
	if _, err := tx.Exec(ctx, holdOverflowSQL, channel, digest); err != nil {
		return 0, err
	}
	held, err := tx.Exec(ctx, holdSQL, channel, now, stateful(channel), digest, holdBatch)
	return int(held.RowsAffected()), err
}
