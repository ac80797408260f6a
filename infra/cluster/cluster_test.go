package cluster_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/infra/cluster"
	"github.com/script-ohio/platform/infra/iamdoc"
	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/plan/plantest"
	"github.com/script-ohio/platform/infra/provider"
	"github.com/script-ohio/platform/infra/stack"
	"github.com/script-ohio/platform/infra/support"
)

const (
	key     = "arn:aws:kms:us-east-2:111122223333:key/cluster"
	admin   = "arn:aws:iam::111122223333:role/Administrators"
	nodes   = "aws:eks/nodeGroup:NodeGroup"
	addon   = "aws:eks/addon:Addon"
	control = "eks:index:Cluster"
)

// egress are the rules that let nodes out, by their names' last part.
func egress(graph *plan.Graph) map[string]string {
	all := map[string]string{}
	for _, r := range graph.OfType("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule") {
		if to := r.Inputs.Text("cidrIpv4"); to != "" {
			all[strings.TrimPrefix(r.Name, "script-ohio-prod-cluster-")] = fmt.Sprintf("%s %v-%v %s", r.Inputs.Text("ipProtocol"), r.Inputs.At("fromPort"), r.Inputs.At("toPort"), to)
		}
	}
	return all
}

func TestMailGoesOutWhereThereIsAny(t *testing.T) {
	graph, err := deploy(t, plantest.Config(t, "prod"), nil)
	require.NoError(t, err)
	https := "tcp 443-443 0.0.0.0/0"
	require.Equal(t, map[string]string{"nodes-out": https}, egress(graph))
	graph, err = deploy(t, plantest.Config(t, "prod"), func(a *cluster.Args) { a.MailPort = 587 })
	require.NoError(t, err)
	require.Equal(t, map[string]string{"nodes-out": https, "nodes-mail": "tcp 587-587 0.0.0.0/0"}, egress(graph))
}

// deploy plans the cluster of a stack, after change.
func deploy(t *testing.T, c stack.Config, change func(*cluster.Args)) (*plan.Graph, error) {
	return plantest.Record(t, c, func(ctx *pulumi.Context) error {
		set, err := provider.New(ctx, c)
		if err != nil {
			return err
		}
		args := cluster.Args{
			Name: c.Name, Account: c.General.Account, Region: c.General.Region, Version: c.Cluster.Version,
			PublicAccess: c.Cluster.PublicAccess, Services: c.Network.Services, LogDays: c.Network.LogDays,
			Nodes:  cluster.Nodes{Types: c.Cluster.NodeTypes, Min: c.Cluster.NodeMin, Max: c.Cluster.NodeMax, DiskGB: c.Cluster.NodeDiskGB},
			Admins: []string{admin}, Group: func(r contract.Role) string { return "ohio:" + r.String() }, Tags: c.Tags(), Protect: &c.General.Protect,
			Network: cluster.Network{
				VPC: pulumi.String("vpc-1"), DataClients: pulumi.String("sg-data"),
				PrivateSubnets: pulumi.ToStringArray([]string{"subnet-a", "subnet-b", "subnet-c"}),
			},
			Keys:      cluster.Keys{Cluster: pulumi.String(key), Logs: pulumi.String("arn:aws:kms:us-east-2:111122223333:key/logs")},
			Providers: set.Cluster(),
		}
		if change != nil {
			change(&args)
		}
		k, err := cluster.New(ctx, "cluster", args, set.Main())
		if err != nil {
			return err
		}
		ctx.Export("kubeconfig", k.Kubeconfig)
		ctx.Export("operator", k.AccessRoles["operator"])
		ctx.Export("arn", pulumi.String(k.ARN))
		return nil
	})
}

func planned(t *testing.T, name string, change func(*cluster.Args)) *plan.Graph {
	graph, err := deploy(t, plantest.Config(t, name), change)
	require.NoError(t, err)
	return graph
}

