package ratelimit

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/contract"
)

func TestReplicasTogetherKeepTheLimitInEveryWindow(t *testing.T) {
	w := newWorld(t)
	rapid.Check(t, func(t *rapid.T) {
		w.server.FlushAll()
		rate := rapid.SampledFrom(rates).Draw(t, "rate")
		replicas := make([]*Shared, rapid.IntRange(1, 5).Draw(t, "replicas"))
		for i := range replicas {
			replicas[i] = NewShared(w.client, w.options())
		}
		var all []spending
		steps := genStep(rate)
		for range rapid.IntRange(1, 300).Draw(t, "requests") {
			w.advance(steps.Draw(t, "step").Truncate(time.Microsecond))
			replica := rapid.SampledFrom(replicas).Draw(t, "replica")
			cost := 1
			if rapid.IntRange(0, 4).Draw(t, "large") == 0 {
				cost = rapid.IntRange(1, max(1, rate.Burst/4)).Draw(t, "cost")
			}
			d := replica.Allow(t.Context(), "k", rate, cost)
			require.Equal(t, BackendRedis, d.Backend)
			require.Equal(t, d.Allowed, d.RetryAfter == 0)
			require.GreaterOrEqual(t, d.Remaining, 0)
			if d.Allowed {
				all = append(all, spending{w.now, cost})
			}
		}
		requireWithin(t, rate, all)
	})
}

// A lease that was taken from a full bucket must not come on top of a bucket
// that is full again.
func TestALeaseIsVoidOnceTheBucketCouldBeFull(t *testing.T) {
	w := newWorld(t)
	rate := contract.Rate{PerSecond: 1000, Burst: 1000}
	one, other := NewShared(w.client, w.options()), NewShared(w.client, w.options())
	require.True(t, one.Allow(t.Context(), "k", rate, 1).Allowed) // holds 49 more
	w.advance(50 * time.Millisecond)                              // and the bucket is full again

	allowed := 0
	for range 1100 {
		for _, s := range []*Shared{other, one} {
			if s.Allow(t.Context(), "k", rate, 1).Allowed {
				allowed++
			}
		}
	}
	require.LessOrEqual(t, allowed, 1000)
	require.Greater(t, allowed, 900)
}

// Leases must not cost callers their budget either: with demand above the
// rate on every replica, what is allowed stays close to what is due.
func TestReplicasTogetherGiveOutTheBudget(t *testing.T) {
	for _, replicas := range []int{1, 3, 20} {
		w := newWorld(t)
		rate := contract.Rate{PerSecond: 1000, Burst: 1000}
		shared := make([]*Shared, replicas)
		for i := range shared {
			shared[i] = NewShared(w.client, w.options())
		}
		allowed := 0
		const ticks = 2000 // of 5 ms: 10 s
		for tick := range ticks {
			for range 6 { // 1,200 a second
				if shared[(tick*6+allowed)%replicas].Allow(t.Context(), "k", rate, 1).Allowed {
					allowed++
				}
			}
			w.advance(5 * time.Millisecond)
		}
		due := float64(rate.Burst) + 10*rate.PerSecond
		require.LessOrEqual(t, float64(allowed), due)
		require.Greater(t, float64(allowed), .9*due, "%d replicas", replicas)
	}
}

func TestOneHopForManyRequests(t *testing.T) {
	for _, tc := range []struct {
		rate     contract.Rate
		requests int // at the full rate
		mostHops int64
	}{
		{contract.Rate{PerSecond: 10_000, Burst: 20_000}, 20_000, 45}, // one for 500
		{contract.Rate{PerSecond: 200, Burst: 1000}, 1000, 110},       // one for 10
		{contract.Rate{PerSecond: 2, Burst: 20}, 100, 101},
	} {
		w := newWorld(t)
		s := NewShared(w.client, w.options())
		s.Allow(t.Context(), "k", tc.rate, 1) // connects and loads the script
		before := w.hops.n.Load()
		for range tc.requests {
			w.advance(time.Duration(float64(time.Second) / tc.rate.PerSecond))
			require.True(t, s.Allow(t.Context(), "k", tc.rate, 1).Allowed)
		}
		require.LessOrEqual(t, w.hops.n.Load()-before, tc.mostHops, "%v", tc.rate)
	}
}

func TestDenialsAreAnsweredLocallyUntilRetryAfter(t *testing.T) {
	w := newWorld(t)
	s := NewShared(w.client, w.options())
	rate := contract.Rate{PerSecond: .5, Burst: 1}
	require.True(t, s.Allow(t.Context(), "k", rate, 1).Allowed)
	require.Equal(t, 2*time.Second, s.Allow(t.Context(), "k", rate, 1).RetryAfter)

	before := w.hops.n.Load()
	w.advance(1500 * time.Millisecond)
	d := s.Allow(t.Context(), "k", rate, 1)
	require.Equal(t, Decision{Limit: 1, RetryAfter: 500 * time.Millisecond, ResetAfter: 500 * time.Millisecond, Backend: BackendRedis}, d)
	require.Equal(t, before, w.hops.n.Load())

	w.advance(d.RetryAfter)
	require.True(t, s.Allow(t.Context(), "k", rate, 1).Allowed)
}

