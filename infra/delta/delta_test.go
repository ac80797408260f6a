package delta_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/delta"
	"github.com/script-ohio/platform/infra/plan/plantest"
	"github.com/script-ohio/platform/infra/program"
	"github.com/script-ohio/platform/infra/stack"
)

// deployed is the stack with all that it could deploy.
func deployed(t *testing.T, name string) delta.Side {
	c := plantest.Deployed(t, name)
	c.Release.Inside = true
	return record(t, c)
}

func side(t *testing.T, name string, change func(*stack.Config)) delta.Side {
	t.Helper()
	c := plantest.Config(t, name)
	if change != nil {
		change(&c)
	}
	return record(t, c)
}

func record(t *testing.T, c stack.Config) delta.Side {
	t.Helper()
	graph, err := program.Record(t.Context(), c, plantest.Day())
	require.NoError(t, err)
	return delta.Side{Config: c, Graph: graph}
}

// differences are those of the stacks as they are, where production alone has
// what may be left empty, and where staging's mail goes to others.
func differences(t *testing.T) []delta.Difference {
	t.Helper()
	full := func(name string) stack.Config {
		c := plantest.Deployed(t, name)
		c.Release.Inside = true
		c.Storage.Recipients = []string{"age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"}
		c.Mail = stack.Mail{From: "ohio@example.com", To: []string{name + "@example.com"}}
		return c
	}
	staging, prod := deployed(t, "staging"), record(t, full("prod"))
	return slices.Concat(delta.Compare(staging, deployed(t, "prod")), delta.Compare(staging, prod), delta.Compare(record(t, full("staging")), prod))
}

func TestEveryDifferenceIsMeant(t *testing.T) {
	all := differences(t)
	require.NotEmpty(t, all)
	for _, d := range delta.Unexplained(all) {
		t.Error(d)
	}
}

func TestAStackDiffersFromItselfInNothing(t *testing.T) {
	require.Empty(t, delta.Compare(side(t, "prod", nil), side(t, "prod", nil)))
}

func TestNothingElseIsAllowed(t *testing.T) {
	for _, c := range []struct {
		name    string
		staging func(*stack.Config)
		spoil   func(*delta.Side) // prod, after it was recorded
		want    string
	}{
		{"another version", func(c *stack.Config) { c.Cluster.Version = "1.35" }, nil, "eks:index:Cluster cluster version: prod 1.36, staging 1.35"},
		{"another node type", func(c *stack.Config) { c.Cluster.NodeTypes = []string{"t4g.large"} }, nil, "instanceTypes.0: prod m7g.large, staging t4g.large"},
		{"protection", func(c *stack.Config) { c.General.Protect = false }, nil, "aws:rds/instance:Instance database option protect: prod true, staging false"},
		{"a resource of one stack only", nil, func(s *delta.Side) {
			s.Graph.Find("aws:ec2/vpc:Vpc", "script-ohio-prod-vpc").Name = "script-ohio-prod-other"
		}, "aws:ec2/vpc:Vpc other: prod has it"},
		{"a value that no key explains", nil, func(s *delta.Side) {
			s.Graph.Find("aws:rds/instance:Instance", "script-ohio-prod-database").Inputs.Map["port"] = resource.NewProperty(5433.0)
		}, "aws:rds/instance:Instance database port: prod 5433, staging 5432"},
		{"a known difference without its key", func(c *stack.Config) { c.Network.LogDays = 90 }, func(s *delta.Side) {
			s.Graph.Find("aws:cloudwatch/logGroup:LogGroup", "script-ohio-prod-firewall").Inputs.Map["retentionInDays"] = resource.NewProperty(7.0)
		}, "aws:cloudwatch/logGroup:LogGroup firewall retentionInDays: prod 7, staging 90"},
	} {
		t.Run(c.name, func(t *testing.T) {
			prod := side(t, "prod", nil)
			if c.spoil != nil {
				c.spoil(&prod)
			}
			var told []string
			for _, d := range delta.Unexplained(delta.Compare(side(t, "staging", c.staging), prod)) {
				told = append(told, d.String())
			}
			require.True(t, slices.ContainsFunc(told, func(line string) bool { return strings.HasSuffix(line, c.want) }), "%q is not among %q", c.want, told)
		})
	}
}

func TestEveryAllowanceIsNeeded(t *testing.T) {
	keys, used := map[string]bool{}, map[string]bool{}
	for _, k := range stack.Keys() {
		keys[k.Name] = true
	}
	for _, d := range differences(t) {
		used[d.Key] = true
	}
	for _, a := range delta.Allowances() {
		require.True(t, keys[a.Key], "%s is no key", a.Key)
		require.True(t, used[a.Key], "nothing differs by %s any more: remove it", a.Key)
		require.NotEmpty(t, a.Why)
		for _, c := range a.Covers {
			for _, pattern := range append(c.Paths, c.Name) {
				_, err := filepath.Match(pattern, "")
				require.NoError(t, err)
			}
		}
	}
}

func TestSecretsAreNotCompared(t *testing.T) {
	for _, d := range delta.Compare(deployed(t, "staging"), deployed(t, "prod")) {
		require.NotContains(t, d.String(), "generated-secret")
	}
}
