package ratelimit

import (
	"context"

	"github.com/script-ohio/platform/app/contract"
)

// Memory is a Limiter for one process. It remembers a key until its bucket is
// full again, and at most Options.MaxKeys keys (~100 B each): beyond that, new
// keys push out those that are nearest to full.
type Memory struct {
	clock   clock
	buckets *table[int64] // µs at which the bucket is full: GCRA's theoretical arrival time
}

// NewMemory makes a Memory; it uses Clock and MaxKeys of the options.
func NewMemory(opts Options) *Memory {
	opts = opts.withDefaults()
	return &Memory{
		clock:   startClock(opts.Clock),
		buckets: newTable(opts.MaxKeys, func(full int64) int64 { return full }),
	}
}

// Allow implements Limiter. A known key costs one short lock and no
// allocation.
func (m *Memory) Allow(_ context.Context, key string, rate contract.Rate, cost int) Decision {
	b, need := budgetOf(rate), tokens(cost)
	s := m.buckets.shard(key)
	s.Lock()
	defer s.Unlock()

	now := m.clock.micros()
	full, known := s.entries[key]
	g := b.take(full-now, need, need)
	if g.given > 0 {
		if known {
			s.entries[key] = now + g.debt
		} else {
			m.buckets.add(s, key, now+g.debt, now)
		}
	}
	return b.decision(BackendMemory, g.given > 0, g.debt, g.wait)
}