func TestACostAboveTheLeaseTakesOnlyWhatIsMissing(t *testing.T) {
	w := newWorld(t)
	s := NewShared(w.client, w.options())
	rate := contract.Rate{PerSecond: 100, Burst: 100} // leases of 5
	spent := 0
	for _, cost := range []int{1, 20, 3, 7, 30, 30, 9} {
		d := s.Allow(t.Context(), "k", rate, cost)
		require.True(t, d.Allowed, "cost %d after %d", cost, spent)
		spent += cost
		require.Equal(t, 100-spent, d.Remaining)
	}
	require.False(t, s.Allow(t.Context(), "k", rate, 1).Allowed)
}

func TestAChangedRateTakesEffectAtOnce(t *testing.T) {
	w := newWorld(t)
	s := NewShared(w.client, w.options())
	slow := contract.Rate{PerSecond: .01, Burst: 1}
	require.True(t, s.Allow(t.Context(), "k", slow, 1).Allowed)
	require.False(t, s.Allow(t.Context(), "k", slow, 1).Allowed)
	d := s.Allow(t.Context(), "k", contract.Rate{PerSecond: 1000, Burst: 200_000}, 1)
	require.True(t, d.Allowed, "%+v", d)
}

func TestRedisAwayMeansMemoryAndOneLogLineEachWay(t *testing.T) {
	w := newWorld(t)
	var log bytes.Buffer
	opts := w.options()
	opts.Logger = slog.New(slog.NewTextHandler(&log, nil))
	s := NewShared(w.client, opts)
	rate := contract.Rate{PerSecond: 1, Burst: 2}
	hops := func(f func()) int64 {
		before := w.hops.n.Load()
		f()
		return w.hops.n.Load() - before
	}
	require.Equal(t, BackendRedis, s.Allow(t.Context(), "k", rate, 1).Backend)

	w.server.SetError("LOADING Redis is loading the dataset in memory")
	require.Positive(t, hops(func() {
		require.Equal(t, BackendMemory, s.Allow(t.Context(), "k", rate, 1).Backend)
	}))
	require.Zero(t, hops(func() { // nobody else waits for it
		require.Equal(t, BackendMemory, s.Allow(t.Context(), "other", rate, 1).Backend)
		require.True(t, s.Allow(t.Context(), "k", rate, 1).Allowed)
		require.False(t, s.Allow(t.Context(), "k", rate, 1).Allowed, "the limit holds in memory too")
	}))
	w.advance(time.Second)
	require.Positive(t, hops(func() { s.Allow(t.Context(), "k", rate, 1) }), "it is tried again")
	require.Zero(t, hops(func() { s.Allow(t.Context(), "k", rate, 1) }), "by one request")

	w.server.SetError("")
	w.advance(time.Second)
	require.Equal(t, BackendRedis, s.Allow(t.Context(), "k", rate, 1).Backend)
	require.Equal(t, 1, strings.Count(log.String(), "Redis is away"), log.String())
	require.Equal(t, 1, strings.Count(log.String(), "Redis is back"), log.String())
}

func TestOneRequestProbesAFailedRedis(t *testing.T) {
	b := breaker{cooldown: 1000}
	require.True(t, b.try(0))
	require.True(t, b.failed(10), "news")
	require.False(t, b.failed(10), "no news")
	require.False(t, b.try(1009))
	var tried atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if b.try(1010) {
				tried.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, tried.Load())
	require.True(t, b.answered())
	require.False(t, b.answered())
	require.True(t, b.try(1011))
}

func TestReplicasUnderConcurrencyNeverExceedTheBurst(t *testing.T) {
	w := newWorld(t)
	rate := contract.Rate{PerSecond: 200, Burst: 400}
	var allowed atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		s := NewShared(w.client, w.options())
		for range 4 {
			wg.Go(func() {
				for range 200 {
					if s.Allow(t.Context(), "k", rate, 1).Allowed {
						allowed.Add(1)
					}
				}
			})
		}
	}
	wg.Wait()
	require.EqualValues(t, 400, allowed.Load())
}

func TestRedisErrorsSayWhatWasTried(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, w.client.HSet(t.Context(), "ratelimit:k", "f", "v").Err())
	_, err := NewRedis(w.client).Allow(t.Context(), "k", rates[0], 1)
	require.ErrorContains(t, err, "rate limit bucket")
	require.Error(t, errors.Unwrap(err))
}

func TestALoneReplicaReportsLikeMemory(t *testing.T) {
	w := newWorld(t)
	s, m := NewShared(w.client, w.options()), NewMemory(w.options())
	rate := contract.Rate{PerSecond: 200, Burst: 100} // leases of 5
	for i := range 120 {
		if i == 60 {
			w.advance(7 * time.Millisecond)
		}
		got, want := s.Allow(t.Context(), "k", rate, 1), m.Allow(t.Context(), "k", rate, 1)
		want.Backend = BackendRedis
		require.Equal(t, want, got, "request %d", i)
	}
}

func TestLeasesAreThrownAwayAfterASecond(t *testing.T) {
	w := newWorld(t)
	s := NewShared(w.client, w.options())
	rate := contract.Rate{PerSecond: 100, Burst: 1000}            // leases of 5
	require.True(t, s.Allow(t.Context(), "k", rate, 900).Allowed) // a debt of 9 s
	require.True(t, s.Allow(t.Context(), "k", rate, 1).Allowed)   // a lease
	w.advance(time.Second - time.Microsecond)
	before := w.hops.n.Load()
	require.True(t, s.Allow(t.Context(), "k", rate, 1).Allowed)
	require.Equal(t, before, w.hops.n.Load())
	w.advance(time.Microsecond)
	require.True(t, s.Allow(t.Context(), "k", rate, 1).Allowed)
	require.Equal(t, before+1, w.hops.n.Load())
}
