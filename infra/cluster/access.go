package cluster

import (
	"slices"
	"strings"

	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/infra/iamdoc"
)

// administration is the access policy of EKS that may do everything.
// https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html
const administration = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"

// access lets the configured administrators in and makes a role for each role
// of the contract, whose people are in a Kubernetes group: what the group may
// do, RBAC says. Which people may assume the role, the account's own IAM
// policies say.
func (b builder) access(cluster pulumi.Resource) error {
	for _, arn := range slices.Sorted(slices.Values(b.args.Admins)) {
		who := arn[strings.LastIndex(arn, "/")+1:]
		entry, err := b.entry("admin-"+who, pulumi.String(arn), cluster, nil)
		if err != nil {
			return err
		}
		if _, err := awseks.NewAccessPolicyAssociation(b.ctx, b.args.Name("cluster", "admin-"+who), &awseks.AccessPolicyAssociationArgs{
			ClusterName: pulumi.String(b.cluster.Name), PrincipalArn: pulumi.String(arn), PolicyArn: pulumi.String(administration),
			AccessScope: awseks.AccessPolicyAssociationAccessScopeArgs{Type: pulumi.String("cluster")},
		}, b.parent, pulumi.DependsOn([]pulumi.Resource{entry})); err != nil {
			return err
		}
	}
	b.cluster.AccessRoles = map[string]pulumi.StringOutput{}
	root := iamdoc.ARN{Service: "iam", Account: b.args.Account, Resource: "root"}.String()
	trust := iamdoc.New(iamdoc.Allow("sts:AssumeRole").To(iamdoc.AWS(root)).When(iamdoc.Equals("aws:PrincipalAccount", b.args.Account)))
	may, err := iamdoc.New(iamdoc.Allow("eks:DescribeCluster").Named("Find").On(b.cluster.ARN)).Text(iamdoc.Identity)
	if err != nil {
		return err
	}
	for _, who := range contract.KeyRoles() {
		role, _, err := b.role(who.String(), trust)
		if err != nil {
			return err
		}
		if _, err := iam.NewRolePolicy(b.ctx, b.args.Name("cluster", who.String()), &iam.RolePolicyArgs{
			Role: role.Name, Policy: pulumi.String(may),
		}, b.parent); err != nil {
			return err
		}
		b.cluster.AccessRoles[who.String()] = role.Arn
		if _, err := b.entry(who.String(), role.Arn, cluster, pulumi.StringArray{pulumi.String(b.args.Group(who))}); err != nil {
			return err
		}
	}
	return nil
}

func (b builder) entry(part string, principal pulumi.StringInput, cluster pulumi.Resource, groups pulumi.StringArrayInput) (*awseks.AccessEntry, error) {
	return awseks.NewAccessEntry(b.ctx, b.args.Name("cluster", part), &awseks.AccessEntryArgs{
		ClusterName: pulumi.String(b.cluster.Name), PrincipalArn: principal, Type: pulumi.String("STANDARD"), KubernetesGroups: groups,
	}, b.parent, pulumi.DependsOn([]pulumi.Resource{cluster}))
}