func TestControlPlane(t *testing.T) {
	graph := planned(t, "prod", nil)
	eks := graph.OfType(control)[0]
	require.Equal(t, map[string]any{
		"name": "script-ohio-prod-cluster", "version": "1.36", "vpcId": "vpc-1",
		"privateSubnetIds":                []any{"subnet-a", "subnet-b", "subnet-c"},
		"kubernetesServiceIpAddressRange": "172.20.0.0/16",
		"endpointPrivateAccess":           true, "endpointPublicAccess": false,
		"authenticationMode": "API", "createOidcProvider": false,
		"skipDefaultNodeGroup": true, "useDefaultVpcCni": true,
		"encryptionConfigKeyArn": key,
		"enabledClusterLogTypes": []any{"api", "audit", "authenticator", "controllerManager", "scheduler"},
		"serviceRole":            eks.Inputs.At("serviceRole"), "instanceRole": eks.Inputs.At("instanceRole"),
		"clusterSecurityGroup": eks.Inputs.At("clusterSecurityGroup"),
	}, eks.Inputs.Plain())
	require.Equal(t, graph.Find("aws:iam/role:Role", "script-ohio-prod-cluster-control").URN, eks.Inputs.Text("serviceRole"))
	require.Equal(t, graph.Find("aws:iam/role:Role", "script-ohio-prod-cluster-node").URN, eks.Inputs.Text("instanceRole"))
	require.Equal(t, graph.Find("aws:ec2/securityGroup:SecurityGroup", "script-ohio-prod-cluster-control").URN, eks.Inputs.Text("clusterSecurityGroup"))
	require.True(t, eks.Protect)
	require.Equal(t, graph.OfType("pulumi:providers:eks")[0].URN, eks.Provider)
	require.Equal(t, graph.Find("pulumi:providers:aws", "script-ohio-prod-aws").URN, eks.Providers["aws"])

	logs := graph.OfType("aws:cloudwatch/logGroup:LogGroup")[0]
	require.Equal(t, "/aws/eks/script-ohio-prod-cluster/cluster", logs.Inputs.Text("name"))
	require.Equal(t, 90.0, logs.Inputs.Number("retentionInDays"))
	require.True(t, strings.HasSuffix(logs.Inputs.Text("kmsKeyId"), "key/logs"))
	require.True(t, logs.Protect && logs.RetainOnDelete)
	require.True(t, graph.CreatedBefore(logs, eks), "or EKS makes a group that keeps logs for ever")
	require.Equal(t, plan.Output{Value: plan.Masked, Secret: true}, graph.Outputs["kubeconfig"])
}

func TestPublicAccess(t *testing.T) {
	office := netip.MustParsePrefix("198.51.100.0/24")
	eks := planned(t, "staging", func(a *cluster.Args) { a.PublicAccess = []netip.Prefix{office} }).OfType(control)[0]
	require.True(t, eks.Inputs.True("endpointPublicAccess"))
	require.True(t, eks.Inputs.True("endpointPrivateAccess"))
	require.Equal(t, []string{"198.51.100.0/24"}, eks.Inputs.Texts("publicAccessCidrs"))

	_, err := deploy(t, plantest.Config(t, "staging"), func(a *cluster.Args) {
		a.PublicAccess, a.Version, a.Nodes.Min = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}, "1.28", 0
	})
	for _, problem := range []string{"0.0.0.0/0 opens the API server to everybody", "no add-on versions are pinned for Kubernetes 1.28", "at least 0 and at most 6 nodes"} {
		require.ErrorContains(t, err, problem)
	}
}

