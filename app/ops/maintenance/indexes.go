package maintenance

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/jobs"
)

// BloatedIndex is an index larger than its rows need, by estimate.
type BloatedIndex struct {
	Name      string `json:"name"`
	Bytes     int64  `json:"bytes"`
	Estimate  int64  `json:"estimated_bytes"` // that its rows need
	Reindexed bool   `json:"reindexed"`
	After     int64  `json:"bytes_after,omitempty"`
	// Factor is what the rebuilt index takes of what its rows were thought to
	// need; later runs judge this index by it.
	Factor float64 `json:"factor,omitempty"`
	Error  string  `json:"error,omitempty"`
}

// UnjudgedIndex is a large index of which nobody can say how much is air.
type UnjudgedIndex struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
	Why   string `json:"why"`
}

// UnusedIndex is an index that no query uses and no constraint needs.
type UnusedIndex struct {
	Name  string    `json:"name"`
	Table string    `json:"table"`
	Bytes int64     `json:"bytes"`
	Since time.Time `json:"since"` // when it was first seen like this, and use was counted
}

const (
	// What a B-tree needs: every row's key, header and pointer, at the fill
	// that the index has or the usual 90 %, in pages of which 40 bytes are
	// overhead and which take two rows at least, and a page for the root.
	// Widths are the planner's, those of expressions too; the estimate is null
	// where it knows none.
	airyIndexes = `select schema, name, kind, bytes, estimate from (
			select n.nspname as schema, i.relname as name, a.amname as kind, pg_relation_size(i.oid) as bytes,
				case when a.amname = 'btree' and not (w.unknown and i.reltuples > 0) then
					(ceil(i.reltuples * r.item / greatest(b.size * f.fill - 40, 2 * r.item)) + 2)::bigint * b.size end as estimate
			from pg_index x
				join pg_class i on i.oid = x.indexrelid
				join pg_class t on t.oid = x.indrelid
				join pg_namespace n on n.oid = i.relnamespace
				join pg_am a on a.oid = i.relam
				cross join (select current_setting('block_size')::bigint as size) b
				cross join lateral (
					select coalesce((select o.option_value::float8 from pg_options_to_table(i.reloptions) o where o.option_name = 'fillfactor'), 90) / 100 as fill
				) f
				cross join lateral (
					select sum(coalesce(s.avg_width, case when c.attlen > 0 then c.attlen else 32 end) * (1 - coalesce(s.null_frac, 0))) as width,
						bool_or(s.avg_width is null and c.attlen < 0) as unknown
					from unnest(x.indkey::smallint[]) with ordinality as key (attnum, place)
						join pg_attribute c on case when key.attnum = 0 then c.attrelid = i.oid and c.attnum = key.place else c.attrelid = t.oid and c.attnum = key.attnum end
						left join pg_stats s on s.schemaname = n.nspname and s.attname = c.attname and not s.inherited
							and s.tablename = case when key.attnum = 0 then i.relname else t.relname end
				) w
				cross join lateral (select 4 + 8 * ceil((8 + w.width) / 8.0)::float8 as item) r
			where n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg_toast%'
				and x.indisvalid and not x.indisexclusion and i.reltuples >= 0 and i.relpersistence <> 't'
		) sized
		where bytes >= $1 and (estimate is null or bytes - estimate >= $1 and (bytes - estimate)::float8 / bytes >= $2)
		order by bytes - estimate desc nulls last, name`
	unusedIndexes = `select u.schemaname || '.' || u.indexrelname, u.schemaname || '.' || u.relname, pg_relation_size(u.indexrelid),
			(select stats_reset from pg_stat_database where datname = current_database())
		from pg_stat_user_indexes u join pg_index x on x.indexrelid = u.indexrelid
		where u.idx_scan = 0 and x.indisvalid and not x.indisunique and not x.indisprimary and not x.indisexclusion and not x.indisreplident
			and not exists (select from pg_constraint c where c.conindid = x.indexrelid) and pg_relation_size(u.indexrelid) >= $1
		order by 3 desc, 1`
	// What REINDEX CONCURRENTLY leaves when it breaks off stands beside the
	// index that it was to replace. One that is at work holds a lock on its
	// table, so that nobody can drop its index.
	brokenOff = `select n.nspname, i.relname from pg_index x
			join pg_class i on i.oid = x.indexrelid join pg_namespace n on n.oid = i.relnamespace
		where not x.indisvalid and i.relname ~ '_cc(new|old)[0-9]*$' and n.nspname not like 'pg\_%'
			and exists (select from pg_index o join pg_class oi on oi.oid = o.indexrelid
				where o.indrelid = x.indrelid and o.indexrelid <> x.indexrelid and o.indkey::text = x.indkey::text
					and starts_with(oi.relname::text, regexp_replace(i.relname::text, '_cc(new|old)[0-9]*$', '')))
			and not exists (select from pg_stat_progress_create_index p where p.relid = x.indrelid)
		order by 1, 2`
)

// pastRuns of the job are enough to remember by: it is weekly, and runs are
// kept for a quarter.
const pastRuns = 50

// pastOptimizations are the reports of earlier runs, newest first.
func pastOptimizations(ctx context.Context, history History) (past []OptimizationReport, err error) {
	if history == nil {
		return nil, nil
	}
	records, err := history.Runs(ctx, jobs.Filter{Job: contract.JobDatabaseOptimization.Name, Status: jobs.Succeeded, Limit: pastRuns})
	if err != nil {
		return nil, err
	}
	for _, r := range records {
		var report OptimizationReport
		if json.Unmarshal(r.Report, &report) == nil {
			past = append(past, report)
		}
	}
	return past, nil
}

