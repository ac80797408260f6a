package alerts

import (
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/links"
	q "github.com/script-ohio/platform/monitoring/query"
	"github.com/script-ohio/platform/monitoring/rules"
	"github.com/script-ohio/platform/monitoring/source"
)

const (
	errorRateLimit = .05 // of requests
	fewFailures    = .01 // failed requests a second, three in five minutes
	flaps          = 6   // changes of readiness in 15 minutes, three times off and on
)

func serving() []Alert {
	served := q.Of(source.Up, q.Eq("job", source.JobServe))
	readiness := q.Of(source.KubePodReady, q.Eq("namespace", contract.ServiceName), q.Eq("condition", "true"))
	inMemory := q.Of(contract.RateLimited, q.Eq("backend", "memory"))
	return []Alert{
		{
			Name: "ServiceDown", Severity: contract.Critical, Component: API,
			When: q.Sum(served).Or(q.Vector(0)).Eq(q.Num(0)), For: time.Minute,
			Summary:     "No replica of the API answers",
			Description: "None of the replicas of script-ohio has answered Prometheus for a minute. Nobody gets predictions.",
			Dashboard:   links.Overview,
			Explains:    []string{"EndpointUnreachable", "HighErrorRate", "HighResponseTime", "ReadinessFlapping", "ErrorBudgetBurnFast"},
		},
		{
			Name: "HighErrorRate", Severity: contract.Critical, Component: API,
			When: rules.ErrorRate.Of().Gt(q.Num(errorRateLimit)).And(rules.FailedRate.Of().Gt(q.Num(fewFailures))), For: 5 * time.Minute,
			Summary:     "{{ $value | humanizePercentage }} of requests fail",
			Description: "The API answers {{ $value | humanizePercentage }} of requests with a 5xx; more than 5% for five minutes is an outage for some. Look at which routes fail and since which release.",
			Dashboard:   links.Overview,
			Explains:    []string{"ErrorBudgetBurnFast", "ErrorBudgetBurnSlow", "ErrorRateAboveObjective"},
		},
		{
			Name: "HighResponseTime", Severity: contract.Warning, Component: API,
			When: rules.ResponseTimeP95.Of().Gt(q.Seconds(contract.LatencyTarget(contract.SLOBrowse))), For: 5 * time.Minute,
			Summary:     "Answers take {{ $value | humanizeDuration }} at the 95th percentile",
			Description: "One request in twenty takes longer than {{ $value | humanizeDuration }}; two seconds are the most that users should wait. Look at the database, its pool and the slowest routes.",
			Dashboard:   links.Overview,
			Explains:    []string{"SlowPredictions"},
		},
		{
			Name: "SlowPredictions", Severity: contract.Warning, Component: API,
			When: rules.RouteResponseTimeP95.Of(q.Eq("route", contract.RoutePredict.Path)).
				Gt(q.Seconds(contract.LatencyTarget(contract.SLOPrediction))), For: 10 * time.Minute,
			Summary:     "Predictions take {{ $value | humanizeDuration }} at the 95th percentile",
			Description: "One request in twenty to {{ $labels.route }} takes longer than {{ $value | humanizeDuration }}, where 300 ms is the aim. Models are resident, so look at processor time first.",
			Dashboard:   links.Predictions,
		},
		{
			Name: "ErrorRateAboveObjective", Severity: contract.Warning, Component: API,
			When: q.AvgOver(rules.ErrorRate.Of(), q.Over(time.Hour)).Gt(q.Num(contract.MaxErrorRate)).
				And(q.AvgOver(rules.FailedRate.Of(), q.Over(time.Hour)).Gt(q.Num(fewFailures))), For: 15 * time.Minute,
			Summary:     "{{ $value | humanizePercentage }} of requests failed in the last hour",
			Description: "Over an hour {{ $value | humanizePercentage }} of requests were answered with a 5xx; the objective is less than 1%.",
			Dashboard:   links.SLO,
		},
		{
			Name: "ReadinessFlapping", Severity: contract.Warning, Component: API,
			When: q.Sum(q.Changes(readiness, q.Over(15*time.Minute)), q.By("namespace", "pod")).Ge(q.Num(flaps)), KeepFiringFor: 10 * time.Minute,
			Summary:     "{{ $labels.pod }} goes in and out of service",
			Description: "Readiness of {{ $labels.pod }} changed {{ $value | humanize }} times in 15 minutes. Callers see connections break; look at its logs around the changes.",
			Dashboard:   links.Kubernetes,
		},
		{
			Name: "RateLimitInMemory", Severity: contract.Warning, Component: API,
			When: q.Sum(q.Rate(inMemory, q.Over(5*time.Minute))).Gt(q.Num(0)), For: 10 * time.Minute,
			Summary:     "Rate limits are kept by each replica alone",
			Description: "Rate limits fell back to the memory of each replica, {{ $value | humanize }} decisions a second. A caller gets its budget once from every replica; look at Redis.",
			Dashboard:   links.Redis,
		},
	}
}
