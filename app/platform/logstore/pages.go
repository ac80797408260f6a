package logstore

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/script-ohio/platform/app/fault"
)

// pages goes through the lines of a time until there are none. Loki has no
// cursor, only times: a page may end among lines of one nanosecond, so the
// last ones are left for the next page, which begins with all of them.
type pages struct {
	loki      *Loki
	next, end int64 // Unix nanoseconds that are still to be read
	limit     int   // lines to ask for
	narrow    int   // as many lines of the nanosecond next there are at least
	done      bool
}

// read gives the next lines in order, if any, and moves on behind them.
func (p *pages) read(ctx context.Context) ([]entry, error) {
	entries, err := p.loki.page(ctx, p.next, p.end, p.limit)
	if f, ok := errors.AsType[*failure](err); ok && f.smaller {
		return nil, p.shrink(err)
	}
	if err != nil {
		return nil, err
	}
	full := len(entries) >= p.limit
	// Nothing that was not asked for, whatever rounds times on the way.
	entries = slices.DeleteFunc(entries, func(e entry) bool { return e.at < p.next || e.at >= p.end })
	slices.SortStableFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.labels, b.labels))
	})
	if len(entries) == 0 {
		if full {
			return nil, fault.New(fault.Unavailable, "the Loki at %s answers with lines of other times than it was asked for", p.loki.server.Host)
		}
		p.done = true
		return nil, nil
	}
	last := entries[len(entries)-1].at
	switch {
	case last > p.next:
		border, _ := slices.BinarySearchFunc(entries, last, func(e entry, at int64) int { return cmp.Compare(e.at, at) })
		entries, p.next = entries[:border], last
	case full: // of one nanosecond, and maybe there is more of it
		p.narrow, p.limit = p.limit, 2*p.limit
		return nil, nil
	default:
		p.next++
	}
	p.limit, p.narrow = min(p.limit, p.loki.o.PageLines), 0
	return entries, nil
}

// shrink asks for less after a page that was too big.
func (p *pages) shrink(cause error) error {
	if p.limit /= 2; p.limit > p.narrow {
		return nil
	}
	if p.narrow > 0 {
		return fault.Wrap(fault.Unavailable, cause, "the Loki at %s does not give all lines of %s: it has at least %d of that nanosecond",
			p.loki.server.Host, time.Unix(0, p.next).UTC().Format(time.RFC3339Nano), p.narrow)
	}
	return cause
}
