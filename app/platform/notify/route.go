package notify

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// target is one channel that a notification goes to.
type target struct{ channel, insteadOf string }

// targets applies the first rule that fits. What is meant for a channel that
// is not configured goes to the log, so that it is not lost.
func targets(rules []Rule, n Notification, configured func(string) bool) []target {
	var to []target
	for _, r := range rules {
		if (r.Kind != "" && r.Kind != n.Kind) || (r.Severity != "" && r.Severity != n.Severity) {
			continue
		}
		for _, channel := range r.Channels {
			if configured(channel) {
				to = append(to, target{channel: channel})
			} else if !slices.ContainsFunc(to, func(t target) bool { return t.channel == Log }) {
				to = append(to, target{channel: Log, insteadOf: channel})
			}
		}
		break
	}
	if len(to) == 0 {
		to = []target{{channel: Log}}
	}
	return to
}

func (s *Sender) targets(n Notification) []target {
	return targets(s.o.Rules, n, func(name string) bool { return s.channels[name] != nil })
}

// Routes gives the channels that a notification would go to.
func (s *Sender) Routes(n Notification) []string {
	var names []string
	for _, t := range s.targets(n) {
		names = append(names, t.channel)
	}
	return names
}

const (
	routeBatch = 500

	// The gravest matters first, each in the order in which it was accepted.
	acceptedSQL = `select id, key, kind, severity, resolved, accepted_at from notifications
		where routed_at is null
		order by min(array_position(array['critical', 'warning', 'ticket', 'info'], severity)) over (partition by key), id limit $1`
	routedSQL = `update notifications set routed_at = $1 where id = any($2)`
	// The order in which they were accepted is the order of delivery.
	addressSQL = `insert into notification_deliveries (notification_id, channel, instead_of, key, queued_at, next_at)
		select id, channel, instead_of, key, $5, $5
		from unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) as u (id, channel, instead_of, key) order by id`
	// What no channel had room for is counted and needs no row.
	countedSQL = `delete from notifications n where id = any($1)
		and not exists (select 1 from notification_deliveries d where d.notification_id = n.id)`
)

// arrival is an accepted notification as routing sees it.
type arrival struct {
	id int64
	Notification
}

// route takes a batch of what was accepted through deduplication and gives
// each channel its part.
func (s *Sender) route(ctx context.Context) (more bool, err error) {
	tally := tally{}
	err = s.inLane(ctx, routerLane, func(tx pgx.Tx, _ lane) error {
		rows, err := tx.Query(ctx, acceptedSQL, routeBatch)
		if err != nil {
			return err
		}
		batch, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (arrival, error) {
			var a arrival
			err := row.Scan(&a.id, &a.Key, &a.Kind, &a.Severity, &a.Resolved, &a.At)
			return a, err
		})
		if err != nil || len(batch) == 0 {
			return err
		}
		more = len(batch) == routeBatch
		fresh, err := s.dedup(ctx, tx, batch, tally)
		if err != nil {
			return err
		}
		return s.fanOut(ctx, tx, fresh)
	})
	if err != nil {
		return false, err
	}
	tally.tell(s.o.Count)
	return more, s.keepHouse(ctx)
}

// fanOut makes a delivery for every channel of every notification.
func (s *Sender) fanOut(ctx context.Context, tx pgx.Tx, fresh []arrival) error {
	now := s.o.Clock()
	byChannel := map[string][]addressed{}
	for _, a := range fresh {
		for _, to := range s.targets(a.Notification) {
			byChannel[to.channel] = append(byChannel[to.channel], addressed{a, to.insteadOf})
		}
	}
	var ids []int64
	var channels, insteadOf, keys []string
	for channel, all := range byChannel {
		kept, err := s.withinLimit(ctx, tx, channel, all)
		if err != nil {
			return err
		}
		for _, a := range kept {
			ids, channels, insteadOf, keys = append(ids, a.id), append(channels, channel), append(insteadOf, a.insteadOf), append(keys, a.Key)
		}
	}
	if _, err := tx.Exec(ctx, addressSQL, ids, channels, insteadOf, keys, now); err != nil {
		return err
	}
	routed := make([]int64, len(fresh))
	for i, a := range fresh {
		routed[i] = a.id
	}
	if _, err := tx.Exec(ctx, countedSQL, routed); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, routedSQL, now, routed)
	return err
}

// tally counts by channel and result what is told when the transaction stands.
type tally map[[2]string]int

func (t tally) add(channel, result string, n int) { t[[2]string{channel, result}] += n }

func (t tally) tell(count func(channel, result string, n int)) {
	for key, n := range t {
		if n > 0 {
			count(key[0], key[1], n)
		}
	}
}

const purgeEvery = time.Hour

// keepHouse counts the dead letters and deletes what is old.
func (s *Sender) keepHouse(ctx context.Context) error {
	dead, err := s.outbox.Dead(ctx)
	if err != nil {
		return err
	}
	s.dead.Store(int64(dead))
	now := s.o.Clock()
	if now.Sub(s.purged) < purgeEvery {
		return nil
	}
	s.purged = now
	_, err = s.outbox.Purge(ctx, now.Add(-s.o.Retention))
	return err
}
