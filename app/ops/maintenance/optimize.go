package maintenance

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/jobs"
)

// OptimizationOptions say when something is worth it; the zero value is ready
// for use.
type OptimizationOptions struct {
	BloatRatio float64 // share of an index that is air; default 0.5
	BloatBytes int64   // least air; default 16 MB
	// UnusedBytes is the size from which an index that nobody uses is told;
	// default 1 MB.
	UnusedBytes int64
	// UnusedFor is how long nobody must have been seen to use it; default 30 days.
	UnusedFor time.Duration
	LockWait  time.Duration    // for a table, before its index is left as it is; default 10 s
	Clock     func() time.Time // default time.Now
	// History has the reports of earlier runs: what a rebuild did not shrink,
	// and since when an index is not used. Without it every run begins anew
	// and no index is told as unused.
	History History
}

func (o OptimizationOptions) withDefaults() OptimizationOptions {
	if o.BloatRatio <= 0 {
		o.BloatRatio = .5
	}
	if o.BloatBytes <= 0 {
		o.BloatBytes = 16 << 20
	}
	if o.UnusedBytes <= 0 {
		o.UnusedBytes = 1 << 20
	}
	if o.UnusedFor <= 0 {
		o.UnusedFor = 30 * day
	}
	if o.LockWait <= 0 {
		o.LockWait = 10 * time.Second
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return o
}

// OptimizationReport is what was found and done.
type OptimizationReport struct {
	Analyzed  []string        `json:"analyzed"` // tables
	Bloated   []BloatedIndex  `json:"bloated"`
	Unjudged  []UnjudgedIndex `json:"unjudged"`
	Unused    []UnusedIndex   `json:"unused"`
	Dropped   []string        `json:"dropped"`    // indexes that a rebuild left half done
	Invalid   []string        `json:"invalid"`    // indexes that a build left half done, still there
	DeadRows  []DeadRows      `json:"dead_rows"`  // tables that vacuum does not keep up with
	OldestXID int64           `json:"oldest_xid"` // transactions until wrap-around is 2.1e9 less this
	Issues    []Issue         `json:"issues"`
}

// DeadRows is a table with more dead rows than it should have.
type DeadRows struct {
	Table string `json:"table"`
	Live  int64  `json:"live"`
	Dead  int64  `json:"dead"`
}

const (
	// Tables of which a tenth has changed since the planner looked, and those
	// with an index over an expression that it has not looked at.
	staleTables = `select schemaname, relname from pg_stat_user_tables t
		where n_mod_since_analyze > 50 + n_live_tup / 10 or last_analyze is null and last_autoanalyze is null and n_live_tup > 0
			or n_live_tup > 0 and exists (
				select from pg_index x join pg_class i on i.oid = x.indexrelid
				where x.indrelid = t.relid and x.indisvalid and 0 = any(x.indkey::smallint[])
					and not exists (select from pg_stats s where s.schemaname = t.schemaname and s.tablename = i.relname))
		order by 1, 2`
	invalidIndexes = `select n.nspname || '.' || i.relname from pg_index x
			join pg_class i on i.oid = x.indexrelid join pg_namespace n on n.oid = i.relnamespace
		where not x.indisvalid and not exists (select from pg_stat_progress_create_index p where p.index_relid = x.indexrelid)
		order by 1`
	deadRows = `select schemaname || '.' || relname, n_live_tup, n_dead_tup from pg_stat_user_tables
		where n_dead_tup > 10000 and n_dead_tup > n_live_tup / 2 order by 3 desc`
	oldestXID = `select max(age(datfrozenxid)) from pg_database`
)

// wrapAround is the age of a transaction id at which a person should look:
// PostgreSQL refuses writes at 2.1e9 and vacuums by itself from 2e8 on.
const wrapAround = 1_000_000_000

// DatabaseOptimization is the Work of contract.JobDatabaseOptimization.
func DatabaseOptimization(pool *pgxpool.Pool, opts OptimizationOptions) jobs.Work {
	opts = opts.withDefaults()
	return func(ctx context.Context, run *jobs.Run) (any, error) {
		o := &optimizer{opts: opts, stuck: map[string]string{}, report: OptimizationReport{
			Analyzed: []string{}, Bloated: []BloatedIndex{}, Unjudged: []UnjudgedIndex{}, Unused: []UnusedIndex{}, Dropped: []string{},
			Invalid: []string{}, DeadRows: []DeadRows{}, Issues: []Issue{},
		}}
		var err error
		if o.past, err = pastOptimizations(ctx, opts.History); err != nil {
			return nil, err
		}
		err = pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
			// These statements may take as long as the job.
			if _, err := conn.Exec(ctx, fmt.Sprintf("set statement_timeout = 0; set lock_timeout = %d", opts.LockWait.Milliseconds())); err != nil {
				return err
			}
			defer func() {
				ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
				defer cancel()
				if _, err := conn.Exec(ctx, "reset statement_timeout; reset lock_timeout"); err != nil {
					_ = conn.Conn().Close(ctx) // rather than lend it out like this
				}
			}()
			o.conn = conn.Conn()
			for i, step := range []struct {
				about string
				do    func(context.Context, *jobs.Run) error
			}{
				{"refreshing statistics", o.analyze}, {"looking for bloat", o.reindex},
				{"looking for indexes nobody uses", o.unused}, {"looking for what is half done", o.leftovers},
			} {
				run.Progress(int64(i), 4, step.about)
				if err := step.do(ctx, run); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return o.report, broken(err, "the database could not be optimized to the end")
		}
		run.Progress(4, 4, "")
		return o.report, nil
	}
}

type optimizer struct {
	opts   OptimizationOptions
	conn   *pgx.Conn
	past   []OptimizationReport // newest first
	stuck  map[string]string    // why what a rebuild left could not be dropped
	report OptimizationReport
}

func (o *optimizer) analyze(ctx context.Context, run *jobs.Run) error {
	type table struct{ Schema, Name string }
	tables, err := list[table](ctx, o.conn, staleTables)
	if err != nil {
		return err
	}
	for _, t := range tables {
		name := pgx.Identifier{t.Schema, t.Name}.Sanitize()
		run.Progress(0, 4, "analyzing "+t.Name)
		if _, err := o.conn.Exec(ctx, "analyze "+name); err != nil {
			return err
		}
		o.report.Analyzed = append(o.report.Analyzed, t.Schema+"."+t.Name)
	}
	return nil
}

func (o *optimizer) leftovers(ctx context.Context, _ *jobs.Run) (err error) {
	rows, err := o.conn.Query(ctx, invalidIndexes)
	if err != nil {
		return err
	}
	if o.report.Invalid, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
		return err
	}
	for _, name := range o.report.Invalid {
		if why, ours := o.stuck[name]; ours {
			o.add(contract.Ticket, "index %s, left by a rebuild that broke off, could not be dropped (%s): the next run tries again", name, why)
			continue
		}
		o.add(contract.Warning, "index %s is invalid, left by a build that broke off: drop index concurrently %s", name, name)
	}
	if o.report.DeadRows, err = list[DeadRows](ctx, o.conn, deadRows); err != nil {
		return err
	}
	for _, d := range o.report.DeadRows {
		o.add(contract.Ticket, "table %s has %d dead rows beside %d live ones: vacuum does not keep up", d.Table, d.Dead, d.Live)
	}
	if err := o.conn.QueryRow(ctx, oldestXID).Scan(&o.report.OldestXID); err != nil {
		return err
	}
	if o.report.OldestXID > wrapAround {
		o.add(contract.Critical, "the oldest transaction id is %d old: at 2,100,000,000 the database refuses writes; vacuum freeze", o.report.OldestXID)
	}
	return nil
}

func (o *optimizer) add(s contract.Severity, format string, args ...any) {
	o.report.Issues = append(o.report.Issues, issue(s, format, args...))
}

func issue(s contract.Severity, format string, args ...any) Issue {
	return Issue{Severity: s, Text: fmt.Sprintf(format, args...)}
}

// list reads rows into structs whose fields stand in the order of the columns.
func list[T any](ctx context.Context, conn *pgx.Conn, sql string, args ...any) ([]T, error) {
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[T])
	if all == nil {
		all = []T{}
	}
	return all, err
}

// ignoreRefusal keeps errors of the connection and drops the server's own.
func ignoreRefusal(err error) error {
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok && refusal.Code[:min(2, len(refusal.Code))] != "57" {
		return nil
	}
	return err
}
