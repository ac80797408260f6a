package program_test

import (
	"path/filepath"
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

func TestBothStacksRegister(t *testing.T) {
	for _, name := range []string{"staging", "prod"} {
		graph := record(t, config(t, name))
		t.Log(name, len(graph.Resources))
		for _, r := range graph.Resources {
			t.Log(r.Type, r.Name)
		}
		t.Log(graph.Outputs)
	}
}
