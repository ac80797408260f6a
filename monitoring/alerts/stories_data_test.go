package alerts_test

import "time"

func databaseStories() map[string][]story {
	return map[string][]story{
		"PostgresDown": {{
			about: "PostgreSQL restarts for five minutes",
			given: series{`pg_up{job="postgres",instance="exporter:9187"}`: "1x9 0x4 1x10"},
			quiet: []time.Duration{minutes(9), minutes(10)},
			told: []told{{
				at: minutes(12), labels: labels{"instance": "exporter:9187"}, summary: "PostgreSQL behind exporter:9187 cannot be reached",
				description: "The exporter exporter:9187 has not reached PostgreSQL for a minute. Predictions go on; games, new keys and jobs do not.",
			}},
			then: minutes(16),
		}},
		"DatabaseConnectionsHigh": {{
			about: "sessions of two databases rise to 170 of 200 and fall again",
			given: series{
				`pg_stat_database_numbackends{instance="e",datname="ohio"}`:  "100x9 150x20 100x20",
				`pg_stat_database_numbackends{instance="e",datname="other"}`: "20x50",
				`pg_settings_max_connections{instance="e"}`:                  "200x50",
			},
			quiet: []time.Duration{minutes(9), minutes(13)},
			told: []told{{
				at: minutes(20), labels: labels{"instance": "e"}, summary: "85% of the connections to PostgreSQL are taken",
				description: "85% of the sessions that PostgreSQL (e) takes are in use. At 100% new replicas and jobs are refused; look at who holds them.",
			}},
			then: minutes(32),
		}},
		"DatabasePoolExhausted": {{
			about: "one replica waits for connections",
			given: series{
				`script_ohio_database_connections{job="script-ohio",pod="a",state="acquired"}`: "19x20 3x10",
				`script_ohio_database_connections{job="script-ohio",pod="a",state="idle"}`:     "1x20 9x10",
				`script_ohio_database_connections_max{job="script-ohio",pod="a"}`:              "20x30",
				`script_ohio_database_connections{job="script-ohio",pod="b",state="acquired"}`: "2x30",
				`script_ohio_database_connections_max{job="script-ohio",pod="b"}`:              "20x30",
			},
			quiet: []time.Duration{minutes(4)},
			told: []told{{
				at: minutes(10), labels: labels{"job": "script-ohio", "pod": "a"}, summary: "a uses 95% of its database connections",
				description: "a (script-ohio) holds 95% of the connections of its pool; requests wait for one. Look for slow queries.",
			}},
			then: minutes(22),
		}},
		"ReplicationLag": {{
			about: "a replica falls behind; the value of the primary means nothing",
			given: series{
				`pg_replication_lag_seconds{instance="replica"}`: "0x4 90x20 0x10",
				`pg_replication_is_replica{instance="replica"}`:  "1x40",
				`pg_replication_lag_seconds{instance="primary"}`: "9000x40",
				`pg_replication_is_replica{instance="primary"}`:  "0x40",
			},
			quiet: []time.Duration{minutes(3), minutes(9)},
			told: []told{{
				at: minutes(15), labels: labels{"instance": "replica"}, summary: "A replica of PostgreSQL is 1m 30s behind",
				description: "The replica replica is 1m 30s behind its primary. Reads from it are stale, and a failover would lose what it lacks.",
			}},
			then: minutes(27),
		}},
		"DatabaseTransactionLong": {{
			about: "a forgotten session keeps its transaction open for two hours",
			given: series{
				`pg_stat_activity_max_tx_duration{instance="e",datname="ohio",usename="app",application_name="psql",state="idle in transaction"}`: "0+60x120 0x20",
				`pg_stat_activity_max_tx_duration{instance="e",datname="ohio",usename="app",application_name="ohio",state="idle"}`:                "90000x140",
			},
			quiet: []time.Duration{minutes(60), minutes(65)},
			told: []told{{
				at: minutes(90), labels: labels{"instance": "e", "datname": "ohio", "usename": "app", "application_name": "psql"},
				summary:     "A transaction has been open for 1h 30m 0s",
				description: "psql (app) has kept a transaction in ohio open for 1h 30m 0s. Dead rows cannot be removed meanwhile.",
			}},
			then: minutes(125),
		}},
		"DatabaseDeadlocks": {{
			about: "a release deadlocks each ten minutes until it is taken back",
			given: series{`pg_stat_database_deadlocks{instance="e",datname="ohio"}`: "0x9 1x9 2x9 3x9 4x9 5x9 6x9 7x70"},
			quiet: []time.Duration{minutes(25)},
			told: []told{{
				at: minutes(65), labels: labels{"instance": "e", "datname": "ohio"}, summary: "Deadlocks in ohio",
				description: "PostgreSQL broke 6 deadlocks in ohio within an hour, each by failing a statement. Its log names the statements.",
			}},
			then: minutes(130),
		}},
		"DatabaseWraparound": {{
			about: "vacuum cannot freeze rows for a while", step: minutes(5),
			given: series{`pg_database_wraparound_age_datfrozenxid_seconds{instance="e",datname="ohio"}`: "900000000x10 1100000000x30 50000000x10"},
			quiet: []time.Duration{minutes(50), minutes(100)},
			told: []told{{
				at: minutes(180), labels: labels{"instance": "e", "datname": "ohio"}, summary: "Transaction IDs of ohio run out",
				description: "The oldest row of ohio that is not frozen is 1.1G transactions old; at 2 billion PostgreSQL stops writing. Find what keeps vacuum from freezing.",
			}},
			then: minutes(220),
		}},
	}
}

