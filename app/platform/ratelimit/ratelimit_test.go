package ratelimit

import (
	"context"
	"math"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/contract"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is one Redis and one clock for everything in a test.
type world struct {
	now    time.Time
	server *miniredis.Miniredis
	client *goredis.Client
	hops   hopCounter
}

// hopCounter counts the commands that go to Redis.
type hopCounter struct{ n atomic.Int64 }

func (h *hopCounter) DialHook(next goredis.DialHook) goredis.DialHook { return next }
func (h *hopCounter) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return next
}
func (h *hopCounter) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, cmd goredis.Cmder) error {
		h.n.Add(1)
		return next(ctx, cmd)
	}
}

func newWorld(t *testing.T) *world {
	w := &world{now: time.Date(2025, 9, 6, 16, 0, 0, 0, time.UTC), server: miniredis.RunT(t)}
	w.server.ClockTTL(true)
	w.server.SetTime(w.now)
	w.client = goredis.NewClient(&goredis.Options{Addr: w.server.Addr()})
	w.client.AddHook(&w.hops)
	t.Cleanup(func() { require.NoError(t, w.client.Close()) })
	return w
}

func (w *world) options() Options {
	return Options{Clock: func() time.Time { return w.now }, Timeout: time.Minute}
}

func (w *world) advance(d time.Duration) {
	w.now = w.now.Add(d)
	w.server.SetTime(w.now)
}

// rates has tight, roomy, slow and fast budgets, and ones that do not divide
// a second.
var rates = []contract.Rate{
	{PerSecond: 2, Burst: 20}, {PerSecond: .1, Burst: 2}, {PerSecond: 200, Burst: 1000}, {PerSecond: 1000, Burst: 100},
	{PerSecond: 3, Burst: 1}, {PerSecond: 700, Burst: 2000}, {PerSecond: 20_000, Burst: 3000},
}

// spending is what a test saw allowed.
type spending struct {
	at   time.Time
	cost int
}

// requireWithin checks every window: at most burst + rate*t may be spent in it.
func requireWithin(t require.TestingT, rate contract.Rate, all []spending) {
	for i := range all {
		sum := 0
		for _, s := range all[i:] {
			sum += s.cost
			most := float64(rate.Burst) + rate.PerSecond*s.at.Sub(all[i].at).Seconds()
			require.LessOrEqual(t, float64(sum), most+1e-6, "%d spent in %v", sum, s.at.Sub(all[i].at))
		}
	}
}

func genStep(rate contract.Rate) *rapid.Generator[time.Duration] {
	token := time.Duration(float64(time.Second) / rate.PerSecond)
	return rapid.Custom(func(t *rapid.T) time.Duration {
		switch rapid.IntRange(0, 9).Draw(t, "pace") {
		case 0:
			return time.Duration(rapid.Int64Range(0, int64(token)*int64(rate.Burst)*2).Draw(t, "pause"))
		case 1, 2, 3:
			return time.Duration(rapid.Int64Range(0, int64(token)*3).Draw(t, "step"))
		}
		return 0
	})
}

func TestMemoryKeepsTheLimitInEveryWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.SampledFrom(rates).Draw(t, "rate")
		now := time.Unix(1_750_000_000, 0)
		m := NewMemory(Options{Clock: func() time.Time { return now }})
		var all []spending
		steps := genStep(rate)
		for range rapid.IntRange(1, 300).Draw(t, "requests") {
			now = now.Add(steps.Draw(t, "step").Truncate(time.Microsecond)) // the resolution of the limiters
			cost := rapid.IntRange(1, max(1, rate.Burst/4)).Draw(t, "cost")
			if m.Allow(t.Context(), "k", rate, cost).Allowed {
				all = append(all, spending{now, cost})
			}
		}
		requireWithin(t, rate, all)
	})
}

