package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/jobs"
)

// Jobs asks for runs of jobs and looks at them; jobs.Client is one.
type Jobs interface {
	Jobs(ctx context.Context) ([]jobs.State, error)
	Request(ctx context.Context, name, by string) ([]jobs.Record, error)
	RequestTask(ctx context.Context, task contract.Job, arguments any, by string) (jobs.Record, error)
	Runs(ctx context.Context, filter jobs.Filter) ([]jobs.Record, error)
	Run(ctx context.Context, id int64) (jobs.Record, error)
}

// Job is a scheduled job and how it is doing.
type Job struct {
	Name           string       `json:"name"`
	Summary        string       `json:"summary"`
	Run            string       `json:"run" enum:"daily,weekly" doc:"What it is part of"`
	Cron           string       `json:"cron" doc:"When that is due, in UTC: minute hour day month weekday"`
	After          string       `json:"after,omitempty" doc:"The job that comes first"`
	Queue          string       `json:"queue"`
	TimeoutSeconds int          `json:"timeout_seconds"`
	Retries        int          `json:"retries"`
	Severity       string       `json:"severity" doc:"Of its failure and of its silence"`
	Runnable       bool         `json:"runnable" doc:"Whether the last worker of its queue that started can do it"`
	Overdue        bool         `json:"overdue" doc:"Whether its last success is too long ago"`
	NextDue        time.Time    `json:"next_due"`
	LastSuccessAt  *time.Time   `json:"last_success_at,omitempty"`
	LastRun        *jobs.Record `json:"last_run,omitempty" doc:"Without its report"`
}

// JobList is every job.
type JobList struct {
	Jobs []Job `json:"jobs" nullable:"false"`
}

func (a *API) jobs(ctx context.Context, _ *struct{}) (*reply[JobList], error) {
	states, err := a.deps.Jobs.Jobs(ctx)
	if err != nil {
		return nil, err
	}
	now := a.opts.Clock()
	list := JobList{Jobs: make([]Job, len(states))}
	for i, s := range states {
		list.Jobs[i] = Job{
			Name: s.Job.Name, Summary: s.Job.Summary, Run: s.Job.Run.Name, Cron: s.Job.Run.Cron, After: s.Job.After,
			Queue: string(s.Job.Queue), TimeoutSeconds: int(s.Job.Timeout.Seconds()), Retries: s.Job.Retries, Severity: string(s.Job.Severity),
			Runnable: s.Runnable, Overdue: s.Overdue(now), NextDue: s.NextDue, LastSuccessAt: s.LastSuccessAt, LastRun: s.Last,
		}
	}
	return &reply[JobList]{list}, nil
}

type runJobInput struct {
	Name string `path:"name" minLength:"1" maxLength:"60" example:"daily" doc:"A job, or a maintenance run: daily or weekly"`
	Body *RunRequest
}

// RunRequest says why, for those who look at the run later. It may be left out.
type RunRequest struct {
	Reason string `json:"reason,omitempty" maxLength:"100" doc:"Shown beside the run"`
}

// RunsRequested are the runs that will be done.
type RunsRequested struct {
	ID   int64         `json:"id" doc:"Of the run; of the first one of a maintenance run"`
	Runs []jobs.Record `json:"runs" nullable:"false"`
}

type accepting struct {
	Location string `header:"Location" doc:"Where the run can be looked at"`
	Body     RunsRequested
}

// accepted describes an operation whose work is done later.
func accepted(op *huma.Operation) { op.DefaultStatus = http.StatusAccepted }

func (a *API) runJob(ctx context.Context, in *runJobInput) (*accepting, error) {
	return a.request(ctx, in.Name, in.Body)
}

// request asks for a job or a maintenance run.
func (a *API) request(ctx context.Context, name string, why *RunRequest) (*accepting, error) {
	runs, err := a.deps.Jobs.Request(ctx, name, why.by(ctx))
	if err != nil {
		return nil, err
	}
	return accept(runs), nil
}

// by says who asks, and why if that was told.
func (r *RunRequest) by(ctx context.Context) string {
	who := callOf(ctx).who
	by := fmt.Sprintf("key %s (%s)", who.KeyID, who.Name)
	if r != nil && r.Reason != "" {
		by += ": " + r.Reason
	}
	return by
}

func accept(runs []jobs.Record) *accepting {
	id := runs[0].ID
	return &accepting{
		Location: strings.Replace(contract.RouteRun.Path, "{id}", strconv.FormatInt(id, 10), 1),
		Body:     RunsRequested{id, runs},
	}
}

// RunPage is one page of runs, the newest first.
type RunPage struct {
	Runs       []jobs.Record `json:"runs" nullable:"false"`
	NextCursor string        `json:"next_cursor,omitempty" doc:"Ask again with this for the next page; absent on the last"`
}

type runsInput struct {
	Job    string `query:"job" maxLength:"60"`
	Run    string `query:"run" enum:"daily,weekly,manual"`
	Status string `query:"status" enum:"queued,running,retrying,interrupted,succeeded,skipped,failed,timed_out,cancelled"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
	Cursor string `query:"cursor" maxLength:"200" doc:"next_cursor of the page before, with the same filters"`
}

func (a *API) runs(ctx context.Context, in *runsInput) (*reply[RunPage], error) {
	rows, next, err := page(a.cursors, fmt.Sprintf("runs %q %q %q", in.Job, in.Run, in.Status), in.Cursor, in.Limit,
		func(one jobs.Record) int64 { return one.ID },
		func(before int64, limit int) ([]jobs.Record, error) {
			return a.deps.Jobs.Runs(ctx, jobs.Filter{Job: in.Job, Run: in.Run, Status: jobs.Status(in.Status), Before: before, Limit: limit, Brief: true})
		})
	if err != nil {
		return nil, err
	}
	return &reply[RunPage]{RunPage{rows, next}}, nil
}

type runInput struct {
	ID int64 `path:"id" minimum:"1"`
}

func (a *API) run(ctx context.Context, in *runInput) (*reply[jobs.Record], error) {
	record, err := a.deps.Jobs.Run(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &reply[jobs.Record]{record}, nil
}
