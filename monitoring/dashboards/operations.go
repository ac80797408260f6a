package dashboards

import (
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/units"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/links"
	q "github.com/script-ohio/platform/monitoring/query"
	"github.com/script-ohio/platform/monitoring/slo"
)

func operations() Dashboard {
	return Dashboard{
		UID: links.Operations, Title: "Operations", Range: "7d", Refresh: "1m",
		Summary: "Whether the work that nobody looks at is done: jobs, backups, drills, notifications, and the figures that are reported.",
		Rows: []Row{
			{Title: "Figures against their targets", Topic: aboutRequests, Panels: []Panel{
				kpiAvailability(), kpiErrorRate(), kpiLatency(), kpiCache(), kpiBackups(), kpiConnections(),
			}},
			{Title: "Jobs", Topic: aboutJobs, Panels: []Panel{jobTable(), jobFailures(), jobDurations(), jobQueues(), jobSilence()}},
			{Title: "Backups", Topic: aboutJobs, Panels: []Panel{backupAge(), backupSize(), drillTime(), drillPoint(), backupSizes()}},
			{Title: "Notifications", Topic: aboutJobs, Panels: []Panel{deadLetters(), notifications(), alertsReceived(), alertmanagerFailures()}},
			{Title: "College Football Data API", Topic: aboutJobs, Panels: []Panel{cfbdBudget(), cfbdRequests()}},
		},
	}
}

// week is how far back the counts of the table of jobs reach.
const week = 7 * 24 * time.Hour

// missed is the share of bad events of an objective in thirty days, achieved
// that of good ones.
func missed(objective string) q.Expr {
	return slo.ErrorRatio(contract.SLOWindow).Of(q.Eq(slo.Label, objective)).Expr
}

func achieved(objective string) Query {
	return ask("30 days", q.Num(1).Sub(missed(objective))).until(DaysEvaluated)
}

func kpiAvailability() Panel {
	return Panel{
		Title: "Availability, 30 days", View: Figure{}, Unit: units.PercentUnit, Limits: atLeast(contract.SLOAvailability), Alert: alertBurnFast,
		Tells:   "Share of requests that were not answered by a 5xx, of routes with an objective. Green from the target of 99.9 % on.",
		Do:      "Red: the error budget is spent. See SLO and error budget for when and on what.",
		Queries: []Query{achieved("availability")},
	}
}

func kpiErrorRate() Panel {
	return Panel{
		Title: "Error rate, 30 days", View: Figure{}, Unit: units.PercentUnit, Limits: rises(contract.MaxErrorRate/2, contract.MaxErrorRate), Alert: alertErrorRate,
		Tells:   "Share of all requests that were answered by a 5xx. The limit is 1 %.",
		Do:      "See the routes in Production overview.",
		Queries: []Query{ask("30 days", missed("error-rate")).until(DaysEvaluated)},
	}
}

func kpiLatency() Panel {
	return Panel{
		Title: "Predictions on time, 30 days", View: Figure{}, Unit: units.PercentUnit, Limits: atLeast(contract.SLOLatency), Alert: alertBurnFast,
		Tells:   "Share of predictions of one game that were answered within 300 ms. Green from the target of 99 % on.",
		Do:      "See the time to compute in Predictions and models.",
		Queries: []Query{achieved("latency-prediction")},
	}
}

func kpiCache() Panel {
	window := q.Over(30 * 24 * time.Hour)
	lookups := func(m ...q.Matcher) q.Expr { return q.Sum(q.Increase(q.Of(contract.CacheRequests, m...), window)) }
	return Panel{
		Title: "Cache hits, 30 days", View: Figure{}, Unit: units.PercentUnit, Limits: cold(), Alert: alertCacheHits,
		Tells:   "Share of cache look-ups that hit. Green from the target of 80 % on.",
		Do:      "See which cache in Redis and caches.",
		Queries: []Query{now("30 days", q.Ratio(lookups(q.Eq("result", "hit")), lookups()))},
	}
}

func kpiBackups() Panel {
	return Panel{
		Title: "Backups that succeed, 30 days", View: Figure{}, Unit: units.PercentUnit, Limits: atLeast(contract.MinBackupSuccess), Alert: alertBackupMissed,
		Tells:   "Share of backups of the database that succeeded. Every one should.",
		Do:      "See why in the runs of database-backup; take a backup by hand if the last one failed.",
		Queries: []Query{achieved(slo.BackupSuccess).until(BackupTried)},
	}
}

func kpiConnections() Panel {
	p := databaseShare()
	p.Title, p.View, p.Width, p.Height = "Pool in use", Figure{}, 0, 0
	p.Tells = "Acquired connections to the most that the pool may open, of the fullest replica, now. The limit is 80 %."
	return p
}

