package jobs

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/script-ohio/platform/app/contract"
)

// Filter selects runs; zero fields select all.
type Filter struct {
	Job    string
	Run    string // daily, weekly or manual
	Status Status
	Before int64 // only runs with a smaller id
	Limit  int   // most runs; 0 means 100
	Brief  bool  // leave the reports out, which may be large
}

const (
	listRuns  = `select ` + recordColumns + listWhere
	briefRuns = `select ` + briefColumns + listWhere
	listWhere = ` from job_runs
		where ($1 = '' or name = $1) and ($2 = '' or run = $2) and ($3 = '' or status = $3) and ($4 = 0 or id < $4)
		order by id desc limit $5`
	listJobs   = `select name, registered_at, runnable, last_success_at from jobs`
	latestRuns = `select distinct on (name) ` + briefColumns + ` from job_runs where name = any($1) order by name, id desc`
)

// Runs lists runs, newest first.
func (c *Client) Runs(ctx context.Context, f Filter) ([]Record, error) {
	if f.Limit <= 0 {
		f.Limit = 100
	}
	sql := listRuns
	if f.Brief {
		sql = briefRuns
	}
	rows, err := c.store.pool.Query(ctx, sql, f.Job, f.Run, f.Status, f.Before, f.Limit)
	if err != nil {
		return nil, broken(err, "the runs cannot be listed")
	}
	records, err := pgx.CollectRows(rows, scanRecord)
	if err != nil {
		return nil, broken(err, "the runs cannot be listed")
	}
	return records, nil
}

// State is a job and how it is doing.
type State struct {
	Job           contract.Job
	RegisteredAt  *time.Time // nil: never
	Runnable      bool       // whether the last worker of its queue that started can do it
	LastSuccessAt *time.Time
	NextDue       time.Time
	Last          *Record // its newest run, without the report
}

// Overdue tells whether the last success is older than it may be.
func (s State) Overdue(now time.Time) bool {
	since := s.RegisteredAt
	if s.LastSuccessAt != nil {
		since = s.LastSuccessAt
	}
	return since != nil && now.Sub(*since) > s.Job.DeadMan()
}

// Jobs tells how every scheduled job is doing, in the order of their declaration.
func (c *Client) Jobs(ctx context.Context) ([]State, error) {
	jobs := scheduled(c.jobs)
	states := make([]State, len(jobs))
	index := map[string]int{}
	now := c.clock()
	for i, job := range jobs {
		t, err := parse(job.Run)
		if err != nil {
			return nil, err
		}
		states[i] = State{Job: job, NextDue: t.next(now)}
		index[job.Name] = i
	}
	rows, err := c.store.pool.Query(ctx, listJobs)
	if err != nil {
		return nil, broken(err, "the jobs cannot be listed")
	}
	var (
		name       string
		registered time.Time
		runnable   bool
		success    *time.Time
	)
	_, err = pgx.ForEachRow(rows, []any{&name, &registered, &runnable, &success}, func() error {
		if i, ok := index[name]; ok {
			at := registered
			states[i].RegisteredAt, states[i].Runnable, states[i].LastSuccessAt = &at, runnable, success
			success = nil
		}
		return nil
	})
	if err != nil {
		return nil, broken(err, "the jobs cannot be listed")
	}
	rows, err = c.store.pool.Query(ctx, latestRuns, namesOf(jobs))
	if err != nil {
		return nil, broken(err, "the last runs cannot be read")
	}
	latest, err := pgx.CollectRows(rows, scanRecord)
	if err != nil {
		return nil, broken(err, "the last runs cannot be read")
	}
	for _, record := range latest {
		states[index[record.Job]].Last = &record
	}
	return states, nil
}

// Together lists the runs of one maintenance run, in the order of their
// creation.
func (c *Client) Together(ctx context.Context, run string, at time.Time) ([]Record, error) {
	rows, err := c.store.pool.Query(ctx, togetherRuns, run, at)
	if err != nil {
		return nil, broken(err, "the runs cannot be listed")
	}
	records, err := pgx.CollectRows(rows, scanRecord)
	if err != nil {
		return nil, broken(err, "the runs cannot be listed")
	}
	return records, nil
}

const togetherRuns = `select ` + recordColumns + ` from job_runs where run = $1 and scheduled_for = $2 order by id`
