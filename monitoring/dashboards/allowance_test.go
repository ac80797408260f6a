package dashboards_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/dashboards"
	"github.com/script-ohio/platform/monitoring/links"
	q "github.com/script-ohio/platform/monitoring/query"
	"github.com/script-ohio/platform/monitoring/source"
)

func TestAllowancesNameTheExporterThatIsNotThere(t *testing.T) {
	used := q.Sum(q.Of(source.ContainerMemoryWorkingSet), q.By("pod"))
	may := q.Sum(q.Of(source.KubeContainerLimits), q.By("pod"))
	for name, c := range map[string]struct {
		expr   q.Expr
		absent []string
		until  string
	}{
		"the app":             {q.Of(contract.HTTPInFlight).Expr, nil, ""},
		"its process":         {q.Of(source.ProcessMemory).Expr, nil, ""},
		"every target":        {q.Of(source.Up).Expr, nil, ""},
		"prometheus":          {q.Of(source.PrometheusReloadOK).Expr, nil, ""},
		"alertmanager":        {q.Of(source.AlertmanagerReloadOK).Expr, nil, ""},
		"a first backup":      {q.Of(contract.BackupSize).Expr, nil, dashboards.BackupTaken},
		"postgres":            {q.Of(source.PgUp).Expr, []string{"postgres_exporter"}, ""},
		"two of the cluster":  {used.Div(may), []string{"cAdvisor", "kube-state-metrics"}, ""},
		"one of two is there": {q.Of(contract.HTTPInFlight).Or(q.Of(source.RedisUp)), []string{"redis_exporter"}, ""},
	} {
		require.Equal(t, dashboards.Allowance{Absent: c.absent, Until: c.until}, dashboards.Query{Expr: c.expr}.Allowance(), name)
	}
	own := dashboards.Query{Expr: q.Of(contract.BackupSize).Expr, Until: dashboards.Rollout}
	require.Equal(t, dashboards.Rollout, own.Allowance().Until, "what a query says itself goes first")
}

func TestTheOverviewAnswersTheFirstQuestions(t *testing.T) {
	d := dashboards.All()[0]
	require.Equal(t, links.Overview, d.UID)
	shown := map[string]string{} // expressions by title
	for _, p := range d.Panels() {
		for _, query := range p.Queries {
			shown[p.Title] += query.Expr.String() + "\n"
		}
	}
	for title, parts := range map[string][]string{
		"Request rate":                     {contract.HTTPRequests.Name},
		"Request rate by route":            {contract.HTTPRequests.Name, "by (route)"},
		"Response time p50, p95, p99":      {"histogram_quantile(0.5,", "histogram_quantile(0.95,", "histogram_quantile(0.99,"},
		"Error rate":                       {`status=~"5.."`},
		"Error rate by route":              {`status=~"5.."`, "by (route)"},
		"Active users":                     {contract.ActiveUsers.Name},
		"Database connections":             {contract.DatabaseConnections.Name},
		"Share of the pool in use":         {contract.DatabaseConnectionsMax.Name},
		"Cache hit rate":                   {contract.CacheRequests.Name, `result="hit"`},
		"What runs":                        {contract.BuildInfo.Name, "version", "commit", "pack"},
		"Pods ready":                       {source.KubeDeploymentAvailable.Name, source.KubeDeploymentReplicas.Name},
		"Firing alerts":                    {source.FiringAlerts.Name, `alertstate="firing"`},
		"Alerts that fire":                 {"severity", "alertname"},
		"Targets that answer":              {source.Up.Name},
		"Reachable from outside":           {source.ProbeSuccess.Name},
		"Storage and limits of Prometheus": {source.PrometheusWALCorruptions.Name},
	} {
		require.Contains(t, shown, title)
		for _, part := range parts {
			require.Contains(t, shown[title], part, title)
		}
	}
	require.Equal(t, "Rollouts", dashboards.Marks()[0].Name)
}
