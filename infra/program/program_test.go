package program_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/program"
	"github.com/script-ohio/platform/infra/stack"
)

// today is when the stack files were last looked over.
var today = time.Date(2026, time.November, 26, 0, 0, 0, 0, time.UTC)

func config(t *testing.T, name string) stack.Config {
	t.Helper()
	c, err := stack.ReadFile(filepath.Join("..", "..", "Pulumi."+name+".yaml"))
	require.NoError(t, err)
	return c
}

func record(t *testing.T, c stack.Config) *plan.Graph {
	t.Helper()
	graph, err := program.Record(t.Context(), c, today)
	require.NoError(t, err)
	return graph
}

func TestEverythingLiesBelowAComponent(t *testing.T) {
	for _, name := range []string{"staging", "prod"} {
		graph := record(t, config(t, name))
		for _, r := range graph.Roots() {
			require.True(t, !r.Custom || strings.HasPrefix(r.Type, "pulumi:providers:"), r.URN)
		}
		for _, r := range graph.Resources {
			require.True(t, strings.HasPrefix(r.Name, "script-ohio-"+name+"-"), r.URN)
		}
	}
}

func TestOutputsSayWhereThingsAre(t *testing.T) {
	outputs := record(t, config(t, "prod")).Outputs
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
