package identity

import "github.com/script-ohio/platform/infra/iamdoc"

// ownerTag is on everything that the load balancer controller makes; its value
// is the cluster's name.
const ownerTag = "elbv2.k8s.aws/cluster"

// loadBalancers is what the controller does with the features in use:
// application and network load balancers, ACM certificates, WAFv2. It changes
// only what carries its tag for this cluster, in this region and VPC, where
// the policy that it publishes takes any cluster's. Classic WAF and Shield are
// to be switched off in its values.
// https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/docs/install/iam_policy.json
func (b builder) loadBalancers(vpc string) iamdoc.Document {
	elb := func(kind string) string { return b.arn("elasticloadbalancing", kind+"/*") }
	groups := b.arn("ec2", "security-group/*")
	owned := iamdoc.Equals("aws:ResourceTag/"+ownerTag, b.args.Cluster.Name)
	owning := iamdoc.Equals("aws:RequestTag/"+ownerTag, b.args.Cluster.Name)
	inside := iamdoc.ArnLike("ec2:Vpc", b.arn("ec2", "vpc/"+vpc))
	return iamdoc.New(
		iamdoc.Allow("iam:CreateServiceLinkedRole").Named("FirstUse").
			On(iamdoc.ARN{Service: "iam", Account: b.args.Account, Resource: "role/aws-service-role/elasticloadbalancing.amazonaws.com/*"}.String()).
			When(iamdoc.Equals("iam:AWSServiceName", "elasticloadbalancing.amazonaws.com")),
		iamdoc.Allow("ec2:Describe*", "ec2:GetSecurityGroupsForVpc", "elasticloadbalancing:Describe*",
			"acm:ListCertificates", "acm:DescribeCertificate", "wafv2:GetWebACLForResource").Named("Look").On("*"),
		iamdoc.Allow("ec2:CreateSecurityGroup").Named("CreateGroup").On(groups, b.arn("ec2", "vpc/"+vpc)),
		iamdoc.Allow("ec2:CreateTags").Named("TagNewGroup").On(groups).When(iamdoc.Equals("ec2:CreateAction", "CreateSecurityGroup"), owning),
		iamdoc.Allow("ec2:CreateTags", "ec2:DeleteTags").Named("TagGroup").On(groups).
			When(iamdoc.IsAbsent("aws:RequestTag/"+ownerTag), owned),
		// Its own groups, and that of the nodes: not the databases'.
		iamdoc.Allow("ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress").Named("OpenGroup").On(groups).When(inside, owned),
		iamdoc.Allow("ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress").Named("OpenNodes").On(groups).
			When(inside, iamdoc.Equals("aws:ResourceTag/kubernetes.io/cluster/"+b.args.Cluster.Name, "owned")),
		iamdoc.Allow("ec2:DeleteSecurityGroup").Named("DeleteGroup").On(groups).When(owned),
		iamdoc.Allow("elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup").Named("Create").
			On(elb("loadbalancer"), elb("targetgroup")).When(owning),
		iamdoc.Allow("elasticloadbalancing:AddTags").Named("TagNew").On(elb("loadbalancer"), elb("targetgroup")).
			When(iamdoc.Equals("elasticloadbalancing:CreateAction", "CreateTargetGroup", "CreateLoadBalancer"), owning),
		iamdoc.Allow("elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags").Named("Tag").
			On(elb("loadbalancer"), elb("targetgroup")).When(iamdoc.IsAbsent("aws:RequestTag/"+ownerTag), owned),
		iamdoc.Allow("elasticloadbalancing:ModifyLoadBalancerAttributes", "elasticloadbalancing:SetIpAddressType",
			"elasticloadbalancing:SetSecurityGroups", "elasticloadbalancing:SetSubnets", "elasticloadbalancing:DeleteLoadBalancer",
			"elasticloadbalancing:ModifyTargetGroup", "elasticloadbalancing:ModifyTargetGroupAttributes", "elasticloadbalancing:DeleteTargetGroup",
			"elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:SetWebAcl",
			"elasticloadbalancing:CreateListener").Named("Change").
			On(elb("loadbalancer"), elb("targetgroup")).When(owned),
		iamdoc.Allow("elasticloadbalancing:DeleteListener", "elasticloadbalancing:ModifyListener", "elasticloadbalancing:ModifyListenerAttributes",
			"elasticloadbalancing:AddListenerCertificates", "elasticloadbalancing:RemoveListenerCertificates", "elasticloadbalancing:CreateRule",
			"elasticloadbalancing:DeleteRule", "elasticloadbalancing:ModifyRule", "elasticloadbalancing:SetRulePriorities",
			"elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags").Named("Listeners").
			On(elb("listener"), elb("listener-rule")),
		iamdoc.Allow("wafv2:GetWebACL", "wafv2:AssociateWebACL", "wafv2:DisassociateWebACL").Named("Firewall").
			On(b.arn("wafv2", "regional/webacl/*"), elb("loadbalancer")),
	)
}
