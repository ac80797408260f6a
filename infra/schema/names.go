package schema

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/script-ohio/platform/infra/wafv2"
)

// Scope is where a name may stand once only.
type Scope int

// The scopes. A name of everybody is taken for all customers of AWS.
const (
	OfRegion Scope = iota
	OfAccount
	OfEverybody
)

// unique is the properties whose values, together, one resource of a type may
// have in a scope. Of a type without properties there is one. Some AWS would
// let the second overwrite: then two resources undo each other.
type unique struct {
	typ   string
	scope Scope
	paths []string
}

var uniques = sync.OnceValue(func() []unique {
	perBucket := []string{"bucket"}
	rules := []string{"securityGroupId", "ipProtocol", "fromPort", "toPort", "cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"}
	return []unique{
		{"aws:accessanalyzer/analyzer:Analyzer", OfRegion, []string{"type"}},
		{"aws:acm/certificateValidation:CertificateValidation", OfRegion, []string{"certificateArn"}},
		{"aws:backup/vault:Vault", OfRegion, []string{"name"}},
		{"aws:backup/vaultLockConfiguration:VaultLockConfiguration", OfRegion, []string{"backupVaultName"}},
		{"aws:budgets/budget:Budget", OfAccount, []string{"name"}},
		{"aws:cfg/deliveryChannel:DeliveryChannel", OfRegion, nil},
		{"aws:cfg/recorder:Recorder", OfRegion, nil},
		{"aws:cfg/recorderStatus:RecorderStatus", OfRegion, []string{"name"}},
		{"aws:cloudtrail/trail:Trail", OfRegion, []string{"name"}},
		{"aws:cloudwatch/eventRule:EventRule", OfRegion, []string{"eventBusName", "name"}},
		{"aws:cloudwatch/logGroup:LogGroup", OfRegion, []string{"name"}},
		{"aws:cloudwatch/logResourcePolicy:LogResourcePolicy", OfRegion, []string{"policyName"}},
		{"aws:ebs/encryptionByDefault:EncryptionByDefault", OfRegion, nil},
		{"aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess", OfRegion, nil},
		{"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", OfRegion, []string{"vpcId"}},
		{"aws:ec2/internetGateway:InternetGateway", OfRegion, []string{"vpcId"}},
		{"aws:ec2/launchTemplate:LaunchTemplate", OfRegion, []string{"name"}},
		{"aws:ec2/natGateway:NatGateway", OfRegion, []string{"allocationId"}},
		{"aws:ec2/route:Route", OfRegion, []string{"routeTableId", "destinationCidrBlock"}},
		{"aws:ec2/routeTableAssociation:RouteTableAssociation", OfRegion, []string{"subnetId"}},
		{"aws:ec2/securityGroup:SecurityGroup", OfRegion, []string{"vpcId", "name"}},
		{"aws:ec2/subnet:Subnet", OfRegion, []string{"vpcId", "cidrBlock"}},
		{"aws:ec2/vpcEndpoint:VpcEndpoint", OfRegion, []string{"vpcId", "serviceName", "vpcEndpointType"}},
		{"aws:ec2/vpnGateway:VpnGateway", OfRegion, []string{"vpcId"}},
		{"aws:ec2/vpnGatewayRoutePropagation:VpnGatewayRoutePropagation", OfRegion, []string{"vpnGatewayId", "routeTableId"}},
		{"aws:eks/accessEntry:AccessEntry", OfRegion, []string{"clusterName", "principalArn"}},
		{"aws:eks/accessPolicyAssociation:AccessPolicyAssociation", OfRegion, []string{"clusterName", "principalArn", "policyArn"}},
		{"aws:eks/addon:Addon", OfRegion, []string{"clusterName", "addonName"}},
		{"aws:eks/cluster:Cluster", OfRegion, []string{"name"}},
		{"aws:eks/nodeGroup:NodeGroup", OfRegion, []string{"clusterName", "nodeGroupName"}},
		{"aws:eks/podIdentityAssociation:PodIdentityAssociation", OfRegion, []string{"clusterName", "namespace", "serviceAccount"}},
		{"aws:elasticache/parameterGroup:ParameterGroup", OfRegion, []string{"name"}},
		{"aws:elasticache/replicationGroup:ReplicationGroup", OfRegion, []string{"replicationGroupId"}},
		{"aws:elasticache/subnetGroup:SubnetGroup", OfRegion, []string{"name"}},
		{"aws:elasticache/user:User", OfRegion, []string{"userId"}},
		{"aws:elasticache/userGroup:UserGroup", OfRegion, []string{"userGroupId"}},
		{"aws:guardduty/detector:Detector", OfRegion, nil},
		{"aws:guardduty/detectorFeature:DetectorFeature", OfRegion, []string{"detectorId", "name"}},
		{"aws:iam/openIdConnectProvider:OpenIdConnectProvider", OfAccount, []string{"url"}},
		{"aws:iam/role:Role", OfAccount, []string{"name"}},
		{"aws:iam/rolePolicy:RolePolicy", OfAccount, []string{"role", "name"}},
		{"aws:iam/rolePolicyAttachment:RolePolicyAttachment", OfAccount, []string{"role", "policyArn"}},
		{"aws:kms/alias:Alias", OfRegion, []string{"name"}},
		{"aws:rds/instance:Instance", OfRegion, []string{"identifier"}},
		{"aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication", OfRegion, []string{"sourceDbInstanceArn"}},
		{"aws:rds/parameterGroup:ParameterGroup", OfRegion, []string{"name"}},
		{"aws:rds/subnetGroup:SubnetGroup", OfRegion, []string{"name"}},
		{"aws:route53/record:Record", OfAccount, []string{"zoneId", "name", "type"}},
		{"aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock", OfAccount, nil},
		{"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", OfEverybody, perBucket},
		{"aws:s3/bucketLoggingV2:BucketLoggingV2", OfEverybody, perBucket},
		{"aws:s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2", OfEverybody, perBucket},
		{"aws:s3/bucketOwnershipControls:BucketOwnershipControls", OfEverybody, perBucket},
		{"aws:s3/bucketPolicy:BucketPolicy", OfEverybody, perBucket},
		{"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", OfEverybody, perBucket},
		{"aws:s3/bucketReplicationConfig:BucketReplicationConfig", OfEverybody, perBucket},
		{"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", OfEverybody, perBucket},
		{"aws:s3/bucketV2:BucketV2", OfEverybody, perBucket},
		{"aws:s3/bucketVersioningV2:BucketVersioningV2", OfEverybody, perBucket},
		{"aws:secretsmanager/secret:Secret", OfRegion, []string{"name"}},
		{"aws:sns/topic:Topic", OfRegion, []string{"name"}},
		{"aws:sns/topicPolicy:TopicPolicy", OfRegion, []string{"arn"}},
		{"aws:sns/topicSubscription:TopicSubscription", OfRegion, []string{"topic", "protocol", "endpoint"}},
		{"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", OfRegion, rules},
		{"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", OfRegion, rules},
		{wafv2.IPSetType, OfRegion, []string{"scope", "name"}},
		{wafv2.LoggingType, OfRegion, []string{"resourceArn"}},
		{wafv2.WebACLType, OfRegion, []string{"scope", "name"}},
	}
})

