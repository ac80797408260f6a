package network_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/iamdoc"
	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/stack"
)

func TestWhoMayTalkToWhom(t *testing.T) {
	inBoth(t, func(t *testing.T, c stack.Config, graph *plan.Graph) {
		rules := func(typ string) []string {
			var all []string
			for _, r := range graph.OfType(typ) {
				require.Equal(t, "tcp", r.Inputs.Text("ipProtocol"))
				require.Equal(t, r.Inputs.Number("fromPort"), r.Inputs.Number("toPort"))
				require.Nil(t, r.Inputs.At("cidrIpv6"))
				require.Nil(t, r.Inputs.At("prefixListId"))
				other := r.Inputs.Text("referencedSecurityGroupId") + r.Inputs.Text("cidrIpv4")
				short := strings.NewReplacer("sg-"+c.Name(""), "").Replace
				port := map[float64]string{5432: "5432", 6379: "6379", 443: "443"}[r.Inputs.Number("toPort")]
				all = append(all, short(r.Inputs.Text("securityGroupId"))+" "+short(other)+" "+port)
			}
			return all
		}
		require.ElementsMatch(t, []string{
			"database nodes 5432", "database pods 5432", "cache nodes 6379", "cache pods 6379",
			"endpoints " + c.Network.VPC.String() + " 443",
		}, rules(inType))
		require.ElementsMatch(t, []string{
			"nodes database 5432", "pods database 5432", "nodes cache 6379", "pods cache 6379",
		}, rules(outType))

		require.Len(t, graph.OfType(groupType), 5)
		for _, group := range graph.OfType(groupType) {
			require.Equal(t, group.Name, group.Inputs.Text("name"))
			require.NotEmpty(t, group.Inputs.Text("description"))
			require.Nil(t, group.Inputs.At("ingress"), group.URN)
			require.Nil(t, group.Inputs.At("egress"), group.URN)
		}
		for output, part := range map[string]string{"nodes": "nodes", "pods": "pods", "databases": "database", "cache": "cache"} {
			require.Equal(t, "sg-"+c.Name(part), graph.Outputs[output].Value)
		}
	})
}

func TestTheDefaultGroupIsEmpty(t *testing.T) {
	inBoth(t, func(t *testing.T, c stack.Config, graph *plan.Graph) {
		group := graph.Find(defaultType, c.Name("default"))
		require.Equal(t, "vpc-"+c.Name("vpc"), group.Inputs.Text("vpcId"))
		// Said, not left out: what is left out the provider does not watch.
		require.Equal(t, []any{}, group.Inputs.At("ingress"))
		require.Equal(t, []any{}, group.Inputs.At("egress"))
	})
}

func TestFlowLogs(t *testing.T) {
	days := map[string]float64{"staging": 30, "prod": 90}
	inBoth(t, func(t *testing.T, c stack.Config, graph *plan.Graph) {
		name := c.Name("flow-logs")
		group, flow := graph.Find(logType, name), graph.Find(flowType, name)
		require.Equal(t, logsKey, group.Inputs.Text("kmsKeyId"))
		require.Equal(t, days[c.Stack], group.Inputs.Number("retentionInDays"))
		arn := "arn:aws:logs:us-east-2:" + c.General.Account + ":log-group:/aws/vpc/" + name
		require.Equal(t, "ALL", flow.Inputs.Text("trafficType"))
		require.Equal(t, "vpc-"+c.Name("vpc"), flow.Inputs.Text("vpcId"))
		require.Equal(t, arn, flow.Inputs.Text("logDestination"))
		require.Equal(t, "cloud-watch-logs", flow.Inputs.Text("logDestinationType"))

		role := graph.Find("aws:iam/role:Role", name)
		require.Equal(t, "arn:aws:iam::"+c.General.Account+":role/"+name, flow.Inputs.Text("iamRoleArn"))
		trust, err := iamdoc.Parse(role.Inputs.Text("assumeRolePolicy"))
		require.NoError(t, err)
		require.Equal(t, iamdoc.TrustService("vpc-flow-logs.amazonaws.com", c.General.Account), trust)

		policy := graph.Find("aws:iam/rolePolicy:RolePolicy", name)
		require.Equal(t, name, policy.Inputs.Text("role"))
		may, err := iamdoc.Parse(policy.Inputs.Text("policy"))
		require.NoError(t, err)
		allowed := map[string][]string{}
		for _, s := range may.Statements {
			for _, action := range s.Actions {
				allowed[action] = s.Resources
			}
		}
		require.Equal(t, []string{arn, arn + ":*"}, allowed["logs:PutLogEvents"])
		require.ElementsMatch(t, []string{"logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams", "logs:DescribeLogGroups"},
			slices.Collect(maps.Keys(allowed)))
		require.True(t, graph.CreatedBefore(policy, flow), "flow logs would start without permission")
	})
}
