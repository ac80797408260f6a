package schema

import (
	"reflect"
	"slices"
	"sync"

	"github.com/script-ohio/platform/infra/wafv2"
)

// replacing are the properties whose change makes a new resource, as
// Terraform's provider for AWS marks them with ForceNew: the sources of the
// database instance, the replication group, the cluster, the node group, the
// cache's users, the vault lock and the backup replication were read in 2026,
// the others follow its documentation.
// https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service
var replacing = sync.OnceValue(func() map[string][]string {
	perBucket := []string{"bucket", "expectedBucketOwner"}
	return map[string][]string{
		"aws:accessanalyzer/analyzer:Analyzer":                          {"analyzerName", "type"},
		"aws:acm/certificate:Certificate":                               {"domainName", "keyAlgorithm", "subjectAlternativeNames", "validationMethod"},
		"aws:acm/certificateValidation:CertificateValidation":           {"certificateArn", "validationRecordFqdns"},
		"aws:backup/plan:Plan":                                          {"name"},
		"aws:backup/selection:Selection":                                {"name", "planId", "iamRoleArn", "resources", "notResources", "conditions", "selectionTags"},
		"aws:backup/vault:Vault":                                        {"name", "kmsKeyArn"},
		"aws:backup/vaultLockConfiguration:VaultLockConfiguration":      {"backupVaultName", "changeableForDays", "minRetentionDays", "maxRetentionDays"},
		"aws:budgets/budget:Budget":                                     {"name"},
		"aws:cfg/deliveryChannel:DeliveryChannel":                       {"name"},
		"aws:cfg/recorder:Recorder":                                     {"name"},
		"aws:cfg/recorderStatus:RecorderStatus":                         {"name"},
		"aws:cloudtrail/trail:Trail":                                    {"name"},
		"aws:cloudwatch/eventRule:EventRule":                            {"name", "eventBusName"},
		"aws:cloudwatch/eventTarget:EventTarget":                        {"rule", "targetId", "eventBusName"},
		"aws:cloudwatch/logGroup:LogGroup":                              {"name", "namePrefix", "logGroupClass"},
		"aws:cloudwatch/logResourcePolicy:LogResourcePolicy":            {"policyName"},
		"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup":             {"vpcId"},
		"aws:ec2/eip:Eip":                                               {"domain", "networkBorderGroup", "publicIpv4Pool"},
		"aws:ec2/flowLog:FlowLog":                                       {"vpcId", "trafficType", "logDestination", "logDestinationType", "iamRoleArn", "maxAggregationInterval", "logFormat"},
		"aws:ec2/launchTemplate:LaunchTemplate":                         {"name", "namePrefix"},
		"aws:ec2/natGateway:NatGateway":                                 {"subnetId", "allocationId", "connectivityType", "privateIp"},
		"aws:ec2/route:Route":                                           {"routeTableId", "destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"},
		"aws:ec2/routeTable:RouteTable":                                 {"vpcId"},
		"aws:ec2/routeTableAssociation:RouteTableAssociation":           {"subnetId", "gatewayId"},
		"aws:ec2/securityGroup:SecurityGroup":                           {"name", "namePrefix", "description", "vpcId"},
		"aws:ec2/securityGroupRule:SecurityGroupRule":                   {"type", "fromPort", "toPort", "protocol", "cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "securityGroupId", "sourceSecurityGroupId", "self"},
		"aws:ec2/subnet:Subnet":                                         {"vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId"},
		"aws:ec2/vpc:Vpc":                                               {"cidrBlock", "ipv4IpamPoolId", "ipv4NetmaskLength"},
		"aws:ec2/vpcEndpoint:VpcEndpoint":                               {"vpcId", "serviceName", "vpcEndpointType"},
		"aws:ec2/vpnGateway:VpnGateway":                                 {"availabilityZone", "amazonSideAsn"},
		"aws:ec2/vpnGatewayRoutePropagation:VpnGatewayRoutePropagation": {"vpnGatewayId", "routeTableId"},
		"aws:eks/accessEntry:AccessEntry":                               {"clusterName", "principalArn", "type"},
		"aws:eks/accessPolicyAssociation:AccessPolicyAssociation":       {"clusterName", "principalArn", "policyArn", "accessScope"},
		"aws:eks/addon:Addon":                                           {"clusterName", "addonName"},
		"aws:eks/cluster:Cluster": {"name", "roleArn", "bootstrapSelfManagedAddons", "accessConfig.bootstrapClusterCreatorAdminPermissions",
			"kubernetesNetworkConfig.ipFamily", "kubernetesNetworkConfig.serviceIpv4Cidr", "remoteNetworkConfig"},
		"aws:eks/nodeGroup:NodeGroup": {"amiType", "capacityType", "clusterName", "diskSize", "instanceTypes", "launchTemplate.id", "launchTemplate.name",
			"nodeGroupName", "nodeGroupNamePrefix", "nodeRoleArn", "remoteAccess", "subnetIds"},
		"aws:eks/podIdentityAssociation:PodIdentityAssociation": {"clusterName", "namespace", "serviceAccount"},
		"aws:elasticache/parameterGroup:ParameterGroup":         {"name", "family", "description"},
		"aws:elasticache/replicationGroup:ReplicationGroup": {"atRestEncryptionEnabled", "dataTieringEnabled", "globalReplicationGroupId", "kmsKeyId", "networkType", "port",
			"replicationGroupId", "securityGroupNames", "snapshotArns", "snapshotName", "subnetGroupName"},
		"aws:elasticache/subnetGroup:SubnetGroup":             {"name"},
		"aws:elasticache/user:User":                           {"userId", "userName"},
		"aws:elasticache/userGroup:UserGroup":                 {"userGroupId"},
		"aws:guardduty/detectorFeature:DetectorFeature":       {"detectorId", "name"},
		"aws:iam/openIdConnectProvider:OpenIdConnectProvider": {"url"},
		"aws:iam/role:Role":                                   {"name", "namePrefix", "path"},
		"aws:iam/rolePolicy:RolePolicy":                       {"name", "namePrefix", "role"},
		"aws:iam/rolePolicyAttachment:RolePolicyAttachment":   {"role", "policyArn"},
		"aws:kms/alias:Alias":                                 {"name", "namePrefix"},
		"aws:kms/key:Key":                                     {"keyUsage", "customerMasterKeySpec", "customKeyStoreId", "multiRegion", "xksKeyId"},
		"aws:rds/instance:Instance": {"availabilityZone", "backupTarget", "characterSetName", "customIamInstanceProfile", "dbName", "engine", "kmsKeyId", "ncharCharacterSetName",
			"restoreToPointInTime", "snapshotIdentifier", "storageEncrypted", "timezone", "username"},
		"aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication":            {"sourceDbInstanceArn", "kmsKeyId", "retentionPeriod", "preSignedUrl"},
		"aws:rds/parameterGroup:ParameterGroup":                                                      {"name", "namePrefix", "family", "description"},
		"aws:rds/subnetGroup:SubnetGroup":                                                            {"name", "namePrefix"},
		"aws:route53/record:Record":                                                                  {"zoneId", "name"},
		"aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock":                                   {"accountId"},
		"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2":                       perBucket,
		"aws:s3/bucketLoggingV2:BucketLoggingV2":                                                     perBucket,
		"aws:s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2":                     perBucket,
		"aws:s3/bucketOwnershipControls:BucketOwnershipControls":                                     {"bucket"},
		"aws:s3/bucketPolicy:BucketPolicy":                                                           {"bucket"},
		"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":                                     {"bucket"},
		"aws:s3/bucketReplicationConfig:BucketReplicationConfig":                                     {"bucket"},
		"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": perBucket,
		"aws:s3/bucketV2:BucketV2":                                                                   {"bucket", "bucketPrefix", "objectLockEnabled"},
		"aws:s3/bucketVersioningV2:BucketVersioningV2":                                               perBucket,
		"aws:secretsmanager/secret:Secret":                                                           {"name", "namePrefix"},
		"aws:secretsmanager/secretVersion:SecretVersion":                                             {"secretId", "secretString", "secretBinary"},
		"aws:sns/topic:Topic":                                                                        {"name", "namePrefix", "fifoTopic"},
		"aws:sns/topicPolicy:TopicPolicy":                                                            {"arn"},
		"aws:sns/topicSubscription:TopicSubscription":                                                {"topic", "protocol", "endpoint"},
		"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":                                    {"securityGroupId"},
		"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule":                                  {"securityGroupId"},
		"random:index/randomId:RandomId":                                                             {"byteLength", "keepers", "prefix"},
		"random:index/randomPassword:RandomPassword":                                                 {"length", "special", "lower", "upper", "numeric", "overrideSpecial", "keepers", "minLower", "minUpper", "minNumeric", "minSpecial"},
		wafv2.IPSetType:   {"name", "scope", "ipAddressVersion"},
		wafv2.LoggingType: {"resourceArn"},
		wafv2.WebACLType:  {"name", "scope"},
	}
})

// Replaces lists the paths whose change from old to new inputs makes another
// resource.
func Replaces(typ string, old, new Object) []string {
	var paths []string
	for _, path := range replacing()[typ] {
		if !reflect.DeepEqual(old.At(path), new.At(path)) {
			paths = append(paths, path)
		}
	}
	// ElastiCache goes from Redis OSS to Valkey in place, never back.
	if typ == "aws:elasticache/replicationGroup:ReplicationGroup" && old.Text("engine") == "valkey" && new.Text("engine") == "redis" {
		paths = append(paths, "engine")
	}
	slices.Sort(paths)
	return paths
}
