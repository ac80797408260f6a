package enginetest

import (
	"maps"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/plan"
)

const region = "us-east-2"

// simple answers with the logical name as id and an ARN of it.
func simple(s plan.Stack, r *plan.Resource) (string, resource.PropertyMap) {
	outputs := r.Inputs.Map.Copy()
	outputs["arn"] = resource.NewProperty("arn:aws:" + s.Region + ":" + r.Name)
	if r.Type == "aws:ec2/launchTemplate:LaunchTemplate" {
		outputs["latestVersion"] = resource.NewProperty(1.0)
	}
	return r.Name, outputs
}

type inputs = map[string]any

// thing is a resource by the short name of its type.
type thing struct {
	kind, name string
	in         inputs
}

func kinds() map[string]string {
	return map[string]string{
		"vpc": "aws:ec2/vpc:Vpc", "subnet": "aws:ec2/subnet:Subnet", "internet": "aws:ec2/internetGateway:InternetGateway", "address": "aws:ec2/eip:Eip",
		"nat": "aws:ec2/natGateway:NatGateway", "group": "aws:ec2/securityGroup:SecurityGroup", "rule": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
		"database": "aws:rds/instance:Instance", "subnets": "aws:rds/subnetGroup:SubnetGroup", "replication": "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
		"role": "aws:iam/role:Role", "policy": "aws:iam/rolePolicy:RolePolicy", "cluster": clusterType, "nodes": "aws:eks/nodeGroup:NodeGroup",
		"entry": "aws:eks/accessEntry:AccessEntry", "access": "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
		"bucket": "aws:s3/bucketV2:BucketV2", "trail": "aws:cloudtrail/trail:Trail", "bucketPolicy": "aws:s3/bucketPolicy:BucketPolicy",
		"recorder": "aws:cfg/recorder:Recorder", "channel": "aws:cfg/deliveryChannel:DeliveryChannel", "running": "aws:cfg/recorderStatus:RecorderStatus",
		"vault": "aws:backup/vault:Vault", "lock": "aws:backup/vaultLockConfiguration:VaultLockConfiguration", "plan": "aws:backup/plan:Plan",
		"key": "aws:kms/key:Key", "logs": "aws:cloudwatch/logGroup:LogGroup", "template": "aws:ec2/launchTemplate:LaunchTemplate",
	}
}

func (x thing) typ() string                  { return kinds()[x.kind] }
func (x thing) inputs() resource.PropertyMap { return resource.NewPropertyMapFromMap(x.in) }
func (x thing) urn() string                  { return "urn:pulumi:test::test::" + x.typ() + "::" + x.name }
func (c *Cloud) make(x thing) (*Thing, error) {
	return c.create(region, x.typ(), x.urn(), x.name, x.inputs())
}
func (c *Cloud) drop(kind, name string) error  { return c.remove(region, kinds()[kind], name) }
func (c *Cloud) alter(x thing) (*Thing, error) { return c.update(region, x.typ(), x.name, x.inputs()) }

// stand is what most of the cases begin with.
func stand(t *testing.T, more ...thing) *Cloud {
	t.Helper()
	c := New("111122223333", simple)
	for _, x := range append([]thing{
		{"vpc", "vpc", inputs{"cidrBlock": "10.0.0.0/16"}},
		{"subnet", "a", inputs{"vpcId": "vpc", "cidrBlock": "10.0.0.0/24", "availabilityZone": "us-east-2a"}},
		{"subnet", "b", inputs{"vpcId": "vpc", "cidrBlock": "10.0.1.0/24", "availabilityZone": "us-east-2b"}},
		{"role", "role", inputs{"name": "role"}},
	}, more...) {
		_, err := c.make(x)
		require.NoError(t, err, x.name)
	}
	return c
}

