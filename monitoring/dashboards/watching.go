package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/units"

	"github.com/script-ohio/platform/app/contract"
	q "github.com/script-ohio/platform/monitoring/query"
	"github.com/script-ohio/platform/monitoring/source"
)

// watching is whether what watches works: silence is good news only then.
func watching() Row {
	return Row{Title: "What watches", Topic: aboutPods, Panels: []Panel{
		targets(), exporters(), alertDelivery(), configurations(), ruleTrouble(), storageTrouble(), observerLosses(), observerLoad(),
	}}
}

// increased is how much counters have grown in a quarter of an hour, together.
func increased(by []string, metrics ...contract.Metric) q.Expr {
	grown := func(m contract.Metric) q.Expr {
		return q.Sum(q.Increase(q.Of(m), q.Over(hour/4)), q.By(by...))
	}
	all := grown(metrics[0])
	for _, m := range metrics[1:] {
		all = all.Add(grown(m))
	}
	return all
}

func targets() Panel {
	return Panel{
		Title: "Targets that answer", View: Series{}, Unit: units.PercentUnit, Limits: atLeast(1), Alert: alertTargetDown,
		Tells:   "Share of targets that answer their scrape, by job. What does not answer is not watched.",
		Do:      "Below one: the process is down, or a network policy closes its port.",
		Queries: []Query{ask("{{job}}", q.Avg(q.Of(source.Up), q.By("job")))},
	}
}

func exporters() Panel {
	return Panel{
		Title: "Exporters that fail", View: Series{}, Unit: units.Short, Limits: atMost(1), Alert: alertExporter,
		Tells: "1 for an exporter that answers but could not read what it is to report.",
		Do:    "Its log says why; most often its password or its rights have changed.",
		Queries: []Query{
			ask("{{job}} {{instance}}", q.Max(q.Of(source.PgExporterError), q.By("job", "instance"))),
			ask("{{job}} {{instance}}", q.Max(q.Of(source.RedisExporterError), q.By("job", "instance"))),
		},
	}
}

func alertDelivery() Panel {
	return Panel{
		Title: "Alerts on their way", View: Series{}, Unit: units.Short, Limits: free("the legend says which must stay at zero"), Alert: alertWithoutAlertmanager,
		Tells: "Alerts that Prometheus sent in a quarter of an hour and those it lost, and how many Alertmanagers it knows and how many see each other.",
		Do:    "No Alertmanager, or any lost: nobody is told of anything. Mend this before all else.",
		Queries: []Query{
			ask("sent", increased(nil, source.PrometheusAlertsSent)),
			ask("lost", increased(nil, source.PrometheusAlertErrors).Add(increased(nil, source.PrometheusAlertsDropped))),
			ask("Alertmanagers known", q.Min(q.Of(source.PrometheusAlertmanagers))),
			ask("Alertmanagers that see each other", q.Min(q.Of(source.AlertmanagerMembers))).until(Clustered),
		},
	}
}

func configurations() Panel {
	return Panel{
		Title: "Configurations in force", View: Series{}, Unit: units.PercentUnit, Limits: atLeast(1), Alert: alertReload,
		Tells: "1 while the newest configuration was loaded. At 0 the one before stays in force.",
		Do:    "The log of Prometheus or Alertmanager names the line that it refuses.",
		Queries: []Query{
			ask("Prometheus {{instance}}", q.Min(q.Of(source.PrometheusReloadOK), q.By("instance"))),
			ask("Alertmanager {{instance}}", q.Min(q.Of(source.AlertmanagerReloadOK), q.By("instance"))),
		},
	}
}

func ruleTrouble() Panel {
	by := []string{"rule_group"}
	return Panel{
		Title: "Rules that fail or come late", View: Series{}, Unit: units.Short, Limits: atMost(1), Alert: alertRules,
		Tells: "Evaluations of a group that failed or did not happen in time, in a quarter of an hour; the five groups with most of them.",
		Do:    "Failing: two series where a rule expects one. Late: the group is too slow for its interval, or Prometheus is starved.",
		Queries: []Query{
			ask("failed {{rule_group}}", q.TopK(5, increased(by, source.PrometheusRuleFailures))),
			ask("late {{rule_group}}", q.TopK(5, increased(by, source.PrometheusRuleMissed))),
		},
	}
}

func storageTrouble() Panel {
	return Panel{
		Title: "Storage and limits of Prometheus", View: Series{}, Unit: units.Short, Limits: atMost(1), Alert: alertStorage,
		Tells: "Failures of its storage, and scrapes that it refused for their size, in a quarter of an hour.",
		Do:    "Failures: is the disk full? Refused: somebody put ids into labels; find the metric and take the label off.",
		Queries: []Query{
			ask("storage {{instance}}", increased([]string{"instance"}, source.PrometheusCompactionsFailed, source.PrometheusReloadsFailed, source.PrometheusWALCorruptions)),
			ask("limits {{instance}}", increased([]string{"instance"}, source.PrometheusSampleLimit, source.PrometheusBodyLimit, source.PrometheusTargetLimit)),
		},
	}
}

func observerLosses() Panel {
	return Panel{
		Title: "Logs and traces refused", View: Series{}, Unit: units.OpsPerSecond, Limits: atMost(1),
		Tells: "Log lines and spans a second that were refused, by reason.",
		Do:    "A limit of rate: something logs in a loop; find it by its volume.",
		Queries: []Query{
			ask("lines: {{reason}}", perSecond(q.Of(source.LokiDiscarded), "reason")).until(LineRefused),
			ask("spans: {{reason}}", perSecond(q.Of(source.TempoDiscarded), "reason")).until(SpanRefused),
		},
	}
}

func observerLoad() Panel {
	return Panel{
		Title: "Samples, logs and traces stored", View: Series{}, Unit: units.OpsPerSecond, Limits: free("they follow the requests"),
		Tells: "Samples, log lines and spans a second that are stored.",
		Do:    "A line at zero: that kind no longer arrives; see its collector.",
		Queries: []Query{
			ask("samples", perSecond(q.Of(source.PrometheusSamplesAppended))),
			ask("log lines", perSecond(q.Of(source.LokiLines))),
			ask("spans", perSecond(q.Of(source.TempoSpans))),
		},
	}
}
