package maintenance

import (
	"context"
	"fmt"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/jobs"
)

// KeySpaces lists the prefixes of the keys that the platform keeps in Redis.
// All of them expire by themselves; Redis may hold keys of others too, which
// nobody here touches.
func KeySpaces() []string { return []string{"ratelimit:"} }

const (
	scanBatch = 500
	// maxScanned bounds a walk over a Redis that holds more than it should.
	maxScanned = 5_000_000
	// immortalTTL is given to keys of ours that would stay for ever.
	immortalTTL = time.Hour
)

// CacheReport is what a cleaning found.
type CacheReport struct {
	Scanned  int64            `json:"scanned"` // keys of ours
	ByPrefix map[string]int64 `json:"by_prefix"`
	Expired  int64            `json:"expired"`  // that had no lifetime and were given one
	Complete bool             `json:"complete"` // whether all keys were seen
	Issues   []Issue          `json:"issues"`
}

// noRedis is why there is nothing to do without one.
func noRedis() error { return jobs.Skip("there is no Redis: REDIS_URL is not set") }

// CacheCleanup is the Work of contract.JobCacheCleanup. client may be nil:
// then there is nothing to clean.
func CacheCleanup(client *goredis.Client) jobs.Work {
	return func(ctx context.Context, run *jobs.Run) (any, error) {
		if client == nil {
			return nil, noRedis()
		}
		report := CacheReport{ByPrefix: map[string]int64{}, Complete: true, Issues: []Issue{}}
		total, _ := client.DBSize(ctx).Result() // only for the progress
		seen := int64(0)
		for _, prefix := range KeySpaces() {
			report.ByPrefix[prefix] = 0
			var cursor uint64
			for {
				keys, next, err := client.Scan(ctx, cursor, escape(prefix)+"*", scanBatch).Result()
				if err != nil {
					return report, fault.Wrap(fault.Unavailable, err, "Redis cannot be asked for its keys")
				}
				expired, err := giveLifetime(ctx, client, keys)
				if err != nil {
					return report, fault.Wrap(fault.Unavailable, err, "Redis cannot be asked how long keys live")
				}
				report.Expired += expired
				report.ByPrefix[prefix] += int64(len(keys))
				seen += scanBatch
				run.Progress(min(seen, total), total, "keys")
				if cursor = next; cursor == 0 {
					break
				}
				if seen >= maxScanned {
					report.Complete = false
					break
				}
			}
			report.Scanned += report.ByPrefix[prefix]
		}
		if report.Expired > 0 {
			report.Issues = append(report.Issues, Issue{Severity: contract.Ticket, Text: fmt.Sprintf("keys of ours without a lifetime: %d; whatever writes them forgets to give one", report.Expired)})
		}
		return report, nil
	}
}

// giveLifetime lets keys that would stay for ever expire.
func giveLifetime(ctx context.Context, client *goredis.Client, keys []string) (expired int64, err error) {
	if len(keys) == 0 {
		return 0, nil
	}
	pipe := client.Pipeline()
	lifetimes := make([]*goredis.DurationCmd, len(keys))
	for i, key := range keys {
		lifetimes[i] = pipe.PTTL(ctx, key)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return 0, err
	}
	pipe = client.Pipeline()
	var given []*goredis.BoolCmd
	for i, key := range keys {
		if lifetimes[i].Val() == -1 { // no lifetime; -2 is gone meanwhile
			given = append(given, pipe.ExpireNX(ctx, key, immortalTTL))
		}
	}
	if len(given) == 0 {
		return 0, nil
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return 0, err
	}
	for _, g := range given {
		if g.Val() {
			expired++
		}
	}
	return expired, nil
}

// escape takes the meaning of a pattern from a prefix.
func escape(prefix string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`).Replace(prefix)
}
