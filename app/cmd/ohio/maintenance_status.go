package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/jobs"
)

type maintenanceStatusCmd struct {
	instance
	output
	ID    int64  `arg:"" optional:"" help:"The run's number; the newest runs if left out."`
	Job   string `placeholder:"NAME" help:"Only runs of this job."`
	Limit int    `default:"20" help:"Most runs to list, up to 500."`
	Wait  bool   `help:"Wait until the run has ended; exit status 1 when it failed."`
}

// Validate is called by kong.
func (c maintenanceStatusCmd) Validate() error {
	switch {
	case c.Limit < 1 || c.Limit > contract.MaxPageSize:
		return fmt.Errorf("--limit must be 1 to %d", contract.MaxPageSize)
	case c.Wait && c.ID == 0:
		return fmt.Errorf("--wait needs the number of a run")
	case c.Job != "" && c.ID != 0:
		return fmt.Errorf("--job is for lists, not for one run")
	}
	return nil
}

func (c maintenanceStatusCmd) Run(ctx context.Context, out *console) error {
	client, done, err := c.jobs(ctx)
	if err != nil {
		return err
	}
	defer done()
	if c.ID == 0 {
		runs, err := client.Runs(ctx, jobs.Filter{Job: c.Job, Limit: c.Limit, Brief: true})
		if err != nil {
			return err
		}
		if len(runs) == 0 && c.Job != "" && !slices.Contains(jobNames(), c.Job) {
			return fault.New(fault.NotFound, "there is no job %q: use one of %s", c.Job, strings.Join(jobNames(), ", "))
		}
		return c.print(out, runs, func(w *tabwriter.Writer) { drawNewest(w, runs) })
	}
	run, err := client.Run(ctx, c.ID)
	if err != nil {
		return err
	}
	if c.Wait {
		runs := []jobs.Record{run}
		if err := follow(ctx, out, client, run.Job, runs); err != nil {
			return err
		}
		run = runs[0]
	}
	if err := c.print(out, run, func(w *tabwriter.Writer) { drawRun(w, run) }); err != nil || !c.Wait {
		return err
	}
	return undone([]jobs.Record{run})
}

// jobNames are those that runs may have; older runs may have others.
func jobNames() (names []string) {
	for _, job := range append(contract.Jobs(), contract.Tasks()...) {
		names = append(names, job.Name)
	}
	return names
}

func drawNewest(w *tabwriter.Writer, runs []jobs.Record) {
	row(w, "RUN", "JOB", "PART OF", "STATUS", "ASKED FOR", "ENDED", "TOOK", "NOTE")
	for _, r := range runs {
		row(w, r.ID, r.Job, r.Run, r.Status, date(&r.CreatedAt), date(r.EndedAt), r.Took(time.Now()).Round(100*time.Millisecond), line(note(r)))
	}
}

// drawRun shows all of a run, its report as it is.
func drawRun(w *tabwriter.Writer, r jobs.Record) {
	by := r.RequestedBy
	if by == "" {
		by = "the schedule"
	}
	row(w, "RUN", r.ID)
	row(w, "JOB", r.Job)
	row(w, "PART OF", r.Run)
	row(w, "STATUS", r.Status)
	row(w, "ASKED FOR BY", by)
	row(w, "ASKED FOR", date(&r.CreatedAt))
	row(w, "BEGAN", date(r.StartedAt))
	row(w, "ENDED", date(r.EndedAt))
	row(w, "TOOK", r.Took(time.Now()).Round(time.Millisecond))
	row(w, "ATTEMPT", r.Attempt)
	row(w, "WORKER", r.Worker)
	if !r.Status.Ended() && r.Progress.Total > 0 {
		row(w, "PROGRESS", fmt.Sprintf("%d of %d", r.Progress.Done, r.Progress.Total))
	}
	if text := note(r); text != "" {
		row(w, "NOTE", strings.Join(strings.Fields(text), " "))
	}
	var report bytes.Buffer
	if len(r.Report) > 0 && json.Indent(&report, r.Report, "", "  ") == nil {
		fmt.Fprintln(w)
		for text := range strings.Lines(report.String()) { // JSON escapes the line breaks within texts
			sentence(w, "%s", strings.TrimSuffix(text, "\n"))
		}
	}
}
