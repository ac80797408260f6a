// Package identity says who may do what in AWS: pods by EKS Pod Identity and
// workflows by GitHub's identity provider. Nobody holds a key.
package identity

import (
	"fmt"

	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/iamdoc"
)

// Args are whom to trust and what there is to use. Inputs are ARNs unless
// they say otherwise.
type Args struct {
	Name    func(parts ...string) string // the stack's naming
	Account string                       // AWS account, 12 digits
	Region  string

	Cluster Cluster
	Data    Data
	VPC     pulumi.StringInput // id, where the load balancer controller may open security groups
	Zone    string             // id of the hosted zone of the domain
	GitHub  GitHub
}

// Cluster is whose pods are trusted.
type Cluster struct {
	Name  string
	ARN   string
	Ready pulumi.StringInput // its name once it answers: pod identities bind after it and leave before it
}

// Data is what pods read and write.
type Data struct {
	Backups pulumi.StringInput   // bucket
	Models  pulumi.StringInput   // bucket
	Storage pulumi.StringInput   // KMS key of the buckets
	Secrets []pulumi.StringInput // what external-secrets may copy into the cluster
	// SecretsKey is the KMS key of the secrets.
	SecretsKey pulumi.StringInput
	BlockList  pulumi.StringInput // WAF IP set that the app bans addresses with
	// Buckets of logs and traces; nil where nobody keeps them.
	Loki, Tempo pulumi.StringInput
}

// has reports whether there is what the pods are for.
func (d Data) has(pod Pod) bool {
	switch pod {
	case LogKeeper:
		return d.Loki != nil
	case TraceKeeper:
		return d.Tempo != nil
	}
	return true
}

// Identity is the roles by ARN.
type Identity struct {
	Pods    map[Pod]pulumi.StringOutput // known once new pods get the role
	Preview pulumi.StringOutput         // what pull requests plan as
	Deploy  pulumi.StringOutput         // what the environment deploys as
}

// New makes the roles, binds pods to theirs and lets workflows in.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Identity, error) {
	component := &pulumi.ResourceState{}
	if err := ctx.RegisterComponentResource("script-ohio:identity:Identity", name, component, opts...); err != nil {
		return nil, err
	}
	b := builder{ctx, args, pulumi.Parent(component)}
	id := &Identity{Pods: map[Pod]pulumi.StringOutput{}}
	for _, pod := range Pods() {
		if !args.Data.has(pod) {
			continue
		}
		role, err := b.pod(pod)
		if err != nil {
			return nil, fmt.Errorf("identity of %s: %w", pod, err)
		}
		id.Pods[pod] = role
	}
	if err := b.github(id); err != nil {
		return nil, fmt.Errorf("identity of workflows: %w", err)
	}
	return id, ctx.RegisterResourceOutputs(component, pulumi.Map{"preview": id.Preview, "deploy": id.Deploy})
}

type builder struct {
	ctx    *pulumi.Context
	args   Args
	parent pulumi.ResourceOption
}

// pod makes the role of the pods and binds it to their service account.
func (b builder) pod(pod Pod) (pulumi.StringOutput, error) {
	account := pod.Account()
	role, err := b.role(string(pod), iamdoc.TrustPods(b.args.Cluster.ARN, b.args.Account, string(account.Namespace), account.Name))
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	policy, err := b.policy(string(pod), role, b.document(pod))
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	bound, err := awseks.NewPodIdentityAssociation(b.ctx, b.args.Name(string(pod)), &awseks.PodIdentityAssociationArgs{
		ClusterName: b.args.Cluster.Ready, Namespace: pulumi.String(account.Namespace),
		ServiceAccount: pulumi.String(account.Name), RoleArn: role.Arn,
	}, b.parent, pulumi.DependsOn([]pulumi.Resource{policy}))
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	return bound.RoleArn, nil
}

func (b builder) role(part string, trust iamdoc.Document) (*iam.Role, error) {
	text, err := trust.Text(iamdoc.Trust)
	if err != nil {
		return nil, err
	}
	name := b.args.Name(part)
	return iam.NewRole(b.ctx, name, &iam.RoleArgs{Name: pulumi.String(name), AssumeRolePolicy: pulumi.String(text)}, b.parent)
}

func (b builder) policy(part string, role *iam.Role, document pulumi.StringInput) (*iam.RolePolicy, error) {
	return iam.NewRolePolicy(b.ctx, b.args.Name(part), &iam.RolePolicyArgs{Role: role.Name, Policy: document}, b.parent)
}

func (b builder) arn(service, resource string) string {
	return iamdoc.ARN{Service: service, Region: b.args.Region, Account: b.args.Account, Resource: resource}.String()
}
