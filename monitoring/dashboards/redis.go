package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/units"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/links"
	q "github.com/script-ohio/platform/monitoring/query"
	"github.com/script-ohio/platform/monitoring/source"
)

func redis() Dashboard {
	return Dashboard{
		UID: links.Redis, Title: "Redis and caches", Range: "6h", Refresh: "1m",
		Summary: "Caches as the app uses them, and the server behind shared rate limits. The app goes on without it, each replica for itself.",
		Rows: []Row{
			{Title: "The app's caches", Topic: aboutCache, Panels: []Panel{cacheHitRate(), cacheLookups(), redisPool(), limitBackends()}},
			{Title: "The server", Topic: aboutCache, Panels: []Panel{redisUp(), redisMemoryShare(), redisHitRatio(), redisClientsNow(), redisLag(), redisSlowlog()}},
			{Title: "Load", Topic: aboutCache, Panels: []Panel{redisCommands(), redisCommandTime(), redisMemory(), redisKeys(), redisRemoved(), redisClients(), redisNetwork()}},
		},
	}
}

func cacheLookupRate(by []string, m ...q.Matcher) q.Expr {
	return q.Sum(q.Rate(q.Of(contract.CacheRequests, m...), q.DashboardRate), q.By(by...))
}

// cold is what caches should reach.
func cold() Limits { return falls(contract.MinCacheHitRatio, contract.MinCacheHitRatio/2) }

func cacheHitRate() Panel {
	hit, by := q.Eq("result", "hit"), []string{"cache"}
	return Panel{
		Title: "Cache hit rate", View: Series{}, Unit: units.PercentUnit, Limits: cold(), Alert: alertCacheHits, Width: 10,
		Tells: "Share of look-ups that hit, of all caches and of each. A rollout begins with cold caches.",
		Do:    "Low for an hour: lifetimes are too short (CACHE_TTL), or keys are evicted for want of memory.",
		Queries: []Query{
			ask("all", q.Ratio(cacheLookupRate(nil, hit), cacheLookupRate(nil))),
			ask("{{cache}}", q.Ratio(cacheLookupRate(by, hit), cacheLookupRate(by))),
		},
	}
}

func cacheLookups() Panel {
	return Panel{
		Title: "Cache look-ups", View: Series{Stacked: true}, Unit: units.OpsPerSecond, Limits: free("it follows the requests"), Width: 14,
		Tells:   "Look-ups a second, by cache and result.",
		Do:      "Misses that swell while hits fall: something emptied the cache.",
		Queries: []Query{ask("{{cache}} {{result}}", cacheLookupRate([]string{"cache", "result"}))},
	}
}

func redisPool() Panel {
	return Panel{
		Title: "Redis connections of the app", View: Series{Stacked: true}, Unit: units.Short, Limits: free("the pool is small"),
		Tells:   "Connections of the app's pools to Redis by what they do, over all replicas.",
		Do:      "All active: Redis answers slowly, see the time of commands below.",
		Queries: []Query{ask("{{state}}", q.Sum(q.Of(contract.RedisConnections), q.By("state")))},
	}
}

func limitBackends() Panel {
	return Panel{
		Title: "Where rate limits are kept", View: Series{Stacked: true}, Unit: units.OpsPerSecond, Limits: free("both are right, in their time"), Alert: alertLimitsInMemory,
		Tells:   "Rate limit decisions a second, by backend. Memory means that each replica counts for itself.",
		Do:      "Memory while Redis is configured: the app has lost it, and callers may take several times their rate.",
		Queries: []Query{ask("{{backend}}", q.Sum(q.Rate(q.Of(contract.RateLimited), q.DashboardRate), q.By("backend")))},
	}
}

func redisUp() Panel {
	return Panel{
		Title: "Reachable", View: Figure{}, Unit: units.PercentUnit, Limits: atLeast(1), Alert: alertRedisDown,
		Tells:   "Share of servers that the exporter reaches.",
		Do:      "The app goes on. Check ElastiCache events and the security group.",
		Queries: []Query{ask("reachable", q.Avg(q.Of(source.RedisUp)))},
	}
}

func redisMemoryShare() Panel {
	by := q.By("instance")
	return Panel{
		Title: "Memory in use", View: Figure{}, Unit: units.PercentUnit, Limits: rises(.8, .9), Alert: alertRedisMemory,
		Tells:   "Memory used to the most that Redis may use, of the fullest server; nothing where there is no limit.",
		Do:      "Near one, keys are evicted: look for big keys, shorten lifetimes or take larger nodes.",
		Queries: []Query{ask("memory", q.Max(q.Ratio(q.Sum(q.Of(source.RedisMemoryUsed), by), q.Sum(q.Of(source.RedisMemoryMax), by)))).until(RedisLimited)},
	}
}

func redisHitRatio() Panel {
	hits, misses := perSecond(q.Of(source.RedisHits)), perSecond(q.Of(source.RedisMisses))
	return Panel{
		Title: "Keys found", View: Figure{}, Unit: units.PercentUnit, Limits: free("rate limits ask for keys that are not there yet"),
		Tells:   "Share of look-ups in Redis that found their key.",
		Do:      "Judge caches by their own hit rate above.",
		Queries: []Query{ask("found", q.Ratio(hits, hits.Add(misses)))},
	}
}

