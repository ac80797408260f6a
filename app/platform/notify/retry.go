package notify

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
)

// Backoff doubles the wait from First up to Most. Each wait is drawn from its
// upper half, so that replicas and rows do not come back together.
type Backoff struct {
	First, Most time.Duration // default 2 s and 5 min
	Random      func() float64
}

func (b Backoff) withDefaults() Backoff {
	b.First = orDefault(b.First, 2*time.Second)
	b.Most = orDefault(b.Most, 5*time.Minute)
	if b.Random == nil {
		b.Random = rand.Float64
	}
	return b
}

// wait is the time after a number of failures in a row, 1 or more.
func (b Backoff) wait(failures int) time.Duration {
	most := b.Most
	if shift := failures - 1; shift < 32 {
		most = min(b.First<<shift, b.Most)
	}
	return most/2 + time.Duration(b.Random()*float64(most/2))
}

const (
	againSQL = `update notification_deliveries
		set attempts = attempts + 1, tried_at = $2, next_at = $3, error = $4 where id = $1`
	pauseSQL = `update notification_lanes set failures = failures + 1, paused_until = $2 where name = $1`
)

// failed has a delivery tried again, and the whole channel left alone for a
// while: one message finds out whether it is back, not all of them. What no
// repetition mends, or has been tried for too long, is dead.
func (s *Sender) failed(ctx context.Context, tx pgx.Tx, channel string, l lane, d delivery, f *Failure, tally tally) error {
	now := s.o.Clock()
	if !f.Retry || now.Sub(d.queuedAt) >= s.o.GiveUpAfter {
		return s.bury(ctx, tx, channel, l, d, f, tally)
	}
	wait := max(s.o.Backoff.wait(d.attempts+1), f.After)
	if _, err := tx.Exec(ctx, againSQL, d.ID, now, now.Add(wait), f.Reason); err != nil {
		return err
	}
	tally.add(channel, ResultRetried, 1)
	if l.failures == 0 {
		s.o.Logger.LogAttrs(ctx, slog.LevelWarn, "a notification channel does not take messages; they wait",
			slog.String("channel", channel), slog.String("reason", f.Reason), slog.Int64("delivery", d.ID), slog.String("next", wait.Round(time.Millisecond).String()))
	}
	return s.pause(ctx, tx, channel, l, f)
}

func (s *Sender) pause(ctx context.Context, tx pgx.Tx, channel string, l lane, f *Failure) error {
	until := s.o.Clock().Add(max(s.o.Backoff.wait(l.failures+1), f.After))
	_, err := tx.Exec(ctx, pauseSQL, channel, until)
	return err
}
