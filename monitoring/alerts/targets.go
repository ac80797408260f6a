package alerts

import (
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/links"
	q "github.com/script-ohio/platform/monitoring/query"
	"github.com/script-ohio/platform/monitoring/source"
)

// watched are the scrape jobs that must have targets; ServiceDown sees to the
// API itself.
func watched() []string {
	return []string{
		source.JobWork, source.JobPostgres, source.JobRedis, source.JobBlackbox,
		source.JobKubeStateMetrics, source.JobNodeExporter, source.JobKubelet, source.JobAlertmanager,
	}
}

func targets() []Alert {
	var missing q.Expr
	for i, job := range watched() {
		if gone := q.Absent(q.Of(source.Up, q.Eq("job", job))); i == 0 {
			missing = gone
		} else {
			missing = missing.Or(gone)
		}
	}
	failed := q.Max(q.Of(source.PgExporterError), q.By("job", "instance")).Or(q.Max(q.Of(source.RedisExporterError), q.By("job", "instance")))
	return []Alert{
		{
			Name: "TargetMissing", Severity: contract.Warning, Component: Monitoring,
			When: missing, For: 10 * time.Minute,
			Summary:     "Prometheus finds no {{ $labels.job }} to watch",
			Description: "No target of the scrape job {{ $labels.job }} has been found for ten minutes: every alert on its metrics is blind. Look whether it runs and whether its ServiceMonitor still matches.",
			Dashboard:   links.Overview,
		},
		{
			Name: "TargetDown", Severity: contract.Warning, Component: Monitoring,
			When: q.Max(q.Of(source.Up), q.By("job", "instance")).Eq(q.Num(0)), For: 10 * time.Minute,
			Summary:     "{{ $labels.instance }} of {{ $labels.job }} does not answer Prometheus",
			Description: "{{ $labels.instance }} ({{ $labels.job }}) has not answered Prometheus for ten minutes. It may be down, or a network policy may be in between.",
			Dashboard:   links.Overview,
		},
		{
			Name: "ExporterFailing", Severity: contract.Warning, Component: Monitoring,
			When: failed.Eq(q.Num(1)), For: 10 * time.Minute,
			Summary:     "The exporter {{ $labels.instance }} cannot read all it should",
			Description: "The exporter {{ $labels.instance }} ({{ $labels.job }}) answers, but part of what it reads has failed for ten minutes: some alerts are blind. Its log says what.",
			Dashboard:   links.Overview,
		},
	}
}
