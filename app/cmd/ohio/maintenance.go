package main

import (
	"context"
	"fmt"
	"os/user"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/ops/maintenance"
	"github.com/script-ohio/platform/app/platform/jobs"
)

type maintenanceCmd struct {
	RunNow maintenanceRunCmd    `cmd:"" name:"run" help:"Have a job, or all of a maintenance run, done now by a worker."`
	List   maintenanceListCmd   `cmd:"" help:"List the jobs, when they are due and how they are doing."`
	Status maintenanceStatusCmd `cmd:"" help:"Show the newest runs, or one run and what it found."`
	Cancel maintenanceCancelCmd `cmd:"" help:"Cancel a run that has not ended."`
	Report maintenanceReportCmd `cmd:"" help:"Print the newest report of a maintenance run."`
}

// jobs opens the database and asks for jobs through it.
func (i instance) jobs(ctx context.Context) (*jobs.Client, func(), error) {
	pool, err := i.connect(ctx)
	if err != nil {
		return nil, nil, err
	}
	client, err := jobs.NewClient(pool, jobs.ClientOptions{Record: auditLog(pool).Change})
	if err != nil {
		pool.Close()
		return nil, nil, err
	}
	return client, pool.Close, nil
}

// person is who uses the command line.
func person() string {
	if u, err := user.Current(); err == nil {
		return u.Username + " (ohio)"
	}
	return "ohio"
}

type maintenanceRunCmd struct {
	instance
	output
	Name string `arg:"" help:"A job, or a maintenance run: daily or weekly."`
	Wait bool   `help:"Wait until all is done; exit status 1 when anything failed."`
}

// waitPoll is how often a run that is waited for is looked at.
const waitPoll = 250 * time.Millisecond

func (c maintenanceRunCmd) Run(ctx context.Context, out *console) error {
	client, done, err := c.jobs(ctx)
	if err != nil {
		return err
	}
	defer done()
	runs, err := client.Request(ctx, c.Name, person())
	if err != nil {
		return err
	}
	if c.Wait {
		if err := follow(ctx, out, client, c.Name, runs); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(out.err, "Asked for, to be done by a worker; `ohio maintenance status %d` shows what becomes of it.\n", runs[0].ID)
	}
	if err := c.print(out, runs, func(w *tabwriter.Writer) { drawRuns(w, runs) }); err != nil || !c.Wait {
		return err
	}
	return undone(runs)
}

// undone names the runs that did not do what they are for.
func undone(runs []jobs.Record) error {
	var failed []string
	for _, r := range runs {
		if !r.Status.Good() {
			failed = append(failed, fmt.Sprintf("%s %s", r.Job, r.Status))
		}
	}
	if len(failed) > 0 {
		return fault.New(fault.Internal, "not everything is done: %s", strings.Join(failed, ", "))
	}
	return nil
}

// maxAway is how long the database may be away while runs are waited for.
const maxAway = 2 * time.Minute

// follow looks at runs until all have ended and keeps their records up to
// date. It shows 100 steps, since jobs count what they like. Runs go on while
// the database is away, and so does it.
func follow(ctx context.Context, out *console, client *jobs.Client, name string, runs []jobs.Record) error {
	progress := out.newProgress(name, 100)
	defer progress.close()
	seen, warned := time.Now(), false
	for {
		left, share, err := look(ctx, client, runs)
		switch {
		case err == nil:
			seen = time.Now()
			progress.set(int(100 * share))
			if id, age := untaken(runs, seen); id != 0 && !warned {
				warned = true
				progress.say(fmt.Sprintf("no worker has taken run %d for %s; is one running (`ohio work`), and free?", id, age))
			}
		case ctx.Err() == nil && (fault.CodeOf(err) != fault.Unavailable || time.Since(seen) > maxAway):
			return err
		}
		if left == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return stopped{ctx.Err(), runs}
		case <-time.After(waitPoll):
		}
	}
}

// stopped is the error of who waits for runs no longer, and what it tells.
type stopped struct {
	cause error
	runs  []jobs.Record
}

// Error implements error.
func (s stopped) Error() string {
	var left []jobs.Record
	for _, r := range s.runs {
		if !r.Status.Ended() {
			left = append(left, r)
		}
	}
	if len(left) == 1 {
		return fmt.Sprintf("stopped waiting; the run goes on: ohio maintenance status %d", left[0].ID)
	}
	return fmt.Sprintf("stopped waiting; %s go on: ohio maintenance status", count(len(left), "run"))
}

// Unwrap gives the interrupt.
func (s stopped) Unwrap() error { return s.cause }

// patient is how long a run may stay where it is before who waits for it is
// asked whether there is a worker.
const patient = 30 * time.Second

// untaken finds a run that no worker has looked at for so long, and how long.
func untaken(runs []jobs.Record, now time.Time) (id int64, age time.Duration) {
	for _, r := range runs {
		age := now.Sub(r.CreatedAt)
		if r.Status == jobs.Queued && r.Attempt == 0 && r.Progress.Note == "" && age >= patient {
			return r.ID, age.Round(time.Second)
		}
	}
	return 0, 0
}

