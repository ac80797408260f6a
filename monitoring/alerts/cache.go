package alerts

import (
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/links"
	q "github.com/script-ohio/platform/monitoring/query"
	"github.com/script-ohio/platform/monitoring/rules"
	"github.com/script-ohio/platform/monitoring/source"
)

const (
	redisMemoryLimit = .9
	evictionLimit    = 100 // keys in 15 minutes
	fewLookups       = .5  // look-ups a second that make a ratio meaningful
)

func cache() []Alert {
	used := q.Max(q.Of(source.RedisMemoryUsed), q.By("instance"))
	limit := q.Max(q.Of(source.RedisMemoryMax), q.By("instance")).Gt(q.Num(0)) // 0: none
	return []Alert{
		{
			Name: "RedisDown", Severity: contract.Warning, Component: Cache,
			When: q.Max(q.Of(source.RedisUp), q.By("instance")).Eq(q.Num(0)), For: time.Minute,
			Summary:     "Redis behind {{ $labels.instance }} cannot be reached",
			Description: "The exporter {{ $labels.instance }} has not reached Redis for a minute. Everything goes on, but each replica keeps rate limits by itself.",
			Dashboard:   links.Redis,
			Explains:    []string{"RateLimitInMemory"},
		},
		{
			Name: "RedisMemoryHigh", Severity: contract.Warning, Component: Cache,
			When: used.Div(limit).Gt(q.Num(redisMemoryLimit)), For: 10 * time.Minute,
			Summary:     "Redis uses {{ $value | humanizePercentage }} of its memory",
			Description: "Redis behind {{ $labels.instance }} uses {{ $value | humanizePercentage }} of the memory it may; soon it drops keys. Look at the big keys and at lifetimes.",
			Dashboard:   links.Redis,
			Explains:    []string{"CacheEvictions"}, Same: []string{"instance"},
		},
		{
			Name: "CacheEvictions", Severity: contract.Ticket, Component: Cache,
			When:        q.Sum(q.Increase(q.Of(source.RedisEvicted), q.Over(15*time.Minute)), q.By("instance")).Gt(q.Num(evictionLimit)),
			Summary:     "Redis drops keys for want of memory",
			Description: "Redis behind {{ $labels.instance }} dropped {{ $value | humanize }} keys in 15 minutes. Rate limits are among them: callers get more than their budget.",
			Dashboard:   links.Redis,
		},
		{
			Name: "CacheHitRatioLow", Severity: contract.Ticket, Component: Cache,
			When: rules.CacheHitRatio.Of().Lt(q.Num(contract.MinCacheHitRatio)).And(q.Sum(rules.CacheLookupRate).Gt(q.Num(fewLookups))), For: 30 * time.Minute,
			Summary:     "{{ $value | humanizePercentage }} of cache look-ups hit",
			Description: "Only {{ $value | humanizePercentage }} of look-ups find what they want in a cache; 80% is the aim. Look at which cache, at its lifetime and at its size.",
			Dashboard:   links.Redis,
		},
	}
}
