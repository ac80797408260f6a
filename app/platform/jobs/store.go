package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/postgres"
)

// store is job_runs and jobs in PostgreSQL, by whose clock leases run.
type store struct {
	pool  *pgxpool.Pool
	queue queue
	lease time.Duration // how long nobody else touches a run that somebody sees to
}

const (
	registerJobs = `insert into jobs (name) select unnest($1::text[]) on conflict (name) do nothing`
	// offerJobs registers all and says of those of a worker's queues which of
	// them it can do.
	offerJobs = `insert into jobs (name, runnable) select name, name = any($2::text[]) and name = any($3::text[]) from unnest($1::text[]) as name
		on conflict (name) do update set runnable = excluded.runnable
		where jobs.name = any($2::text[]) and jobs.runnable <> excluded.runnable`

	// The mark of a job is its newest scheduled period, whatever people asked
	// for beside it, and whatever a clock that ran ahead has scheduled.
	listMarks = `select j.name, coalesce(
			(select max(r.scheduled_for) from job_runs r where r.name = j.name and r.requested_by = '' and r.scheduled_for <= now() + interval '1 minute'),
			j.registered_at)
		from jobs j`

	insertRun = `insert into job_runs (name, run, scheduled_for, requested_by, queue, lease_until, arguments)
		values ($1, $2, $3, $4, $5, now() + $6::interval, $7) on conflict (name, scheduled_for) do nothing returning id`
	linkRun = `update job_runs set river_job = $2 where id = $1`

	findRun  = `select ` + recordColumns + ` from job_runs where id = $1`
	sameTime = `select ` + recordColumns + ` from job_runs where run = $1 and scheduled_for = $2 and name = $3`

	// Only the queue entry that counts may begin a run; attempt then tells this
	// beginning from every other.
	claimRun = `update job_runs set status = 'running', attempt = attempt + 1, worker = $3, started_at = now(),
			lease_until = now() + $4::interval, error = '', note = '', progress_done = 0, progress_total = 0, report = null
		where id = $1 and river_job = $2 and status in ('queued', 'retrying', 'interrupted')
		returning ` + recordColumns
	renewRun = `update job_runs set lease_until = now() + $3::interval, progress_done = $4, progress_total = $5, note = $6
		where id = $1 and attempt = $2 and status = 'running'`
	// By the database's clock, as created_at is.
	expireRun = `update job_runs set status = 'cancelled', ended_at = now(), error = $3
		where ($1 = 0 or id = $1) and arguments is not null and attempt = 0 and status in ('queued', 'interrupted') and created_at < now() - $2::interval`
	waitRun = `update job_runs set note = $3, lease_until = now() + $4::interval
		where id = $1 and river_job = $2 and status in ('queued', 'retrying', 'interrupted')`
	finishRun = `with finished as (
			update job_runs set status = $3, error = $4, report = $5, failures = failures + $6,
				progress_done = $7, progress_total = $8, note = $9, lease_until = now() + $10::interval,
				ended_at = case when $11 then now() end
			where id = $1 and attempt = $2 and status = 'running' returning name
		), succeeded as (
			update jobs set last_success_at = now() from finished f where jobs.name = f.name and $12
		)
		select count(*) from finished`
)

// now is the time of the database.
func (s *store) now(ctx context.Context) (now time.Time, err error) {
	if err = s.pool.QueryRow(ctx, `select clock_timestamp()`).Scan(&now); err != nil {
		err = broken(err, "the database's clock cannot be read")
	}
	return now, err
}

// marks implements ledger.
func (s *store) marks(ctx context.Context) (map[string]time.Time, error) {
	rows, err := s.pool.Query(ctx, listMarks)
	if err != nil {
		return nil, broken(err, "the last runs cannot be read")
	}
	marks := map[string]time.Time{}
	var name string
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&name, &at}, func() error {
		marks[name] = at
		return nil
	})
	if err != nil {
		return nil, broken(err, "the last runs cannot be read")
	}
	return marks, nil
}

// schedule implements ledger.
func (s *store) schedule(ctx context.Context, runs []period) (added []period, err error) {
	err = postgres.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		for _, r := range runs {
			id, err := s.insert(ctx, tx, r.job, order{run: r.job.Run.Name, at: r.at})
			if err != nil {
				return err
			}
			if id != 0 {
				added = append(added, r)
			}
		}
		return nil
	})
	if err != nil {
		return nil, broken(err, "runs cannot be scheduled")
	}
	return added, nil
}

// order says what a run is part of, for when it is, who asked for it and, if it
// is of a task, with what.
type order struct {
	run       string
	at        time.Time
	by        string
	arguments json.RawMessage
}

