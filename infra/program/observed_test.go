package program_test

import (
	"maps"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/plan/plantest"
	"github.com/script-ohio/platform/infra/reach"
)

const podMonitor = "kubernetes:monitoring.coreos.com/v1:PodMonitor"

// Prometheus scrapes the controllers at the ports that their own network
// policies open to it, and leaves out none that is open.
func TestWhatIsScrapedIsOpen(t *testing.T) {
	c := plantest.Config(t, "prod")
	c.Release.Workers = true
	graph := record(t, c)
	open := map[string]bool{}
	for _, r := range graph.OfType("kubernetes:networking.k8s.io/v1:NetworkPolicy") {
		p, err := reach.Decode(r.Inputs.Plain())
		require.NoError(t, err)
		for _, in := range p.Spec.Ingress {
			for _, from := range in.From {
				outside := p.Namespace != "monitoring" && p.Namespace != "script-ohio" // the latter's are read by infra/traffic
				if outside && from.PodSelector != nil && from.PodSelector.MatchLabels["app.kubernetes.io/name"] == "prometheus" {
					open[at(p.Namespace, p.Spec.PodSelector.MatchLabels, int(in.Ports[0].Port.IntVal))] = true
				}
			}
		}
	}
	scraped := map[string]bool{}
	for _, r := range graph.OfType(podMonitor) {
		namespace := r.Inputs.Texts("spec.namespaceSelector.matchNames")[0]
		if namespace == "monitoring" || namespace == "script-ohio" {
			continue
		}
		labels := map[string]string{}
		for key, value := range fields(r, "spec.selector.matchLabels") {
			labels[key] = value.(string)
		}
		scraped[at(namespace, labels, int(r.Inputs.Number("spec.podMetricsEndpoints.0.portNumber")))] = true
	}
	require.Equal(t, open, scraped)
	require.Greater(t, len(scraped), 5)
}

func fields(r *plan.Resource, path string) map[string]any {
	object, _ := r.Inputs.At(path).(map[string]any)
	return object
}

func at(namespace string, labels map[string]string, port int) string {
	text := namespace
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		text += " " + labels[key]
	}
	return text + " " + strconv.Itoa(port)
}

func TestNobodyWatchesWhereItIsOff(t *testing.T) {
	c := plantest.Config(t, "staging")
	c.Observability.On = false
	graph := record(t, c)
	require.Empty(t, graph.OfType(podMonitor))
	require.Nil(t, graph.Find("script-ohio:observability:Observability", "script-ohio-staging-observability"))
	require.Nil(t, graph.Find("aws:s3/bucketV2:BucketV2", "script-ohio-staging-loki"))
	require.Nil(t, graph.Find("aws:iam/role:Role", "script-ohio-staging-tempo"))
	config := graph.Find("kubernetes:core/v1:ConfigMap", "script-ohio-staging-config")
	require.NotContains(t, fields(config, "data"), "OTEL_EXPORTER_OTLP_ENDPOINT")
	require.Nil(t, graph.Find("kubernetes:networking.k8s.io/v1:NetworkPolicy", "script-ohio-staging-network-logs"))
	require.NotContains(t, golden(graph), "LOG_STORE")
	on := record(t, plantest.Config(t, "staging")).Find("kubernetes:core/v1:ConfigMap", "script-ohio-staging-config")
	require.Equal(t, "http://alloy.monitoring.svc:4318", fields(on, "data")["OTEL_EXPORTER_OTLP_ENDPOINT"])
}
