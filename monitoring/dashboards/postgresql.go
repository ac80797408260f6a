package dashboards

import (
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/units"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/links"
	q "github.com/script-ohio/platform/monitoring/query"
	"github.com/script-ohio/platform/monitoring/source"
)

func postgresql() Dashboard {
	return Dashboard{
		UID: links.PostgreSQL, Title: "PostgreSQL", Range: "6h", Refresh: "1m",
		Summary: "The database as the app sees it and as it sees itself. For whoever follows slow or failing reads down to their cause.",
		Rows: []Row{
			{Title: "The app's pool", Topic: aboutDatabase, Panels: []Panel{databaseConnections(), databaseShare(), databaseAcquires()}},
			{Title: "The server", Topic: aboutDatabase, Panels: []Panel{pgUp(), pgSessionsShare(), pgReplicaLag(), pgOldest(), pgWraparound(), pgSize()}},
			{Title: "Work", Topic: aboutDatabase, Panels: []Panel{pgSessions(), pgTransactions(), pgRows(), pgBufferHits(), pgLocks(), pgTrouble()}},
			{Title: "Storage", Topic: aboutDatabase, Panels: []Panel{pgDeadRows(), pgScans(), pgCheckpoints(), pgTempFiles()}},
		},
	}
}

// crowded is from where on connections run out.
func crowded() Limits { return rises(contract.ConnectionsWarning, .95) }

func databaseConnections() Panel {
	return Panel{
		Title: "Database connections", View: Series{Stacked: true}, Unit: units.Short, Limits: free("see their share of the most"), Width: 10,
		Tells: "Connections of the app's pools by what they do, over all replicas.",
		Do:    "Many acquired and none idle: queries are slow or transactions are held; find them by Traces.",
		Queries: []Query{
			ask("{{state}}", q.Sum(q.Of(contract.DatabaseConnections), q.By("state"))),
		},
	}
}

func databaseShare() Panel {
	return Panel{
		Title: "Share of the pool in use", View: Dial{Most: 1}, Unit: units.PercentUnit, Limits: rises(contract.ConnectionsWarning, .9), Alert: alertPool,
		Tells: "Acquired connections to the most that the pool may open, of the fullest replica.",
		Do:    "Near one, requests wait for a connection: end what holds them before making the pool larger.",
		Width: 4, Height: 8,
		Queries: []Query{ask("in use", q.Max(q.Ratio(
			q.Sum(q.Of(contract.DatabaseConnections, q.Eq("state", "acquired")), q.By("instance")),
			q.Sum(q.Of(contract.DatabaseConnectionsMax), q.By("instance")),
		)))},
	}
}

func databaseAcquires() Panel {
	return Panel{
		Title: "Connections handed out", View: Series{}, Unit: units.OpsPerSecond, Limits: free("it follows the requests"), Width: 10, Alert: alertPool,
		Tells:   "Connections that the pool handed out a second, and those that a caller gave up waiting for.",
		Do:      "Any that are canceled means callers time out in the queue: see the share of the pool in use.",
		Queries: []Query{ask("{{result}}", q.Sum(q.Rate(q.Of(contract.DatabaseAcquires), q.DashboardRate), q.By("result")))},
	}
}

func pgUp() Panel {
	return Panel{
		Title: "Reachable", View: Figure{}, Unit: units.PercentUnit, Limits: atLeast(1), Alert: alertPostgresDown,
		Tells:   "Share of servers that the exporter reaches.",
		Do:      "Predictions go on without the database; games, new keys and packs do not. Check RDS events and the security group.",
		Queries: []Query{ask("reachable", q.Avg(q.Of(source.PgUp)))},
	}
}

