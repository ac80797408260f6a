package jobs

import (
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/script-ohio/platform/app/contract"
)

// Status is where a run stands.
type Status string

// The states of a run. The first four go on by themselves, the others are
// ends.
const (
	Queued      Status = "queued"
	Running     Status = "running"
	Retrying    Status = "retrying"    // failed, and tried again after a while
	Interrupted Status = "interrupted" // its worker stopped or died; another takes over
	Succeeded   Status = "succeeded"
	Skipped     Status = "skipped" // there was nothing to do
	Failed      Status = "failed"
	TimedOut    Status = "timed_out"
	Cancelled   Status = "cancelled" // by a person
)

// Statuses lists them.
func Statuses() []Status {
	return []Status{Queued, Running, Retrying, Interrupted, Succeeded, Skipped, Failed, TimedOut, Cancelled}
}

// Ended tells whether nothing more will happen.
func (s Status) Ended() bool {
	switch s {
	case Queued, Running, Retrying, Interrupted:
		return false
	}
	return true
}

// Good tells whether the run did what it is for, or had nothing to do.
func (s Status) Good() bool { return s == Succeeded || s == Skipped }

// Manual is the run of a job that a person asked for alone.
const Manual = "manual"

// Record is a run as the database has it.
type Record struct {
	ID           int64           `json:"id"`
	Job          string          `json:"job" doc:"Name of the job"`
	Run          string          `json:"run" enum:"daily,weekly,manual" doc:"What it is part of"`
	ScheduledFor time.Time       `json:"scheduled_for" doc:"The period, or when it was asked for"`
	RequestedBy  string          `json:"requested_by,omitempty" doc:"Absent: the schedule"`
	Queue        contract.Queue  `json:"queue"`
	Status       Status          `json:"status" enum:"queued,running,retrying,interrupted,succeeded,skipped,failed,timed_out,cancelled"`
	Attempt      int             `json:"attempt" doc:"How often it has begun"`
	Progress     Progress        `json:"progress"`
	Arguments    json.RawMessage `json:"arguments,omitempty" doc:"What a task was asked to do it with"`
	Report       json.RawMessage `json:"report,omitempty" doc:"What it found"`
	Error        string          `json:"error,omitempty" doc:"Why it failed, was skipped or was interrupted"`
	Worker       string          `json:"worker,omitempty" doc:"Who began the last attempt"`
	CreatedAt    time.Time       `json:"created_at"`
	StartedAt    *time.Time      `json:"started_at,omitempty" doc:"Of the last attempt"`
	EndedAt      *time.Time      `json:"ended_at,omitempty"`

	riverJob *int64 // the queue entry that counts
	failures int
	rescues  int
}

// Took is how long the last attempt ran, as of now when it still does.
func (r Record) Took(now time.Time) time.Duration {
	switch {
	case r.StartedAt == nil:
		return 0
	case r.EndedAt != nil:
		return r.EndedAt.Sub(*r.StartedAt)
	}
	return max(0, now.Sub(*r.StartedAt))
}

// briefColumns leave the report, which may be large, out of lists.
const briefColumns = `id, name, run, scheduled_for, requested_by, queue, status, attempt,
	progress_done, progress_total, note, arguments, null::jsonb, error, worker, created_at, started_at, ended_at,
	river_job, failures, rescues`

const recordColumns = `id, name, run, scheduled_for, requested_by, queue, status, attempt,
	progress_done, progress_total, note, arguments, report, error, worker, created_at, started_at, ended_at,
	river_job, failures, rescues`

func scanRecord(row pgx.CollectableRow) (Record, error) {
	var r Record
	err := row.Scan(&r.ID, &r.Job, &r.Run, &r.ScheduledFor, &r.RequestedBy, &r.Queue, &r.Status, &r.Attempt,
		&r.Progress.Done, &r.Progress.Total, &r.Progress.Note, &r.Arguments, &r.Report, &r.Error, &r.Worker, &r.CreatedAt, &r.StartedAt, &r.EndedAt,
		&r.riverJob, &r.failures, &r.rescues)
	return r, err
}
