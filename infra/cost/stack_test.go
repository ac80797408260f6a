package cost_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/cost"
	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/plan/plantest"
	"github.com/script-ohio/platform/infra/program"
	"github.com/script-ohio/platform/infra/stack"
)

func record(t *testing.T, name string) (stack.Config, *plan.Graph) {
	t.Helper()
	c := plantest.Deployed(t, name)
	graph, err := program.Record(t.Context(), c, plantest.Day())
	require.NoError(t, err)
	return c, graph
}

func estimate(t *testing.T, name string) (stack.Config, *plan.Graph, cost.Table) {
	t.Helper()
	c, graph := record(t, name)
	table, err := cost.Estimate(graph, cost.UsageFor(c.General.Environment))
	require.NoError(t, err)
	return c, graph, table
}

// The ranges are wide: they catch a price that slipped by a factor of ten, not
// a change of configuration. A budget below the estimate would mail in its
// first month.
func TestTheStacksCostWhatTheyShould(t *testing.T) {
	for name, between := range map[string][2]float64{"staging": {400, 900}, "prod": {1500, 3500}} {
		t.Run(name, func(t *testing.T) {
			c, _, table := estimate(t, name)
			var text strings.Builder
			require.NoError(t, table.Write(&text))
			t.Log("\n" + text.String())
			require.Greater(t, table.Total, between[0])
			require.Less(t, table.Total, between[1])
			require.Less(t, table.Total, float64(c.Guard.BudgetUSD))
		})
	}
}

func TestTheTotalIsTheSumOfItsLines(t *testing.T) {
	for _, name := range []string{"staging", "prod"} {
		_, graph, table := estimate(t, name)
		total, assumed := 0.0, 0.0
		for _, l := range table.Lines {
			total += l.Monthly
			if l.Assumed {
				assumed += l.Monthly
			}
			require.InDelta(t, l.Quantity*l.UnitPrice, l.Monthly, 1e-6, l.Item)
			require.Positive(t, l.Count, l.Item)
			require.Positive(t, l.Monthly, l.Item)
			for _, urn := range l.URNs {
				require.NotNil(t, graph.ByURN(urn), urn)
			}
		}
		require.InDelta(t, total, table.Total, 1e-6)
		require.InDelta(t, assumed, table.Assumed, 1e-6)
	}
}

// Nodes are priced at their least number; what an autoscaler may add is a note.
func TestNodesCostAtTheirLeast(t *testing.T) {
	c, _ := record(t, "prod")
	c.Cluster.NodeTypes, c.Cluster.NodeMin, c.Cluster.NodeMax, c.Cluster.NodeDiskGB = []string{"m7g.xlarge", "c7g.xlarge"}, 4, 10, 50
	graph, err := program.Record(t.Context(), c, plantest.Day())
	require.NoError(t, err)
	table, err := cost.Estimate(graph, cost.UsageFor(stack.Prod))
	require.NoError(t, err)
	byItem := monthly(table)
	require.InDelta(t, 73, byItem["control plane, standard support"], 1e-9)
	require.InDelta(t, 476.544, byItem["m7g.xlarge"], 1e-9)                 // 4 x 0.1632 x 730
	require.InDelta(t, 16, byItem["gp3 disk of a node"], 1e-9)              // 4 x 50 x 0.08
	require.InDelta(t, 8.4, byItem["metrics of nodes by the minute"], 1e-9) // 4 x 7 x 0.30
	// 6 x (0.1632 x 730 + 50 x 0.08 + 7 x 0.30)
	require.Contains(t, table.Notes, "The table has 4 nodes, the least. At most there are 10, for $751.42 a month more.")
	require.Contains(t, table.Notes, "Storage of databases grows by itself when it fills, at most for $230.00 a month more.")
}

// Without usage a stack costs what stands there, and nothing is assumed.
func TestUsageIsAllThatIsAssumed(t *testing.T) {
	c, graph, with := estimate(t, "prod")
	none := cost.Usage{LogGB: map[string]float64{"": 0}, BucketGB: map[string]float64{"backups": 0, "models": 0, "logs": 0, "loki": 0, "tempo": 0}}
	without, err := cost.Estimate(graph, none)
	require.NoError(t, err)
	require.Zero(t, without.Assumed)
	require.InDelta(t, with.Total-with.Assumed, without.Total, 1e-6)
	for _, l := range without.Lines {
		require.False(t, l.Assumed, l.Item)
	}
	require.Equal(t, cost.UsageFor(stack.Prod), cost.UsageFor(c.General.Environment))
	require.NotEqual(t, cost.UsageFor(stack.Prod), cost.UsageFor(stack.Staging))
}

func TestJSONNamesEverything(t *testing.T) {
	_, _, table := estimate(t, "staging")
	text, err := json.Marshal(table)
	require.NoError(t, err)
	var shape map[string]any
	require.NoError(t, json.Unmarshal(text, &shape))
	for _, key := range []string{"stack", "currency", "region", "prices_read", "lines", "total", "assumed", "notes"} {
		require.Contains(t, shape, key)
	}
	lines, _ := shape["lines"].([]any)
	for _, key := range []string{"component", "item", "count", "quantity", "unit", "unit_price", "monthly", "assumed", "source", "basis", "urns"} {
		require.Contains(t, lines[0], key)
	}
	var back cost.Table
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, table, back)
}