func pgSessionsShare() Panel {
	return Panel{
		Title: "Sessions of the most", View: Figure{}, Unit: units.PercentUnit, Limits: crowded(), Alert: alertConnections,
		Tells: "Sessions to the most that the server takes, of the fullest server.",
		Do:    "Compare with the app's pools: what is beyond them belongs to people or jobs.",
		Queries: []Query{ask("sessions", q.Max(q.Ratio(
			q.Sum(q.Of(source.PgBackends), q.By("instance")), q.Sum(q.Of(source.PgMaxConnections), q.By("instance")),
		)))},
	}
}

func pgReplicaLag() Panel {
	return Panel{
		Title: "Replication lag", View: Figure{}, Unit: units.Seconds, Limits: rises(10, 30), Alert: alertReplicationLag,
		Tells:   "Seconds that the slowest replica is behind.",
		Do:      "Look for long queries on the replica and for bulk writes on the primary.",
		Queries: []Query{ask("lag", q.Max(q.Of(source.PgReplicationLag))).until(Replicated)},
	}
}

func pgOldest() Panel {
	return Panel{
		Title: "Longest transaction", View: Figure{}, Unit: units.Seconds, Limits: rises((15 * time.Minute).Seconds(), time.Hour.Seconds()), Alert: alertLongTransaction,
		Tells:   "Age of the oldest open transaction. It keeps vacuum from cleaning up.",
		Do:      "Find it in pg_stat_activity; end it when it is idle in transaction.",
		Queries: []Query{ask("oldest", q.Max(q.Of(source.PgActivityMaxTx, q.Not("state", "idle"))))},
	}
}

func pgWraparound() Panel {
	const limit = 1 << 31
	return Panel{
		Title: "Transaction ids used", View: Figure{}, Unit: units.PercentUnit, Limits: rises(.25, 1e9/limit), Alert: alertWraparound,
		Tells:   "Transactions since the oldest unfrozen row, to the two thousand million after which PostgreSQL stops writing.",
		Do:      "Vacuum the oldest tables by hand; see why autovacuum does not finish.",
		Queries: []Query{ask("used", q.Max(q.Of(source.PgWraparoundAge)).Div(q.Num(limit)))},
	}
}

func pgSize() Panel {
	return Panel{
		Title: "Size", View: Figure{}, Unit: units.BytesIEC, Limits: free("storage grows by itself"),
		Tells:   "Bytes on disk of all databases.",
		Do:      "A sudden jump: see rows and temporary files below.",
		Queries: []Query{ask("size", q.Sum(q.Of(source.PgDatabaseSize)))},
	}
}

func pgSessions() Panel {
	return Panel{
		Title: "Sessions by state", View: Series{Stacked: true}, Unit: units.Short, Limits: free("see their share of the most"),
		Tells:   "What sessions do.",
		Do:      "Idle in transaction: code that holds a transaction while it does something else.",
		Queries: []Query{ask("{{state}}", q.Sum(q.Of(source.PgActivity), q.By("state")))},
	}
}

func perSecond(s q.Series, by ...string) q.Expr {
	return q.Sum(q.Rate(s, q.DashboardRate), q.By(by...))
}

func pgTransactions() Panel {
	return Panel{
		Title: "Transactions", View: Series{}, Unit: units.OpsPerSecond, Limits: free("it follows the requests"),
		Tells: "Transactions committed and rolled back a second.",
		Do:    "Many rolled back: read the app's errors by the link Logs.",
		Queries: []Query{
			ask("committed", perSecond(q.Of(source.PgCommits))),
			ask("rolled back", perSecond(q.Of(source.PgRollbacks))),
		},
	}
}

func pgRows() Panel {
	return Panel{
		Title: "Rows", View: Series{}, Unit: units.OpsPerSecond, Limits: free("it follows the requests"),
		Tells: "Rows scanned, fetched by index and written a second.",
		Do:    "Far more scanned than fetched: an index is missing, see scans below.",
		Queries: []Query{
			ask("scanned", perSecond(q.Of(source.PgTuplesReturned))), ask("fetched", perSecond(q.Of(source.PgTuplesFetched))),
			ask("inserted", perSecond(q.Of(source.PgTuplesInserted))), ask("updated", perSecond(q.Of(source.PgTuplesUpdated))),
			ask("deleted", perSecond(q.Of(source.PgTuplesDeleted))),
		},
	}
}

