package endtoend_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/monitoring/alerts"
	"github.com/script-ohio/platform/monitoring/rules"
	"github.com/script-ohio/platform/monitoring/slo"
)

// rulesEvaluate waits until Prometheus has evaluated every rule and requires
// that it liked all of them, and that all of them are there.
func (s *stack) rulesEvaluate(t *testing.T) {
	want := map[string]int{}
	for _, groups := range [][]rules.Group{rules.Groups(), slo.Groups(), alerts.Groups(alerts.Options{})} {
		for _, g := range groups {
			for _, r := range g.Rules {
				want[r.Record+r.Alert]++
			}
		}
	}
	var all []rule
	eventually(t, func() bool {
		all = s.prometheus.rules()
		for _, r := range all {
			if r.Health == "unknown" { // not yet evaluated
				return false
			}
		}
		return true
	}, func() string { return "Prometheus does not evaluate every rule" })
	for _, r := range all {
		want[r.Name]--
		require.Equal(t, "ok", r.Health, "%s: %s", r.Name, r.LastError)
	}
	for name, missing := range want {
		require.Zero(t, missing, "%s", name)
	}
	// A rule may be well and still warn, as where two series become one.
	require.Empty(t, s.prometheus.query(`prometheus_rule_evaluation_failures_total > 0`))
	t.Logf("%d rules", len(all))
}
