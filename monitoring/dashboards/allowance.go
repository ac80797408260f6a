package dashboards

import (
	"slices"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/query"
	"github.com/script-ohio/platform/monitoring/source"
)

// Allowance says why a query may yield nothing. The zero Allowance allows
// nothing: there must be data as soon as the app runs and is watched.
type Allowance struct {
	// Absent are the exporters that the query reads and that do not run where
	// the app is watched on one machine, by their name in package source,
	// sorted.
	Absent []string
	// Until is the event before which there is no series, one of Events.
	Until string
}

// The events that bring a first series.
const (
	Asked          = "somebody asks the API"
	AskedToPredict = "somebody asks for a prediction"
	Refused401     = "a request is answered by 401"
	Refused403     = "a request is answered by 403"
	LookedUp       = "something is looked up in a cache"
	RedisUsed      = "Redis is configured"
	RedisLimited   = "Redis has a limit of memory"
	Replicated     = "there is a replica"
	DaysEvaluated  = "rules over days are evaluated, every five minutes"
	JobEnded       = "a job ends"
	BackupTaken    = "a backup is taken"
	BackupTried    = "a backup ends, well or not"
	DrillDone      = "a backup is restored in a drill"
	Validated      = "models are validated on finished games"
	Notified       = "somebody is notified"
	AlertTold      = "Alertmanager tells the app of an alert"
	Fetched        = "the College Football Data API is asked"
	Fires          = "an alert fires"
	FiresCritical  = "a critical alert fires"
	Rollout        = "another version begins to run"
	Activation     = "another model pack begins to be served"
	Collected      = "garbage is collected"
	Clustered      = "Alertmanagers form a cluster"
	Delivered      = "Alertmanager sends something"
	Waits          = "a container waits"
	LineRefused    = "a log line is refused"
	SpanRefused    = "a span is refused"
)

// Events lists them.
func Events() []string {
	return []string{
		Asked, AskedToPredict, Refused401, Refused403, LookedUp, RedisUsed, RedisLimited, Replicated,
		DaysEvaluated, JobEnded, BackupTaken, BackupTried, DrillDone, Validated, Notified, AlertTold, Fetched,
		Fires, FiresCritical, Rollout, Activation, Collected, Clustered, Delivered, Waits, LineRefused, SpanRefused,
	}
}

// Allowance is that of a query.
func (q Query) Allowance() Allowance { return allowance(q.Expr, q.Until) }

// Allowance is that of a mark.
func (m Mark) Allowance() Allowance { return allowance(m.Expr, m.Until) }

// allowance follows from the metrics that an expression reads. Recorded ones
// are the app's.
func allowance(e query.Expr, until string) Allowance {
	a := Allowance{Until: until}
	for _, name := range e.Metrics() {
		for _, exporter := range source.Exporters() {
			if !besideTheApp(exporter) && has(exporter, name) {
				a.Absent = append(a.Absent, exporter.Name)
			}
		}
		if a.Until == "" {
			a.Until = first(name)
		}
	}
	slices.Sort(a.Absent)
	a.Absent = slices.Compact(a.Absent)
	return a
}

func has(e source.Exporter, name string) bool {
	return slices.ContainsFunc(e.Metrics, func(m contract.Metric) bool { return m.Name == name })
}

// besideTheApp are what the app's own processes export, and Prometheus and
// Alertmanager, who watch them.
func besideTheApp(e source.Exporter) bool {
	for _, job := range []string{source.JobServe, source.JobPrometheus, source.JobAlertmanager} {
		if slices.Contains(e.Jobs, job) {
			return true
		}
	}
	return len(e.Jobs) == 0 // Prometheus on every target
}

// first is the event that brings the first series of a metric of the app.
func first(name string) string {
	switch name {
	case contract.CacheRequests.Name:
		return LookedUp
	case contract.RedisConnections.Name:
		return RedisUsed
	case contract.BackupSize.Name:
		return BackupTaken
	case contract.DrillRecovery.Name:
		return DrillDone
	case contract.ModelAccuracy.Name, contract.ModelLogLoss.Name:
		return Validated
	case contract.Notifications.Name:
		return Notified
	case contract.AlertsReceived.Name:
		return AlertTold
	case contract.CFBDRequests.Name, contract.CFBDBudget.Name:
		return Fetched
	}
	return ""
}
