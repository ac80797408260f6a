package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/postgres"
)

// ClientOptions of NewClient; the zero value is ready for use.
type ClientOptions struct {
	Jobs  []contract.Job   // default contract.Jobs() and contract.Tasks()
	Clock func() time.Time // default time.Now
	// Record notes what a person asked for, in the transaction that does it;
	// subject is job_run/ID. Its error undoes the request. Default none.
	Record func(ctx context.Context, tx pgx.Tx, action, subject string, before, after any) error
}

// Client asks for runs and looks at them; a Worker, elsewhere or in the same
// process, does them. Its errors are faults: Unavailable when PostgreSQL
// cannot be asked or is not migrated, and what the methods name.
type Client struct {
	store  store
	jobs   []contract.Job
	clock  func() time.Time
	record func(ctx context.Context, tx pgx.Tx, action, subject string, before, after any) error
}

// NewClient makes a Client. It does not connect.
func NewClient(pool *pgxpool.Pool, opts ClientOptions) (*Client, error) {
	q, err := newQueue(pool)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the job queue cannot be set up")
	}
	if opts.Jobs == nil {
		opts.Jobs = slices.Concat(contract.Jobs(), contract.Tasks())
	}
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	if opts.Record == nil {
		opts.Record = func(context.Context, pgx.Tx, string, string, any, any) error { return nil }
	}
	return &Client{store{pool, q, defaultLease}, opts.Jobs, opts.Clock, opts.Record}, nil
}

// Register notes the jobs that are new, from when on their silence counts.
func (c *Client) Register(ctx context.Context) error {
	if _, err := c.store.pool.Exec(ctx, registerJobs, namesOf(c.jobs)); err != nil {
		return broken(err, "the jobs cannot be registered")
	}
	return nil
}

func scheduled(jobs []contract.Job) []contract.Job {
	return slices.DeleteFunc(slices.Clone(jobs), func(j contract.Job) bool { return !j.Scheduled() })
}

func namesOf(jobs []contract.Job) []string {
	names := make([]string, len(jobs))
	for i, j := range jobs {
		names[i] = j.Name
	}
	return names
}

const (
	lockJob   = `select runnable from jobs where name = $1 for update`
	activeRun = `select id from job_runs where name = $1 and ended_at is null order by id limit 1`
	cancelRun = `update job_runs set status = 'cancelled', ended_at = now(), error = $2
		where id = $1 and status in ('queued', 'retrying', 'interrupted') returning coalesce(river_job, 0)`
)

// Request asks for a job or a maintenance run ("daily", "weekly") by name, to
// be done now; by says who asks. A name that is neither is fault.NotFound, a
// job that has not ended or that no worker does fault.Conflict. Of a
// maintenance run the jobs that no worker does are left out.
func (c *Client) Request(ctx context.Context, name, by string) ([]Record, error) {
	jobs, run := c.named(name)
	if len(jobs) == 0 {
		return nil, fault.New(fault.NotFound, "there is no job or run %q: use one of %s, daily, weekly", name, strings.Join(namesOf(scheduled(c.jobs)), ", "))
	}
	return c.request(ctx, jobs, name, order{run: run, by: by})
}

// RequestTask asks for a task of contract.Tasks, to be done now with arguments,
// which become JSON. The faults are those of Request.
func (c *Client) RequestTask(ctx context.Context, task contract.Job, arguments any, by string) (Record, error) {
	text, err := json.Marshal(arguments)
	if err != nil {
		return Record{}, fault.Wrap(fault.Internal, err, "the arguments of %s cannot be encoded", task.Name)
	}
	records, err := c.request(ctx, []contract.Job{task}, task.Name, order{run: Manual, by: by, arguments: text})
	if err != nil {
		return Record{}, err
	}
	return records[0], nil
}

