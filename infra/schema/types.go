// Package schema is what is known of the resource types that a stack consists
// of: the shape of their inputs, what AWS refuses, what replaces a resource,
// which names are unique and what must be there as long as something else is.
// It is for tests: by it a stand-in answers as AWS would.
package schema

import (
	"maps"
	"reflect"
	"sync"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/accessanalyzer"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/backup"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/budgets"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cfg"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudtrail"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ebs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/elasticache"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/guardduty"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/wafv2"
)

// Types are the shapes of inputs by type: structs whose fields carry
// `pulumi:"name"` tags. A pointer is optional; whether a list or map is, Go
// does not say.
func Types() map[string]reflect.Type { return maps.Clone(types()) }

var types = sync.OnceValue(func() map[string]reflect.Type {
	types := map[string]reflect.Type{}
	for typ, args := range sdkTypes() {
		types[typ] = args.ElementType()
	}
	for typ, args := range wafv2.Shapes() {
		types[typ] = reflect.TypeOf(args)
	}
	return types
})

// sdkTypes are what the program registers, and the security group rules that
// the EKS component does.
func sdkTypes() map[string]pulumi.Input {
	return map[string]pulumi.Input{
		"aws:accessanalyzer/analyzer:Analyzer":                                            accessanalyzer.AnalyzerArgs{},
		"aws:acm/certificate:Certificate":                                                 acm.CertificateArgs{},
		"aws:acm/certificateValidation:CertificateValidation":                             acm.CertificateValidationArgs{},
		"aws:backup/plan:Plan":                                                            backup.PlanArgs{},
		"aws:backup/selection:Selection":                                                  backup.SelectionArgs{},
		"aws:backup/vault:Vault":                                                          backup.VaultArgs{},
		"aws:backup/vaultLockConfiguration:VaultLockConfiguration":                        backup.VaultLockConfigurationArgs{},
		"aws:budgets/budget:Budget":                                                       budgets.BudgetArgs{},
		"aws:cfg/deliveryChannel:DeliveryChannel":                                         cfg.DeliveryChannelArgs{},
		"aws:cfg/recorder:Recorder":                                                       cfg.RecorderArgs{},
		"aws:cfg/recorderStatus:RecorderStatus":                                           cfg.RecorderStatusArgs{},
		"aws:cloudtrail/trail:Trail":                                                      cloudtrail.TrailArgs{},
		"aws:cloudwatch/eventRule:EventRule":                                              cloudwatch.EventRuleArgs{},
		"aws:cloudwatch/eventTarget:EventTarget":                                          cloudwatch.EventTargetArgs{},
		"aws:cloudwatch/logGroup:LogGroup":                                                cloudwatch.LogGroupArgs{},
		"aws:cloudwatch/logResourcePolicy:LogResourcePolicy":                              cloudwatch.LogResourcePolicyArgs{},
		"aws:ebs/encryptionByDefault:EncryptionByDefault":                                 ebs.EncryptionByDefaultArgs{},
		"aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess":                     ebs.SnapshotBlockPublicAccessArgs{},
		"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup":                               ec2.DefaultSecurityGroupArgs{},
		"aws:ec2/eip:Eip":                                                                 ec2.EipArgs{},
		"aws:ec2/flowLog:FlowLog":                                                         ec2.FlowLogArgs{},
		"aws:ec2/internetGateway:InternetGateway":                                         ec2.InternetGatewayArgs{},
		"aws:ec2/launchTemplate:LaunchTemplate":                                           ec2.LaunchTemplateArgs{},
		"aws:ec2/natGateway:NatGateway":                                                   ec2.NatGatewayArgs{},
		"aws:ec2/route:Route":                                                             ec2.RouteArgs{},
		"aws:ec2/routeTable:RouteTable":                                                   ec2.RouteTableArgs{},
		"aws:ec2/routeTableAssociation:RouteTableAssociation":                             ec2.RouteTableAssociationArgs{},
		"aws:ec2/securityGroup:SecurityGroup":                                             ec2.SecurityGroupArgs{},
		"aws:ec2/securityGroupRule:SecurityGroupRule":                                     ec2.SecurityGroupRuleArgs{},
		"aws:ec2/subnet:Subnet":                                                           ec2.SubnetArgs{},
		"aws:ec2/vpc:Vpc":                                                                 ec2.VpcArgs{},
		"aws:ec2/vpcEndpoint:VpcEndpoint":                                                 ec2.VpcEndpointArgs{},
		"aws:ec2/vpnGateway:VpnGateway":                                                   ec2.VpnGatewayArgs{},
		"aws:ec2/vpnGatewayRoutePropagation:VpnGatewayRoutePropagation":                   ec2.VpnGatewayRoutePropagationArgs{},
		"aws:eks/accessEntry:AccessEntry":                                                 eks.AccessEntryArgs{},
		"aws:eks/accessPolicyAssociation:AccessPolicyAssociation":                         eks.AccessPolicyAssociationArgs{},
		"aws:eks/addon:Addon":                                                             eks.AddonArgs{},
		"aws:eks/cluster:Cluster":                                                         eks.ClusterArgs{},
		"aws:eks/nodeGroup:NodeGroup":                                                     eks.NodeGroupArgs{},
		"aws:eks/podIdentityAssociation:PodIdentityAssociation":                           eks.PodIdentityAssociationArgs{},
		"aws:elasticache/parameterGroup:ParameterGroup":                                   elasticache.ParameterGroupArgs{},
		"aws:elasticache/replicationGroup:ReplicationGroup":                               elasticache.ReplicationGroupArgs{},
		"aws:elasticache/subnetGroup:SubnetGroup":                                         elasticache.SubnetGroupArgs{},
		"aws:elasticache/user:User":                                                       elasticache.UserArgs{},
		"aws:elasticache/userGroup:UserGroup":                                             elasticache.UserGroupArgs{},
		"aws:guardduty/detector:Detector":                                                 guardduty.DetectorArgs{},
		"aws:guardduty/detectorFeature:DetectorFeature":                                   guardduty.DetectorFeatureArgs{},
		"aws:iam/openIdConnectProvider:OpenIdConnectProvider":                             iam.OpenIdConnectProviderArgs{},
		"aws:iam/role:Role":                                                               iam.RoleArgs{},
		"aws:iam/rolePolicy:RolePolicy":                                                   iam.RolePolicyArgs{},
		"aws:iam/rolePolicyAttachment:RolePolicyAttachment":                               iam.RolePolicyAttachmentArgs{},
		"aws:kms/alias:Alias":                                                             kms.AliasArgs{},
		"aws:kms/key:Key":                                                                 kms.KeyArgs{},
		"aws:rds/instance:Instance":                                                       rds.InstanceArgs{},
		"aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": rds.InstanceAutomatedBackupsReplicationArgs{},
		"aws:rds/parameterGroup:ParameterGroup":                                           rds.ParameterGroupArgs{},
		"aws:rds/subnetGroup:SubnetGroup":                                                 rds.SubnetGroupArgs{},
		"aws:route53/record:Record":                                                       route53.RecordArgs{},
		"aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock":                        s3.AccountPublicAccessBlockArgs{},
		"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2":            s3.BucketLifecycleConfigurationV2Args{},
		"aws:s3/bucketLoggingV2:BucketLoggingV2":                                          s3.BucketLoggingV2Args{},
		"aws:s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2":          s3.BucketObjectLockConfigurationV2Args{},
		"aws:s3/bucketOwnershipControls:BucketOwnershipControls":                          s3.BucketOwnershipControlsArgs{},
		"aws:s3/bucketPolicy:BucketPolicy":                                                s3.BucketPolicyArgs{},
		"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":                          s3.BucketPublicAccessBlockArgs{},
		"aws:s3/bucketReplicationConfig:BucketReplicationConfig":                          s3.BucketReplicationConfigArgs{},
		"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": s3.BucketServerSideEncryptionConfigurationV2Args{},
		"aws:s3/bucketV2:BucketV2":                                  s3.BucketV2Args{},
		"aws:s3/bucketVersioningV2:BucketVersioningV2":              s3.BucketVersioningV2Args{},
		"aws:secretsmanager/secret:Secret":                          secretsmanager.SecretArgs{},
		"aws:secretsmanager/secretVersion:SecretVersion":            secretsmanager.SecretVersionArgs{},
		"aws:sns/topic:Topic":                                       sns.TopicArgs{},
		"aws:sns/topicPolicy:TopicPolicy":                           sns.TopicPolicyArgs{},
		"aws:sns/topicSubscription:TopicSubscription":               sns.TopicSubscriptionArgs{},
		"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":   vpc.SecurityGroupEgressRuleArgs{},
		"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": vpc.SecurityGroupIngressRuleArgs{},
		"random:index/randomId:RandomId":                            random.RandomIdArgs{},
		"random:index/randomPassword:RandomPassword":                random.RandomPasswordArgs{},
	}
}