// look brings the records of runs up to date, and tells how many have not
// ended and what share of all is done.
func look(ctx context.Context, client *jobs.Client, runs []jobs.Record) (left int, share float64, err error) {
	for i := range runs {
		if !runs[i].Status.Ended() && err == nil {
			var record jobs.Record
			if record, err = client.Run(ctx, runs[i].ID); err == nil {
				runs[i] = record
			}
		}
		switch p := runs[i].Progress; {
		case runs[i].Status.Ended():
			share++
			continue
		case p.Total > 0:
			share += min(1, float64(p.Done)/float64(p.Total))
		}
		left++
	}
	return left, share / float64(len(runs)), err
}

func drawRuns(w *tabwriter.Writer, runs []jobs.Record) {
	row(w, "RUN", "JOB", "STATUS", "ATTEMPT", "TOOK", "NOTE")
	for _, r := range runs {
		row(w, r.ID, r.Job, r.Status, r.Attempt, r.Took(time.Now()).Round(100*time.Millisecond), line(note(r)))
	}
}

// note is what there is to say of a run besides its status: why it ended as it
// did, or what it is at. What it was at last says nothing once it has ended.
func note(r jobs.Record) string {
	if r.Error != "" || r.Status.Ended() {
		return r.Error
	}
	return r.Progress.Note
}

// line is the first line of a text, cut to what a table takes.
func line(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	if runes := []rune(text); len(runes) > 80 {
		return string(runes[:79]) + "…"
	}
	return text
}

type maintenanceListCmd struct {
	instance
	output
}

// jobView is a job as programs see it.
type jobView struct {
	Name          string       `json:"name"`
	Summary       string       `json:"summary"`
	Run           string       `json:"run"`
	Cron          string       `json:"cron"`
	Queue         string       `json:"queue"`
	Runnable      bool         `json:"runnable"`
	Overdue       bool         `json:"overdue"`
	NextDue       time.Time    `json:"next_due"`
	LastSuccessAt *time.Time   `json:"last_success_at,omitempty"`
	LastRun       *jobs.Record `json:"last_run,omitempty"`
}

func (c maintenanceListCmd) Run(ctx context.Context, out *console) error {
	client, done, err := c.jobs(ctx)
	if err != nil {
		return err
	}
	defer done()
	states, err := client.Jobs(ctx)
	if err != nil {
		return err
	}
	views := make([]jobView, len(states))
	for i, s := range states {
		views[i] = jobView{s.Job.Name, s.Job.Summary, s.Job.Run.Name, s.Job.Run.Cron, string(s.Job.Queue),
			s.Runnable, s.Overdue(time.Now()), s.NextDue, s.LastSuccessAt, s.Last}
	}
	return c.print(out, views, func(w *tabwriter.Writer) {
		row(w, "JOB", "RUN", "SCHEDULE (UTC)", "NEXT DUE", "LAST SUCCESS", "LAST RUN", "REMARK")
		for _, v := range views {
			last, remark := "-", ""
			if v.LastRun != nil {
				last = fmt.Sprintf("%d %s", v.LastRun.ID, v.LastRun.Status)
			}
			switch {
			case !v.Runnable:
				remark = "no worker does it"
			case v.Overdue:
				remark = "overdue"
			}
			row(w, v.Name, v.Run, v.Cron, date(&v.NextDue), date(v.LastSuccessAt), last, remark)
		}
	})
}

type maintenanceCancelCmd struct {
	instance
	output
	ID int64 `arg:"" help:"The run's number, from ohio maintenance status."`
}

func (c maintenanceCancelCmd) Run(ctx context.Context, out *console) error {
	client, done, err := c.jobs(ctx)
	if err != nil {
		return err
	}
	defer done()
	record, err := client.Cancel(ctx, c.ID, person())
	if err != nil {
		return err
	}
	runs := []jobs.Record{record}
	return c.print(out, runs, func(w *tabwriter.Writer) { drawRuns(w, runs) })
}

type maintenanceReportCmd struct {
	instance
	Which  string `arg:"" optional:"" name:"run" help:"daily or weekly; the newest of either if left out."`
	Format string `enum:"md,html,json" default:"md" short:"o" aliases:"output" help:"Print ${enum}."`
}

// Validate is called by kong.
func (c maintenanceReportCmd) Validate() error {
	for _, run := range contract.Runs() {
		if c.Which == run.Name {
			return nil
		}
	}
	if c.Which != "" {
		return fmt.Errorf("there is no maintenance run %q: say daily or weekly", c.Which)
	}
	return nil
}

func (c maintenanceReportCmd) Run(ctx context.Context, out *console) error {
	pool, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer pool.Close()
	client, err := jobs.NewClient(pool, jobs.ClientOptions{})
	if err != nil {
		return err
	}
	report, err := maintenance.NewReports(pool, client, maintenance.Options{}).Newest(ctx, c.Which, time.Now())
	if err != nil {
		return err
	}
	var text string
	switch c.Format {
	case "json":
		return output{"json"}.print(out, report, nil)
	case "html":
		text, err = report.HTML()
	default:
		text, err = report.Markdown()
	}
	if err == nil {
		_, err = fmt.Fprint(out.out, text)
	}
	return err
}