// eachJob is one expression over every job, which depends on what its contract
// says.
func eachJob(of func(j contract.Job, task q.Matcher) q.Expr) q.Expr {
	jobs := contract.Jobs()
	all := of(jobs[0], q.Eq("task", jobs[0].Name))
	for _, j := range jobs[1:] {
		all = all.Or(of(j, q.Eq("task", j.Name)))
	}
	return all
}

func sinceSuccess(m ...q.Matcher) q.Expr {
	return q.Time().Sub(q.Max(q.Of(contract.JobLastSuccess, m...), q.By("task")))
}

// silence is the age of the last success to the age at which somebody is told.
func silence() q.Expr {
	return eachJob(func(j contract.Job, task q.Matcher) q.Expr { return sinceSuccess(task).Div(q.Seconds(j.DeadMan())) })
}

func jobRuns(w q.Window, m ...q.Matcher) q.Expr {
	return q.Sum(q.Increase(q.Of(contract.JobRuns, m...), w), q.By("task"))
}

// badly are the results of runs that did not do their work.
func badly() q.Matcher { return q.OneOf("result", "failed", "timed_out") }

func jobTable() Panel {
	w, by := q.Over(week), []string{"task"}
	took := func(m ...q.Matcher) q.Expr { return q.Quantile(.95, contract.JobDuration, w, by, m...) }
	return Panel{
		Title: "Jobs", Unit: units.Short, Limits: free("each column has its own"), Width: 24, Height: 12, Alert: alertJobSilent,
		View:  Table{Heads: map[string]string{"task": "Job"}},
		Tells: "Every scheduled job: how long ago it succeeded, how near that is to the age at which somebody is told, how its runs of seven days ended, and its time against its timeout.",
		Do:    "Red: look at its runs with ohio maintenance, read the worker's log by the link Logs, then run it by hand.",
		Queries: []Query{
			now("Last success", sinceSuccess()).as(units.DurationSeconds, free("the next column judges it")),
			now("Of its limit", silence()).as(units.PercentUnit, atMost(1)),
			now("Succeeded in 7 days", q.Round(jobRuns(w, q.Eq("result", "succeeded")), 1)),
			now("Failed in 7 days", q.Round(jobRuns(w, badly()), 1)).as(units.Short, rises(1, 2)),
			now("Time p95", took()).as(units.DurationSeconds, free("the next column judges it")),
			now("Of its timeout", eachJob(func(j contract.Job, task q.Matcher) q.Expr { return took(task).Div(q.Seconds(j.Timeout)) })).
				as(units.PercentUnit, rises(.5, .9)),
		},
	}
}

func jobFailures() Panel {
	return Panel{
		Title: "Runs that failed", View: Series{Stacked: true}, Unit: units.Short, Limits: atMost(1), Alert: alertJobFailed,
		Tells:   "Runs that failed or took too long, between two points, by job.",
		Do:      "One: the retry or the next run mends it. A row of them: read the log of the first.",
		Queries: []Query{ask("{{task}}", jobRuns(q.DashboardRate, badly()))},
	}
}

func jobDurations() Panel {
	sum := q.Sum(q.Increase(q.SumOf(contract.JobDuration), q.DashboardRate), q.By("task"))
	count := q.Sum(q.Increase(q.CountOf(contract.JobDuration), q.DashboardRate), q.By("task"))
	return Panel{
		Title: "Time of a run", View: Series{}, Unit: units.DurationSeconds, Limits: free("see each job's share of its timeout"),
		Tells:   "Mean time of the runs that ended between two points, by job.",
		Do:      "A job that grows from day to day reaches its timeout one day: raise it before.",
		Queries: []Query{ask("{{task}}", q.Ratio(sum, count)).until(JobEnded)},
	}
}

func jobQueues() Panel {
	return Panel{
		Title: "Jobs in the queues", View: Series{Stacked: true}, Unit: units.Short, Limits: free("retention and backups fill them at night"), Alert: alertQueue,
		Tells:   "Jobs that have not ended, by queue and state.",
		Do:      "Available ones that stay: no worker takes this queue, or all of them are busy.",
		Queries: []Query{ask("{{queue}} {{state}}", q.Max(q.Of(contract.JobsQueued), q.By("queue", "state")))},
	}
}

func jobSilence() Panel {
	return Panel{
		Title: "Silence of jobs", View: Series{}, Unit: units.PercentUnit, Limits: atMost(1), Alert: alertJobSilent,
		Tells:   "Age of the last success to the age at which somebody is told, by job. Each run lets it fall back.",
		Do:      "A line that no longer falls back: the job fails or is not started; see its runs.",
		Queries: []Query{ask("{{task}}", silence())},
	}
}
