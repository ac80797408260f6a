package policy

import "strings"

// The types that rules look for, by token.
const (
	accountBlockType  = "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock"
	attachmentType    = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	awsProviderType   = "pulumi:providers:aws"
	backupPlanType    = "aws:backup/plan:Plan"
	cacheGroupType    = "aws:elasticache/replicationGroup:ReplicationGroup"
	cacheSubnetsType  = "aws:elasticache/subnetGroup:SubnetGroup"
	cacheUserType     = "aws:elasticache/user:User"
	cacheUsersType    = "aws:elasticache/userGroup:UserGroup"
	clusterType       = "eks:index:Cluster"
	copyType          = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
	databaseType      = "aws:rds/instance:Instance"
	defaultGroupType  = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
	deliveryType      = "aws:cfg/deliveryChannel:DeliveryChannel"
	egressRuleType    = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
	flowLogType       = "aws:ec2/flowLog:FlowLog"
	gatewayType       = "aws:ec2/internetGateway:InternetGateway"
	groupRuleType     = "aws:ec2/securityGroupRule:SecurityGroupRule"
	groupType         = "aws:ec2/securityGroup:SecurityGroup"
	ingressRuleType   = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	instanceType      = "aws:ec2/instance:Instance"
	keyType           = "aws:kms/key:Key"
	lockType          = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"
	logGroupType      = "aws:cloudwatch/logGroup:LogGroup"
	nodesType         = "aws:eks/nodeGroup:NodeGroup"
	parametersType    = "aws:rds/parameterGroup:ParameterGroup"
	replicationType   = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
	roleType          = "aws:iam/role:Role"
	rolePolicyType    = "aws:iam/rolePolicy:RolePolicy"
	routeType         = "aws:ec2/route:Route"
	hiddenType        = "aws:secretsmanager/secret:Secret"
	selectionType     = "aws:backup/selection:Selection"
	subnetType        = "aws:ec2/subnet:Subnet"
	subnetsType       = "aws:rds/subnetGroup:SubnetGroup"
	tableLinkType     = "aws:ec2/routeTableAssociation:RouteTableAssociation"
	templateType      = "aws:ec2/launchTemplate:LaunchTemplate"
	topicType         = "aws:sns/topic:Topic"
	trailType         = "aws:cloudtrail/trail:Trail"
	vaultType         = "aws:backup/vault:Vault"
	volumeType        = "aws:ebs/volume:Volume"
	vpcType           = "aws:ec2/vpc:Vpc"
	webACLLoggingType = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"
	webACLType        = "aws:wafv2/webAcl:WebAcl"

	bucketBlockType      = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
	bucketEncryptionType = "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2"
	bucketLockType       = "aws:s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2"
	bucketLoggingType    = "aws:s3/bucketLoggingV2:BucketLoggingV2"
	bucketOwnerType      = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
	bucketPolicyType     = "aws:s3/bucketPolicy:BucketPolicy"
	bucketType           = "aws:s3/bucketV2:BucketV2"
	bucketVersionsType   = "aws:s3/bucketVersioningV2:BucketVersioningV2"
)

// hub refers to controls of AWS Security Hub, whose pages say how AWS checks
// them: hub("RDS.3").
func hub(first string, more ...string) string {
	service, _, _ := strings.Cut(strings.ToLower(first), ".")
	anchor := strings.ReplaceAll(strings.ToLower(first), ".", "-")
	return "Security Hub " + strings.Join(append([]string{first}, more...), ", ") +
		": https://docs.aws.amazon.com/securityhub/latest/userguide/" + service + "-controls.html#" + anchor
}
