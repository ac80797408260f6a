package maintenance

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/jobs"
)

const (
	sampledKeys = 2000 // whose size and lifetime are looked at
	bigKeys     = 10   // that are named
	bigKey      = 1 << 20
	// fewLookups are too few to judge a hit ratio by.
	fewLookups = 1000
)

// CacheAnalysisReport is what Redis says of itself, and a sample of its keys.
type CacheAnalysisReport struct {
	Keys        int64            `json:"keys"`
	HitRatio    *float64         `json:"hit_ratio,omitempty"` // since Redis started; absent without lookups
	Lookups     int64            `json:"lookups"`
	Evicted     int64            `json:"evicted"`
	UsedBytes   int64            `json:"used_bytes"`
	MaxBytes    int64            `json:"max_bytes"` // 0: as much as there is
	Sampled     int              `json:"sampled"`
	SampleBytes int64            `json:"sample_bytes"`
	Big         []BigKey         `json:"big"`       // of the sample, biggest first
	Lifetimes   map[string]int   `json:"lifetimes"` // keys of the sample, by how long they live
	ByPrefix    map[string]int   `json:"by_prefix"` // keys of the sample, up to the first colon
	Absent      []string         `json:"absent"`    // what this Redis does not tell
	Issues      []Issue          `json:"issues"`
	infos       map[string]int64 // figures of INFO
}

// BigKey is a key, without the part that may name a caller, and what it takes.
type BigKey struct {
	Key   string `json:"key"`
	Bytes int64  `json:"bytes"`
}

// CacheAnalysis is the Work of contract.JobCacheAnalysis. client may be nil.
func CacheAnalysis(client *goredis.Client) jobs.Work {
	return func(ctx context.Context, run *jobs.Run) (any, error) {
		if client == nil {
			return nil, noRedis()
		}
		report := CacheAnalysisReport{Big: []BigKey{}, Lifetimes: map[string]int{}, ByPrefix: map[string]int{}, Absent: []string{}, Issues: []Issue{}}
		var err error
		if report.Keys, err = client.DBSize(ctx).Result(); err != nil {
			return nil, fault.Wrap(fault.Unavailable, err, "Redis cannot be asked how many keys it has")
		}
		report.info(ctx, client)
		if err := report.sample(ctx, client, run); err != nil {
			return report, fault.Wrap(fault.Unavailable, err, "Redis cannot be asked for its keys")
		}
		report.judge()
		return report, nil
	}
}

// info reads figures that not every Redis tells.
func (r *CacheAnalysisReport) info(ctx context.Context, client *goredis.Client) {
	r.infos = map[string]int64{}
	for _, section := range []string{"stats", "memory"} {
		text, err := client.Info(ctx, section).Result()
		if err != nil {
			r.Absent = append(r.Absent, "INFO "+section)
			continue
		}
		for line := range strings.Lines(text) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
			if n, err := strconv.ParseInt(value, 10, 64); err == nil {
				r.infos[name] = n
			}
		}
	}
	hits, misses := r.infos["keyspace_hits"], r.infos["keyspace_misses"]
	if r.Lookups = hits + misses; r.Lookups > 0 {
		ratio := float64(hits) / float64(r.Lookups)
		r.HitRatio = &ratio
	}
	r.Evicted, r.UsedBytes, r.MaxBytes = r.infos["evicted_keys"], r.infos["used_memory"], r.infos["maxmemory"]
}

// sample looks at so many keys, wherever the walk meets them.
func (r *CacheAnalysisReport) sample(ctx context.Context, client *goredis.Client, run *jobs.Run) error {
	sizes := true
	var cursor uint64
	for {
		keys, next, err := client.Scan(ctx, cursor, "*", scanBatch).Result()
		if err != nil {
			return err
		}
		keys = keys[:min(len(keys), sampledKeys-r.Sampled)]
		for _, key := range keys {
			lifetime, err := client.PTTL(ctx, key).Result()
			if err != nil {
				return err
			}
			r.Lifetimes[lifetimeClass(lifetime)]++
			prefix, _, _ := strings.Cut(key, ":")
			r.ByPrefix[firstLine(prefix)]++
			r.Sampled++
			if !sizes {
				continue
			}
			bytes, err := client.MemoryUsage(ctx, key).Result()
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case err == nil:
				r.SampleBytes += bytes
				r.Big = append(r.Big, BigKey{shownKey(key), bytes})
			case err != goredis.Nil: //nolint:errorlint // the client returns it bare
				sizes = false
				r.Absent = append(r.Absent, "MEMORY USAGE")
			}
		}
		run.Progress(int64(r.Sampled), min(r.Keys, sampledKeys), "keys")
		if cursor = next; cursor == 0 || r.Sampled >= sampledKeys {
			break
		}
	}
	slices.SortFunc(r.Big, func(a, b BigKey) int { return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Key, b.Key)) })
	r.Big = r.Big[:min(len(r.Big), bigKeys)]
	return nil
}

// shownKey is a key up to its second colon.
func shownKey(key string) string {
	parts := strings.SplitN(strings.ToValidUTF8(key, "?"), ":", 3)
	if len(parts) == 3 {
		parts[2] = "..."
	}
	return strings.Join(parts, ":")
}

func lifetimeClass(d time.Duration) string {
	switch {
	case d == -1:
		return "for ever"
	case d < 0:
		return "gone"
	case d < time.Minute:
		return "under a minute"
	case d < time.Hour:
		return "under an hour"
	case d < day:
		return "under a day"
	}
	return "longer"
}

func (r *CacheAnalysisReport) judge() {
	add := func(s contract.Severity, format string, args ...any) {
		r.Issues = append(r.Issues, Issue{Severity: s, Text: fmt.Sprintf(format, args...)})
	}
	if r.HitRatio != nil && r.Lookups >= fewLookups && *r.HitRatio < contract.MinCacheHitRatio {
		add(contract.Ticket, "%.0f %% of %d look-ups hit, fewer than %.0f %%", 100**r.HitRatio, r.Lookups, 100*contract.MinCacheHitRatio)
	}
	if r.Evicted > 0 {
		add(contract.Ticket, "Redis has thrown %d keys out for want of memory", r.Evicted)
	}
	if r.MaxBytes > 0 && float64(r.UsedBytes) > .9*float64(r.MaxBytes) {
		add(contract.Warning, "Redis uses %d of %d bytes", r.UsedBytes, r.MaxBytes)
	}
	for _, k := range r.Big {
		if k.Bytes >= bigKey {
			add(contract.Ticket, "key %q takes %d bytes", k.Key, k.Bytes)
		}
	}
}
