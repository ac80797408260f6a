package alerts

import (
	"fmt"
	"time"

	"github.com/prometheus/common/model"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/links"
	q "github.com/script-ohio/platform/monitoring/query"
)

const (
	failureMemory = 6 * time.Hour // how long a failure is told of, unless a success follows
	shrunk        = .5            // of the mean of a week
	queueStuck    = time.Hour
)

func jobs() []Alert {
	all := []Alert{
		{
			Name: "JobMetricsMissing", Severity: contract.Warning, Component: Jobs,
			When: q.Count(q.Group(q.Of(contract.JobLastSuccess), q.By("task"))).Or(q.Vector(0)).
				Lt(q.Num(float64(len(contract.Jobs())))), For: 30 * time.Minute,
			Summary:     "Nobody tells of some scheduled jobs",
			Description: fmt.Sprintf("{{ $value | humanize }} of %d scheduled jobs report their last success. The others may not run and no other alert would say so; look at the workers.", len(contract.Jobs())),
			Dashboard:   links.Operations,
		},
		{
			Name: "JobsStuck", Severity: contract.Warning, Component: Jobs,
			When: q.MinOver(q.Every(time.Minute, q.Max(q.Of(contract.JobsQueued, q.Eq("state", "available")), q.By("queue"))), q.Over(queueStuck)).
				Gt(q.Num(0)), For: 5 * time.Minute,
			Summary:     "Jobs wait in the queue {{ $labels.queue }}",
			Description: "The queue {{ $labels.queue }} has not been empty for an hour; {{ $value | humanize }} jobs or more wait. Look whether its worker runs and what it is busy with.",
			Dashboard:   links.Operations,
		},
		{
			Name: "BackupPartial", Severity: contract.Warning, Component: Jobs,
			When: backupPartial(), For: time.Hour,
			Summary:     "The backup lacks {{ $labels.component_name }}, in whole or in part",
			Description: "The newest backup of {{ $labels.component_name }} is missing, or less than half of its size in the last week. Verify it before the older ones are deleted.",
			Dashboard:   links.Operations,
		},
	}
	for _, severity := range contract.Severities() {
		if tasks := tasksOf(severity); len(tasks) > 0 {
			all = append(all, failing(severity, tasks))
		}
	}
	for _, job := range contract.Jobs() {
		all = append(all, overdue(job))
	}
	return all
}

// failing is silent about a run that failed when a later one succeeded.
func failing(severity contract.Severity, tasks []string) Alert {
	ended := func(results ...string) q.Expr {
		runs := q.Of(contract.JobRuns, q.OneOf("task", tasks...), q.OneOf("result", results...))
		return q.Sum(q.Increase(runs, q.Over(failureMemory)), q.By("task")).Gt(q.Num(0))
	}
	return Alert{
		Name: "JobFailing", Severity: severity, Component: Jobs,
		When:        ended("failed", "timed_out").Unless(ended("succeeded")),
		Summary:     "The job {{ $labels.task }} failed",
		Description: "{{ $labels.task }} has failed or run out of time within six hours, after all its retries, and has not succeeded since. Its last run tells why.",
		Dashboard:   links.Operations,
	}
}

// overdue is the dead man's switch of a job.
func overdue(j contract.Job) Alert {
	since := q.Time().Sub(q.Max(q.Of(contract.JobLastSuccess, q.Eq("task", j.Name)), q.By("task")))
	a := Alert{
		Name: "JobOverdue", Severity: j.Severity, Component: Jobs,
		When: since.Gt(q.Seconds(j.DeadMan())), Labels: map[string]string{"task": j.Name},
		Summary:     "The job {{ $labels.task }} has not succeeded for {{ $value | humanizeDuration }}",
		Description: fmt.Sprintf("%s: last done {{ $value | humanizeDuration }} ago, and due every %s. Look whether its worker runs and what its last run says.", j.Summary, model.Duration(j.Run.Every)),
		Dashboard:   links.Operations,
		Explains:    []string{"JobFailing"}, Same: []string{"task"},
	}
	switch j.Name {
	case contract.JobDatabaseBackup.Name:
		a.Name = "BackupTooOld"
		a.Summary = "The last backup is {{ $value | humanizeDuration }} old"
	case contract.JobRestoreDrill.Name:
		a.Name = "RestoreDrillOverdue"
		a.Summary = "No backup has been restored for {{ $value | humanizeDuration }}"
	}
	return a
}

// backupPartial compares the newest backup with the last week, but for logs,
// of which quiet days have few; when they are missing, the job fails. The label of
// the metric is renamed, since the alert's own component takes its place.
func backupPartial() q.Expr {
	size := q.Of(contract.BackupSize, q.Not("component", "logs"))
	mean := q.Max(q.AvgOver(size, q.Over(7*day)), q.By("component"))
	newest := q.Max(q.LastOver(size, q.Over(26*time.Hour)), q.By("component"))
	partial := newest.Lt(mean.Mul(q.Num(shrunk))).Or(mean.Unless(newest))
	return q.Max(q.LabelReplace(partial, "component_name", "$1", "component", "(.*)"), q.By("component_name"))
}

func tasksOf(s contract.Severity) []string {
	var tasks []string
	for _, j := range contract.Jobs() {
		if j.Severity == s {
			tasks = append(tasks, j.Name)
		}
	}
	return tasks
}
