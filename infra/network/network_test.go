package network_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/network"
	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/plan/plantest"
	"github.com/script-ohio/platform/infra/provider"
	"github.com/script-ohio/platform/infra/stack"
)

const (
	vpcType      = "aws:ec2/vpc:Vpc"
	subnetType   = "aws:ec2/subnet:Subnet"
	tableType    = "aws:ec2/routeTable:RouteTable"
	joinType     = "aws:ec2/routeTableAssociation:RouteTableAssociation"
	routeType    = "aws:ec2/route:Route"
	internetType = "aws:ec2/internetGateway:InternetGateway"
	natType      = "aws:ec2/natGateway:NatGateway"
	addressType  = "aws:ec2/eip:Eip"
	vpnType      = "aws:ec2/vpnGateway:VpnGateway"
	vpnRouteType = "aws:ec2/vpnGatewayRoutePropagation:VpnGatewayRoutePropagation"
	endpointType = "aws:ec2/vpcEndpoint:VpcEndpoint"
	groupType    = "aws:ec2/securityGroup:SecurityGroup"
	defaultType  = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
	inType       = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	outType      = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
	logType      = "aws:cloudwatch/logGroup:LogGroup"
	flowType     = "aws:ec2/flowLog:FlowLog"
	userType     = "aws:rds/subnetGroup:SubnetGroup"

	logsKey = "arn:aws:kms:us-east-2:111122223333:key/logs"
)

var environments = []string{"staging", "prod"}

func argsOf(t *testing.T, c stack.Config) network.Args {
	t.Helper()
	zones, err := c.Zones()
	require.NoError(t, err)
	return network.Args{
		Account: c.General.Account, Region: c.General.Region, CIDR: c.Network.VPC, Zones: zones, ClusterName: c.Name("cluster"),
		NATPerZone: c.Network.NATPerZone, VPNGateway: c.Network.VPNGateway, Endpoints: c.Network.Endpoints,
		DatabasePort: 5432, CachePort: 6379, LogDays: c.Network.LogDays, LogsKey: pulumi.String(logsKey), Name: c.Name,
	}
}

// deploy records the network and, for each kind of subnet, a resource that
// uses it.
func deploy(t *testing.T, c stack.Config, args network.Args) *plan.Graph {
	t.Helper()
	graph, err := plantest.Record(t, c, func(ctx *pulumi.Context) error {
		set, err := provider.New(ctx, c)
		if err != nil {
			return err
		}
		n, err := network.New(ctx, c.Name("network"), args, set.Main())
		if err != nil {
			return err
		}
		for kind, ids := range map[string]pulumi.StringArrayOutput{
			"public": n.PublicSubnets, "private": n.PrivateSubnets, "database": n.DatabaseSubnets,
		} {
			ctx.Export(kind, ids)
			_, err := rds.NewSubnetGroup(ctx, "user-"+kind, &rds.SubnetGroupArgs{SubnetIds: ids}, pulumi.Provider(set.AWS))
			if err != nil {
				return err
			}
		}
		for group, id := range map[string]pulumi.StringOutput{"nodes": n.Nodes, "pods": n.Pods, "databases": n.Database, "cache": n.Cache} {
			ctx.Export(group, id)
		}
		ctx.Export("vpc", n.VPC)
		ctx.Export("nat", n.NATAddresses)
		return nil
	})
	require.NoError(t, err)
	return graph
}

// inBoth runs the test for staging and prod as their files configure them.
func inBoth(t *testing.T, test func(t *testing.T, c stack.Config, graph *plan.Graph)) {
	for _, name := range environments {
		t.Run(name, func(t *testing.T) {
			c := plantest.Config(t, name)
			test(t, c, deploy(t, c, argsOf(t, c)))
		})
	}
}

