package source_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/source"
)

// What client_golang exports is what is declared of it, by name, type and
// labels.
func TestTheRuntimeExportsWhatIsDeclared(t *testing.T) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	families, err := registry.Gather()
	require.NoError(t, err)
	exported := map[string]contract.MetricType{}
	labels := map[string][]string{}
	for _, f := range families {
		switch f.GetType() {
		case dto.MetricType_SUMMARY:
			exported[f.GetName()+"_sum"], exported[f.GetName()+"_count"] = contract.Counter, contract.Counter
		case dto.MetricType_COUNTER:
			exported[f.GetName()] = contract.Counter
		default:
			exported[f.GetName()] = contract.Gauge
		}
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels[f.GetName()] = append(labels[f.GetName()], l.GetName())
		}
	}
	for _, e := range source.Exporters() {
		if e.Name != "client_golang go collector" && e.Name != "client_golang process collector" {
			continue
		}
		for _, m := range e.Metrics {
			require.Equal(t, m.Type, exported[m.Name], m.Name)
			require.ElementsMatch(t, m.Labels, labels[m.Name], m.Name)
		}
	}
}
