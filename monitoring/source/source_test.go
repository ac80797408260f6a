package source_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/source"
)

func TestEveryMetricIsDeclaredOnceWithItsSource(t *testing.T) {
	name, seen := regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`), map[string]bool{}
	for _, m := range contract.Metrics() {
		seen[m.Name] = true
	}
	for _, e := range source.Exporters() {
		require.NotEmpty(t, e.Version, e.Name)
		require.NotEmpty(t, e.Metrics, e.Name)
		for _, m := range e.Metrics {
			require.Regexp(t, name, m.Name)
			require.False(t, seen[m.Name], "%s is declared twice", m.Name)
			seen[m.Name] = true
			require.NotEmpty(t, m.Help, m.Name)
			for _, l := range m.Labels {
				require.NotContains(t, source.TargetLabels(), l, "%s: every series has it", m.Name)
			}
		}
	}
}
