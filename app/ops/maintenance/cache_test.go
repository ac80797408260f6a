package maintenance

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/jobs"
	"github.com/script-ohio/platform/app/platform/redis"
)

func newRun(job contract.Job) *jobs.Run {
	return &jobs.Run{Job: job, ScheduledFor: noon, Attempt: 1}
}

// skips requires that a Work says that there is nothing to do.
func skips(t *testing.T, work jobs.Work, says string) {
	t.Helper()
	_, err := work(t.Context(), &jobs.Run{})
	require.Equal(t, fmt.Sprintf("%T", jobs.Skip("")), fmt.Sprintf("%T", err))
	require.ErrorContains(t, err, says)
}

func TestWithoutRedisThereIsNothingToDo(t *testing.T) {
	skips(t, CacheCleanup(nil), "REDIS_URL")
	skips(t, CacheAnalysis(nil), "REDIS_URL")
}

func TestKeysOfOursExpire(t *testing.T) {
	client, ctx := server(t), t.Context()
	for i := range 1200 {
		lifetime := time.Hour
		if i%100 == 0 {
			lifetime = 0
		}
		require.NoError(t, client.Set(ctx, fmt.Sprintf("ratelimit:%d", i), "1", lifetime).Err())
	}
	require.NoError(t, client.Set(ctx, "of:others", "1", 0).Err())
	report := do[CacheReport](t, contract.JobCacheCleanup, CacheCleanup(client))
	require.EqualValues(t, 1200, report.Scanned)
	require.EqualValues(t, 12, report.Expired)
	require.True(t, report.Complete)
	require.Len(t, report.Issues, 1)
	require.Equal(t, time.Duration(-1), client.TTL(ctx, "of:others").Val(), "not ours")
	require.Positive(t, client.TTL(ctx, "ratelimit:100").Val())

	again := do[CacheReport](t, contract.JobCacheCleanup, CacheCleanup(client))
	require.Zero(t, again.Expired)
	require.Empty(t, again.Issues)
}

func TestTheCacheIsLookedInto(t *testing.T) {
	client, ctx := server(t), t.Context()
	for i := range 600 {
		require.NoError(t, client.Set(ctx, fmt.Sprintf("ratelimit:browse:client:10.0.0.%d", i), "1", time.Minute/2).Err())
	}
	require.NoError(t, client.Set(ctx, "big", strings.Repeat("x", 2<<20), 2*time.Hour).Err())
	require.NoError(t, client.Set(ctx, "kept", "1", 0).Err())
	for i := range fewLookups + 200 {
		client.Get(ctx, fmt.Sprint("missing", i%7))
	}
	client.Get(ctx, "kept")
	report := do[CacheAnalysisReport](t, contract.JobCacheAnalysis, CacheAnalysis(client))
	require.EqualValues(t, 602, report.Keys)
	require.Equal(t, 602, report.Sampled)
	require.Equal(t, map[string]int{"under a minute": 600, "under a day": 1, "for ever": 1}, report.Lifetimes)
	require.Equal(t, map[string]int{"ratelimit": 600, "big": 1, "kept": 1}, report.ByPrefix)
	require.Equal(t, "big", report.Big[0].Key)
	require.Len(t, report.Big, bigKeys)
	require.Empty(t, report.Absent)
	require.Less(t, *report.HitRatio, .1)
	require.EqualValues(t, 100<<20, report.MaxBytes)
	told := fmt.Sprint(report)
	require.NotContains(t, told, "10.0.0.", "no caller is named")
	require.Contains(t, fmt.Sprint(report.Issues), "look-ups hit")
	require.Contains(t, fmt.Sprint(report.Issues), `"big" takes`)
	require.NotContains(t, fmt.Sprint(report.Issues), "lifetime", "one key is nothing to speak of")
	require.NotContains(t, fmt.Sprint(report.Issues), "looked at", "all were")
}

// Whichever keys the walk meets last, all are looked at; and when they are too
// many, that is said.
func TestEveryKeyIsLookedAt(t *testing.T) {
	client, ctx := server(t), t.Context()
	pipe := client.Pipeline()
	for i := range 6500 {
		pipe.Set(ctx, fmt.Sprintf("%d-alone", i), "1", 0)
	}
	for i := range bigKeys + 5 {
		pipe.Set(ctx, fmt.Sprintf("big:%02d", i), strings.Repeat("x", bigKey), 0)
	}
	pipe.Set(ctx, "huge", strings.Repeat("x", 2*bigKey), 0)
	for range 20 {
		pipe.RPush(ctx, "list", strings.Repeat("y", 1<<20))
	}
	_, err := pipe.Exec(ctx)
	require.NoError(t, err)
	const all = 6500 + bigKeys + 5 + 2
	report := do[CacheAnalysisReport](t, contract.JobCacheAnalysis, CacheAnalysis(client))
	require.Equal(t, all, report.Sampled)
	require.True(t, report.Complete)
	require.Len(t, report.Big, bigKeys)
	require.Equal(t, "list", report.Big[0].Key)
	require.Greater(t, report.Big[0].Bytes, int64(20<<20))
	require.True(t, slices.IsSortedFunc(report.Big, func(a, b BigKey) int { return cmp.Compare(b.Bytes, a.Bytes) }))
	require.Equal(t, "huge", report.Big[1].Key)
	require.Equal(t, bigKeys+7, report.Large)
	require.Len(t, report.ByPrefix, namedSpaces+1, "a report does not grow with the keys")
	told := fmt.Sprint(report.Issues)
	require.Contains(t, told, `"list" takes`)
	require.Contains(t, told, "27 keys take a megabyte or more")
	require.Contains(t, told, "6527 of 6527 keys have no lifetime")

	cut := do[CacheAnalysisReport](t, contract.JobCacheAnalysis, cacheAnalysis(client, 1200))
	require.Equal(t, 1200, cut.Sampled)
	require.False(t, cut.Complete)
	require.Contains(t, fmt.Sprint(cut.Issues), "looked at 1200 of 6527 keys")
}

// The Redis inside the process tells less, and that is said.
func TestAPoorRedisIsEnough(t *testing.T) {
	local, err := redis.StartLocal()
	require.NoError(t, err)
	defer local.Close()
	client, err := redis.Open(local.URL(), redis.Options{})
	require.NoError(t, err)
	defer client.Close()
	require.NoError(t, client.Set(t.Context(), "ratelimit:1", "1", 0).Err())
	require.EqualValues(t, 1, do[CacheReport](t, contract.JobCacheCleanup, CacheCleanup(client)).Expired)
	report := do[CacheAnalysisReport](t, contract.JobCacheAnalysis, CacheAnalysis(client))
	require.Equal(t, 1, report.Sampled)
	local.Close()
	_, err = CacheCleanup(client)(t.Context(), newRun(contract.JobCacheCleanup))
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	_, err = CacheAnalysis(client)(t.Context(), newRun(contract.JobCacheAnalysis))
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	require.False(t, errors.Is(err, ErrAbsent))
}