func pgBufferHits() Panel {
	hits, reads := perSecond(q.Of(source.PgBlocksHit)), perSecond(q.Of(source.PgBlocksRead))
	return Panel{
		Title: "Buffer cache hits", View: Series{}, Unit: units.PercentUnit, Limits: falls(.99, .9),
		Tells:   "Share of blocks found in the server's buffer cache.",
		Do:      "Lower for hours: the working set no longer fits, or a query reads whole tables.",
		Queries: []Query{ask("hits", q.Ratio(hits, hits.Add(reads)))},
	}
}

func pgLocks() Panel {
	return Panel{
		Title: "Locks", View: Series{Stacked: true}, Unit: units.Short, Limits: free("ordinary work takes locks"),
		Tells:   "Locks held, by mode.",
		Do:      "Access exclusive for more than a moment: a migration or a vacuum full stands in the way of everybody.",
		Queries: []Query{ask("{{mode}}", q.Sum(q.Of(source.PgLocks), q.By("mode")))},
	}
}

func pgTrouble() Panel {
	return Panel{
		Title: "Deadlocks and conflicts", View: Series{}, Unit: units.OpsPerSecond, Limits: atMost(3 / time.Hour.Seconds()), Alert: alertDeadlocks,
		Tells: "Deadlocks broken, and queries that recovery cancelled on replicas, a second.",
		Do:    "Two transactions take the same rows in different order: the server's log names both.",
		Queries: []Query{
			ask("deadlocks", perSecond(q.Of(source.PgDeadlocks))), ask("conflicts", perSecond(q.Of(source.PgConflicts))),
		},
	}
}

func pgDeadRows() Panel {
	share := func(s q.Series) q.Expr { return q.Sum(s, q.By("relname")) }
	dead, live := share(q.Of(source.PgDeadRows)), share(q.Of(source.PgLiveRows))
	return Panel{
		Title: "Dead rows", View: Series{}, Unit: units.PercentUnit, Limits: rises(.2, .5),
		Tells:   "Share of dead rows in the ten tables with most of them, estimated.",
		Do:      "Vacuum the table; the weekly optimization reindexes what has bloated.",
		Queries: []Query{ask("{{relname}}", q.TopK(10, q.Ratio(dead, dead.Add(live))))},
	}
}

func pgScans() Panel {
	return Panel{
		Title: "Sequential scans", View: Series{}, Unit: units.OpsPerSecond, Limits: free("small tables are scanned on purpose"),
		Tells:   "Sequential scans a second of the ten tables with most of them.",
		Do:      "A large table here needs an index on what is asked for.",
		Queries: []Query{ask("{{relname}}", q.TopK(10, perSecond(q.Of(source.PgSequentialScans), "relname")))},
	}
}

func pgCheckpoints() Panel {
	return Panel{
		Title: "Checkpoints", View: Series{Stacked: true}, Unit: units.OpsPerSecond, Limits: free("their mix matters, not their number"),
		Tells: "Checkpoints a second: due ones, and those that writing too much has forced.",
		Do:    "Mostly forced ones: raise max_wal_size.",
		Queries: []Query{
			ask("due", perSecond(q.Of(source.PgCheckpointsTimed))), ask("forced", perSecond(q.Of(source.PgCheckpointsRequested))),
		},
	}
}

func pgTempFiles() Panel {
	return Panel{
		Title: "Temporary files", View: Series{}, Unit: units.BytesPerSecondIEC, Limits: rises(1<<20, 64<<20),
		Tells:   "Bytes a second of sorts and joins that did not fit in memory.",
		Do:      "Find the query by Traces; it sorts more than work_mem holds.",
		Queries: []Query{ask("{{datname}}", perSecond(q.Of(source.PgTempBytes), "datname"))},
	}
}
