package ratelimit

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
)

func benchmark(b *testing.B, limiter Limiter, rate contract.Rate) {
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			limiter.Allow(b.Context(), "predict/0a1b2c3d", rate, 1)
		}
	})
}

// At the full speed of the machine most answers are denials; at 1,000,000 a
// second most requests are allowed.
var benchRates = map[string]contract.Rate{
	"denied":  {PerSecond: 2, Burst: 20},
	"allowed": {PerSecond: 1e6, Burst: 1e6},
}

func BenchmarkMemory(b *testing.B) {
	for name, rate := range benchRates {
		b.Run(name, func(b *testing.B) { benchmark(b, NewMemory(Options{}), rate) })
	}
}

func BenchmarkShared(b *testing.B) {
	for name, rate := range benchRates {
		b.Run(name, func(b *testing.B) { benchmark(b, startServer(b).limiter(Options{}), rate) })
	}
}

// BenchmarkRedis is what a hop costs, for comparison.
func BenchmarkRedis(b *testing.B) {
	r := startServer(b).limiter(Options{}).redis
	b.ReportAllocs()
	for b.Loop() {
		_, err := r.Allow(b.Context(), "k", contract.Rate{PerSecond: 1e6, Burst: 1e6}, 1)
		require.NoError(b, err)
	}
}

func TestTheHotPathDoesNotAllocate(t *testing.T) {
	w := newWorld(t)
	rate := contract.Rate{PerSecond: 100_000, Burst: 1_000_000} // leases of 5,000
	for _, limiter := range []Limiter{NewMemory(w.options()), NewShared(w.client, w.options())} {
		ctx := t.Context()
		limiter.Allow(ctx, "k", rate, 1)
		require.Zero(t, testing.AllocsPerRun(1000, func() { limiter.Allow(ctx, "k", rate, 1) }))
	}
}
