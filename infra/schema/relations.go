package schema

import (
	"slices"
	"sync"

	"github.com/script-ohio/platform/infra/wafv2"
)

// Relation says that the value at a path of one type is the id, ARN or name of
// a resource of another, which must exist when the first is made or changed.
type Relation struct {
	From, Path, To string
	// Holds says why AWS does not delete the other one as long as this one is
	// there, or what breaks if it does; empty where it is deleted without harm.
	Holds string
	// Anywhere: the other one may be in another region.
	Anywhere bool
}

// Relations are what the resources of a stack refer to. What exists outside of
// it (hosted zones, AWS's own policies, roles of people) is not among them.
func Relations() []Relation { return slices.Clone(relations()) }

var relations = sync.OnceValue(func() []Relation {
	const (
		vpc, subnet, group, table = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:ec2/securityGroup:SecurityGroup", "aws:ec2/routeTable:RouteTable"
		role, topic, vault        = "aws:iam/role:Role", "aws:sns/topic:Topic", "aws:backup/vault:Vault"
		database, cluster         = "aws:rds/instance:Instance", "aws:eks/cluster:Cluster"
		nodes, cache, bucket      = "aws:eks/nodeGroup:NodeGroup", "aws:elasticache/replicationGroup:ReplicationGroup", "aws:s3/bucketV2:BucketV2"
		interfaces                = "DependencyViolation: it has network interfaces there"
		inVPC                     = "DependencyViolation: the VPC has dependencies and cannot be deleted"
	)
	endpoint, entry := "aws:ec2/vpcEndpoint:VpcEndpoint", "aws:eks/accessEntry:AccessEntry"
	all := []Relation{
		{From: subnet, Path: "vpcId", To: vpc, Holds: inVPC},
		{From: table, Path: "vpcId", To: vpc, Holds: inVPC},
		{From: group, Path: "vpcId", To: vpc, Holds: inVPC},
		{From: endpoint, Path: "vpcId", To: vpc, Holds: inVPC},
		{From: "aws:ec2/internetGateway:InternetGateway", Path: "vpcId", To: vpc, Holds: inVPC},
		{From: "aws:ec2/vpnGateway:VpnGateway", Path: "vpcId", To: vpc, Holds: inVPC},
		{From: "aws:ec2/flowLog:FlowLog", Path: "vpcId", To: vpc},
		{From: "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", Path: "vpcId", To: vpc},

		{From: "aws:ec2/natGateway:NatGateway", Path: "subnetId", To: subnet, Holds: interfaces},
		{From: "aws:ec2/natGateway:NatGateway", Path: "allocationId", To: "aws:ec2/eip:Eip", Holds: "AuthFailure: the address is in use by a NAT gateway"},
		{From: "aws:ec2/route:Route", Path: "routeTableId", To: table},
		{From: "aws:ec2/route:Route", Path: "gatewayId", To: "aws:ec2/internetGateway:InternetGateway", Holds: "a route would lead nowhere"},
		{From: "aws:ec2/route:Route", Path: "natGatewayId", To: "aws:ec2/natGateway:NatGateway", Holds: "a route would lead nowhere"},
		{From: "aws:ec2/routeTableAssociation:RouteTableAssociation", Path: "subnetId", To: subnet},
		{From: "aws:ec2/routeTableAssociation:RouteTableAssociation", Path: "routeTableId", To: table, Holds: "DependencyViolation: the route table has associations"},
		{From: "aws:ec2/vpnGatewayRoutePropagation:VpnGatewayRoutePropagation", Path: "vpnGatewayId", To: "aws:ec2/vpnGateway:VpnGateway"},
		{From: "aws:ec2/vpnGatewayRoutePropagation:VpnGatewayRoutePropagation", Path: "routeTableId", To: table},
		{From: endpoint, Path: "subnetIds.*", To: subnet, Holds: interfaces},
		{From: endpoint, Path: "securityGroupIds.*", To: group, Holds: interfaces},
		{From: endpoint, Path: "routeTableIds.*", To: table},
		{From: "aws:ec2/flowLog:FlowLog", Path: "logDestination", To: "aws:cloudwatch/logGroup:LogGroup"},
		{From: "aws:ec2/flowLog:FlowLog", Path: "iamRoleArn", To: role, Holds: "flow logs would end"},
		{From: "aws:ec2/launchTemplate:LaunchTemplate", Path: "vpcSecurityGroupIds.*", To: group},

		{From: database, Path: "dbSubnetGroupName", To: "aws:rds/subnetGroup:SubnetGroup", Holds: "InvalidDBSubnetGroupStateFault: the group is in use"},
		{From: database, Path: "parameterGroupName", To: "aws:rds/parameterGroup:ParameterGroup", Holds: "InvalidDBParameterGroupState: the group is in use"},
		{From: database, Path: "vpcSecurityGroupIds.*", To: group, Holds: interfaces},
		{From: database, Path: "monitoringRoleArn", To: role, Holds: "enhanced monitoring would end"},
		{From: database, Path: "replicateSourceDb", To: database, Holds: "replicas would become databases of their own"},
		{From: "aws:rds/subnetGroup:SubnetGroup", Path: "subnetIds.*", To: subnet, Holds: interfaces},
		{From: "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication", Path: "sourceDbInstanceArn", To: database, Anywhere: true},

		{From: cache, Path: "subnetGroupName", To: "aws:elasticache/subnetGroup:SubnetGroup", Holds: "CacheSubnetGroupInUse"},
		{From: cache, Path: "parameterGroupName", To: "aws:elasticache/parameterGroup:ParameterGroup", Holds: "InvalidCacheParameterGroupState: the group is in use"},
		{From: cache, Path: "securityGroupIds.*", To: group, Holds: interfaces},
		{From: cache, Path: "userGroupIds.*", To: "aws:elasticache/userGroup:UserGroup", Holds: "InvalidUserGroupState: the group is in use"},
		{From: cache, Path: "logDeliveryConfigurations.*.destination", To: "aws:cloudwatch/logGroup:LogGroup"},
		{From: "aws:elasticache/userGroup:UserGroup", Path: "userIds.*", To: "aws:elasticache/user:User", Holds: "DefaultUserRequired, or a cache without its users"},
		{From: "aws:elasticache/subnetGroup:SubnetGroup", Path: "subnetIds.*", To: subnet, Holds: interfaces},

		{From: cluster, Path: "roleArn", To: role, Holds: "EKS could not delete what it made"},
		{From: cluster, Path: "vpcConfig.subnetIds.*", To: subnet, Holds: interfaces},
		{From: cluster, Path: "vpcConfig.securityGroupIds.*", To: group, Holds: interfaces},
		{From: nodes, Path: "clusterName", To: cluster, Holds: "ResourceInUseException: the cluster has node groups"},
		{From: nodes, Path: "subnetIds.*", To: subnet, Holds: interfaces},
		{From: nodes, Path: "nodeRoleArn", To: role, Holds: "EKS could not drain the nodes"},
		{From: nodes, Path: "launchTemplate.id", To: "aws:ec2/launchTemplate:LaunchTemplate", Holds: "EKS could not scale the nodes"},
		{From: "aws:eks/addon:Addon", Path: "clusterName", To: cluster, Holds: "the cluster would take its add-ons along"},
		{From: "aws:eks/addon:Addon", Path: "podIdentityAssociations.*.roleArn", To: role, Holds: "the add-on would lose its access"},
		{From: entry, Path: "clusterName", To: cluster, Holds: "the cluster would take its access entries along"},
		{From: "aws:eks/accessPolicyAssociation:AccessPolicyAssociation", Path: "clusterName", To: cluster, Holds: "the cluster would take its access entries along"},
		{From: "aws:eks/podIdentityAssociation:PodIdentityAssociation", Path: "clusterName", To: cluster, Holds: "the cluster would take its associations along"},
		{From: "aws:eks/podIdentityAssociation:PodIdentityAssociation", Path: "roleArn", To: role, Holds: "pods would lose their access"},

		{From: "aws:iam/rolePolicy:RolePolicy", Path: "role", To: role, Holds: "DeleteConflict: the role has policies"},
		{From: "aws:iam/rolePolicyAttachment:RolePolicyAttachment", Path: "role", To: role, Holds: "DeleteConflict: the role has policies attached"},
		{From: "aws:kms/alias:Alias", Path: "targetKeyId", To: "aws:kms/key:Key"},

		{From: "aws:s3/bucketLoggingV2:BucketLoggingV2", Path: "targetBucket", To: bucket, Holds: "access logs would be lost"},
		{From: "aws:s3/bucketReplicationConfig:BucketReplicationConfig", Path: "role", To: role, Holds: "replication would end"},
		{From: "aws:s3/bucketReplicationConfig:BucketReplicationConfig", Path: "rules.*.destination.bucket", To: bucket, Holds: "replication would end", Anywhere: true},
		{From: "aws:secretsmanager/secretVersion:SecretVersion", Path: "secretId", To: "aws:secretsmanager/secret:Secret"},

		{From: "aws:sns/topicPolicy:TopicPolicy", Path: "arn", To: topic},
		{From: "aws:sns/topicSubscription:TopicSubscription", Path: "topic", To: topic},
		{From: "aws:cloudwatch/eventTarget:EventTarget", Path: "rule", To: "aws:cloudwatch/eventRule:EventRule", Holds: "ValidationException: the rule has targets"},
		{From: "aws:cloudwatch/eventTarget:EventTarget", Path: "arn", To: topic, Holds: "events would be lost"},
		{From: "aws:cloudtrail/trail:Trail", Path: "s3BucketName", To: bucket, Holds: "the trail would be lost"},
		{From: "aws:cfg/recorder:Recorder", Path: "roleArn", To: role, Holds: "the record would end"},
		{From: "aws:cfg/deliveryChannel:DeliveryChannel", Path: "s3BucketName", To: bucket, Holds: "the record would be lost"},
		{From: "aws:cfg/recorderStatus:RecorderStatus", Path: "name", To: "aws:cfg/recorder:Recorder"},
		{From: "aws:backup/vaultLockConfiguration:VaultLockConfiguration", Path: "backupVaultName", To: vault},
		{From: "aws:backup/plan:Plan", Path: "rules.*.targetVaultName", To: vault, Holds: "backups would fail"},
		{From: "aws:backup/plan:Plan", Path: "rules.*.copyActions.*.destinationVaultArn", To: vault, Holds: "copies would fail", Anywhere: true},
		{From: "aws:backup/selection:Selection", Path: "planId", To: "aws:backup/plan:Plan", Holds: "InvalidRequestException: the plan has selections"},
		{From: "aws:backup/selection:Selection", Path: "iamRoleArn", To: role, Holds: "backups would fail"},
		{From: "aws:guardduty/detectorFeature:DetectorFeature", Path: "detectorId", To: "aws:guardduty/detector:Detector"},

		{From: "aws:acm/certificateValidation:CertificateValidation", Path: "certificateArn", To: "aws:acm/certificate:Certificate"},
		{From: wafv2.WebACLType, Path: "rules.*.statement.ipSetReferenceStatement.arn", To: wafv2.IPSetType, Holds: "WAFAssociatedItemException: a web ACL uses the set"},
		{From: wafv2.LoggingType, Path: "resourceArn", To: wafv2.WebACLType},
		{From: wafv2.LoggingType, Path: "logDestinationConfigs.*", To: "aws:cloudwatch/logGroup:LogGroup"},
	}
	return slices.Concat(all, ofRules(group), ofBuckets(bucket), ofKeys("aws:kms/key:Key"))
})

