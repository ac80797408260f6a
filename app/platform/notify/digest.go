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
		select kind, severity, sum(count)::bigint, sum(begun)::bigint, min(first_at), max(last_at) from (
			select n.kind, n.severity, count(*) + sum(n.repeats) as count, count(*) filter (where not n.resolved) as begun,
				min(n.accepted_at) as first_at, max(n.accepted_at) as last_at
			from notification_deliveries d join notifications n on n.id = d.notification_id where d.digest_id = $1 group by 1, 2
			union all
			select kind, severity, count, count, first_at, last_at from notification_overflow where digest_id = $1
		) as parts group by 1, 2 order by array_position(array['critical', 'warning', 'ticket', 'info'], severity), 3 desc, 1`
	digestTitlesSQL = `select n.severity, n.resolved, n.title from notification_deliveries d join notifications n on n.id = d.notification_id
		where d.digest_id = $1
		order by array_position(array['critical', 'warning', 'ticket', 'info'], n.severity), n.resolved, d.id limit $2`
	describeDigestSQL = `update notifications n set title = $2, body = $3, severity = $4, resolved = $5
		from notification_deliveries d where d.id = $1 and n.id = d.notification_id`

	endDigestSQL = `with n as (
			insert into notifications (key, kind, severity, resolved, title, accepted_at, routed_at)
			values ($2, $3, $4, true, $5, $6, $6) returning id)
		insert into notification_deliveries (notification_id, channel, key, queued_at, next_at)
		select id, $1, $2, $7, $7 from n`

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

// digestOpen is how long a digest stands open on a pager: nobody else would
// ever end it, and an escalation has had two steps of the usual half hour by
// then. What goes on is told again by itself.
const digestOpen = time.Hour

// endLater ends a digest that a pager has taken. It must page: while the
// channel was away nothing of what it sums up did.
func (s *Sender) endLater(ctx context.Context, tx pgx.Tx, channel string, d delivery) error {
	now := s.o.Clock()
	_, err := tx.Exec(ctx, endDigestSQL, channel, d.Key, kindDigest, d.Severity, d.Title, now, now.Add(digestOpen))
	return err
}

type digestGroup struct {
	kind        string
	severity    contract.Severity
	count       int64
	begun       int64 // of count; the others are ends
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
		err := row.Scan(&g.kind, &g.severity, &g.count, &g.begun, &g.first, &g.last)
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
	m.Title, m.Body = digestText(groups, titles, s.rate(channel))
	m.Severity, m.Resolved = gravest(groups)
	_, err = tx.Exec(ctx, describeDigestSQL, m.ID, m.Title, m.Body, m.Severity, m.Resolved)
	return m, err
}

// gravest is the severity of the gravest that began, and whether nothing did:
// a digest of ends is no matter of its own and opens none.
func gravest(groups []digestGroup) (severity contract.Severity, over bool) {
	for _, g := range groups { // the gravest come first
		if g.begun > 0 {
			return g.severity, false
		}
	}
	if len(groups) == 0 {
		return contract.Info, true
	}
	return groups[0].severity, true
}

// digestText says how many, which kinds, and that it is late.
func digestText(groups []digestGroup, titles []string, rate Rate) (title, body string) {
	var all, more int64
	var first, last time.Time
	var kinds strings.Builder
	for i, g := range groups {
		if i == 0 {
			first = g.first
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
	if title = "1 notification, delayed"; all != 1 {
		title = fmt.Sprintf("%d notifications in one, delayed", all)
	}
	body = fmt.Sprintf("This message is late and stands for %d. More came than the %d in %s that go out one by one, or the channel was away, so they were held.\n"+
		"The first is of %s, the last of %s.\n\n%s", all, rate.Messages, rate.Per, stamp(first), stamp(last), kinds.String())
	if len(titles) > 0 {
		body += "\nThe gravest, first come first:\n- " + strings.Join(titles, "\n- ") + "\n"
	}
	return title, cut(body, maxBody)
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
