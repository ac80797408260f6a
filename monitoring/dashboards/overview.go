package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/units"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/links"
	q "github.com/script-ohio/platform/monitoring/query"
	"github.com/script-ohio/platform/monitoring/source"
)

func overview() Dashboard {
	return Dashboard{
		UID: links.Overview, Title: "Production overview", Range: "6h", Refresh: "30s", Namespace: contract.ServiceName,
		Summary: "Whether users are served well, at a glance. Start here when an alert comes.",
		Rows: []Row{
			{Title: "Now", Topic: aboutRequests, Panels: []Panel{
				requestRateNow(), errorRateNow(), responseTimeNow(), activeUsersNow(), alertsNow(), podsReady(),
			}},
			{Title: "Traffic", Topic: aboutRequests, Panels: []Panel{requestRate(), responseTime(), errorRate(), statuses(), activeUsers(), inFlight()}},
			{Title: "What it stands on", Topic: aboutDatabase, Panels: []Panel{databaseConnections(), databaseShare(), cacheHitRate()}},
			{Title: "Releases and alerts", Topic: aboutRequests, Panels: []Panel{builds(), firing(), podsOverTime(), fromOutside()}},
			watching(),
		},
	}
}

// asked matches what callers ask of the API; probes are no requests.
func asked(more ...q.Matcher) []q.Matcher {
	return append([]q.Matcher{q.Eq("job", source.JobServe), q.NoneOf("route", contract.HealthPath, contract.ReadyPath)}, more...)
}

func requests(by []string, more ...q.Matcher) q.Expr {
	return q.Sum(q.Rate(q.Of(contract.HTTPRequests, asked(more...)...), q.DashboardRate), q.By(by...))
}

// failedRequests are those answered by a 5xx.
func failedRequests() q.Matcher { return q.Match("status", "5..") }

func answered(quantile float64, by ...string) q.Expr {
	return q.Quantile(quantile, contract.HTTPRequestDuration, q.DashboardRate, by, asked()...)
}

// slowest and slow are the two latency targets.
func slow() Limits {
	return rises(contract.LatencyTarget(contract.SLOPrediction).Seconds(), contract.LatencyTarget(contract.SLOBrowse).Seconds())
}

func failing() Limits { return rises(1-contract.SLOAvailability, contract.MaxErrorRate) }

func requestRateNow() Panel {
	return Panel{
		Title: "Request rate", View: Figure{}, Unit: units.RequestsPerSecond, Limits: free("load follows the games"),
		Tells:   "Requests answered a second, probes left out.",
		Do:      "At zero while callers expect answers, look at pods ready and at the load balancer. When it jumps, see Security for who asks.",
		Queries: []Query{ask("requests", requests(nil))},
	}
}

func errorRateNow() Panel {
	return Panel{
		Title: "Error rate", View: Figure{}, Unit: units.PercentUnit, Limits: failing(), Alert: alertErrorRate,
		Tells:   "Share of requests answered by a 5xx. Orange spends error budget faster than it comes back, red breaks the limit.",
		Do:      "Find the route below, then read its errors by the link Logs.",
		Queries: []Query{ask("errors", q.Ratio(requests(nil, failedRequests()), requests(nil))).until(Asked)},
	}
}

func responseTimeNow() Panel {
	return Panel{
		Title: "Response time p95", View: Figure{}, Unit: units.Seconds, Limits: slow(), Alert: alertLatency,
		Tells:   "Time within which 95 of 100 requests are answered. Orange is over the target of predictions, red over that of reads.",
		Do:      "Compare routes below; a slow database shows as acquired connections near their limit.",
		Queries: []Query{ask("p95", answered(.95))},
	}
}

func activeUsersNow() Panel {
	return Panel{
		Title: "Active users", View: Figure{}, Unit: units.Short, Limits: free("interest follows the games"),
		Tells:   "Distinct API keys in the last 15 minutes, added up over replicas: a key that reaches two replicas counts twice.",
		Do:      "A fall to zero with requests still coming means that callers lost their keys: see 401 in Security.",
		Queries: []Query{ask("users", q.Sum(q.Of(contract.ActiveUsers)))},
	}
}

func firingAlerts(more ...q.Matcher) q.Series {
	return q.Of(source.FiringAlerts, append([]q.Matcher{q.Eq("alertstate", "firing"), q.Not("alertname", alertWatchdog)}, more...)...)
}

func alertsNow() Panel {
	return Panel{
		Title: "Firing alerts", View: Figure{}, Unit: units.Short, Limits: rises(1, 5),
		Tells:   "Alerts that fire now, all severities.",
		Do:      "See which ones in the table below; each leads to its runbook.",
		Queries: []Query{ask("alerts", q.Count(firingAlerts()).Or(q.Vector(0)))},
	}
}

func podsReady() Panel {
	deployed := func(v q.Value) q.Expr { return q.Sum(v, q.By("namespace", "deployment")) }
	return Panel{
		Title: "Pods ready", View: Figure{}, Unit: units.PercentUnit, Limits: falls(1, .5), Alert: alertReplicas,
		Tells: "The least share of wanted pods that are available, over all deployments of the namespace.",
		Do:    "Look in Kubernetes for pods that wait or restart.",
		Queries: []Query{ask("ready", q.Min(q.Ratio(
			deployed(q.Of(source.KubeDeploymentAvailable, here()...)),
			deployed(q.Of(source.KubeDeploymentReplicas, here()...)),
		)))},
	}
}