// ofRules are those of security groups among each other.
func ofRules(group string) []Relation {
	const names = "DependencyViolation: a rule of another group names it"
	relations := []Relation{
		{From: "aws:ec2/securityGroupRule:SecurityGroupRule", Path: "securityGroupId", To: group},
		{From: "aws:ec2/securityGroupRule:SecurityGroupRule", Path: "sourceSecurityGroupId", To: group, Holds: names},
	}
	for _, rule := range []string{"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"} {
		relations = append(relations,
			Relation{From: rule, Path: "securityGroupId", To: group},
			Relation{From: rule, Path: "referencedSecurityGroupId", To: group, Holds: names})
	}
	return relations
}

// ofBuckets are the settings that belong to a bucket.
func ofBuckets(bucket string) []Relation {
	var relations []Relation
	for _, u := range uniques() {
		if u.typ != bucket && slices.Equal(u.paths, []string{"bucket"}) {
			relations = append(relations, Relation{From: u.typ, Path: "bucket", To: bucket})
		}
	}
	return relations
}

// ofKeys are what is under a KMS key. A key is deleted 30 days after it was
// asked for, so nothing holds it; but it must be of the same region, except
// for those of replicas.
func ofKeys(key string) []Relation {
	var relations []Relation
	for from, paths := range map[string][]string{
		"aws:backup/vault:Vault":                            {"kmsKeyArn"},
		"aws:cfg/deliveryChannel:DeliveryChannel":           {"s3KmsKeyArn"},
		"aws:cloudtrail/trail:Trail":                        {"kmsKeyId"},
		"aws:cloudwatch/logGroup:LogGroup":                  {"kmsKeyId"},
		"aws:ec2/launchTemplate:LaunchTemplate":             {"blockDeviceMappings.*.ebs.kmsKeyId"},
		"aws:eks/cluster:Cluster":                           {"encryptionConfig.provider.keyArn"},
		"aws:elasticache/replicationGroup:ReplicationGroup": {"kmsKeyId"},
		"aws:rds/instance:Instance":                         {"kmsKeyId", "performanceInsightsKmsKeyId"},
		"aws:secretsmanager/secret:Secret":                  {"kmsKeyId"},
		"aws:sns/topic:Topic":                               {"kmsMasterKeyId"},
		"aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication":            {"kmsKeyId"},
		"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": {"rules.*.applyServerSideEncryptionByDefault.kmsMasterKeyId"},
	} {
		for _, path := range paths {
			relations = append(relations, Relation{From: from, Path: path, To: key})
		}
	}
	return append(relations, Relation{
		From: "aws:s3/bucketReplicationConfig:BucketReplicationConfig", Path: "rules.*.destination.encryptionConfiguration.replicaKmsKeyId", To: key, Anywhere: true,
	})
}
