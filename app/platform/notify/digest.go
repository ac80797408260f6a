package notify

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/script-ohio/platform/app/contract"
)

const (
	newDigestSQL = `with n as (
			insert into notifications (key, kind, severity, title, accepted_at, routed_at)
			values ('digest:' || $1 || ':' || gen_random_uuid(), $2, 'info', 'what was held back', $3, $3) returning id, key)
		insert into notification_deliveries (notification_id, channel, key, digest, queued_at, next_at)
		select id, $1, key, true, $3, $4 from n returning id`
	digestGroupsSQL = `
		select kind, severity, sum(count)::bigint, min(first_at), max(last_at) from (
			select n.kind, n.severity, count(*) + sum(n.repeats) as count, min(n.accepted_at) as first_at, max(n.accepted_at) as last_at
			from notification_deliveries d join notifications n on n.id = d.notification_id where d.digest_id = $1 group by 1, 2
			union all
			select kind, severity, count, first_at, last_at from notification_overflow where digest_id = $1
		) as parts group by 1, 2 order by array_position(array['critical', 'warning', 'ticket', 'info'], severity), 3 desc, 1`
	digestTitlesSQL = `select n.severity, n.resolved, n.title from notification_deliveries d join notifications n on n.id = d.notification_id
		where d.digest_id = $1
		order by array_position(array['critical', 'warning', 'ticket', 'info'], n.severity), n.resolved, d.id limit $2`
	describeDigestSQL = `update notifications n set title = $2, body = $3, severity = $4
		from notification_deliveries d where d.id = $1 and n.id = d.notification_id`

	maxGroups = 20 // kinds that a digest names
	maxTitles = 10 // notifications that it quotes
)

// openDigest makes the digest of a channel. It waits as long as the rate
// counts, so that there is one for a storm and not many.
func (s *Sender) openDigest(ctx context.Context, tx pgx.Tx, channel string) (id int64, err error) {
	now := s.o.Clock()
	err = tx.QueryRow(ctx, newDigestSQL, channel, kindDigest, now, now.Add(s.rate(channel).Per)).Scan(&id)
	return id, err
}

type digestGroup struct {
	kind        string
	severity    contract.Severity
	count       int64
	first, last time.Time
}

// describe writes what a digest sums up into its message, and keeps it in the
// row for whoever lists it.
func (s *Sender) describe(ctx context.Context, tx pgx.Tx, channel string, m Message) (Message, error) {
	rows, err := tx.Query(ctx, digestGroupsSQL, m.ID)
	if err != nil {
		return m, err
	}
	groups, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (digestGroup, error) {
		var g digestGroup
		err := row.Scan(&g.kind, &g.severity, &g.count, &g.first, &g.last)
		return g, err
	})
	if err != nil {
		return m, err
	}
	if rows, err = tx.Query(ctx, digestTitlesSQL, m.ID, maxTitles); err != nil {
		return m, err
	}
	titles, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (string, error) {
		var n Notification
		err := row.Scan(&n.Severity, &n.Resolved, &n.Title)
		return Message{Notification: n}.headline(), err
	})
	if err != nil {
		return m, err
	}
	m.Title, m.Body, m.Severity = digestText(groups, titles, s.rate(channel))
	_, err = tx.Exec(ctx, describeDigestSQL, m.ID, m.Title, m.Body, m.Severity)
	return m, err
}

// digestText says how many, which kinds, and that it is late.
func digestText(groups []digestGroup, titles []string, rate Rate) (title, body string, gravest contract.Severity) {
	gravest = contract.Info
	var all, more int64
	var first, last time.Time
	var kinds strings.Builder
	for i, g := range groups {
		if i == 0 {
			gravest, first = g.severity, g.first
		}
		all += g.count
		if g.first.Before(first) {
			first = g.first
		}
		if g.last.After(last) {
			last = g.last
		}
		if i < maxGroups {
			fmt.Fprintf(&kinds, "- %d of %s, %s\n", g.count, g.kind, g.severity)
		} else {
			more += g.count
		}
	}
	if more > 0 {
		fmt.Fprintf(&kinds, "- %d of %d other kinds\n", more, len(groups)-maxGroups)
	}
	title = fmt.Sprintf("%d notifications in one, delayed", all)
	body = fmt.Sprintf("This message is late and stands for %d. More came than the %d in %s that go out one by one, or the channel was away, so they were held.\n"+
		"The first is of %s, the last of %s.\n\n%s", all, rate.Messages, rate.Per, stamp(first), stamp(last), kinds.String())
	if len(titles) > 0 {
		body += "\nThe gravest, first come first:\n- " + strings.Join(titles, "\n- ") + "\n"
	}
	return title, cut(body, maxBody), gravest
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