// insert adds a run and its queue entry; the id is 0 when the period has one
// already.
func (s *store) insert(ctx context.Context, tx pgx.Tx, job contract.Job, o order) (id int64, err error) {
	err = tx.QueryRow(ctx, insertRun, job.Name, o.run, o.at, o.by, job.Queue, s.lease, o.arguments).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	entry, err := s.queue.add(ctx, tx, id, job.Queue, 1+job.Retries)
	if err != nil {
		return 0, err
	}
	_, err = tx.Exec(ctx, linkRun, id, entry)
	return id, err
}

// find gives a run; fault.NotFound when there is none.
func (s *store) find(ctx context.Context, id int64) (Record, error) {
	record, err := s.one(ctx, findRun, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Record{}, fault.New(fault.NotFound, "there is no run %d", id)
	}
	if err != nil {
		return Record{}, broken(err, "the run cannot be read")
	}
	return record, nil
}

// expire ends a task, or all with id 0, that nobody began in time, and tells
// whether it did.
func (s *store) expire(ctx context.Context, id int64) (bool, error) {
	why := fmt.Sprintf("nobody began it within %s: ask again", contract.TaskExpiry)
	tag, err := s.pool.Exec(ctx, expireRun, id, contract.TaskExpiry, why)
	return tag.RowsAffected() > 0, err
}

// beside finds the run of another job in the same maintenance run.
func (s *store) beside(ctx context.Context, r Record, job string) (Record, bool, error) {
	record, err := s.one(ctx, sameTime, r.Run, r.ScheduledFor, job)
	if errors.Is(err, pgx.ErrNoRows) {
		return Record{}, false, nil
	}
	return record, err == nil, err
}

func (s *store) one(ctx context.Context, sql string, args ...any) (Record, error) {
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return Record{}, err
	}
	return pgx.CollectExactlyOneRow(rows, scanRecord)
}

// errBusy and errOvertaken say why a run cannot begin.
var (
	errBusy      = errors.New("another run of the job is under way")
	errOvertaken = errors.New("the run has ended or belongs to another queue entry")
)

// claim begins an attempt.
func (s *store) claim(ctx context.Context, id, entry int64, worker string) (Record, error) {
	record, err := s.one(ctx, claimRun, id, entry, worker, s.lease)
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok && refusal.ConstraintName == "job_runs_one_at_a_time" {
		return Record{}, errBusy
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return Record{}, errOvertaken
	}
	return record, err
}

// renew keeps a lease and stores the progress; false when the run is not this
// attempt's any more.
func (s *store) renew(ctx context.Context, id int64, attempt int, p Progress) (bool, error) {
	tag, err := s.pool.Exec(ctx, renewRun, id, attempt, s.lease, p.Done, p.Total, p.Note)
	return tag.RowsAffected() == 1, err
}

// wait notes what a run that cannot begin waits for.
func (s *store) wait(ctx context.Context, id, entry int64, note string) error {
	_, err := s.pool.Exec(ctx, waitRun, id, entry, note, s.lease)
	return err
}

// ending is how an attempt ended.
type ending struct {
	status   Status
	err      string
	report   json.RawMessage
	failed   int  // 1 when it counts against the job's retries
	success  bool // whether it ends the job's silence
	progress Progress
}

// finish records an ending; false when the run was not this attempt's any
// more.
func (s *store) finish(ctx context.Context, id int64, attempt int, e ending) (bool, error) {
	write := func(report json.RawMessage) (n int, err error) {
		err = s.pool.QueryRow(ctx, finishRun, id, attempt, e.status, e.err, report, e.failed,
			e.progress.Done, e.progress.Total, e.progress.Note, s.lease, e.status.Ended(), e.success).Scan(&n)
		return n, err
	}
	n, err := write(e.report)
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok && refusal.Code[:2] == "22" {
		// Data that jsonb cannot hold, such as a NUL in a string.
		n, err = write(unstorable(refusal.Message))
	}
	return n == 1, err
}

// broken words an error of the database.
func broken(err error, message string) error {
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	refused, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case ok && unmigrated(refused.Code):
		return fault.New(fault.Unavailable, "%s: the database is not migrated: run `ohio migrate`", message)
	case ok && !transient(refused.Code):
		return fault.Wrap(fault.Internal, err, "%s", message)
	}
	return fault.Wrap(fault.Unavailable, err, "%s", message)
}

// unmigrated tells the SQLSTATEs of a schema that lacks a table or a column:
// every statement fits the newest one.
func unmigrated(state string) bool { return state == "42P01" || state == "42703" }

// transient says whether an SQLSTATE comes from the server's condition: no
// connection, resources, an operator or its system.
func transient(state string) bool {
	switch state[:min(2, len(state))] {
	case "08", "53", "57", "58":
		return true
	}
	return false
}
