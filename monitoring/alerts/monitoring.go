package alerts

import (
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/links"
	q "github.com/script-ohio/platform/monitoring/query"
	"github.com/script-ohio/platform/monitoring/source"
)

const undelivered = .01 // of alerts or notifications

func monitoring() []Alert {
	window := q.Over(15 * time.Minute)
	grown := func(by q.Grouping, m ...contract.Metric) q.Expr {
		sum := q.Sum(q.Increase(q.Of(m[0]), window), by)
		for _, other := range m[1:] {
			sum = sum.Add(q.Sum(q.Increase(q.Of(other), window), by))
		}
		return sum.Gt(q.Num(0))
	}
	rate := func(m contract.Metric, by q.Grouping) q.Expr { return q.Sum(q.Rate(q.Of(m), window), by) }
	byPod := q.By("pod")
	byReceiver, byIntegration := q.By("pod", "alertmanager"), q.By("integration")
	return []Alert{
		{
			Name: "Watchdog", Severity: contract.Info, Component: Monitoring,
			When:        q.Vector(1),
			Summary:     "Alerts are evaluated",
			Description: "This alert always fires. Somebody outside expects to hear of it; when they do not, Prometheus or Alertmanager is silent.",
			Dashboard:   links.Overview,
		},
		{
			Name: "PrometheusConfigReloadFailed", Severity: contract.Warning, Component: Monitoring,
			When: q.Max(q.Of(source.PrometheusReloadOK), byPod).Eq(q.Num(0)), For: 10 * time.Minute,
			Summary:     "{{ $labels.pod }} refuses its configuration",
			Description: "{{ $labels.pod }} could not load its newest configuration or rules and goes on with the old ones. Its log says what is wrong with them.",
			Dashboard:   links.Overview,
		},
		{
			Name: "PrometheusRuleFailures", Severity: contract.Critical, Component: Monitoring,
			When: grown(q.By("pod", "rule_group"), source.PrometheusRuleFailures), For: 15 * time.Minute,
			Summary:     "Rules of {{ $labels.rule_group }} fail",
			Description: "{{ $labels.pod }} failed to evaluate rules of {{ $labels.rule_group }} {{ $value | humanize }} times in 15 minutes: its alerts are blind.",
			Dashboard:   links.Overview,
		},
		{
			Name: "PrometheusRulesLate", Severity: contract.Warning, Component: Monitoring,
			When: grown(q.By("pod", "rule_group"), source.PrometheusRuleMissed), For: 15 * time.Minute,
			Summary:     "Rules of {{ $labels.rule_group }} take longer than their interval",
			Description: "{{ $labels.pod }} left out {{ $value | humanize }} evaluations of {{ $labels.rule_group }} in 15 minutes, since the ones before took too long.",
			Dashboard:   links.Overview,
		},
		{
			Name: "PrometheusStorageFailing", Severity: contract.Warning, Component: Monitoring,
			When: grown(byPod, source.PrometheusCompactionsFailed, source.PrometheusReloadsFailed, source.PrometheusWALCorruptions), KeepFiringFor: 15 * time.Minute,
			Summary:     "The storage of {{ $labels.pod }} fails",
			Description: "{{ $labels.pod }} failed to compact or load blocks, or found its write-ahead log corrupt, {{ $value | humanize }} times in 15 minutes. Look at the space on its volume.",
			Dashboard:   links.Overview,
		},
		{
			Name: "PrometheusScrapeLimitHit", Severity: contract.Warning, Component: Monitoring,
			When: grown(byPod, source.PrometheusSampleLimit, source.PrometheusBodyLimit, source.PrometheusTargetLimit), For: 15 * time.Minute,
			Summary:     "{{ $labels.pod }} refuses targets that bring too much",
			Description: "{{ $labels.pod }} refused {{ $value | humanize }} scrapes in 15 minutes, since they were over a limit of samples, bytes or targets. A label may have grown without bound.",
			Dashboard:   links.Overview,
		},
		{
			Name: "PrometheusNotificationsFailing", Severity: contract.Critical, Component: Monitoring,
			When: q.Ratio(rate(source.PrometheusAlertErrors, byReceiver), rate(source.PrometheusAlertsSent, byReceiver)).Gt(q.Num(undelivered)), For: 15 * time.Minute,
			Summary:     "{{ $labels.pod }} cannot hand on {{ $value | humanizePercentage }} of alerts",
			Description: "{{ $value | humanizePercentage }} of the alerts that {{ $labels.pod }} sends to {{ $labels.alertmanager }} are not taken. Look whether it runs and can be reached.",
			Dashboard:   links.Overview,
		},
		{
			Name: "PrometheusWithoutAlertmanager", Severity: contract.Critical, Component: Monitoring,
			When: q.Max(q.Of(source.PrometheusAlertmanagers), byPod).Lt(q.Num(1)), For: 10 * time.Minute,
			Summary:     "{{ $labels.pod }} knows no Alertmanager",
			Description: "{{ $labels.pod }} has found no Alertmanager for ten minutes: its alerts reach nobody, unless the other Prometheus tells of them.",
			Dashboard:   links.Overview,
		},
		{
			Name: "AlertmanagerConfigReloadFailed", Severity: contract.Critical, Component: Monitoring,
			When: q.Max(q.Of(source.AlertmanagerReloadOK), byPod).Eq(q.Num(0)), For: 10 * time.Minute,
			Summary:     "{{ $labels.pod }} refuses its configuration",
			Description: "{{ $labels.pod }} could not load its newest configuration and routes alerts by the old one; after a restart it routes none. Its log says what is wrong.",
			Dashboard:   links.Overview,
		},
		{
			Name: "AlertmanagerNotificationsFailing", Severity: contract.Critical, Component: Monitoring,
			When: q.Ratio(rate(source.AlertmanagerNotificationsFailed, byIntegration), rate(source.AlertmanagerNotifications, byIntegration)).
				Gt(q.Num(undelivered)), For: 10 * time.Minute,
			Summary:     "{{ $value | humanizePercentage }} of notifications by {{ $labels.integration }} fail",
			Description: "Alertmanager cannot deliver {{ $value | humanizePercentage }} of what it sends by {{ $labels.integration }}: somebody is not told. Look at its log, the address and the credentials.",
			Dashboard:   links.Operations,
		},
		{
			Name: "AlertmanagerClusterSplit", Severity: contract.Warning, Component: Monitoring,
			When: q.Min(q.Of(source.AlertmanagerMembers)).Lt(q.Scalar(q.Count(q.Of(source.AlertmanagerMembers)))), For: 15 * time.Minute,
			Summary:     "Alertmanagers do not see each other",
			Description: "One Alertmanager sees {{ $value | humanize }} of them, fewer than there are. Notifications come twice, and silences hold on one only.",
			Dashboard:   links.Overview,
		},
	}
}