func requestRate() Panel {
	return Panel{
		Title: "Request rate by route", View: Series{Stacked: true}, Unit: units.RequestsPerSecond, Limits: free("load follows the games"),
		Tells:   "Requests answered a second, by route; the height of all together is the whole load.",
		Do:      "When one route swells, see its rate class in Security; when all fall, look for a rollout or the load balancer.",
		Queries: []Query{ask("{{route}}", requests([]string{"route"}))},
	}
}

func responseTime() Panel {
	return Panel{
		Title: "Response time p50, p95, p99", View: Series{}, Unit: units.Seconds, Limits: slow(), Alert: alertLatency,
		Tells: "Time within which half, 95 and 99 of 100 requests are answered. The lines are the targets of predictions and of reads.",
		Do:    "Only p99 up: one slow route or replica. All up: processor, database or a cold cache. Open Traces of slow requests.",
		Queries: []Query{
			ask("p50", answered(.5)),
			ask("p95", answered(.95)),
			ask("p99", answered(.99)),
		},
	}
}

func errorRate() Panel {
	by := []string{"route"}
	return Panel{
		Title: "Error rate by route", View: Series{}, Unit: units.PercentUnit, Limits: failing(), Alert: alertErrorRate,
		Tells: "Share of requests answered by a 5xx, of all and by route.",
		Do:    "One route: read its errors by the link Logs. All routes: a dependency or a rollout; roll back if it began with one.",
		Queries: []Query{
			ask("all", q.Ratio(requests(nil, failedRequests()), requests(nil))).until(Asked),
			ask("{{route}}", q.Ratio(requests(by, failedRequests()), requests(by))).until(Asked),
		},
	}
}

func statuses() Panel {
	return Panel{
		Title: "Answers by status", View: Series{Stacked: true}, Unit: units.RequestsPerSecond, Limits: free("the mix of answers is the callers' doing"),
		Tells:   "Answers a second, by status code.",
		Do:      "401 and 403 belong to Security, 429 to rate limits, 503 to a dependency that is away.",
		Queries: []Query{ask("{{status}}", requests([]string{"status"}))},
	}
}

func activeUsers() Panel {
	return Panel{
		Title: "Active users by replica", View: Series{Stacked: true}, Unit: units.Short, Limits: free("interest follows the games"),
		Tells:   "Distinct API keys seen in the last 15 minutes, by replica.",
		Do:      "Far apart: the load balancer is not spreading requests; check its targets.",
		Queries: []Query{ask("{{instance}}", q.Of(contract.ActiveUsers))},
	}
}

func inFlight() Panel {
	return Panel{
		Title: "Requests in flight", View: Series{Stacked: true}, Unit: units.Short, Limits: free("it grows with load and with response time"),
		Tells:   "Requests being answered at this moment, by replica.",
		Do:      "Growth without more requests means that something downstream waits: look at connections and at traces.",
		Queries: []Query{ask("{{instance}}", q.Of(contract.HTTPInFlight))},
	}
}

func builds() Panel {
	labels := []string{"version", "commit", "pack", "go_version"}
	return Panel{
		Title: "What runs", Unit: units.Short, Limits: free("it is a list"), Width: 12,
		View:  Table{Heads: map[string]string{"version": "Version", "commit": "Commit", "pack": "Model pack", "go_version": "Go"}},
		Tells: "Versions and model packs that replicas run. Marks across the panels show when each appeared.",
		Do:    "More than one version for longer than a rollout takes: see the deployment in Kubernetes.",
		Queries: []Query{
			now("Replicas", q.Count(q.Of(contract.BuildInfo), q.By(labels...))),
		},
	}
}

func firing() Panel {
	return Panel{
		Title: "Alerts that fire", Unit: units.Short, Limits: free("it is a list"), Width: 12,
		View:    Table{Heads: map[string]string{"alertname": "Alert", "severity": "Severity", "component": "Component"}},
		Tells:   "Alerts that fire now, with how many series each.",
		Do:      "Open the runbook of the most severe one; silence nothing before somebody works on it.",
		Queries: []Query{now("Series", q.Count(firingAlerts(), q.By("alertname", "severity", "component"))).until(Fires)},
	}
}

func podsOverTime() Panel {
	return Panel{
		Title: "Pods ready over time", View: Series{}, Unit: units.Short, Limits: free("autoscaling moves it"), Alert: alertFlapping,
		Tells: "Pods that take traffic, by deployment, and how often pods of the namespace went in and out of readiness in a quarter of an hour.",
		Do:    "A gap in a rollout: pods were not ready in time, read their events. Changes without a rollout: a dependency comes and goes.",
		Queries: []Query{
			ask("{{namespace}}/{{deployment}}", q.Sum(q.Of(source.KubeDeploymentAvailable, here()...), q.By("namespace", "deployment"))),
			ask("changes of readiness", q.Sum(q.Changes(q.Of(source.KubePodReady, here(q.Eq("condition", "true"))...), q.Over(hour/4)))),
		},
	}
}

func fromOutside() Panel {
	return Panel{
		Title: "Reachable from outside", View: Series{}, Unit: units.PercentUnit, Limits: atLeast(1), Alert: alertEndpoint,
		Tells:   "Share of probes through the load balancer that succeed, by address.",
		Do:      "All pods ready and this failing: DNS, the certificate, the firewall or the load balancer.",
		Queries: []Query{ask("{{instance}}", q.Avg(q.Of(source.ProbeSuccess), q.By("instance")))},
	}
}
