package cost

import (
	"fmt"
	"slices"
	"strings"

	"github.com/script-ohio/platform/infra/plan"
)

// weightless resources are nothing in AWS: components, providers, made-up
// values, and Kubernetes objects, which run on nodes that are priced already;
// the volumes of charts are priced by themselves.
func weightless(r *plan.Resource) bool {
	return !r.Custom && !r.Remote ||
		strings.HasPrefix(r.Type, "pulumi:providers:") ||
		slices.Contains([]string{"random", "kubernetes"}, r.Package())
}

// free lists the types of AWS that cost nothing by themselves, and why.
func free() map[string]string {
	const (
		permission = "IAM is free"
		part       = "a part or setting of something that is priced"
		routing    = "a VPC and what routes and filters in it are free"
	)
	return map[string]string{
		"aws:iam/openIdConnectProvider:OpenIdConnectProvider": permission,
		"aws:iam/policy:Policy":                               permission,
		"aws:iam/role:Role":                                   permission,
		"aws:iam/rolePolicy:RolePolicy":                       permission,
		"aws:iam/rolePolicyAttachment:RolePolicyAttachment":   permission,

		"aws:ec2/vpc:Vpc":                                               routing,
		"aws:ec2/subnet:Subnet":                                         routing,
		"aws:ec2/route:Route":                                           routing,
		"aws:ec2/routeTable:RouteTable":                                 routing,
		"aws:ec2/routeTableAssociation:RouteTableAssociation":           routing,
		"aws:ec2/internetGateway:InternetGateway":                       routing,
		"aws:ec2/vpnGateway:VpnGateway":                                 "only its connections cost",
		"aws:ec2/vpnGatewayRoutePropagation:VpnGatewayRoutePropagation": routing,
		"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup":             routing,
		"aws:ec2/securityGroup:SecurityGroup":                           routing,
		"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":       routing,
		"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule":     routing,
		"aws:ec2/flowLog:FlowLog":                                       "its log group is priced",
		"aws:ec2/launchTemplate:LaunchTemplate":                         "the nodes are priced",

		"aws:eks/accessEntry:AccessEntry":                         part,
		"aws:eks/accessPolicyAssociation:AccessPolicyAssociation": part,
		"aws:eks/addon:Addon":                                     "add-ons of AWS are free",
		"aws:eks/podIdentityAssociation:PodIdentityAssociation":   part,

		"aws:rds/parameterGroup:ParameterGroup":         part,
		"aws:rds/subnetGroup:SubnetGroup":               part,
		"aws:elasticache/parameterGroup:ParameterGroup": part,
		"aws:elasticache/subnetGroup:SubnetGroup":       part,
		"aws:elasticache/user:User":                     part,
		"aws:elasticache/userGroup:UserGroup":           part,

		"aws:kms/alias:Alias":                            part,
		"aws:secretsmanager/secretVersion:SecretVersion": part,

		"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2":                       part,
		"aws:s3/bucketLoggingV2:BucketLoggingV2":                                                     part,
		"aws:s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2":                     part,
		"aws:s3/bucketOwnershipControls:BucketOwnershipControls":                                     part,
		"aws:s3/bucketPolicy:BucketPolicy":                                                           part,
		"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":                                     part,
		"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": part,
		"aws:s3/bucketVersioningV2:BucketVersioningV2":                                               part,

		"aws:acm/certificate:Certificate":                                 "public certificates are free",
		"aws:acm/certificateValidation:CertificateValidation":             "nothing in AWS",
		"aws:route53/record:Record":                                       "only zones and queries cost",
		"aws:wafv2/ipSet:IpSet":                                           part,
		"aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": "its log group is priced",
		"aws:cloudwatch/logResourcePolicy:LogResourcePolicy":              part,
		"aws:cloudwatch/eventRule:EventRule":                              "events of AWS's own services are free",
		"aws:cloudwatch/eventTarget:EventTarget":                          part,
		"aws:sns/topic:Topic":                                             "a thousand mails a month are free",
		"aws:sns/topicPolicy:TopicPolicy":                                 part,
		"aws:sns/topicSubscription:TopicSubscription":                     part,
		"aws:budgets/budget:Budget":                                       "budgets without actions are free",
		"aws:accessanalyzer/analyzer:Analyzer":                            "an analyzer of outside access is free",
		"aws:ebs/encryptionByDefault:EncryptionByDefault":                 "a setting of the account",
		"aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess":     "a setting of the account",
		"aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock":        "a setting of the account",
		"aws:cloudtrail/trail:Trail":                                      "the first copy of management events is free",
		"aws:cfg/deliveryChannel:DeliveryChannel":                         part,
		"aws:cfg/recorderStatus:RecorderStatus":                           part,
		"aws:backup/selection:Selection":                                  part,
		"aws:backup/vaultLockConfiguration:VaultLockConfiguration":        part,
	}
}

// limits are the notes on what the table leaves out.
func (e *estimate) limits() []string {
	var notes []string
	if e.growth > 0 {
		notes = append(notes, "Storage of databases grows by itself when it fills, at most for $"+dollars(e.growth)+" a month more.")
	}
	usd := func(p entry) string { return "$" + unitPrice(p.USD) }
	p := e.rates
	return append(notes,
		fmt.Sprintf("Not counted, because Kubernetes makes it: the load balancer of the ingress (%s an hour, %s an hour for each capacity unit, %s an hour for an address in each zone) and the volumes of pods (%s a GB).",
			usd(p.balancer), usd(p.balancerUnit), usd(p.address), usd(p.nodeDisk)),
		fmt.Sprintf("Not counted, because it goes by traffic: data out to the internet (%s a GB after the first 100) and between zones (%s a GB each way), requests to S3 and Secrets Manager, queries of Route 53. Nor its hosted zone (%s), which is older than the stack.",
			usd(p.outTransfer), usd(p.zoneTransfer), usd(p.hostedZone)),
		"Not counted: the log of RDS's enhanced monitoring, a dollar a month for each of the first two rotations of a KMS key, extended support of old versions, the support plan, tax, discounts and free tiers.",
		"Resources in the recovery region are priced as in "+Region+".",
	)
}
