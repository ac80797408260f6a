package traffic_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/plan/plantest"
	"github.com/script-ohio/platform/infra/program"
	"github.com/script-ohio/platform/infra/stack"
	"github.com/script-ohio/platform/infra/traffic"
)

func record(t *testing.T, c stack.Config) *plan.Graph {
	t.Helper()
	graph, err := program.Record(t.Context(), c, plantest.Day())
	require.NoError(t, err)
	return graph
}

func mail() stack.Mail {
	return stack.Mail{From: "ohio@example.com", To: []string{"operators@example.com"}}
}

func TestTheTableIsAsIntended(t *testing.T) {
	for _, name := range []string{"staging", "prod"} {
		for _, workers := range []bool{false, true} {
			c := plantest.Deployed(t, name)
			c.Release.Inside, c.Release.Workers = true, workers
			if workers {
				c.Mail = mail()
			}
			report, err := traffic.Judge(record(t, c), c)
			require.NoError(t, err)
			var out strings.Builder
			require.NoError(t, report.Write(&out))
			require.Empty(t, report.Differences, out.String())
			require.Empty(t, report.Caveats)
		}
	}
}

func TestOneStepTooFarIsSeen(t *testing.T) {
	path := func(steps ...any) resource.PropertyPath { return steps }
	for _, c := range []struct {
		policy string
		at     resource.PropertyPath
		value  any // nil removes
		want   string
	}{
		{"callers", path("spec", "ingress", 0, "from", 0, "ipBlock", "cidr"), "10.0.0.0/8", "too open"},
		{"callers", path("spec", "ingress", 0, "ports", 0, "port"), 9000.0, "9000/TCP"},
		{"scrape", path("spec", "ingress", 0, "from", 0, "podSelector"), nil, "too open: monitoring/any other -> app/serve 9000/TCP"},
		{"scrape", path("spec", "podSelector"), map[string]any{}, "app/migrate"},
		{"dns", path("spec", "podSelector"), map[string]any{}, "too open: script-ohio/any other -> kube-system/dns"},
		{"data", path("spec", "egress", 0, "ports"), nil, "too open: app/migrate -> databases and caches"},
		{"https", path("spec", "egress", 0, "to", 3, "ipBlock", "except"), nil, "too open"},
		{"alerts", path("spec", "ingress", 0, "from", 0, "podSelector"), nil, "too open: monitoring/any other -> app/serve 8000/TCP"},
		{"traces", path("spec", "egress", 0, "to", 0, "podSelector"), nil, "too open: app/serve -> monitoring/any other 4318/TCP"},
		{"logs", path("spec", "podSelector"), map[string]any{}, "too open: app/serve -> monitoring/logs 3100/TCP"},
		{"logs", path("spec", "egress", 0, "to", 0, "podSelector"), nil, "too open: app/worker-backup -> monitoring/any other 3100/TCP"},
		{"mail", path("spec", "podSelector"), map[string]any{}, "too open: app/serve -> internet 587/TCP"},
		{"mail", path("spec", "egress", 0, "ports"), nil, "too open: app/worker-default -> internet"},
		{"default-deny", path("spec", "policyTypes", 0), "Egress", "too open"},
		{"dns", path("spec", "egress", 0, "ports", 0, "port"), 54.0, "closed: app/serve -> kube-system/dns 53/UDP"},
	} {
		t.Run(c.policy, func(t *testing.T) {
			config := plantest.Config(t, "prod")
			config.Mail = mail()
			graph := record(t, config)
			object := resource.NewProperty(graph.Find("kubernetes:networking.k8s.io/v1:NetworkPolicy", "script-ohio-prod-network-"+c.policy).Inputs.Map)
			if c.value == nil {
				require.True(t, c.at.Delete(object))
			} else {
				require.True(t, c.at.Set(object, resource.NewPropertyValue(c.value)))
			}
			report, err := traffic.Judge(graph, config)
			require.NoError(t, err)
			var told []string
			for _, d := range report.Differences {
				told = append(told, d.String())
			}
			require.Contains(t, strings.Join(told, "\n"), c.want)
		})
	}
}