func cacheStories() map[string][]story {
	return map[string][]story{
		"RedisDown": {{
			about: "Redis fails over",
			given: series{`redis_up{job="redis",instance="exporter:9121"}`: "1x9 0x4 1x10"},
			quiet: []time.Duration{minutes(9), minutes(10)},
			told: []told{{
				at: minutes(12), labels: labels{"instance": "exporter:9121"}, summary: "Redis behind exporter:9121 cannot be reached",
				description: "The exporter exporter:9121 has not reached Redis for a minute. Everything goes on, but each replica keeps rate limits by itself.",
			}},
			then: minutes(16),
		}},
		"RedisMemoryHigh": {{
			about: "memory fills to 95%; a server without a limit has none to reach",
			given: series{
				`redis_memory_used_bytes{instance="a"}`: "95x20 50x10",
				`redis_memory_max_bytes{instance="a"}`:  "100x30",
				`redis_memory_used_bytes{instance="b"}`: "95x30",
				`redis_memory_max_bytes{instance="b"}`:  "0x30",
			},
			quiet: []time.Duration{minutes(9)},
			told: []told{{
				at: minutes(15), labels: labels{"instance": "a"}, summary: "Redis uses 95% of its memory",
				description: "Redis behind a uses 95% of the memory it may; soon it drops keys. Look at the big keys and at lifetimes.",
			}},
			then: minutes(22),
		}},
		"CacheEvictions": {{
			about: "ten keys a minute are dropped for half an hour",
			given: series{`redis_evicted_keys_total{instance="a"}`: "0x19 0+10x30 300x30"},
			quiet: []time.Duration{minutes(15), minutes(25)},
			told: []told{{
				at: minutes(40), labels: labels{"instance": "a"}, summary: "Redis drops keys for want of memory",
				description: "Redis behind a dropped 150 keys in 15 minutes. Rate limits are among them: callers get more than their budget.",
			}},
			then: minutes(70),
		}},
		"CacheHitRatioLow": {
			{
				about: "half of the look-ups hit for an hour",
				given: series{
					`script_ohio_cache_requests_total{cache="slate",result="hit"}`:  "0+60x60 3600+119x30",
					`script_ohio_cache_requests_total{cache="slate",result="miss"}`: "0+60x60 3600+1x30",
				},
				quiet: []time.Duration{minutes(20)},
				told: []told{{
					at: minutes(45), summary: "50% of cache look-ups hit",
					description: "Only 50% of look-ups find what they want in a cache; 80% is the aim. Look at which cache, at its lifetime and at its size.",
				}},
				then: minutes(70),
			},
			{
				about: "hardly anybody looks, at night",
				given: series{
					`script_ohio_cache_requests_total{cache="slate",result="hit"}`:  "0+1x60",
					`script_ohio_cache_requests_total{cache="slate",result="miss"}`: "0+4x60",
				},
				quiet: []time.Duration{minutes(45)},
			},
		},
	}
}
