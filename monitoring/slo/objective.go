// Package slo turns the objectives of the contract into what can be watched:
// the share of bad requests over several windows, the error budget that is
// left of thirty days, and the conditions under which it burns too fast.
package slo

import (
	"github.com/script-ohio/platform/app/contract"
	q "github.com/script-ohio/platform/monitoring/query"
	"github.com/script-ohio/platform/monitoring/source"
)

// Label tells the series of one objective from those of another.
const Label = "slo"

// BackupSuccess is the objective without a budget: a single failure breaks it.
const BackupSuccess = "backup-success"

// Objective is a share of events that should be good over contract.SLOWindow.
type Objective struct {
	Name    string // value of Label
	Summary string
	Target  float64 // share of good events
	bad     func(w q.Window) q.Expr
	all     func(w q.Window) q.Expr
}

// Objectives lists every objective.
func Objectives() []Objective {
	return []Objective{
		{
			Name: "availability", Summary: "Requests that users make are not answered by a 5xx", Target: contract.SLOAvailability,
			bad: func(w q.Window) q.Expr { return increase(w, served(), q.Match("status", "5..")) },
			all: func(w q.Window) q.Expr { return increase(w, served()) },
		},
		latency("latency-prediction", "Predictions of one game are answered within 300 ms", contract.SLOPrediction),
		latency("latency-browse", "Reads are answered within two seconds", contract.SLOBrowse),
		{
			Name: "error-rate", Summary: "Requests of every kind are not answered by a 5xx", Target: 1 - contract.MaxErrorRate,
			bad: func(w q.Window) q.Expr { return increase(w, notProbes(), q.Match("status", "5..")) },
			all: func(w q.Window) q.Expr { return increase(w, notProbes()) },
		},
		{
			Name: BackupSuccess, Summary: "Every backup of the database succeeds", Target: contract.MinBackupSuccess,
			bad: func(w q.Window) q.Expr { return backups(w, q.OneOf("result", "failed", "timed_out")) },
			all: func(w q.Window) q.Expr { return backups(w, q.Not("result", "cancelled")) },
		},
	}
}

func backups(w q.Window, result q.Matcher) q.Expr {
	return q.Sum(q.Increase(q.Of(contract.JobRuns, q.Eq("task", contract.JobDatabaseBackup.Name), result), w))
}

func latency(name, summary string, class contract.SLOClass) Objective {
	count := func(s q.Series, w q.Window) q.Expr { return q.Sum(q.Increase(s, w)) }
	of := []q.Matcher{q.Eq("job", source.JobServe), routes(class)}
	all := func(w q.Window) q.Expr { return count(q.CountOf(contract.HTTPRequestDuration, of...), w) }
	within := func(w q.Window) q.Expr {
		return count(q.Within(contract.HTTPRequestDuration, contract.LatencyTarget(class).Seconds(), of...), w)
	}
	return Objective{
		Name: name, Summary: summary, Target: contract.SLOLatency, all: all,
		bad: func(w q.Window) q.Expr { return all(w).Sub(within(w)) },
	}
}

func increase(w q.Window, which q.Matcher, more ...q.Matcher) q.Expr {
	return q.Sum(q.Increase(q.Of(contract.HTTPRequests, append([]q.Matcher{q.Eq("job", source.JobServe), which}, more...)...), w))
}

// served matches the routes that have an objective.
func served() q.Matcher { return routes(contract.SLOPrediction, contract.SLOBrowse) }

func notProbes() q.Matcher { return q.NoneOf("route", contract.HealthPath, contract.ReadyPath) }

func routes(classes ...contract.SLOClass) q.Matcher {
	var paths []string
	for _, class := range classes {
		for _, r := range contract.Routes() {
			if r.SLO == class {
				paths = append(paths, r.Path)
			}
		}
	}
	return q.OneOf("route", paths...)
}