func redisClientsNow() Panel {
	return Panel{
		Title: "Blocked clients", View: Figure{}, Unit: units.Short, Limits: rises(1, 10),
		Tells:   "Clients that wait in a blocking call.",
		Do:      "The app makes none: find out who else is connected.",
		Queries: []Query{ask("blocked", q.Sum(q.Of(source.RedisBlockedClients)))},
	}
}

func redisLag() Panel {
	return Panel{
		Title: "Replication lag", View: Figure{}, Unit: units.Seconds, Limits: rises(5, 30),
		Tells:   "Seconds that the slowest replica is behind.",
		Do:      "Look at the network and at the load of the primary.",
		Queries: []Query{ask("lag", q.Max(q.Of(source.RedisReplicaLag))).until(Replicated)},
	}
}

func redisSlowlog() Panel {
	return Panel{
		Title: "Slow log", View: Figure{}, Unit: units.Short, Limits: rises(10, 100),
		Tells:   "Entries of the slow log, of all servers.",
		Do:      "Read them with SLOWLOG GET; the weekly cache analysis lists big keys.",
		Queries: []Query{ask("entries", q.Sum(q.Of(source.RedisSlowlog)))},
	}
}

func redisCommands() Panel {
	return Panel{
		Title: "Commands", View: Series{Stacked: true}, Unit: units.OpsPerSecond, Limits: free("it follows the requests"),
		Tells:   "Commands a second, the ten most frequent.",
		Do:      "KEYS or SCAN among them: somebody searches the whole key space.",
		Queries: []Query{ask("{{cmd}}", q.TopK(10, perSecond(q.Of(source.RedisCommands), "cmd")))},
	}
}

func redisCommandTime() Panel {
	seconds, commands := perSecond(q.Of(source.RedisCommandSeconds), "cmd"), perSecond(q.Of(source.RedisCommands), "cmd")
	return Panel{
		Title: "Time of a command", View: Series{}, Unit: units.Seconds, Limits: rises(.001, .01),
		Tells:   "Mean seconds that a command took in the server, the ten slowest.",
		Do:      "One command: large values. All: the node is busy, or memory is swapped.",
		Queries: []Query{ask("{{cmd}}", q.TopK(10, q.Ratio(seconds, commands)))},
	}
}

func redisMemory() Panel {
	return Panel{
		Title: "Memory", View: Series{}, Unit: units.BytesIEC, Limits: free("see its share of the most"),
		Tells: "Bytes allocated, and the most that may be.",
		Do:    "Growth without more keys: values grow, or memory is fragmented.",
		Queries: []Query{
			ask("used {{instance}}", q.Of(source.RedisMemoryUsed)), ask("most {{instance}}", q.Of(source.RedisMemoryMax)),
		},
	}
}

func redisKeys() Panel {
	return Panel{
		Title: "Keys", View: Series{}, Unit: units.Short, Limits: free("caches fill and empty"),
		Tells: "Keys, and those of them that have a lifetime. The app gives one to every key.",
		Do:    "A gap between both: somebody else writes here, or a lifetime was forgotten.",
		Queries: []Query{
			ask("all", q.Sum(q.Of(source.RedisKeys))), ask("with a lifetime", q.Sum(q.Of(source.RedisExpiringKeys))),
		},
	}
}

func redisRemoved() Panel {
	return Panel{
		Title: "Keys removed", View: Series{}, Unit: units.OpsPerSecond, Limits: free("keys expire all the time"), Alert: alertRedisEvictions,
		Tells: "Keys a second whose lifetime ended, and keys dropped for want of memory.",
		Do:    "Any dropped: counts of rate limits may be lost. Make room.",
		Queries: []Query{
			ask("expired", perSecond(q.Of(source.RedisExpired))), ask("dropped", perSecond(q.Of(source.RedisEvicted))),
		},
	}
}

func redisClients() Panel {
	return Panel{
		Title: "Clients", View: Series{}, Unit: units.Short, Limits: free("every replica keeps a few"),
		Tells: "Clients connected, and connections refused a second at the limit.",
		Do:    "Refused ones: a client opens connections without closing them.",
		Queries: []Query{
			ask("connected {{instance}}", q.Of(source.RedisClients)), ask("refused a second", perSecond(q.Of(source.RedisRejected))),
		},
	}
}

func redisNetwork() Panel {
	return Panel{
		Title: "Network", View: Series{}, Unit: units.BytesPerSecondIEC, Limits: free("it follows the requests"), Width: 24,
		Tells: "Bytes a second to and from Redis.",
		Do:    "Far more out than before: a big key is read again and again.",
		Queries: []Query{
			ask("in", perSecond(q.Of(source.RedisNetworkIn))), ask("out", perSecond(q.Of(source.RedisNetworkOut))),
		},
	}
}
