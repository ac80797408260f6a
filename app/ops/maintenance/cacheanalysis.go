package maintenance

import (
	"cmp"
	"context"
	"errors"
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
	lookedAtMost = 200_000 // keys whose size and lifetime are looked at
	bigKeys      = 20      // that are named
	bigKey       = 1 << 20
	// sizeSamples are the elements of a collection by which Redis judges its size.
	sizeSamples = 5
	namedSpaces = 50 // prefixes that are counted by name
	otherSpaces = "..."
	shownLength = 80 // letters of a key
	// fewLookups are too few to judge a hit ratio by, fewImmortal keys without
	// a lifetime too few to speak of.
	fewLookups  = 1000
	fewImmortal = 100
	immortal    = "for ever"
)

// CacheAnalysisReport is what Redis says of itself and of its keys.
type CacheAnalysisReport struct {
	Keys        int64            `json:"keys"`
	HitRatio    *float64         `json:"hit_ratio,omitempty"` // since Redis started; absent without lookups
	Lookups     int64            `json:"lookups"`
	Evicted     int64            `json:"evicted"`
	UsedBytes   int64            `json:"used_bytes"`
	MaxBytes    int64            `json:"max_bytes"` // 0: as much as there is
	Sampled     int              `json:"sampled"`   // keys that were looked at
	Complete    bool             `json:"complete"`  // whether those are all
	SampleBytes int64            `json:"sample_bytes"`
	Large       int              `json:"large"`     // keys of a megabyte and more
	Big         []BigKey         `json:"big"`       // biggest first
	Lifetimes   map[string]int   `json:"lifetimes"` // keys, by how long they live
	ByPrefix    map[string]int   `json:"by_prefix"` // keys, up to the first colon
	Absent      []string         `json:"absent"`    // what this Redis does not tell
	Issues      []Issue          `json:"issues"`
	infos       map[string]int64 // figures of INFO
	sizeless    bool             // sizes cannot be asked for
}

// BigKey is a key, without the part that may name a caller, and what it takes.
type BigKey struct {
	Key   string `json:"key"`
	Bytes int64  `json:"bytes"`
}

// CacheAnalysis is the Work of contract.JobCacheAnalysis. client may be nil.
func CacheAnalysis(client *goredis.Client) jobs.Work { return cacheAnalysis(client, lookedAtMost) }

func cacheAnalysis(client *goredis.Client, most int) jobs.Work {
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
		if err := report.walk(ctx, client, run, most); err != nil {
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

// walk looks at all keys, or at so many at most, and keeps few of them.
func (r *CacheAnalysisReport) walk(ctx context.Context, client *goredis.Client, run *jobs.Run, most int) error {
	var cursor uint64
	for {
		keys, next, err := client.Scan(ctx, cursor, "*", scanBatch).Result()
		if err != nil {
			return err
		}
		within := keys[:min(len(keys), most-r.Sampled)]
		for batch := range slices.Chunk(within, scanBatch) { // Redis may give more than it is asked for
			if err := r.look(ctx, client, batch); err != nil {
				return err
			}
		}
		run.Progress(int64(r.Sampled), max(min(r.Keys, int64(most)), int64(r.Sampled)), "keys")
		if cursor = next; cursor == 0 || r.Sampled >= most {
			r.Complete = cursor == 0 && len(within) == len(keys)
			break
		}
	}
	for i := range r.Big {
		r.Big[i].Key = shownKey(r.Big[i].Key)
	}
	return nil
}

// look asks for the lifetimes and sizes of a batch at once.
func (r *CacheAnalysisReport) look(ctx context.Context, client *goredis.Client, keys []string) error {
	lifetimes, sizes := make([]*goredis.DurationCmd, len(keys)), make([]*goredis.IntCmd, len(keys))
	pipe := client.Pipeline()
	for i, key := range keys {
		lifetimes[i] = pipe.PTTL(ctx, key)
		if !r.sizeless {
			sizes[i] = pipe.MemoryUsage(ctx, key, sizeSamples)
		}
	}
	_, _ = pipe.Exec(ctx) // every answer tells its own error
	for i, key := range keys {
		lifetime, err := lifetimes[i].Result()
		if err != nil {
			return err
		}
		r.Lifetimes[lifetimeClass(lifetime)]++
		r.countSpace(key)
		r.Sampled++
		if r.sizeless {
			continue
		}
		bytes, err := sizes[i].Result()
		_, refused := errors.AsType[goredis.Error](err)
		switch {
		case err == nil:
			r.SampleBytes += bytes
			r.keep(BigKey{key, bytes})
		case errors.Is(err, goredis.Nil): // it is gone
		case !refused:
			return err
		default:
			r.sizeless = true
			r.Absent = append(r.Absent, "MEMORY USAGE")
		}
	}
	return nil
}

func (r *CacheAnalysisReport) countSpace(key string) {
	prefix, _, _ := strings.Cut(key, ":")
	prefix = shown(prefix)
	if _, known := r.ByPrefix[prefix]; !known && len(r.ByPrefix) >= namedSpaces {
		prefix = otherSpaces
	}
	r.ByPrefix[prefix]++
}

// keep remembers a key while it is among the biggest. A walk may meet a key
// twice.
func (r *CacheAnalysisReport) keep(k BigKey) {
	if slices.ContainsFunc(r.Big, func(b BigKey) bool { return b.Key == k.Key }) {
		return
	}
	if k.Bytes >= bigKey {
		r.Large++
	}
	at, _ := slices.BinarySearchFunc(r.Big, k, func(a, b BigKey) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Key, b.Key))
	})
	if at < bigKeys {
		r.Big = slices.Insert(r.Big, at, k)
		r.Big = r.Big[:min(len(r.Big), bigKeys)]
	}
}

// shown is a text as a report takes it.
func shown(text string) string {
	text = strings.ToValidUTF8(firstLine(text), "?")
	if letters := []rune(text); len(letters) > shownLength {
		text = string(letters[:shownLength-1]) + "…"
	}
	return text
}

// shownKey is a key up to its second colon.
func shownKey(key string) string {
	parts := strings.SplitN(key, ":", 3)
	if len(parts) == 3 {
		parts[2] = "..."
	}
	return shown(strings.Join(parts, ":"))
}

func lifetimeClass(d time.Duration) string {
	switch {
	case d == -1:
		return immortal
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
		add(contract.Ticket, "keys that Redis has thrown out for want of memory: %d", r.Evicted)
	}
	if r.MaxBytes > 0 && float64(r.UsedBytes) > .9*float64(r.MaxBytes) {
		add(contract.Warning, "Redis uses %d of %d bytes", r.UsedBytes, r.MaxBytes)
	}
	for _, k := range r.Big {
		if k.Bytes >= bigKey {
			add(contract.Ticket, "key %q takes %d bytes", k.Key, k.Bytes)
		}
	}
	if r.Large > len(r.Big) {
		add(contract.Ticket, "%d keys take a megabyte or more; the %d biggest are named", r.Large, len(r.Big))
	}
	if n := r.Lifetimes[immortal]; n >= fewImmortal && 2*n > r.Sampled {
		add(contract.Ticket, "%d of %d keys have no lifetime: they stay until somebody deletes them", n, r.Sampled)
	}
	if !r.Complete {
		add(contract.Info, "looked at %d of %d keys: nothing is known of the sizes and lifetimes of the others", r.Sampled, r.Keys)
	}
}