func TestWhatCannotBeMade(t *testing.T) {
	subnets := thing{"subnets", "db", inputs{"name": "db", "subnetIds": []any{"a", "b"}}}
	cluster := thing{"cluster", "eks", inputs{"name": "eks", "version": "1.35", "roleArn": "arn:aws:us-east-2:role", "vpcConfig": inputs{"subnetIds": []any{"a", "b"}}}}
	for name, c := range map[string]struct {
		before []thing
		then   thing
		says   string
	}{
		"name is taken":        {[]thing{{"bucket", "one", inputs{"bucket": "logs"}}}, thing{"bucket", "two", inputs{"bucket": "logs"}}, "AlreadyExists"},
		"one for all":          {[]thing{{"recorder", "one", inputs{"roleArn": "arn:aws:us-east-2:role"}}}, thing{"recorder", "two", inputs{"roleArn": "role"}}, "AlreadyExists"},
		"what is referred to":  {nil, thing{"subnet", "c", inputs{"vpcId": "vpc-2", "cidrBlock": "10.0.2.0/24"}}, "NotFound: vpcId"},
		"outside of the VPC":   {nil, thing{"subnet", "c", inputs{"vpcId": "vpc", "cidrBlock": "10.1.0.0/24"}}, "InvalidSubnet"},
		"over another subnet":  {nil, thing{"subnet", "c", inputs{"vpcId": "vpc", "cidrBlock": "10.0.1.128/25"}}, "InvalidSubnet"},
		"no way out":           {[]thing{{"address", "eip", nil}}, thing{"nat", "nat", inputs{"subnetId": "a", "allocationId": "eip"}}, "Gateway.NotAttached"},
		"one zone only":        {nil, thing{"subnets", "db", inputs{"name": "db", "subnetIds": []any{"a"}}}, "DoesNotCoverEnoughAZs"},
		"zone without subnet":  {[]thing{subnets}, thing{"database", "db", inputs{"dbSubnetGroupName": "db", "availabilityZone": "us-east-2c"}}, "does not cover"},
		"source of a replica":  {[]thing{subnets, {"database", "db", inputs{"identifier": "db"}}}, thing{"database", "copy", inputs{"replicateSourceDb": "db"}}, "automated backups"},
		"region of a copy":     {[]thing{{"database", "db", inputs{"backupRetentionPeriod": 7.0}}}, thing{"replication", "copy", inputs{"sourceDbInstanceArn": "db"}}, "another region"},
		"closed to the trail":  {[]thing{{"bucket", "logs", inputs{"bucket": "logs"}}}, thing{"trail", "trail", inputs{"s3BucketName": "logs"}}, "InsufficientS3BucketPolicy"},
		"without recorder":     {[]thing{{"bucket", "logs", inputs{"bucket": "logs"}}}, thing{"channel", "config", inputs{"s3BucketName": "logs"}}, "NoAvailableConfigurationRecorder"},
		"newer than the plane": {[]thing{cluster}, thing{"nodes", "nodes", inputs{"clusterName": "eks", "version": "1.36", "subnetIds": []any{"a"}, "nodeRoleArn": "role"}}, "not newer"},
		"access for nobody":    {[]thing{cluster}, thing{"access", "view", inputs{"clusterName": "eks", "principalArn": "arn:aws:iam::1:role/a", "policyArn": "view"}}, "no access entry"},
		"shorter than locked": {[]thing{{"vault", "vault", inputs{"name": "vault"}}, {"lock", "vault", inputs{"backupVaultName": "vault", "minRetentionDays": 30.0, "maxRetentionDays": 60.0}}},
			thing{"plan", "plan", inputs{"rules": []any{inputs{"targetVaultName": "vault", "lifecycle": inputs{"deleteAfter": 7.0}}}}}, "backups would fail"},
	} {
		cloud := stand(t, c.before...)
		_, err := cloud.make(c.then)
		require.ErrorContains(t, err, c.says, name)
		require.Len(t, cloud.Things(), 4+len(c.before), name)
	}
}

func TestWhatCannotGo(t *testing.T) {
	for name, c := range map[string]struct {
		there      []thing
		kind, gone string
		says       string
	}{
		"a VPC with subnets":      {nil, "vpc", "vpc", "DependencyViolation"},
		"a role with a policy":    {[]thing{{"policy", "policy", inputs{"role": "role", "policy": "{}"}}}, "role", "role", "DeleteConflict"},
		"a group that a rule has": {[]thing{{"group", "one", inputs{"vpcId": "vpc"}}, {"group", "two", inputs{"vpcId": "vpc"}}, {"rule", "rule", inputs{"securityGroupId": "one", "referencedSecurityGroupId": "two"}}}, "group", "two", "DependencyViolation"},
		"a source with replicas":  {[]thing{{"database", "db", inputs{"backupRetentionPeriod": 7.0}}, {"database", "copy", inputs{"replicateSourceDb": "db"}}}, "database", "db", "replicas"},
		"a protected database":    {[]thing{{"database", "db", inputs{"deletionProtection": true}}}, "database", "db", "deletion protection"},
		"a running recorder's channel": {[]thing{{"bucket", "logs", inputs{"bucket": "logs"}}, {"recorder", "config", inputs{"roleArn": "role"}}, {"channel", "config", inputs{"s3BucketName": "logs"}},
			{"running", "config", inputs{"name": "config", "isEnabled": true}}}, "channel", "config", "LastDeliveryChannel"},
		"the way out of a NAT": {[]thing{{"internet", "igw", inputs{"vpcId": "vpc"}}, {"address", "eip", nil}, {"nat", "nat", inputs{"subnetId": "a", "allocationId": "eip"}}}, "internet", "igw", "mapped public addresses"},
	} {
		cloud := stand(t, c.there...)
		require.ErrorContains(t, cloud.drop(c.kind, c.gone), c.says, name)
		require.Len(t, cloud.Things(), 4+len(c.there), name)
	}
	// In the right order everything goes.
	cloud := stand(t)
	for _, x := range []struct{ kind, name string }{{"subnet", "a"}, {"subnet", "b"}, {"vpc", "vpc"}, {"role", "role"}, {"role", "role"}} {
		require.NoError(t, cloud.drop(x.kind, x.name))
	}
	require.Empty(t, cloud.Things())
}