// factor is how much more the rows of an index took at its last rebuild than
// they were thought to need.
func (o *optimizer) factor(name string) float64 {
	for _, report := range o.past {
		for _, b := range report.Bloated {
			if b.Name == name && b.Factor > 0 {
				return max(1, b.Factor)
			}
		}
	}
	return 1
}

func (o *optimizer) reindex(ctx context.Context, run *jobs.Run) error {
	type index struct {
		Schema, Name, Kind string
		Bytes              int64
		Estimate           *int64
	}
	if err := o.sweep(ctx); err != nil {
		return err
	}
	indexes, err := list[index](ctx, o.conn, airyIndexes, o.opts.BloatBytes, o.opts.BloatRatio)
	if err != nil {
		return err
	}
	failed := false
	for _, i := range indexes {
		name := i.Schema + "." + i.Name
		if i.Estimate == nil {
			why := "the width of its keys is not known"
			if i.Kind != "btree" {
				why = "it is a " + i.Kind + " index"
			}
			o.report.Unjudged = append(o.report.Unjudged, UnjudgedIndex{name, i.Bytes, why})
			continue
		}
		b := BloatedIndex{Name: name, Bytes: i.Bytes, Estimate: int64(float64(*i.Estimate) * o.factor(name))}
		if air := b.Bytes - b.Estimate; air < o.opts.BloatBytes || float64(air)/float64(b.Bytes) < o.opts.BloatRatio {
			continue
		}
		run.Progress(1, 4, "reindexing "+i.Name)
		if err := o.rebuild(ctx, pgx.Identifier{i.Schema, i.Name}.Sanitize(), &b); err != nil {
			return err
		}
		if b.Reindexed {
			b.Factor = float64(b.After) / float64(max(1, *i.Estimate))
		} else {
			failed = true
		}
		o.report.Bloated = append(o.report.Bloated, b)
	}
	o.tellUnjudged()
	if failed {
		return o.sweep(ctx)
	}
	return nil
}

func (o *optimizer) rebuild(ctx context.Context, name string, b *BloatedIndex) error {
	if _, err := o.conn.Exec(ctx, "reindex index concurrently "+name); err != nil {
		if ignoreRefusal(err) != nil || ctx.Err() != nil {
			return err
		}
		b.Error = told(err) // such as a lock that was not to be had; the next one may go
		o.add(contract.Ticket, "index %s has %d bytes, of which its rows need about %d, and could not be rebuilt: %s", b.Name, b.Bytes, b.Estimate, b.Error)
		return nil
	}
	b.Reindexed = true
	return o.conn.QueryRow(ctx, "select pg_relation_size($1::regclass)", name).Scan(&b.After)
}

func (o *optimizer) tellUnjudged() {
	var names []string
	for _, u := range o.report.Unjudged {
		names = append(names, fmt.Sprintf("%s (%d bytes; %s)", u.Name, u.Bytes, u.Why))
	}
	if len(names) > 0 {
		o.add(contract.Info, "how much of these indexes is air cannot be judged: %s", strings.Join(names, ", "))
	}
}

// sweep drops what rebuilds that broke off have left.
func (o *optimizer) sweep(ctx context.Context) error {
	type index struct{ Schema, Name string }
	indexes, err := list[index](ctx, o.conn, brokenOff)
	if err != nil {
		return err
	}
	for _, i := range indexes {
		name := i.Schema + "." + i.Name
		if _, err := o.conn.Exec(ctx, "drop index concurrently if exists "+pgx.Identifier{i.Schema, i.Name}.Sanitize()); err != nil {
			if ignoreRefusal(err) != nil || ctx.Err() != nil {
				return err
			}
			o.stuck[name] = told(err)
			continue
		}
		delete(o.stuck, name)
		o.report.Dropped = append(o.report.Dropped, name)
	}
	return nil
}

// unused lists the indexes that nobody uses. PostgreSQL knows neither when an
// index was made nor, often, since when it counts: what counts is since when
// this job has seen the index without use, run after run.
func (o *optimizer) unused(ctx context.Context, _ *jobs.Run) error {
	type index struct {
		Name, Table string
		Bytes       int64
		Reset       *time.Time // of what the server counts
	}
	indexes, err := list[index](ctx, o.conn, unusedIndexes, o.opts.UnusedBytes)
	if err != nil {
		return err
	}
	seen := map[string]time.Time{}
	if len(o.past) > 0 {
		for _, u := range o.past[0].Unused {
			seen[u.Table+" "+u.Name] = u.Since
		}
	}
	now := o.opts.Clock()
	for _, i := range indexes {
		u := UnusedIndex{i.Name, i.Table, i.Bytes, now.UTC()}
		if since := seen[i.Table+" "+i.Name]; !since.IsZero() {
			u.Since = since
		}
		if i.Reset != nil && i.Reset.After(u.Since) {
			u.Since = i.Reset.UTC() // what was counted before is lost
		}
		o.report.Unused = append(o.report.Unused, u)
		if now.Sub(u.Since) >= o.opts.UnusedFor {
			o.add(contract.Ticket, "index %s of %s (%d bytes) has not been used since %s at least", u.Name, u.Table, u.Bytes, u.Since.Format(time.DateOnly))
		}
	}
	return nil
}
