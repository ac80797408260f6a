// Package maintenance does the routine jobs of the platform and tells how a
// whole maintenance run went.
package maintenance

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/jobs"
)

// Issue is something that a job found and a person should know. A job whose
// report has a field "issues" with a list of these has them told in the report
// of its run.
type Issue struct {
	Severity contract.Severity `json:"severity"`
	Job      string            `json:"job,omitempty"`
	Text     string            `json:"text"`
}

// Verdict sums a report up.
type Verdict string

// The verdicts. Critical is for what wakes somebody, Warning for what is read
// within the day.
const (
	OK       Verdict = "ok"
	Warning  Verdict = "warning"
	Critical Verdict = "critical"
)

// Report tells how a maintenance run went.
type Report struct {
	Run          string         `json:"run"`
	ScheduledFor time.Time      `json:"scheduled_for"`
	MadeAt       time.Time      `json:"made_at"`
	Verdict      Verdict        `json:"verdict"`
	Summary      string         `json:"summary"`      // a sentence that also names the run
	TookSeconds  float64        `json:"took_seconds"` // from the due time to the last end
	Counts       map[string]int `json:"counts"`       // of tasks, by status
	Tasks        []Task         `json:"tasks"`
	Issues       []Issue        `json:"issues"` // most urgent first
}

// Task is one job in a Report.
type Task struct {
	Job         string          `json:"job"`
	About       string          `json:"about"`
	Status      string          `json:"status"` // of its run, or "absent"
	RunID       int64           `json:"run_id,omitempty"`
	Attempts    int             `json:"attempts"`
	TookSeconds float64         `json:"took_seconds"` // of the last attempt
	Note        string          `json:"note,omitempty"`
	Report      json.RawMessage `json:"report,omitempty"`
}

// absent is the status of a job that was not part of the run.
const absent = "absent"

// compile makes the report of a run from its records: those that have ended,
// and what has not by now.
func compile(run string, at time.Time, declared []contract.Job, records []jobs.Record, now time.Time) Report {
	r := Report{Run: run, ScheduledFor: at.UTC(), MadeAt: now.UTC(), Verdict: OK, Counts: map[string]int{}, Issues: []Issue{}, Tasks: []Task{}}
	byJob := map[string]jobs.Record{}
	last := at
	for _, record := range records {
		byJob[record.Job] = record
		if record.EndedAt != nil && record.EndedAt.After(last) {
			last = *record.EndedAt
		}
	}
	for _, job := range declared {
		if job.Run.Name != run {
			continue
		}
		record, ran := byJob[job.Name]
		task := Task{Job: job.Name, About: job.Summary, Status: absent}
		if ran {
			task.Status, task.RunID, task.Attempts = string(record.Status), record.ID, record.Attempt
			task.TookSeconds = seconds(record.Took(now))
			task.Report, task.Note = record.Report, firstLine(record.Error)
		}
		r.Tasks = append(r.Tasks, task)
		r.Counts[task.Status]++
		r.Issues = append(r.Issues, issuesOf(job, record, ran)...)
	}
	rank := func(i Issue) int {
		if at := slices.Index(contract.Severities(), i.Severity); at >= 0 {
			return at
		}
		return len(contract.Severities())
	}
	slices.SortStableFunc(r.Issues, func(a, b Issue) int { return rank(a) - rank(b) })
	for _, i := range r.Issues {
		switch {
		case i.Severity == contract.Critical:
			r.Verdict = Critical
		case i.Severity == contract.Warning && r.Verdict == OK:
			r.Verdict = Warning
		}
	}
	r.TookSeconds = seconds(last.Sub(at))
	r.Summary = summary(r)
	return r
}

// issuesOf are those of the job's ending and those that it reports.
func issuesOf(job contract.Job, record jobs.Record, ran bool) (issues []Issue) {
	switch {
	case !ran:
		return []Issue{{contract.Info, job.Name, "it was not part of the run: no worker does it"}}
	case !record.Status.Ended():
		issues = append(issues, Issue{job.Severity, job.Name, strings.TrimSpace(fmt.Sprintf("it has not ended: it %s %s", record.Status.Says(), record.Progress.Note))})
	case record.Status == jobs.Skipped && job.Severity == contract.Critical:
		issues = append(issues, Issue{contract.Warning, job.Name, "it had nothing to do: " + firstLine(record.Error)})
	case !record.Status.Good():
		issues = append(issues, Issue{job.Severity, job.Name, fmt.Sprintf("it %s: %s", record.Status.Says(), firstLine(record.Error))})
	}
	var found struct {
		Issues []Issue `json:"issues"`
	}
	if json.Unmarshal(record.Report, &found) != nil {
		return issues // a report may have any form
	}
	for _, i := range found.Issues {
		if i.Text == "" {
			continue
		}
		if !slices.Contains(contract.Severities(), i.Severity) {
			i.Severity = contract.Info
		}
		i.Job = job.Name
		issues = append(issues, i)
	}
	return issues
}

func summary(r Report) string {
	good := r.Counts[string(jobs.Succeeded)] + r.Counts[string(jobs.Skipped)]
	text := fmt.Sprintf("%s maintenance of %s: %d of %d tasks are done", r.Run, r.ScheduledFor.UTC().Format(time.DateOnly), good, len(r.Tasks)-r.Counts[absent])
	var rest []string
	for _, status := range jobs.Statuses() {
		if n := r.Counts[string(status)]; n > 0 && !status.Good() {
			rest = append(rest, fmt.Sprintf("%d %s", n, strings.ReplaceAll(string(status), "_", " ")))
		}
	}
	if n := r.Counts[absent]; n > 0 {
		rest = append(rest, fmt.Sprintf("%d absent", n))
	}
	if len(rest) > 0 {
		text += " (" + strings.Join(rest, ", ") + ")"
	}
	urgent := 0
	for _, i := range r.Issues {
		if i.Severity == contract.Critical || i.Severity == contract.Warning {
			urgent++
		}
	}
	switch {
	case urgent == 1:
		text += "; 1 issue needs attention"
	case urgent > 1:
		text += fmt.Sprintf("; %d issues need attention", urgent)
	}
	return text + "."
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

func seconds(d time.Duration) float64 { return max(0, d.Round(time.Millisecond).Seconds()) }
