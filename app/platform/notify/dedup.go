package notify

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// told is the last notification of a key that was not a repeat.
type told struct {
	id       int64
	resolved bool
	at       time.Time
}

const (
	toldSQL = `select distinct on (key) key, id, resolved, accepted_at from notifications
		where key = any($1) and routed_at is not null order by key, id desc`
	repeatedSQL = `with gone as (delete from notifications where id = any($1))
		update notifications n set repeats = repeats + u.more
		from unnest($2::bigint[], $3::int[]) as u (id, more) where n.id = u.id`
)

// dedup takes out what was told already. A repeat leaves no row; the one that
// was told counts it.
func (s *Sender) dedup(ctx context.Context, tx pgx.Tx, batch []arrival, tally tally) ([]arrival, error) {
	keys := make([]string, len(batch))
	for i, a := range batch {
		keys[i] = a.Key
	}
	rows, err := tx.Query(ctx, toldSQL, keys)
	if err != nil {
		return nil, err
	}
	last := map[string]told{}
	var key string
	var t told
	if _, err := pgx.ForEachRow(rows, []any{&key, &t.id, &t.resolved, &t.at}, func() error { last[key] = t; return nil }); err != nil {
		return nil, err
	}
	fresh, repeats := withoutRepeats(batch, last, s.o.DedupWindow)
	if len(repeats) == 0 {
		return fresh, nil
	}
	var gone, of []int64
	counts := map[int64]int{}
	for _, r := range repeats {
		gone = append(gone, r.id)
		counts[r.of]++
		for _, to := range s.targets(r.Notification) {
			tally.add(to.channel, ResultDuplicate, 1)
		}
	}
	var more []int
	for id, n := range counts {
		of, more = append(of, id), append(more, n)
	}
	_, err = tx.Exec(ctx, repeatedSQL, gone, of, more)
	return fresh, err
}

type repeat struct {
	arrival
	of int64 // what was told
}

// withoutRepeats goes through a batch in order. A notification repeats the last
// one told of its key when that has the same state and is within the window;
// so something that goes on is told again once in every window, also after a
// clock that ran ahead.
func withoutRepeats(batch []arrival, last map[string]told, window time.Duration) (fresh []arrival, repeats []repeat) {
	for _, a := range batch {
		if t, ok := last[a.Key]; ok && t.resolved == a.Resolved && a.At.Sub(t.at).Abs() < window {
			repeats = append(repeats, repeat{a, t.id})
			continue
		}
		last[a.Key] = told{a.id, a.Resolved, a.At}
		fresh = append(fresh, a)
	}
	return fresh, repeats
}