// The two implementations of GCRA, in Go and in Lua, are twins.
func TestMemoryAndRedisAgreeStepByStep(t *testing.T) {
	w := newWorld(t)
	rapid.Check(t, func(t *rapid.T) {
		w.server.FlushAll()
		m, r := NewMemory(w.options()), NewRedis(w.client)
		for range rapid.IntRange(1, 100).Draw(t, "requests") {
			rate := rapid.SampledFrom(rates).Draw(t, "rate") // also changed under way
			w.advance(genStep(rate).Draw(t, "step").Truncate(time.Microsecond))
			key := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "key")
			cost := rapid.IntRange(0, rate.Burst+1).Draw(t, "cost")

			want := m.Allow(t.Context(), key, rate, cost)
			got, err := r.Allow(t.Context(), key, rate, cost)
			require.NoError(t, err)
			want.Backend = BackendRedis
			require.Equal(t, want, got)
		}
	})
}

func TestDecisionsTellWhereTheCallerStands(t *testing.T) {
	now := time.Unix(1_750_000_000, 0)
	m := NewMemory(Options{Clock: func() time.Time { return now }})
	rate := contract.Rate{PerSecond: 2, Burst: 3}
	allow := func(cost int) Decision { return m.Allow(t.Context(), "k", rate, cost) }

	half := 500 * time.Millisecond
	require.Equal(t, Decision{Allowed: true, Limit: 3, Remaining: 2, ResetAfter: half, Backend: BackendMemory}, allow(1))
	require.Equal(t, Decision{Allowed: true, Limit: 3, Remaining: 0, ResetAfter: 3 * half, Backend: BackendMemory}, allow(2))
	require.Equal(t, Decision{Limit: 3, RetryAfter: half, ResetAfter: 3 * half, Backend: BackendMemory}, allow(0))
	now = now.Add(half - time.Microsecond)
	require.Equal(t, time.Microsecond, allow(1).RetryAfter)
	now = now.Add(time.Microsecond)
	require.True(t, allow(1).Allowed, "RetryAfter is exact")
	require.Equal(t, 3*half, allow(3).RetryAfter)
	now = now.Add(time.Hour)
	require.False(t, allow(4).Allowed, "a cost above the burst never fits")
	require.True(t, allow(3).Allowed)
}

func TestSenselessRatesAreKeptLow(t *testing.T) {
	for _, rate := range []contract.Rate{
		{}, {PerSecond: -1, Burst: -1}, {PerSecond: math.NaN(), Burst: 1}, {PerSecond: 1e-300, Burst: 1}, {PerSecond: math.Inf(-1)},
	} {
		m := NewMemory(Options{})
		require.True(t, m.Allow(t.Context(), "k", rate, 1).Allowed)
		d := m.Allow(t.Context(), "k", rate, math.MaxInt)
		require.False(t, d.Allowed)
		require.Positive(t, d.RetryAfter)
	}
	b := budgetOf(contract.Rate{PerSecond: math.Inf(1), Burst: math.MaxInt})
	require.Equal(t, budget{interval: 1, capacity: maxBurst}, b)
}

func TestHeaders(t *testing.T) {
	for _, tc := range []struct {
		d    Decision
		want http.Header
	}{
		{
			Decision{Allowed: true, Limit: 20, Remaining: 7, ResetAfter: 6001 * time.Millisecond},
			http.Header{"Ratelimit-Limit": {"20"}, "Ratelimit-Remaining": {"7"}, "Ratelimit-Reset": {"7"}},
		},
		{
			Decision{Limit: 2, ResetAfter: 20 * time.Second, RetryAfter: time.Microsecond},
			http.Header{"Ratelimit-Limit": {"2"}, "Ratelimit-Remaining": {"0"}, "Ratelimit-Reset": {"20"}, "Retry-After": {"1"}},
		},
	} {
		h := http.Header{}
		tc.d.SetHeaders(h)
		require.Equal(t, tc.want, h)
		for name, values := range tc.want {
			require.Equal(t, values[0], h.Get(name), "the spelling is the canonical one")
		}
	}
}
