package schema

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/plan/plantest"
	"github.com/script-ohio/platform/infra/program"
)

// recorded is what the program registers with a provider for both stacks.
func recorded(t *testing.T) map[string][]*plan.Resource {
	t.Helper()
	custom := map[string][]*plan.Resource{}
	for _, name := range []string{"staging", "prod"} {
		c := plantest.Deployed(t, name)
		graph, err := program.Record(t.Context(), c, plantest.Day())
		require.NoError(t, err)
		for _, r := range graph.Resources {
			// Kubernetes judges its objects itself.
			if r.Custom && !slices.Contains([]string{"pulumi", "kubernetes"}, strings.Split(r.Type, ":")[0]) {
				custom[name] = append(custom[name], r)
			}
		}
		require.Greater(t, len(custom[name]), 100)
	}
	return custom
}

func TestAWSWouldTakeBothStacks(t *testing.T) {
	for name, resources := range recorded(t) {
		for _, r := range resources {
			for _, problem := range Check(r.Type, r.Inputs.Map) {
				t.Errorf("%s: %s %s: %v", name, r.Type, r.Name, problem)
			}
		}
	}
}

func TestNamesAreFreeInBothStacks(t *testing.T) {
	for name, resources := range recorded(t) {
		taken := map[string]string{}
		for _, r := range resources {
			unique, scope := Name(r.Type, Plain(r.Inputs.Map))
			if unique == "" {
				continue
			}
			key := r.Type + " " + unique
			if scope == OfRegion {
				key += " " + r.Provider
			}
			require.Empty(t, taken[key], "%s: %s and %s have the same name", name, r.Name, taken[key])
			taken[key] = r.Name
		}
	}
}
