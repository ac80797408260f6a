package cluster

import (
	"fmt"
	"slices"
	"strings"

	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/infra/iamdoc"
)

// grant is an access policy of EKS in some namespaces, or in all.
// https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html
type grant struct {
	policy     string
	namespaces []string
}

// Access policies. Edit and view leave RBAC alone; view shows no secrets.
const (
	clusterAdmin = "AmazonEKSClusterAdminPolicy"
	admin        = "AmazonEKSAdminPolicy"
	edit         = "AmazonEKSEditPolicy"
	view         = "AmazonEKSViewPolicy"
)

// grants is what a role of the contract may do in the cluster: everybody sees
// what lies in namespaces, less secrets; developers and operators change the namespaces of
// the application, operators their RBAC too.
func grants(role contract.Role, namespaces []string) []grant {
	all := []grant{{policy: view}}
	switch {
	case len(namespaces) == 0:
	case role == contract.Developer:
		all = append(all, grant{edit, namespaces})
	case role == contract.Operator:
		all = append(all, grant{admin, namespaces})
	}
	return all
}

// access lets the configured administrators in and makes a role for each role
// of the contract. Which people may assume them, the account's own IAM
// policies say.
func (b builder) access(cluster pulumi.Resource) error {
	for _, arn := range slices.Sorted(slices.Values(b.args.Admins)) {
		who := arn[strings.LastIndex(arn, "/")+1:]
		if err := b.entry("admin-"+who, pulumi.String(arn), cluster, []grant{{policy: clusterAdmin}}); err != nil {
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
		if err := b.entry(who.String(), role.Arn, cluster, grants(who, b.args.Namespaces)); err != nil {
			return err
		}
	}
	return nil
}

func (b builder) entry(part string, principal pulumi.StringInput, cluster pulumi.Resource, grants []grant) error {
	entry, err := awseks.NewAccessEntry(b.ctx, b.args.Name("cluster", part), &awseks.AccessEntryArgs{
		ClusterName: pulumi.String(b.cluster.Name), PrincipalArn: principal, Type: pulumi.String("STANDARD"),
	}, b.parent, pulumi.DependsOn([]pulumi.Resource{cluster}))
	if err != nil {
		return err
	}
	for _, g := range grants {
		scope := awseks.AccessPolicyAssociationAccessScopeArgs{Type: pulumi.String("cluster")}
		if len(g.namespaces) > 0 {
			scope = awseks.AccessPolicyAssociationAccessScopeArgs{Type: pulumi.String("namespace"), Namespaces: pulumi.ToStringArray(g.namespaces)}
		}
		_, err := awseks.NewAccessPolicyAssociation(b.ctx, b.args.Name("cluster", part, g.policy), &awseks.AccessPolicyAssociationArgs{
			ClusterName: pulumi.String(b.cluster.Name), PrincipalArn: principal,
			PolicyArn:   pulumi.String(fmt.Sprintf("arn:aws:eks::aws:cluster-access-policy/%s", g.policy)),
			AccessScope: scope,
		}, b.parent, pulumi.DependsOn([]pulumi.Resource{entry}))
		if err != nil {
			return err
		}
	}
	return nil
}