func TestEverythingLiesInTheComponent(t *testing.T) {
	inBoth(t, func(t *testing.T, c stack.Config, graph *plan.Graph) {
		component := graph.Find("script-ohio:network:Network", c.Name("network"))
		main := graph.Find("pulumi:providers:aws", c.Name("aws"))
		vpc := graph.Find(vpcType, c.Name("vpc"))
		require.Equal(t, c.Network.VPC.String(), vpc.Inputs.Text("cidrBlock"))
		require.True(t, vpc.Inputs.True("enableDnsHostnames") && vpc.Inputs.True("enableDnsSupport"))
		require.Equal(t, "vpc-"+c.Name("vpc"), graph.Outputs["vpc"].Value)
		children := graph.Children(component)
		require.Greater(t, len(children), 50)
		for _, r := range children {
			require.Equal(t, main.URN, r.Provider, r.URN)
			require.True(t, strings.HasPrefix(r.Name, c.Name("")), r.URN)
			for _, leaf := range r.Inputs.Leaves() {
				require.False(t, leaf.Secret, "%s %s", r.URN, leaf.Path)
			}
			// Only evidence outlives the stack; what everything stands in refuses
			// to go.
			require.Equal(t, r.Type == logType || r.Type == vpcType, r.Protect, r.URN)
			require.Equal(t, r.Type == logType, r.RetainOnDelete, r.URN)
		}
	})
}

func TestSubnetsOfEveryZone(t *testing.T) {
	inBoth(t, func(t *testing.T, c stack.Config, graph *plan.Graph) {
		zones, err := c.Zones()
		require.NoError(t, err)
		require.Len(t, zones, 3)
		require.Len(t, graph.OfType(subnetType), 9)
		for i, zone := range zones {
			for kind, cidr := range map[string]string{
				"public": zone.Public.String(), "private": zone.Private.String(), "database": zone.Database.String(),
			} {
				subnet := graph.Find(subnetType, c.Name(kind, zone.Name))
				require.Equal(t, "vpc-"+c.Name("vpc"), subnet.Inputs.Text("vpcId"))
				require.Equal(t, zone.Name, subnet.Inputs.Text("availabilityZone"))
				require.Equal(t, cidr, subnet.Inputs.Text("cidrBlock"))
				require.Equal(t, false, subnet.Inputs.At("mapPublicIpOnLaunch"))
				require.Equal(t, "subnet-"+subnet.Name, graph.Outputs[kind].Value.([]string)[i])

				want := map[string]any{"Name": subnet.Name}
				if role := map[string]string{"public": "elb", "private": "internal-elb"}[kind]; role != "" {
					want["kubernetes.io/role/"+role] = "1"
					want["kubernetes.io/cluster/"+c.Name("cluster")] = "shared"
				}
				require.Equal(t, want, subnet.Inputs.At("tags"))
			}
		}
	})
}

