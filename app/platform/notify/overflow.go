package notify

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/script-ohio/platform/app/contract"
)

const (
	waitingSQL = `select count(*) from (select 1 from notification_deliveries
		where channel = $1 and state in ('pending', 'held') limit $2) as waiting`
	waitingGraveSQL = `select count(*) from (select 1 from notification_deliveries d join notifications n on n.id = d.notification_id
		where d.channel = $1 and d.state in ('pending', 'held') and n.severity = 'critical' limit $2) as waiting`
	overflowSQL = `insert into notification_overflow (channel, kind, severity, count, first_at, last_at)
		values ($1, $2, $3, $4, $5, $6)
		on conflict (channel, kind, severity) where digest_id is null do update set
			count = notification_overflow.count + excluded.count,
			first_at = least(notification_overflow.first_at, excluded.first_at),
			last_at = greatest(notification_overflow.last_at, excluded.last_at)`
)

// addressed is a notification for one channel.
type addressed struct {
	arrival
	insteadOf string
}

// withinLimit keeps as many as may wait for a channel, the gravest. The rest
// is counted by kind and severity, and told of in the next digest: a flood
// while the channel is away must not fill the database.
func (s *Sender) withinLimit(ctx context.Context, tx pgx.Tx, channel string, all []addressed) ([]addressed, error) {
	var waiting int
	if err := tx.QueryRow(ctx, waitingSQL, channel, s.o.MaxWaiting).Scan(&waiting); err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b addressed) int { return rank(a.Severity) - rank(b.Severity) })
	room, err := s.room(ctx, tx, channel, all, max(0, s.o.MaxWaiting-waiting))
	if err != nil {
		return nil, err
	}
	type group struct {
		kind     string
		severity contract.Severity
	}
	type sum struct {
		n           int
		first, last time.Time
	}
	sums := map[group]sum{}
	for _, a := range all[room:] {
		g := group{a.Kind, a.Severity}
		s := sums[g]
		if s.n == 0 || a.At.Before(s.first) {
			s.first = a.At
		}
		if a.At.After(s.last) {
			s.last = a.At
		}
		s.n++
		sums[g] = s
	}
	for g, sum := range sums {
		if _, err := tx.Exec(ctx, overflowSQL, channel, g.kind, g.severity, sum.n, sum.first, sum.last); err != nil {
			return nil, err
		}
	}
	return all[:room], nil
}

func rank(s contract.Severity) int { return slices.Index(contract.Severities(), s) }

// room is how many of all, sorted, may wait. As many that wake somebody as a
// digest quotes always may, however much of less weight waits already.
func (s *Sender) room(ctx context.Context, tx pgx.Tx, channel string, all []addressed, left int) (int, error) {
	grave := 0
	for grave < len(all) && all[grave].Severity == contract.Critical {
		grave++
	}
	if grave <= left {
		return min(len(all), left), nil
	}
	var waiting int
	err := tx.QueryRow(ctx, waitingGraveSQL, channel, maxTitles).Scan(&waiting)
	return min(grave, max(left, maxTitles-waiting)), err
}