func (c *Client) request(ctx context.Context, jobs []contract.Job, name string, o order) ([]Record, error) {
	if o.by = clean(Line(o.by), 200); o.by == "" {
		o.by = "unknown"
	}
	o.at = c.clock().UTC().Truncate(time.Microsecond)
	var ids []int64
	err := postgres.InTx(ctx, c.store.pool, func(tx pgx.Tx) error {
		for _, job := range jobs {
			runnable, err := free(ctx, tx, job.Name)
			if err != nil {
				return err
			}
			if !runnable {
				continue
			}
			id, err := c.store.insert(ctx, tx, job, o)
			if err != nil {
				return err
			}
			if id == 0 {
				return fault.New(fault.Conflict, "%s was asked for at this very moment", job.Name)
			}
			ids = append(ids, id)
			if err := c.record(ctx, tx, "job.run", subject(id), nil, change{job.Name, Queued, o.by, o.arguments}); err != nil {
				return err
			}
		}
		if len(ids) == 0 {
			return fault.New(fault.Conflict, "no worker does %s: start one (`ohio work`) that can", name)
		}
		return nil
	})
	if err != nil {
		return nil, broken(err, "the run cannot be asked for")
	}
	records := make([]Record, len(ids))
	for i, id := range ids {
		if records[i], err = c.store.find(ctx, id); err != nil {
			return nil, err
		}
	}
	return records, nil
}

// change is what a recorder is told of a run.
type change struct {
	Job       string          `json:"job"`
	Status    Status          `json:"status"`
	By        string          `json:"by,omitempty"`
	Arguments json.RawMessage `json:"arguments,omitempty"`
}

func subject(id int64) string { return fmt.Sprintf("job_run/%d", id) }

// named gives the jobs that a name means, and what their run is called.
func (c *Client) named(name string) (jobs []contract.Job, run string) {
	for _, job := range scheduled(c.jobs) {
		if job.Name == name {
			return []contract.Job{job}, Manual
		}
		if job.Run.Name == name {
			jobs = append(jobs, job)
		}
	}
	return jobs, name
}

// free locks a job against other requests and tells whether a worker does it;
// fault.Conflict when a run of it has not ended.
func free(ctx context.Context, tx pgx.Tx, job string) (runnable bool, err error) {
	err = tx.QueryRow(ctx, lockJob, job).Scan(&runnable)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var active int64
	err = tx.QueryRow(ctx, activeRun, job).Scan(&active)
	if errors.Is(err, pgx.ErrNoRows) {
		return runnable, nil
	}
	if err != nil {
		return false, err
	}
	return false, fault.New(fault.Conflict, "run %d of %s has not ended: wait for it or cancel it", active, job)
}

// Cancel ends a run for good. One that is under way is told to stop and ends
// within seconds. A run that has ended is fault.Conflict.
func (c *Client) Cancel(ctx context.Context, id int64, by string) (Record, error) {
	record, err := c.store.find(ctx, id)
	if err != nil {
		return Record{}, err
	}
	if record.Status.Ended() {
		return Record{}, fault.New(fault.Conflict, "run %d has ended: it %s", id, record.Status.Says())
	}
	err = postgres.InTx(ctx, c.store.pool, func(tx pgx.Tx) error {
		var entry int64
		err := tx.QueryRow(ctx, cancelRun, id, fmt.Sprintf("cancelled by %s", clean(Line(by), 200))).Scan(&entry)
		if errors.Is(err, pgx.ErrNoRows) && record.riverJob != nil { // under way
			entry, err = *record.riverJob, nil
		}
		if err != nil || entry == 0 {
			return err
		}
		if err := c.store.queue.drop(ctx, tx, entry); err != nil {
			return err
		}
		return c.record(ctx, tx, "job.cancel", subject(id), change{record.Job, record.Status, record.RequestedBy, nil}, change{record.Job, Cancelled, by, nil})
	})
	if err != nil {
		return Record{}, broken(err, "the run cannot be cancelled")
	}
	return c.store.find(ctx, id)
}

// Run gives one run; fault.NotFound when there is none.
func (c *Client) Run(ctx context.Context, id int64) (Record, error) { return c.store.find(ctx, id) }