// Name is what no other resource of the type may have in the scope, such as
// vpcId=vpc-1 name=nodes. It is empty where nothing is unique, AWS makes up the
// name, or a part is not known yet.
func Name(typ string, in Object) (string, Scope) {
	i := slices.IndexFunc(uniques(), func(u unique) bool { return u.typ == typ })
	if i < 0 {
		return "", OfRegion
	}
	u := uniques()[i]
	if len(u.paths) == 0 {
		return "one for all", u.scope
	}
	var parts []string
	for _, path := range u.paths {
		v := in.At(path)
		if v == (any)(Unknown{}) {
			return "", u.scope
		}
		if v != nil {
			parts = append(parts, fmt.Sprintf("%s=%v", path, v))
		} else if path == "name" || strings.HasSuffix(path, "Name") && path != "eventBusName" {
			return "", u.scope // made up
		}
	}
	return strings.Join(parts, " "), u.scope
}

// Overwrites reports whether making a resource of the type a second time
// changes what is there instead of being refused: the second and the first are
// then one, and deleting the first deletes both.
func Overwrites(typ string) bool {
	switch typ {
	case "aws:backup/vaultLockConfiguration:VaultLockConfiguration", "aws:cfg/deliveryChannel:DeliveryChannel", "aws:cfg/recorder:Recorder",
		"aws:cfg/recorderStatus:RecorderStatus", "aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
		"aws:ebs/encryptionByDefault:EncryptionByDefault", "aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess",
		"aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "aws:ec2/vpnGatewayRoutePropagation:VpnGatewayRoutePropagation",
		"aws:guardduty/detectorFeature:DetectorFeature", "aws:iam/rolePolicy:RolePolicy", "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
		"aws:sns/topicPolicy:TopicPolicy", wafv2.LoggingType:
		return true
	}
	return slices.ContainsFunc(uniques(), func(u unique) bool {
		return u.typ == typ && u.typ != "aws:s3/bucketV2:BucketV2" && slices.Equal(u.paths, []string{"bucket"})
	})
}

// Given reports whether the inputs name a resource that the provider would
// otherwise name itself: then a replacement cannot stand beside the old one,
// and the provider deletes first. A name that may be left out is such.
func Given(typ string, in Object) bool {
	shape, known := types()[typ]
	if !known {
		return false
	}
	fields := properties(shape)
	return slices.ContainsFunc([]string{"name", "bucket", "identifier", "replicationGroupId", "nodeGroupName"}, func(name string) bool {
		t, has := fields[name]
		return has && t.Kind() == reflect.Pointer && in.Has(name)
	})
}
