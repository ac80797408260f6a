package policy_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/plan/plantest"
	"github.com/script-ohio/platform/infra/policy"
)

// mutation spoils production at one place. The rule must see it, and no other
// but those that cannot help seeing it too.
type mutation struct {
	rule  string
	what  string
	spoil func(g graph)
	also  []string
}

func mutations() []mutation {
	return slices.Concat(
		encryptionMutations(), exposureMutations(), networkMutations(), accessMutations(),
		durabilityMutations(), recoveryMutations(), loggingMutations(), hygieneMutations(), secretMutations(),
		podMutations(), imageMutations(), namespaceMutations(), workloadMutations(), permissionMutations(),
	)
}

func TestEveryRuleSeesItsMutation(t *testing.T) {
	prod := record(t, plantest.Config(t, "prod"))
	require.False(t, prod.judge().Failed())
	for _, m := range mutations() {
		t.Run(m.rule+"/"+m.what, func(t *testing.T) {
			t.Parallel()
			g := prod.copy(t)
			m.spoil(g)
			report := g.judge()
			seen := map[string]bool{}
			for _, f := range report.Findings {
				if f.Severity == policy.Error {
					seen[f.Rule] = true
					require.NotEmpty(t, f.Message)
					require.NotContains(t, f.Message, "%!", "a message that does not format")
				}
			}
			require.ElementsMatch(t, append([]string{m.rule}, m.also...), slices.Collect(maps.Keys(seen)))
			require.True(t, report.Failed())
		})
	}
}

func TestEveryRuleHasAMutation(t *testing.T) {
	covered := map[string]bool{}
	for _, m := range mutations() {
		covered[m.rule] = true
	}
	for _, rule := range policy.Rules() {
		require.True(t, covered[rule.Name], "no mutation breaks %s", rule.Name)
		delete(covered, rule.Name)
	}
	require.Empty(t, covered, "mutations of rules that do not exist")
}
