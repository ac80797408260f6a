package ratelimit

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
)

func TestMemoryForgetsFullBuckets(t *testing.T) {
	now := time.Unix(1_750_000_000, 0)
	m := NewMemory(Options{Clock: func() time.Time { return now }})
	for i := range 10_000 {
		m.Allow(t.Context(), fmt.Sprint("old", i), contract.Rate{PerSecond: 1, Burst: 1}, 1)
	}
	require.Equal(t, 10_000, m.buckets.len())
	now = now.Add(time.Hour)
	for i := range 1000 { // enough to touch every shard
		m.Allow(t.Context(), fmt.Sprint("new", i), contract.Rate{PerSecond: 1, Burst: 1}, 1)
	}
	require.Equal(t, 1000, m.buckets.len())
}

func TestMemoryIsBoundedAndGivesUpTheFullestBuckets(t *testing.T) {
	now := time.Unix(1_750_000_000, 0)
	m := NewMemory(Options{Clock: func() time.Time { return now }, MaxKeys: 64 * sampled})
	slow, fast := contract.Rate{PerSecond: .01, Burst: 1}, contract.Rate{PerSecond: 100, Burst: 1}
	m.Allow(t.Context(), "offender", slow, 1)
	for i := range 20_000 {
		m.Allow(t.Context(), fmt.Sprint("passer-by", i), fast, 1)
	}
	require.LessOrEqual(t, m.buckets.len(), 64*sampled)
	require.False(t, m.Allow(t.Context(), "offender", slow, 1).Allowed, "a flood of keys must not clear a debt")
}

func TestMemoryAllowsExactlyTheBurstUnderConcurrency(t *testing.T) {
	now := time.Unix(1_750_000_000, 0)
	m := NewMemory(Options{Clock: func() time.Time { return now }})
	var allowed atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 1000 {
				if m.Allow(t.Context(), fmt.Sprint(i%4), contract.Rate{PerSecond: 1, Burst: 300}, 1).Allowed {
					allowed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 4*300, allowed.Load())
}

// len counts the entries, expired ones included.
func (t *table[E]) len() int {
	n := 0
	for i := range t.shards {
		s := &t.shards[i]
		s.Lock()
		n += len(s.entries)
		s.Unlock()
	}
	return n
}
