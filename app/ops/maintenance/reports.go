package maintenance

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/jobs"
	"github.com/script-ohio/platform/app/platform/postgres"
)

// Runs is where what ran is looked up; jobs.Client is one.
type Runs interface {
	Together(ctx context.Context, run string, at time.Time) ([]jobs.Record, error)
}

// Options of NewReports; the zero value is ready for use.
type Options struct {
	Jobs []contract.Job // default contract.Jobs()
	// Made is told of every report, once, in the transaction that stores it:
	// its error has the report made again later. It must be quick.
	Made func(ctx context.Context, tx pgx.Tx, r Report) error
}

// Reports makes and keeps the reports of maintenance runs. Its errors are
// faults.
type Reports struct {
	pool *pgxpool.Pool
	runs Runs
	opts Options
}

// NewReports makes Reports on a migrated database.
func NewReports(pool *pgxpool.Pool, runs Runs, opts Options) *Reports {
	if opts.Jobs == nil {
		opts.Jobs = contract.Jobs()
	}
	if opts.Made == nil {
		opts.Made = func(context.Context, pgx.Tx, Report) error { return nil }
	}
	return &Reports{pool, runs, opts}
}

const (
	// Runs of the last days without a report, all of whose jobs have ended or
	// whose time is up.
	unreported = `select r.scheduled_for from job_runs r
		where r.run = $1 and r.created_at > now() - interval '8 days'
			and not exists (select from maintenance_reports m where m.run = r.run and m.scheduled_for = r.scheduled_for)
		group by r.scheduled_for
		having bool_and(r.ended_at is not null) or min(r.created_at) < now() - $2::interval
		order by r.scheduled_for`
	keepReport = `insert into maintenance_reports (run, scheduled_for, status, report) values ($1, $2, $3, $4)
		on conflict (run, scheduled_for) do nothing returning id`
	newestReport = `select report from maintenance_reports where $1 = '' or run = $1 order by created_at desc, id desc limit 1`
)

// bound is how long the jobs of a run may take together: those that follow
// each other add up.
func bound(run contract.Run, declared []contract.Job) (longest time.Duration) {
	byName := map[string]contract.Job{}
	for _, job := range declared {
		byName[job.Name] = job
	}
	for _, job := range declared {
		if job.Run.Name != run.Name {
			continue
		}
		all := jobs.Bound(job)
		for before, ok := byName[job.After]; ok; before, ok = byName[before.After] {
			all += jobs.Bound(before)
		}
		longest = max(longest, all)
	}
	return longest
}

// Make makes the reports that are due. Several workers may try; each report
// is made once.
func (r *Reports) Make(ctx context.Context, now time.Time) error {
	for _, run := range contract.Runs() {
		due, err := r.due(ctx, run)
		if err != nil {
			return err
		}
		for _, at := range due {
			if err := r.make(ctx, run.Name, at, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// due lists when the runs were due whose reports are to be made, oldest first.
func (r *Reports) due(ctx context.Context, run contract.Run) ([]time.Time, error) {
	rows, err := r.pool.Query(ctx, unreported, run.Name, bound(run, r.opts.Jobs))
	if err != nil {
		return nil, broken(err, "the runs without a report cannot be listed")
	}
	due, err := pgx.CollectRows(rows, pgx.RowTo[time.Time])
	if err != nil {
		return nil, broken(err, "the runs without a report cannot be listed")
	}
	return due, nil
}

func (r *Reports) make(ctx context.Context, run string, at, now time.Time) error {
	records, err := r.runs.Together(ctx, run, at)
	if err != nil {
		return err
	}
	report := compile(run, at, r.opts.Jobs, records, now)
	text, err := json.Marshal(report)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "the report of a maintenance run cannot be written")
	}
	err = postgres.InTx(ctx, r.pool, func(tx pgx.Tx) error {
		var id int64
		if err := tx.QueryRow(ctx, keepReport, run, at, report.Verdict, text).Scan(&id); err != nil {
			return err
		}
		return r.opts.Made(ctx, tx, report)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // another worker was faster
	}
	if err != nil {
		return broken(err, "the report of a maintenance run cannot be stored")
	}
	return nil
}

// Newest gives the newest report of a run, of any for ""; fault.NotFound when
// there is none. One that is due is told as a worker will make it at its next
// look, so that nobody has to wait for that.
func (r *Reports) Newest(ctx context.Context, run string, now time.Time) (Report, error) {
	newest, none := r.kept(ctx, run)
	if none != nil && fault.CodeOf(none) != fault.NotFound {
		return Report{}, none
	}
	for _, one := range contract.Runs() {
		if run != "" && run != one.Name {
			continue
		}
		due, err := r.due(ctx, one)
		if err != nil {
			return Report{}, err
		}
		if len(due) == 0 || !due[len(due)-1].After(newest.ScheduledFor) {
			continue
		}
		at := due[len(due)-1]
		records, err := r.runs.Together(ctx, one.Name, at)
		if err != nil {
			return Report{}, err
		}
		newest, none = compile(one.Name, at, r.opts.Jobs, records, now), nil
	}
	return newest, none
}

// kept gives the newest report that was made.
func (r *Reports) kept(ctx context.Context, run string) (Report, error) {
	var text json.RawMessage
	err := r.pool.QueryRow(ctx, newestReport, run).Scan(&text)
	if errors.Is(err, pgx.ErrNoRows) {
		return Report{}, fault.New(fault.NotFound, "there is no report yet: one is made when all jobs of a maintenance run have ended; `ohio maintenance run daily --wait` runs them")
	}
	if err != nil {
		return Report{}, broken(err, "the report cannot be read")
	}
	var report Report
	if err := json.Unmarshal(text, &report); err != nil {
		return Report{}, fault.Wrap(fault.Internal, err, "the report cannot be read")
	}
	return report, nil
}

// broken words an error of the database: what the server refused is our
// mistake, unless it comes from its condition or from a schema that is not
// migrated yet.
func broken(err error, message string) error {
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	code := fault.Unavailable
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok && refused.Code != "42P01" {
		switch refused.Code[:min(2, len(refused.Code))] {
		case "08", "53", "57", "58":
		default:
			code = fault.Internal
		}
	}
	return fault.Wrap(code, err, "%s", message)
}
