package identity

import (
	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/iamdoc"
)

// GitHub is whose workflows may come.
type GitHub struct {
	Repository  string // owner/name, or owner@ID/name@ID
	Environment string // the environment of the repository whose approval deploys this stack
	// Provider makes the account's identity provider for GitHub; off where
	// another stack of the account owns it.
	Provider bool
	// State is the bucket of the Pulumi state and StateKey its KMS key, both
	// ARNs made before the first deployment; previews read them. Empty where
	// the state is elsewhere.
	State, StateKey string
	// Readers is the Kubernetes group that may look: previews are in it.
	Readers string
}

// administration is the access policy of EKS that may do everything: what is
// deployed inside a cluster defines kinds, rights and namespaces.
// https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html
const administration = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"

// Subjects of tokens: of workflows of pull requests, for which GitHub issues
// none to forks, and of main, which previews what an approval is asked for.
// https://docs.github.com/actions/reference/security/oidc
const (
	PullRequest = "pull_request"
	Main        = "ref:refs/heads/main"
)

// Sessions, in seconds. An upgrade of the cluster replaces node by node and
// must not outlive its own.
const (
	previewSession = 3600
	deploySession  = 4 * 3600
)

// readers are AWS's policies that read configuration and no data; ReadOnlyAccess
// would read objects of every bucket.
func readers() []string { return []string{"SecurityAudit", "job-function/ViewOnlyAccess"} }

// github makes the identity provider and the two roles of workflows. The
// deploying one is as strong as an administrator of what the stack consists
// of, but cannot change how workflows get in: that takes a person.
func (b builder) github(id *Identity) error {
	g := b.args.GitHub
	provider := iamdoc.ARN{Service: "iam", Account: b.args.Account, Resource: "oidc-provider/" + iamdoc.GitHubIssuer}.String()
	var after []pulumi.Resource
	if g.Provider {
		// AWS knows GitHub's certificates and needs no thumbprint.
		p, err := iam.NewOpenIdConnectProvider(b.ctx, b.args.Name("github"), &iam.OpenIdConnectProviderArgs{
			Url: pulumi.String("https://" + iamdoc.GitHubIssuer), ClientIdLists: pulumi.StringArray{pulumi.String("sts.amazonaws.com")},
		}, b.parent)
		if err != nil {
			return err
		}
		after = append(after, p)
	}
	preview, err := b.workflow("preview", previewSession, iamdoc.TrustGitHub(provider, g.Repository, PullRequest, Main), b.previews(), after, readers()...)
	if err != nil {
		return err
	}
	deploy, err := b.workflow("deploy", deploySession, iamdoc.TrustGitHub(provider, g.Repository, "environment:"+g.Environment), b.deploys(provider), after, "PowerUserAccess")
	if err != nil {
		return err
	}
	id.Preview, id.Deploy = preview, deploy
	return b.enter(preview, deploy)
}

// enter lets workflows into the cluster, where the network lets them reach it:
// who previews may look, who deploys may do everything.
func (b builder) enter(preview, deploy pulumi.StringOutput) error {
	entry := func(part string, role pulumi.StringOutput, groups pulumi.StringArray) (*awseks.AccessEntry, error) {
		return awseks.NewAccessEntry(b.ctx, b.args.Name("github", part), &awseks.AccessEntryArgs{
			ClusterName: b.args.Cluster.Ready, PrincipalArn: role, Type: pulumi.String("STANDARD"), KubernetesGroups: groups,
		}, b.parent)
	}
	if _, err := entry("preview", preview, pulumi.StringArray{pulumi.String(b.args.GitHub.Readers)}); err != nil {
		return err
	}
	deployer, err := entry("deploy", deploy, nil)
	if err != nil {
		return err
	}
	_, err = awseks.NewAccessPolicyAssociation(b.ctx, b.args.Name("github", "deploy"), &awseks.AccessPolicyAssociationArgs{
		ClusterName: b.args.Cluster.Ready, PrincipalArn: deploy, PolicyArn: pulumi.String(administration),
		AccessScope: awseks.AccessPolicyAssociationAccessScopeArgs{Type: pulumi.String("cluster")},
	}, b.parent, pulumi.DependsOn([]pulumi.Resource{deployer}))
	return err
}