func TestStepsThatAreNotTaken(t *testing.T) {
	cluster := func(version string) thing {
		return thing{"cluster", "eks", inputs{"version": version, "roleArn": "role", "vpcConfig": inputs{"subnetIds": []any{"a", "b"}}}}
	}
	cloud := stand(t, cluster("1.34"), thing{"database", "db", inputs{"allocatedStorage": 100.0, "engineVersion": "17"}})
	for _, x := range []thing{cluster("1.36"), cluster("1.33"), {"database", "db", inputs{"allocatedStorage": 50.0, "engineVersion": "17"}}, {"database", "db", inputs{"allocatedStorage": 100.0, "engineVersion": "18"}}} {
		_, err := cloud.alter(x)
		require.Error(t, err, x.in)
	}
	out := stand(t, thing{"vpc", "other", inputs{"cidrBlock": "10.1.0.0/16"}}, thing{"internet", "igw", inputs{"vpcId": "vpc"}}, thing{"address", "eip", nil},
		thing{"nat", "nat", inputs{"subnetId": "a", "allocationId": "eip"}})
	_, err := out.alter(thing{"internet", "igw", inputs{"vpcId": "other"}})
	require.ErrorContains(t, err, "mapped public addresses")

	cloud.Changes()
	_, err = cloud.alter(cluster("1.35"))
	require.NoError(t, err)
	require.Equal(t, []Change{{Op: "update", Type: clusterType, URN: cluster("").urn(), Paths: []string{"version"}}}, cloud.Changes())
	require.Empty(t, cloud.Changes(), "told once")
}

// A replacement stands beside the old one under another id; what AWS
// overwrites is one and the same.
func TestReplacements(t *testing.T) {
	cloud := stand(t)
	template := thing{"template", "nodes", nil}
	one, err := cloud.make(template)
	require.NoError(t, err)
	two, err := cloud.make(template)
	require.NoError(t, err)
	require.NotEqual(t, one.ID, two.ID)
	require.NoError(t, cloud.drop("template", one.ID))
	changed, err := cloud.update(region, template.typ(), two.ID, resource.PropertyMap{"ebsOptimized": resource.NewProperty("true")})
	require.NoError(t, err)
	require.Equal(t, 2.0, changed.Outputs["latestVersion"].NumberValue(), "every change is a version")

	cloud = stand(t, thing{"vault", "vault", inputs{"name": "vault"}})
	for _, days := range []float64{30, 40} {
		_, err := cloud.make(thing{"lock", "vault", inputs{"backupVaultName": "vault", "minRetentionDays": days}})
		require.NoError(t, err)
	}
	require.NoError(t, cloud.drop("lock", "vault"))
	left := slices.Collect(maps.Keys(cloud.things))
	require.False(t, slices.ContainsFunc(left, func(k key) bool { return k.typ == kinds()["lock"] }), "who deletes the old lock deletes the new one")
}

func TestKeysStayInTheirRegion(t *testing.T) {
	cloud := stand(t)
	key := thing{"key", "key", nil}
	_, err := cloud.create("us-west-2", key.typ(), key.urn(), key.name, nil)
	require.NoError(t, err)
	logs := thing{"logs", "logs", inputs{"kmsKeyId": "arn:aws:us-west-2:key"}}
	_, err = cloud.make(logs)
	require.ErrorContains(t, err, "NotFound: kmsKeyId")
	_, err = cloud.create("us-west-2", logs.typ(), logs.urn(), logs.name, logs.inputs())
	require.NoError(t, err)
}