func TestWaysOut(t *testing.T) {
	gateways := map[string][]string{ // the zone of the NAT gateway that each zone uses
		"staging": {"us-east-2a", "us-east-2a", "us-east-2a"},
		"prod":    {"us-east-2a", "us-east-2b", "us-east-2c"},
	}
	inBoth(t, func(t *testing.T, c stack.Config, graph *plan.Graph) {
		// Where each table leads to; the database one leads nowhere.
		want := map[string]string{"rtb-" + c.Name("public"): "igw-" + c.Name("internet")}
		for i, zone := range c.General.Zones {
			want["rtb-"+c.Name("private", zone)] = "nat-" + c.Name("nat", gateways[c.Stack][i])
		}
		got := map[string]string{}
		for _, route := range graph.OfType(routeType) {
			require.Equal(t, "0.0.0.0/0", route.Inputs.Text("destinationCidrBlock"))
			got[route.Inputs.Text("routeTableId")] = route.Inputs.Text("gatewayId") + route.Inputs.Text("natGatewayId")
		}
		require.Equal(t, want, got)
		require.Len(t, graph.OfType(tableType), 5)
		for _, table := range graph.OfType(tableType) {
			require.Nil(t, table.Inputs.At("routes"), table.URN)
		}

		require.Len(t, graph.OfType(joinType), 9)
		for _, zone := range c.General.Zones {
			for kind, table := range map[string]string{"public": c.Name("public"), "private": c.Name("private", zone), "database": c.Name("database")} {
				join := graph.Find(joinType, c.Name(kind, zone))
				require.Equal(t, "subnet-"+c.Name(kind, zone), join.Inputs.Text("subnetId"))
				require.Equal(t, "rtb-"+table, join.Inputs.Text("routeTableId"))
			}
		}

		nats := slices.Compact(slices.Clone(gateways[c.Stack]))
		require.Len(t, graph.OfType(natType), len(nats))
		require.Len(t, graph.Outputs["nat"].Value, len(nats))
		for _, zone := range nats {
			nat := graph.Find(natType, c.Name("nat", zone))
			require.Equal(t, "subnet-"+c.Name("public", zone), nat.Inputs.Text("subnetId"))
			require.Equal(t, "eipalloc-"+nat.Name, nat.Inputs.Text("allocationId"))
			require.Equal(t, "vpc", graph.Find(addressType, nat.Name).Inputs.Text("domain"))
		}
	})
}

func TestMoreNATGatewaysReplaceNothing(t *testing.T) {
	c := plantest.Config(t, "staging")
	args := argsOf(t, c)
	before := deploy(t, c, args)
	args.NATPerZone = true
	after := deploy(t, c, args)
	for _, r := range before.Resources {
		now := after.ByURN(r.URN)
		require.NotNil(t, now, r.URN)
		if r.Type != routeType { // which change their target in place
			require.Equal(t, r.Inputs.Plain(), now.Inputs.Plain(), r.URN)
		}
	}
	require.Len(t, after.Resources, len(before.Resources)+4)
}

func TestVPNGatewayByConfiguration(t *testing.T) {
	inBoth(t, func(t *testing.T, c stack.Config, graph *plan.Graph) {
		if c.Stack == "staging" {
			require.Empty(t, graph.OfType(vpnType))
			require.Empty(t, graph.OfType(vpnRouteType))
			return
		}
		gateway := graph.Find(vpnType, c.Name("vpn"))
		require.Equal(t, "vpc-"+c.Name("vpc"), gateway.Inputs.Text("vpcId"))
		var tables []string
		for _, r := range graph.OfType(vpnRouteType) {
			require.Equal(t, "vgw-"+gateway.Name, r.Inputs.Text("vpnGatewayId"))
			tables = append(tables, r.Inputs.Text("routeTableId"))
		}
		require.ElementsMatch(t, privateTables(c), tables)
	})
}

func privateTables(c stack.Config) []string {
	var tables []string
	for _, zone := range c.General.Zones {
		tables = append(tables, "rtb-"+c.Name("private", zone))
	}
	return tables
}

func TestEndpoints(t *testing.T) {
	inBoth(t, func(t *testing.T, c stack.Config, graph *plan.Graph) {
		s3 := graph.Find(endpointType, c.Name("s3"))
		require.Equal(t, "Gateway", s3.Inputs.Text("vpcEndpointType"))
		require.Equal(t, "com.amazonaws.us-east-2.s3", s3.Inputs.Text("serviceName"))
		require.ElementsMatch(t, privateTables(c), s3.Inputs.Texts("routeTableIds"))

		require.Subset(t, network.Services(), []string{
			"ecr.api", "ecr.dkr", "sts", "secretsmanager", "logs", "kms", "ec2", "eks-auth", "elasticloadbalancing"})
		require.Len(t, graph.OfType(endpointType), len(network.Services())+1)
		rule := graph.Find(inType, c.Name("endpoints", "https"))
		for _, service := range network.Services() {
			endpoint := graph.Find(endpointType, c.Name(service))
			require.Equal(t, "Interface", endpoint.Inputs.Text("vpcEndpointType"))
			require.Equal(t, "com.amazonaws.us-east-2."+service, endpoint.Inputs.Text("serviceName"))
			require.True(t, endpoint.Inputs.True("privateDnsEnabled"))
			require.Equal(t, []string{"sg-" + c.Name("endpoints")}, endpoint.Inputs.Texts("securityGroupIds"))
			require.Equal(t, graph.Outputs["private"].Value, endpoint.Inputs.Texts("subnetIds"))
			require.True(t, graph.CreatedBefore(rule, endpoint))
		}
	})
}

