package delta

import (
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/script-ohio/platform/infra/stack"
)

// Allowance says which differences may follow from a configuration key, and
// why the stacks set it differently. It holds only while they do.
type Allowance struct {
	Key    string // of stack.Config, without the project
	Why    string
	Covers []Cover
}

// Cover is whole resources, or values in them.
type Cover struct {
	Type  string   // type token
	Name  string   // path.Match pattern of the name without the stack's part
	Paths []string // path.Match patterns of inputs; none: the whole resource
}

// Allowances lists what is meant. Versions are not in it: staging proves
// nothing about another version, so both move in one change and staging is
// deployed first.
func Allowances() []Allowance {
	const (
		logGroup = "aws:cloudwatch/logGroup:LogGroup"
		instance = "aws:rds/instance:Instance"
		cache    = "aws:elasticache/replicationGroup:ReplicationGroup"
		nodes    = "aws:eks/nodeGroup:NodeGroup"
	)
	return []Allowance{
		{"environment", "Only production's vault can be locked for good: staging must be removable.", []Cover{
			{"aws:backup/vaultLockConfiguration:VaultLockConfiguration", "*", []string{"changeableForDays"}},
		}},
		{"environment", "Staging's metrics are fewer.", []Cover{
			{"kubernetes:helm.sh/v3:Release", "kube-prometheus-stack", []string{
				"values.prometheus.prometheusSpec.retentionSize", "values.prometheus.prometheusSpec.storageSpec.*.storage",
			}},
		}},
		{"environment", "Staging's controllers and watchers have no spare.", []Cover{
			{"kubernetes:helm.sh/v3:Release", "*", []string{"values.*replica*", "values.*odDisruptionBudget*", "values.*opologySpreadConstraints*", "values.*leaderElect*"}},
			{"kubernetes:core/v1:ResourceQuota", "monitoring-quota", []string{"spec.hard.*"}},
		}},
		{"vpcCidr", "Both networks can be peered with one office.", []Cover{
			{"aws:ec2/vpc:Vpc", "vpc", []string{"cidrBlock"}},
			{"aws:ec2/subnet:Subnet", "*", []string{"cidrBlock"}},
			{"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "endpoints-https", []string{"cidrIpv4"}},
			{"kubernetes:networking.k8s.io/v1:NetworkPolicy", "*", []string{"spec.*.ipBlock.cidr"}},
			{"kubernetes:core/v1:ConfigMap", "config", []string{"data.TRUSTED_PROXIES"}},
			{"kubernetes:apps/v1:Deployment", "*", []string{"spec.template.metadata.annotations.script-ohio/config"}},
			{"kubernetes:batch/v1:Job", "*", []string{"spec.template.metadata.annotations.script-ohio/config"}},
		}},
		{"natPerZone", "Staging may lose its way out with a zone.", []Cover{
			{"aws:ec2/natGateway:NatGateway", "nat-*", nil},
			{"aws:ec2/eip:Eip", "nat-*", nil},
			{"aws:ec2/route:Route", "private-*-nat", []string{"natGatewayId"}},
		}},
		{"vpnGateway", "Nobody reaches staging over VPN.", []Cover{
			{"aws:ec2/vpnGateway:VpnGateway", "vpn", nil},
			{"aws:ec2/vpnGatewayRoutePropagation:VpnGatewayRoutePropagation", "private-*-vpn", nil},
		}},
		{"logDays", "Staging's logs are no evidence.", []Cover{{logGroup, "*", []string{"retentionInDays"}}}},
		{"nodeMin", "Staging serves testers.", []Cover{{nodes, "*", []string{"scalingConfig.minSize", "scalingConfig.desiredSize"}}}},
		{"nodeMax", "Staging serves testers.", []Cover{
			{nodes, "*", []string{"scalingConfig.maxSize"}},
			{"kubernetes:core/v1:ResourceQuota", "node-monitoring-quota", []string{"spec.hard.*"}}, // an exporter on each
		}},
		{"databaseClass", "Staging serves testers.", []Cover{{instance, "*", []string{"instanceClass"}}}},
		{"databaseStorageGb", "Staging holds a sample.", []Cover{{instance, "*", []string{"allocatedStorage"}}}},
		{"databaseMaxStorageGb", "Staging holds a sample.", []Cover{{instance, "*", []string{"maxAllocatedStorage"}}}},
		{"databaseMultiAz", "Staging may stop with a zone.", []Cover{{instance, "database", []string{"multiAz", "availabilityZone"}}}},
		{"databaseReplicas", "Staging has no readers to spread.", []Cover{{instance, "database-replica-*", nil}, {logGroup, "database-replica-*", nil}}},
		{"databaseBackupDays", "Staging's data can be loaded anew.", []Cover{
			{instance, "database", []string{"backupRetentionPeriod"}},
			{"aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication", "*", []string{"retentionPeriod"}},
		}},
		{"cacheNodeType", "Staging serves testers.", []Cover{{cache, "cache", []string{"nodeType"}}}},
		{"cacheNodes", "Staging may stop with a zone.", []Cover{{cache, "cache", []string{"numCacheClusters", "automaticFailoverEnabled", "multiAzEnabled"}}}},
		{"cacheSnapshotDays", "Staging's cache can be filled anew.", []Cover{{cache, "cache", []string{"snapshotRetentionLimit"}}}},
		{"monthlyBudget", "Staging costs less.", []Cover{{"aws:budgets/budget:Budget", "budget", []string{"limitAmount"}}}},
		{"backupRecipient", "Who reads backups of the one need not read those of the other.", []Cover{
			{"kubernetes:apps/v1:Deployment", "worker-backup", []string{"spec.template.spec.containers.0.env.*"}},
		}},
		{"mailFrom", "Staging's mail is told from production's, or there is none.", mail()},
		{"mailTo", "Staging's mail goes to others, or there is none.", mail()},
		{"crossRegion", "Staging need not survive the region.", recovery()},
	}
}

// mail is what speaks of it, and what opens the way to its servers.
func mail() []Cover {
	const filled, config = "kubernetes:external-secrets.io/v1:ExternalSecret", "spec.template.metadata.annotations.script-ohio/config"
	return []Cover{
		{"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "cluster-nodes-mail", nil},
		{"kubernetes:networking.k8s.io/v1:NetworkPolicy", "network-mail", nil},
		{"kubernetes:networking.k8s.io/v1:NetworkPolicy", "monitoring-network-alertmanager", []string{"spec.egress.*"}},
		{"kubernetes:core/v1:ConfigMap", "config", []string{"data.MAIL_FROM", "data.MAIL_TO", "data.NOTIFY_ROUTES"}},
		{"kubernetes:apps/v1:Deployment", "*", []string{config}},
		{"kubernetes:batch/v1:Job", "*", []string{config}},
		{filled, "monitoring-alertmanager-messengers", []string{"spec.data.*", "spec.target.template.data.SMTP_PASSWORD"}},
		{filled, "monitoring-alertmanager-routing", []string{"spec.data.*", "spec.target.template.data.alertmanager.yaml"}},
	}
}

// recovery is what stands in, or copies to, the recovery region.
func recovery() []Cover {
	covers := []Cover{
		{"aws:backup/plan:Plan", "backup", []string{"rules.0.copyActions.*"}},
		{"aws:backup/vault:Vault", "recovery-backup", nil},
		{"aws:backup/vaultLockConfiguration:VaultLockConfiguration", "recovery-backup", nil},
		{"aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication", "database-recovery", nil},
		{"aws:s3/bucketReplicationConfig:BucketReplicationConfig", "*-replication", nil},
		{"aws:iam/role:Role", "*-replication", nil},
		{"aws:iam/rolePolicy:RolePolicy", "*-replication", nil},
		{"aws:kms/key:Key", "recovery-*", nil},
		{"aws:kms/alias:Alias", "recovery-*", nil},
		{"script-ohio:keys:Keys", "recovery-keys", nil},
		{"aws:s3/bucketV2:BucketV2", "recovery-*", nil},
	}
	for _, kind := range []string{
		"LifecycleConfigurationV2", "ObjectLockConfigurationV2", "OwnershipControls", "Policy", "PublicAccessBlock",
		"ServerSideEncryptionConfigurationV2", "VersioningV2",
	} {
		covers = append(covers, Cover{"aws:s3/bucket" + kind + ":Bucket" + kind, "recovery-*", nil})
	}
	return covers
}

func (a Allowance) covers(d Difference) bool { return slices.ContainsFunc(a.Covers, d.in) }

func (d Difference) in(c Cover) bool {
	switch {
	case c.Type != d.Type || !matches(c.Name, d.Name):
		return false
	case d.Path == "":
		return len(c.Paths) == 0
	}
	return slices.ContainsFunc(c.Paths, func(pattern string) bool { return matches(pattern, d.Path) })
}

// matches takes a malformed pattern, which a test would find, for no match. A
// * matches slashes too, which labels and annotations have.
func matches(pattern, text string) bool {
	ok, err := path.Match(strings.ReplaceAll(pattern, "/", "|"), strings.ReplaceAll(text, "/", "|"))
	return err == nil && ok
}

// changedKeys are the keys that the two set differently.
func changedKeys(a, b stack.Config) map[string]bool {
	changed, of := map[string]bool{}, b.Values()
	for name, value := range a.Values() {
		changed[name] = !reflect.DeepEqual(value, of[name])
	}
	return changed
}
