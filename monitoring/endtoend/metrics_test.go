package endtoend_test

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
)

// exportsWhatIsDeclared holds the app to the contract: each of its families is
// declared, with that type and those labels.
func (s *stack) exportsWhatIsDeclared(t *testing.T) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(s.app.metrics()))
	require.NoError(t, err)
	declared := map[string]contract.Metric{}
	for _, m := range contract.Metrics() {
		declared[m.Name] = m
	}
	types := map[contract.MetricType]dto.MetricType{
		contract.Counter: dto.MetricType_COUNTER, contract.Gauge: dto.MetricType_GAUGE, contract.Histogram: dto.MetricType_HISTOGRAM,
	}
	for name, family := range families {
		m, ok := declared[name]
		if !ok {
			require.False(t, ours(name), "the app exports %s, which the contract does not declare", name)
			continue
		}
		require.Equal(t, types[m.Type], family.GetType(), name)
		want := slices.Sorted(slices.Values(m.Labels))
		for _, series := range family.GetMetric() {
			var labels []string
			for _, l := range series.GetLabel() {
				labels = append(labels, l.GetName())
			}
			require.Equal(t, want, slices.Sorted(slices.Values(labels)), name)
		}
		if m.Type == contract.Histogram {
			var bounds []float64
			for _, b := range family.GetMetric()[0].GetHistogram().GetBucket() {
				bounds = append(bounds, b.GetUpperBound())
			}
			require.Equal(t, m.Buckets, bounds[:len(m.Buckets)], name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		if _, exported := families[name]; !exported && !slices.Contains(later(), name) {
			t.Errorf("the contract declares %s, which the app does not export", name)
		}
	}
	for _, name := range later() {
		require.Contains(t, declared, name)
	}
}

func ours(name string) bool {
	return strings.HasPrefix(name, "script_ohio_") || strings.HasPrefix(name, "http_") || strings.HasPrefix(name, "active_users_")
}

// later are the metrics that have no series before something has happened that
// need not happen here.
func later() []string {
	var names []string
	for _, m := range []contract.Metric{
		contract.JobRuns, contract.JobDuration, contract.BackupSize, contract.DrillRecovery, // a job ends
		contract.ModelAccuracy, contract.ModelLogLoss, contract.CFBDRequests, contract.CFBDBudget, // games are fetched
		contract.Notifications, contract.AlertsReceived, // somebody is told
		contract.CacheRequests, // something is looked up
	} {
		names = append(names, m.Name)
	}
	return names
}