func TestVPNAccess(t *testing.T) {
	office := netip.MustParsePrefix("10.200.0.0/16")
	graph := planned(t, "prod", func(a *cluster.Args) { a.VPNAccess = []netip.Prefix{office} })
	rule := graph.Find("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "script-ohio-prod-cluster-control-from-10.200.0.0/16")
	require.Equal(t, "10.200.0.0/16", rule.Inputs.Text("cidrIpv4"))
	require.Equal(t, 443.0, rule.Inputs.Number("toPort"))
	require.Equal(t, "sg-script-ohio-prod-cluster-control", rule.Inputs.Text("securityGroupId"))
	require.Nil(t, planned(t, "prod", nil).Find(rule.Type, rule.Name), "nobody unless named")
}

func TestNodes(t *testing.T) {
	for name, want := range map[string][2]float64{"prod": {3, 20}, "staging": {2, 6}} {
		graph := planned(t, name, nil)
		group := graph.OfType(nodes)[0]
		require.Equal(t, map[string]any{"minSize": want[0], "desiredSize": want[0], "maxSize": want[1]}, group.Inputs.At("scalingConfig"), name)
		require.Equal(t, []string{"scalingConfig.desiredSize"}, group.IgnoreChanges)
		require.Equal(t, 1.0, group.Inputs.Number("updateConfig.maxUnavailable"))
		require.Equal(t, "AL2023_ARM_64_STANDARD", group.Inputs.Text("amiType"))
		require.Equal(t, []string{"m7g.large"}, group.Inputs.Texts("instanceTypes"))
		require.Len(t, group.Inputs.Texts("subnetIds"), 3)
		require.Equal(t, "1", group.Inputs.Text("launchTemplate.version"))
		require.Empty(t, group.Inputs.Text("nodeGroupName"), "a fixed name cannot be replaced")

		template := graph.OfType("aws:ec2/launchTemplate:LaunchTemplate")[0].Inputs
		require.Equal(t, map[string]any{"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 1.0}, template.At("metadataOptions"))
		require.Equal(t, map[string]any{"volumeType": "gp3", "volumeSize": 100.0, "encrypted": "true", "kmsKeyId": key, "deleteOnTermination": "true"}, template.At("blockDeviceMappings.0.ebs"))
		require.True(t, template.True("monitoring.enabled"))
		require.Equal(t, []string{"sg-script-ohio-" + name + "-cluster-nodes", "sg-data"}, template.Texts("vpcSecurityGroupIds"))
		for i, kind := range []string{"instance", "volume", "network-interface"} {
			spec, _ := template.At("tagSpecifications").([]any)[i].(map[string]any)
			require.Equal(t, kind, spec["resourceType"])
			tags, _ := spec["tags"].(map[string]any)
			require.Equal(t, name, tags["Environment"])
			require.Equal(t, "owned", tags["kubernetes.io/cluster/script-ohio-"+name+"-cluster"])
		}
	}
}

func TestNodeRoleIsMinimal(t *testing.T) {
	var policies []string
	for _, a := range planned(t, "prod", nil).OfType("aws:iam/rolePolicyAttachment:RolePolicyAttachment") {
		if a.Inputs.Text("role") == "script-ohio-prod-cluster-node" {
			policies = append(policies, a.Inputs.Text("policyArn"))
		}
	}
	require.ElementsMatch(t, []string{"arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy", "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"}, policies)
}

func TestAddonsArePinnedForEverySupportedVersion(t *testing.T) {
	for _, version := range []string{"1.35", "1.36"} {
		all, err := cluster.Addons(version)
		require.NoError(t, err)
		require.Len(t, all, 6)
		for _, a := range all {
			require.Regexp(t, `^v\d+\.\d+\.\d+-eksbuild\.\d+$`, a.Version, a.Name)
			if a.Name == "kube-proxy" {
				require.True(t, strings.HasPrefix(a.Version, "v"+version+"."))
			}
		}
	}
	known := map[string]bool{}
	for _, w := range support.Windows() {
		known[w.Version] = known[w.Version] || w.Product == support.EKS
	}
	require.True(t, known["1.35"] && known["1.36"])
}

func TestOrder(t *testing.T) {
	graph := planned(t, "prod", nil)
	eks, group := graph.OfType(control)[0], graph.OfType(nodes)[0]
	require.True(t, graph.DestroyedBefore(group, eks))
	stages := map[string]bool{"vpc-cni": true, "eks-pod-identity-agent": true, "coredns": false, "kube-proxy": false, "aws-ebs-csi-driver": false, "metrics-server": false}
	all := graph.OfType(addon)
	require.Len(t, all, len(stages))
	for _, a := range all {
		name := a.Inputs.Text("addonName")
		before, known := stages[name]
		require.True(t, known, name)
		require.Equal(t, before, graph.CreatedBefore(a, group), name)
		require.Equal(t, !before, graph.CreatedBefore(group, a), name)
		require.True(t, graph.DestroyedBefore(a, eks), name)
		require.Equal(t, "OVERWRITE", a.Inputs.Text("resolveConflictsOnCreate"))
		require.Equal(t, "OVERWRITE", a.Inputs.Text("resolveConflictsOnUpdate"))
		require.NotEmpty(t, a.Inputs.Text("addonVersion"))
	}
	find := func(name string) *plan.Resource { return graph.Find(addon, "script-ohio-prod-cluster-"+name) }
	require.True(t, graph.CreatedBefore(find("eks-pod-identity-agent"), find("vpc-cni")))
	require.Equal(t, "aws-node", find("vpc-cni").Inputs.Text("podIdentityAssociations.0.serviceAccount"))
	require.Contains(t, find("vpc-cni").Inputs.Text("configurationValues"), `"enableNetworkPolicy":"true"`)
	require.Equal(t, "ebs-csi-controller-sa", find("aws-ebs-csi-driver").Inputs.Text("podIdentityAssociations.0.serviceAccount"))

	// A role without its policies would fail what uses it.
	for _, typ := range []string{"aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws:iam/rolePolicy:RolePolicy"} {
		for _, p := range graph.OfType(typ) {
			if p.Inputs.Text("role") == "script-ohio-prod-cluster-control" {
				require.True(t, graph.DestroyedBefore(eks, p), p.Name)
			}
			if p.Inputs.Text("role") == "script-ohio-prod-cluster-node" {
				require.True(t, graph.DestroyedBefore(group, p), p.Name)
			}
		}
	}
	for _, typ := range []string{"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"} {
		for _, rule := range graph.OfType(typ) {
			require.True(t, graph.DestroyedBefore(group, rule), rule.Name)
			if typ == "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule" {
				require.Empty(t, rule.Inputs.Text("cidrIpv4"), "nothing is open to addresses")
				require.NotEmpty(t, rule.Inputs.Text("referencedSecurityGroupId"))
			}
		}
	}
}

func TestAccess(t *testing.T) {
	graph := planned(t, "prod", nil)
	policies := graph.OfType("aws:eks/accessPolicyAssociation:AccessPolicyAssociation")
	require.Len(t, policies, 1, "only administrators have a policy of EKS")
	require.Equal(t, admin, policies[0].Inputs.Text("principalArn"))
	require.Equal(t, "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy", policies[0].Inputs.Text("policyArn"))
	groups := map[string][]string{}
	for _, entry := range graph.OfType("aws:eks/accessEntry:AccessEntry") {
		_, who, _ := strings.Cut(entry.Inputs.Text("principalArn"), ":role/")
		groups[who] = entry.Inputs.Texts("kubernetesGroups")
		require.True(t, graph.DestroyedBefore(entry, graph.OfType(control)[0]))
	}
	require.Equal(t, map[string][]string{
		"Administrators":                     {},
		"script-ohio-prod-cluster-readonly":  {"ohio:readonly"},
		"script-ohio-prod-cluster-developer": {"ohio:developer"},
		"script-ohio-prod-cluster-operator":  {"ohio:operator"},
	}, groups)
	require.Equal(t, "arn:aws:iam::111122223333:role/script-ohio-prod-cluster-operator", graph.Outputs["operator"].Value)
}

func TestEverythingIsInsideAndNothingSecretIsPlain(t *testing.T) {
	off := false
	graph := planned(t, "prod", nil)
	component := graph.Find("script-ohio:cluster:Cluster", "cluster")
	for _, r := range graph.Resources {
		if !strings.HasPrefix(r.Type, "pulumi:") {
			require.Equal(t, component, graph.Component(r), r.URN)
		}
		for _, leaf := range r.Inputs.Leaves() {
			text, _ := leaf.Value.(string)
			require.False(t, !leaf.Secret && strings.Contains(text, plan.GeneratedSecret), leaf.Path)
		}
		for _, property := range []string{"policy", "assumeRolePolicy"} {
			if text := r.Inputs.Text(property); text != "" {
				_, err := iamdoc.Parse(text)
				require.NoError(t, err)
			}
		}
	}
	for _, r := range planned(t, "prod", func(a *cluster.Args) { a.Protect = &off }).Resources {
		require.False(t, r.Protect || r.RetainOnDelete, r.URN)
	}
	require.True(t, planned(t, "prod", func(a *cluster.Args) { a.Protect = nil }).OfType(control)[0].Protect)
}
