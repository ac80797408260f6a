package maintenance

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/jobs"
)

// FiguresReport is what a day looked like.
type FiguresReport struct {
	Database DatabaseFigures `json:"database"`
	// Requests are counted since the process that did the job began to serve;
	// absent when it serves none.
	Requests *RequestFigures `json:"requests,omitempty"`
	Issues   []Issue         `json:"issues"`
}

// DatabaseFigures are PostgreSQL's. What is counted, is since StatsSince.
type DatabaseFigures struct {
	Bytes          int64          `json:"bytes"`
	Connections    map[string]int `json:"connections"` // by state
	MaxConnections int            `json:"max_connections"`
	CacheHitRatio  *float64       `json:"cache_hit_ratio,omitempty"`
	Commits        int64          `json:"commits"`
	Rollbacks      int64          `json:"rollbacks"`
	Deadlocks      int64          `json:"deadlocks"`
	TempBytes      int64          `json:"temp_bytes"`
	StatsSince     *time.Time     `json:"stats_since,omitempty"`
	Tables         []TableFigures `json:"tables"`          // the largest
	SlowQueries    []SlowQuery    `json:"slow_statements"` // empty without pg_stat_statements
}

// TableFigures are those of one table.
type TableFigures struct {
	Name      string `json:"name"`
	Bytes     int64  `json:"bytes"` // with indexes
	Live      int64  `json:"live_rows"`
	Dead      int64  `json:"dead_rows"`
	SeqScans  int64  `json:"sequential_scans"`
	SeqRows   int64  `json:"rows_read_sequentially"`
	IdxScans  int64  `json:"index_scans"`
	Inserted  int64  `json:"inserted"`
	Updated   int64  `json:"updated"`
	HotUpdate int64  `json:"hot_updated"`
	Deleted   int64  `json:"deleted"`
}

// SlowQuery is a statement that takes long in total.
type SlowQuery struct {
	Statement    string  `json:"statement"` // without values
	Calls        int64   `json:"calls"`
	MeanSeconds  float64 `json:"mean_seconds"`
	TotalSeconds float64 `json:"total_seconds"`
}

const (
	databaseFigures = `select pg_database_size(datname), current_setting('max_connections')::int,
			case when blks_hit + blks_read > 0 then blks_hit::float8 / (blks_hit + blks_read) end,
			xact_commit, xact_rollback, deadlocks, temp_bytes, stats_reset
		from pg_stat_database where datname = current_database()`
	connectionFigures = `select coalesce(state, 'other'), count(*) from pg_stat_activity
		where backend_type = 'client backend' group by 1`
	tableFigures = `select schemaname || '.' || relname, pg_total_relation_size(relid), n_live_tup, n_dead_tup, seq_scan, seq_tup_read,
			coalesce(idx_scan, 0), n_tup_ins, n_tup_upd, n_tup_hot_upd, n_tup_del
		from pg_stat_user_tables order by 2 desc, 1 limit 20`
	hasStatements  = `select exists (select from pg_extension where extname = 'pg_stat_statements')`
	slowStatements = `select left(query, 300), calls, mean_exec_time / 1000, total_exec_time / 1000 from pg_stat_statements
		where dbid = (select oid from pg_database where datname = current_database()) and calls > 0
		order by total_exec_time desc limit 10`
)

// PerformanceMetrics is the Work of contract.JobPerformanceMetrics. requests
// are the metrics of this process.
func PerformanceMetrics(pool *pgxpool.Pool, requests prometheus.Gatherer) jobs.Work {
	return func(ctx context.Context, run *jobs.Run) (any, error) {
		report := FiguresReport{Issues: []Issue{}}
		var err error
		run.Progress(0, 2, "database")
		if report.Database, err = databaseNow(ctx, pool); err != nil {
			return nil, broken(err, "the figures of the database cannot be read")
		}
		run.Progress(1, 2, "requests")
		if report.Requests, err = requestsNow(requests); err != nil {
			return report, err
		}
		report.judge()
		run.Progress(2, 2, "")
		return report, nil
	}
}

func databaseNow(ctx context.Context, pool *pgxpool.Pool) (d DatabaseFigures, err error) {
	err = pool.QueryRow(ctx, databaseFigures).Scan(&d.Bytes, &d.MaxConnections, &d.CacheHitRatio,
		&d.Commits, &d.Rollbacks, &d.Deadlocks, &d.TempBytes, &d.StatsSince)
	if err != nil {
		return d, err
	}
	d.Connections = map[string]int{}
	rows, err := pool.Query(ctx, connectionFigures)
	if err != nil {
		return d, err
	}
	var state string
	var n int
	if _, err = pgx.ForEachRow(rows, []any{&state, &n}, func() error { d.Connections[state] = n; return nil }); err != nil {
		return d, err
	}
	if rows, err = pool.Query(ctx, tableFigures); err != nil {
		return d, err
	}
	if d.Tables, err = pgx.CollectRows(rows, pgx.RowToStructByPos[TableFigures]); err != nil {
		return d, err
	}
	d.SlowQueries = []SlowQuery{}
	var installed bool
	if err = pool.QueryRow(ctx, hasStatements).Scan(&installed); err != nil || !installed {
		return d, err
	}
	rows, err = pool.Query(ctx, slowStatements)
	if err == nil {
		var slow []SlowQuery
		if slow, err = pgx.CollectRows(rows, pgx.RowToStructByPos[SlowQuery]); err == nil {
			d.SlowQueries = slow
		}
	}
	// Installed but not loaded, or not ours to read: it is an extra.
	return d, ignoreRefusal(err)
}

// issues of a day
const (
	fewBlocks     = 0.9 // least share of blocks found in memory
	manyDeadlocks = 10
)

func (r *FiguresReport) judge() {
	d := r.Database
	add := func(s contract.Severity, format string, args ...any) {
		r.Issues = append(r.Issues, issue(s, format, args...))
	}
	used := 0
	for _, n := range d.Connections {
		used += n
	}
	if float64(used) > contract.ConnectionsWarning*float64(d.MaxConnections) {
		add(contract.Warning, "%d of %d connections of the database are in use", used, d.MaxConnections)
	}
	if d.CacheHitRatio != nil && *d.CacheHitRatio < fewBlocks && d.Bytes > 1<<30 {
		add(contract.Ticket, "the database finds only %.0f %% of its blocks in memory", 100**d.CacheHitRatio)
	}
	if d.Deadlocks >= manyDeadlocks {
		add(contract.Ticket, "%d deadlocks since the statistics were reset", d.Deadlocks)
	}
	if r.Requests != nil && r.Requests.Total >= 100 && r.Requests.ErrorRatio > contract.MaxErrorRate {
		add(contract.Warning, "%.2f %% of requests were answered by a server error", 100*r.Requests.ErrorRatio)
	}
}
