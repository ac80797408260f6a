package program_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/plan/plantest"
	"github.com/script-ohio/platform/infra/program"
	"github.com/script-ohio/platform/infra/stack"
)

func record(t *testing.T, c stack.Config) *plan.Graph {
	t.Helper()
	graph, err := program.Record(t.Context(), c, plantest.Day())
	require.NoError(t, err)
	return graph
}

func TestEverythingLiesBelowAComponent(t *testing.T) {
	for _, name := range []string{"staging", "prod"} {
		graph := record(t, plantest.Config(t, name))
		for _, r := range graph.Roots() {
			require.True(t, !r.Custom || strings.HasPrefix(r.Type, "pulumi:providers:"), r.URN)
		}
		for _, r := range graph.Resources {
			require.True(t, strings.HasPrefix(r.Name, "script-ohio-"+name+"-"), r.URN)
		}
	}
}

func TestOutputsSayWhereThingsAre(t *testing.T) {
	outputs := record(t, plantest.Config(t, "prod")).Outputs
	require.Equal(t, "https://api.script-ohio.example.com", outputs["url"].Value)
	require.Equal(t, "script-ohio-prod-backups-111122223333-us-east-2", outputs["backupsBucket"].Value)
	require.Equal(t, "script-ohio-prod-backups-111122223333-us-west-2", outputs["backupsCopyBucket"].Value)
	require.Equal(t, "script-ohio-prod-cluster", outputs["clusterName"].Value)
	require.Len(t, outputs["databaseReaders"].Value, 2)
	require.Equal(t, plan.Output{Value: plan.Masked, Secret: true}, outputs["kubeconfig"])
	for name, output := range outputs {
		require.NotContains(t, fmt.Sprint(output.Value), plan.GeneratedSecret, name)
	}
}
