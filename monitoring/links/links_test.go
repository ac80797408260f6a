package links_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/monitoring/links"
)

func TestRunbooksAreNamedAfterTheirAlert(t *testing.T) {
	for alert, page := range map[string]string{
		"HighErrorRate":              "high-error-rate",
		"SLOBurnFast":                "slo-burn-fast",
		"CFBDBudgetLow":              "cfbd-budget-low",
		"ContainerOOMKilled":         "container-oom-killed",
		"RedisDown":                  "redis-down",
		"Watchdog":                   "watchdog",
		"PrometheusTSDBCompactions":  "prometheus-tsdb-compactions",
		"HorizontalPodAutoscalerMax": "horizontal-pod-autoscaler-max",
	} {
		require.Equal(t, "docs/runbooks/"+page+".md", links.RunbookFile(alert))
		require.Equal(t, "https://example.org/runbooks/"+page+".md", links.RunbookURL("https://example.org/runbooks/", alert))
		require.Equal(t, page, links.Kebab(page))
	}
}

func TestDashboardsHaveTheirPath(t *testing.T) {
	seen := map[links.Dashboard]bool{}
	for _, d := range links.Dashboards() {
		require.False(t, seen[d])
		seen[d] = true
		require.Equal(t, "/d/"+string(d), d.Path())
	}
}
