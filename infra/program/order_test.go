package program_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/plan/plantest"
)

// goesBefore is what a destruction must remove first, by type and name without
// the stack's part; an empty name is every resource of the type.
var goesBefore = []struct {
	why                    string
	firstType, firstName   string
	secondType, secondName string
}{
	{"replicas before their primary", "aws:rds/instance:Instance", "database-replica-1", "aws:rds/instance:Instance", "database"},
	{"replicas before their primary", "aws:rds/instance:Instance", "database-replica-2", "aws:rds/instance:Instance", "database"},
	{"copies of backups before what they copy", "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication", "", "aws:rds/instance:Instance", "database"},
	{"nodes before the control plane", "aws:eks/nodeGroup:NodeGroup", "", "eks:index:Cluster", "cluster"},
	{"add-ons before the control plane", "aws:eks/addon:Addon", "", "eks:index:Cluster", "cluster"},
	{"what runs on nodes before the nodes", "aws:eks/addon:Addon", "cluster-coredns", "aws:eks/nodeGroup:NodeGroup", "cluster-nodes"},
	{"nodes before their network", "aws:eks/nodeGroup:NodeGroup", "", "aws:eks/addon:Addon", "cluster-vpc-cni"},
	{"access before the control plane", "aws:eks/accessEntry:AccessEntry", "", "eks:index:Cluster", "cluster"},
	{"identities before the control plane", "aws:eks/podIdentityAssociation:PodIdentityAssociation", "", "eks:index:Cluster", "cluster"},
	{"the control plane before its log group", "eks:index:Cluster", "cluster", "aws:cloudwatch/logGroup:LogGroup", "cluster-logs"},
	{"the control plane before the VPC", "eks:index:Cluster", "cluster", "aws:ec2/vpc:Vpc", "vpc"},
	{"the control plane before its way out", "eks:index:Cluster", "cluster", "aws:ec2/natGateway:NatGateway", ""},
	{"nodes before their rights", "aws:eks/nodeGroup:NodeGroup", "", "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "cluster-node-AmazonEKSWorkerNodePolicy"},
	{"gateways before the internet", "aws:ec2/natGateway:NatGateway", "", "aws:ec2/internetGateway:InternetGateway", "internet"},
	{"the cache before its users", "aws:elasticache/replicationGroup:ReplicationGroup", "cache", "aws:elasticache/userGroup:UserGroup", "cache"},
	{"the trail before its bucket closes", "aws:cloudtrail/trail:Trail", "", "aws:s3/bucketPolicy:BucketPolicy", "logs"},
	{"replication before either bucket", "aws:s3/bucketReplicationConfig:BucketReplicationConfig", "backups-replication", "aws:s3/bucketV2:BucketV2", "recovery-backups"},
	{"replication before either bucket", "aws:s3/bucketReplicationConfig:BucketReplicationConfig", "models-replication", "aws:s3/bucketV2:BucketV2", "models"},
	{"the firewall before the addresses it names", "aws:wafv2/webAcl:WebAcl", "", "aws:wafv2/ipSet:IpSet", "blocked"},
	{"locks before their vault", "aws:backup/vaultLockConfiguration:VaultLockConfiguration", "recovery-backup", "aws:backup/vault:Vault", "recovery-backup"},
	{"the delivery before its recorder", "aws:cfg/deliveryChannel:DeliveryChannel", "", "aws:cfg/recorder:Recorder", "config"},
}

func named(t *testing.T, graph *plan.Graph, typ, name string) []*plan.Resource {
	all := graph.OfType(typ)
	if name != "" {
		all = slices.DeleteFunc(slices.Clone(all), func(r *plan.Resource) bool { return r.Name != "script-ohio-prod-"+name })
	}
	require.NotEmpty(t, all, "%s %s", typ, name)
	return all
}

func TestTheOrderOfDestruction(t *testing.T) {
	graph := record(t, plantest.Config(t, "prod"))
	_, err := graph.DestroyOrder()
	require.NoError(t, err)
	for _, c := range goesBefore {
		for _, first := range named(t, graph, c.firstType, c.firstName) {
			for _, second := range named(t, graph, c.secondType, c.secondName) {
				require.True(t, graph.DestroyedBefore(first, second), "%s: %s, %s", c.why, first.Name, second.Name)
			}
		}
	}
}

// Whatever names an id or ARN that another resource of the stack has needs
// that resource: a copied text would deploy too early and stay too long.
func TestWhoeverNamesAnotherNeedsIt(t *testing.T) {
	for _, name := range []string{"staging", "prod"} {
		graph := record(t, plantest.Config(t, name))
		owners := map[string]*plan.Resource{}
		for _, r := range graph.Resources {
			for _, prefix := range []string{"vpc-", "subnet-", "sg-", "rtb-", "igw-", "nat-", "eipalloc-", "vgw-", "lt-"} {
				if r.Custom && strings.HasPrefix(r.ID, prefix) {
					owners[r.ID] = r
				}
			}
			if r.Type == "aws:kms/key:Key" || strings.HasPrefix(r.Type, "aws:wafv2/") || r.Type == "aws:s3/bucketV2:BucketV2" {
				owners[r.ARN] = r
			}
		}
		require.Greater(t, len(owners), 30)
		found := 0
		for _, r := range graph.Resources {
			for _, leaf := range r.Inputs.Leaves() {
				text, _ := leaf.Value.(string)
				if owner := owners[text]; owner != nil && owner != r {
					found++
					require.True(t, graph.DestroyedBefore(r, owner), "%s names %s in %s and does not need it", r.Name, owner.Name, leaf.Path)
				}
			}
		}
		require.Greater(t, found, 80)
	}
}

// Everything in the VPC is gone before it, and what holds data in it before
// the subnets.
func TestTheNetworkGoesLast(t *testing.T) {
	graph := record(t, plantest.Config(t, "prod"))
	vpc := graph.Find("aws:ec2/vpc:Vpc", "script-ohio-prod-vpc")
	network := graph.Find("script-ohio:network:Network", "script-ohio-prod-network")
	for _, typ := range []string{"aws:rds/instance:Instance", "aws:elasticache/replicationGroup:ReplicationGroup", "eks:index:Cluster", "aws:eks/nodeGroup:NodeGroup"} {
		for _, r := range graph.OfType(typ) {
			require.True(t, graph.DestroyedBefore(r, vpc), r.Name)
		}
	}
	for _, r := range graph.Children(network) {
		free := []string{"aws:ec2/eip:Eip", "aws:cloudwatch/logGroup:LogGroup", "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"}
		if r != vpc && !slices.Contains(free, r.Type) {
			require.True(t, graph.DestroyedBefore(r, vpc), r.Name)
		}
	}
}