func TestWithoutEndpoints(t *testing.T) {
	c := plantest.Config(t, "staging")
	args := argsOf(t, c)
	args.Endpoints = false
	graph := deploy(t, c, args)
	require.Len(t, graph.OfType(endpointType), 1)
	require.Nil(t, graph.Find(groupType, c.Name("endpoints")))
}

func TestAnUnprotectedCopyCanGo(t *testing.T) {
	c, off := plantest.Config(t, "staging"), false
	args := argsOf(t, c)
	args.Protect = &off
	for _, r := range deploy(t, c, args).Resources {
		require.False(t, r.Protect || r.RetainOnDelete, r.URN)
	}
}

func TestOrder(t *testing.T) {
	inBoth(t, func(t *testing.T, c stack.Config, graph *plan.Graph) {
		_, err := graph.DestroyOrder()
		require.NoError(t, err)
		vpc, internet := graph.Find(vpcType, c.Name("vpc")), graph.Find(internetType, c.Name("internet"))
		for _, typ := range []string{subnetType, tableType, internetType, natType, vpnType, endpointType, groupType, defaultType, flowType} {
			for _, r := range graph.OfType(typ) {
				require.True(t, graph.DestroyedBefore(r, vpc), r.URN)
			}
		}
		// A gateway with public addresses behind it does not detach.
		for _, r := range append(graph.OfType(addressType), graph.OfType(natType)...) {
			require.True(t, graph.DestroyedBefore(r, internet), r.URN)
		}
		// Nodes start with a way out, and keep it until they are gone.
		for _, zone := range c.General.Zones {
			for _, way := range []*plan.Resource{
				graph.Find(routeType, c.Name("private", zone, "nat")), graph.Find(joinType, c.Name("private", zone)),
			} {
				require.True(t, graph.DestroyedBefore(graph.Find(userType, "user-private"), way), way.URN)
			}
			require.True(t, graph.DestroyedBefore(graph.Find(userType, "user-database"), graph.Find(joinType, c.Name("database", zone))))
		}
		for _, nat := range graph.OfType(natType) {
			require.True(t, graph.DestroyedBefore(graph.Find(userType, "user-private"), nat))
			require.True(t, graph.CreatedBefore(graph.Find(routeType, c.Name("public", "internet")), nat))
			require.False(t, graph.DependsOn(graph.Find(userType, "user-database"), nat))
		}
		require.True(t, graph.DestroyedBefore(graph.Find(userType, "user-public"), graph.Find(routeType, c.Name("public", "internet"))))
		// A group that a rule names cannot go.
		for _, rule := range append(graph.OfType(inType), graph.OfType(outType)...) {
			for _, group := range graph.OfType(groupType) {
				if id := "sg-" + group.Name; id == rule.Inputs.Text("securityGroupId") || id == rule.Inputs.Text("referencedSecurityGroupId") {
					require.True(t, graph.DestroyedBefore(rule, group), rule.URN)
				}
			}
		}
	})
}

func TestArgsSayEverythingThatIsMissing(t *testing.T) {
	_, err := network.New(nil, "network", network.Args{})
	for _, want := range []string{"no zones", "set LogsKey", "set ClusterName", "set DatabasePort and CachePort"} {
		require.ErrorContains(t, err, want)
	}
}
