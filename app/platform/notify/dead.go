package notify

import (
	"context"
	"log/slog"

	"github.com/jackc/pgx/v5"
)

const deadLetterSQL = `update notification_deliveries
	set state = 'dead', attempts = attempts + 1, tried_at = $2, ended_at = $2, error = $3 where id = $1`

// bury makes a delivery a dead letter: it stays until a person has it tried
// again, and a dead digest keeps what it sums up.
func (s *Sender) bury(ctx context.Context, tx pgx.Tx, channel string, l lane, d delivery, f *Failure, tally tally) error {
	if _, err := tx.Exec(ctx, deadLetterSQL, d.ID, s.o.Clock(), f.Reason); err != nil {
		return err
	}
	tally.add(channel, ResultDead, 1)
	s.o.Logger.LogAttrs(ctx, slog.LevelError, "a notification could not be delivered and waits for a person: ohio notify list --state dead",
		slog.String("channel", channel), slog.String("reason", f.Reason), slog.Int64("delivery", d.ID),
		slog.String("about", d.Key), slog.String("title", d.Title), slog.Int("attempts", d.attempts+1))
	if !f.Retry { // the message's fault, or for good: others may try their luck
		return nil
	}
	return s.pause(ctx, tx, channel, l, f)
}