func (b builder) workflow(part string, session int, trust, may iamdoc.Document, after []pulumi.Resource, managed ...string) (pulumi.StringOutput, error) {
	none := pulumi.StringOutput{}
	trusted, err := trust.Text(iamdoc.Trust)
	if err != nil {
		return none, err
	}
	allowed, err := may.Text(iamdoc.Identity)
	if err != nil {
		return none, err
	}
	name := b.args.Name("github", part)
	role, err := iam.NewRole(b.ctx, name, &iam.RoleArgs{
		Name: pulumi.String(name), AssumeRolePolicy: pulumi.String(trusted), MaxSessionDuration: pulumi.Int(session),
	}, b.parent, pulumi.DependsOn(after))
	if err != nil {
		return none, err
	}
	if _, err := b.policy("github-"+part, role, pulumi.String(allowed)); err != nil {
		return none, err
	}
	for _, policy := range managed {
		if _, err := iam.NewRolePolicyAttachment(b.ctx, b.args.Name("github", part, policy), &iam.RolePolicyAttachmentArgs{
			Role: role.Name, PolicyArn: pulumi.String("arn:aws:iam::aws:policy/" + policy),
		}, b.parent); err != nil {
			return none, err
		}
	}
	return role.Arn, nil
}

// previews read the state and never data: what is proposed in a pull request
// runs with this role before anybody has read it.
func (b builder) previews() iamdoc.Document {
	statements := []iamdoc.Statement{
		iamdoc.Deny("secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue", "ssm:GetParameter*", "logs:GetLogEvents",
			"logs:FilterLogEvents", "logs:StartQuery", "logs:StartLiveTail", "sqs:ReceiveMessage", "rds-db:connect", "eks:AccessKubernetesApi").
			Named("NoData").On("*"),
	}
	if g := b.args.GitHub; g.State != "" {
		statements = append(statements,
			iamdoc.Allow("s3:GetObject").Named("ReadState").On(g.State+"/*"),
			iamdoc.Allow("s3:ListBucket").Named("ListState").On(g.State))
		if g.StateKey != "" {
			statements = append(statements, iamdoc.Allow("kms:Decrypt", "kms:DescribeKey").Named("DecryptState").On(g.StateKey))
		}
	}
	return iamdoc.New(statements...)
}

// deploys manages the roles of this stack, which PowerUserAccess leaves out,
// hands them to services, and cannot touch the workflows' own.
func (b builder) deploys(provider string) iamdoc.Document {
	own := func(resource string) string {
		return iamdoc.ARN{Service: "iam", Account: b.args.Account, Resource: resource}.String()
	}
	roles, policies := own("role/"+b.args.Name("*")), own("policy/"+b.args.Name("*"))
	workflows := own("role/" + b.args.Name("github", "*"))
	return iamdoc.New(
		iamdoc.Allow("iam:CreateRole", "iam:DeleteRole", "iam:UpdateRole", "iam:UpdateRoleDescription", "iam:UpdateAssumeRolePolicy",
			"iam:TagRole", "iam:UntagRole", "iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:AttachRolePolicy", "iam:DetachRolePolicy",
			"iam:CreatePolicy", "iam:DeletePolicy", "iam:CreatePolicyVersion", "iam:DeletePolicyVersion", "iam:TagPolicy", "iam:UntagPolicy").
			Named("OwnRoles").On(roles, policies),
		iamdoc.Allow("iam:GetRole", "iam:GetRolePolicy", "iam:ListRolePolicies", "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole",
			"iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListPolicyVersions", "iam:GetOpenIDConnectProvider", "iam:ListRoles").
			Named("ReadRoles").On("*"),
		iamdoc.Allow("iam:PassRole").Named("HandOver").On(roles).When(iamdoc.Equals("iam:PassedToService",
			"eks.amazonaws.com", "pods.eks.amazonaws.com", "ec2.amazonaws.com", "monitoring.rds.amazonaws.com", "s3.amazonaws.com",
			"backup.amazonaws.com", "config.amazonaws.com", "cloudtrail.amazonaws.com", "vpc-flow-logs.amazonaws.com", "delivery.logs.amazonaws.com")),
		iamdoc.Deny("iam:Create*", "iam:Delete*", "iam:Update*", "iam:Put*", "iam:Attach*", "iam:Detach*", "iam:Add*", "iam:Remove*",
			"iam:Tag*", "iam:Untag*", "iam:PassRole").Named("NotTheWorkflows").On(workflows, provider),
	)
}
