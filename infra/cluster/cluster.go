// Package cluster makes the Kubernetes cluster: the control plane, its nodes,
// its add-ons and who may use it.
package cluster

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-eks/sdk/v2/go/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/infra/args"
	"github.com/script-ohio/platform/infra/iamdoc"
)

// Args are what the cluster is made of.
type Args struct {
	Name    func(parts ...string) string // the stack's naming
	Account string                       // AWS account, 12 digits
	Region  string
	Version string // Kubernetes minor, one that Addons knows

	// PublicAccess are the networks that may reach the API server from
	// outside; none: the private endpoint only.
	PublicAccess []netip.Prefix
	// VPNAccess are the networks that may reach its private endpoint over VPN
	// or peering, beside the nodes.
	VPNAccess []netip.Prefix
	Services  netip.Prefix // addresses of Kubernetes services
	MailPort  int          // of mail servers that pods may reach; 0: none
	LogDays   int          // days that the control plane's logs are kept
	Nodes     Nodes
	Admins    []string // ARNs of existing roles with all rights in the cluster
	// Group is the Kubernetes group of a contract role, which RBAC grants to.
	Group   func(contract.Role) string
	Tags    map[string]string // on instances and volumes, which the provider's default tags do not reach
	Protect *bool             // refuse to delete the cluster and its logs; nil is true

	Network Network
	Keys    Keys
	// Providers are the AWS and EKS providers of the EKS component.
	Providers pulumi.ResourceOption
}

// Network is where the cluster lives.
type Network struct {
	VPC            pulumi.StringInput
	PrivateSubnets pulumi.StringArrayInput // one in each zone
	// DataClients is the security group that databases and caches answer;
	// nodes have it beside their own.
	DataClients pulumi.StringInput
}

// Keys are ARNs of KMS keys.
type Keys struct {
	// Cluster is for Kubernetes secrets, disks of nodes and volumes of pods; it
	// must let EC2 in for this account.
	Cluster pulumi.StringInput
	Logs    pulumi.StringInput // CloudWatch log groups
}

// Cluster is the component and what others may know of it.
type Cluster struct {
	pulumi.ResourceState

	Name string // in EKS
	ARN  string
	// Ready is the name once nodes and add-ons answer. Who takes it comes
	// after them and leaves before them; to depend on the component would not
	// do, for that reaches only the children that have registered by then.
	Ready      pulumi.StringOutput
	Kubeconfig pulumi.StringOutput // JSON, secret
	// AccessRoles are the ARNs of the roles that people assume to use the
	// cluster, by contract role: readonly, developer, operator.
	AccessRoles map[string]pulumi.StringOutput
}

// New makes a cluster. Deployment goes control plane, networking add-ons,
// nodes, the other add-ons; destruction the other way round.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Cluster, error) {
	addons, err := Addons(args.Version)
	if err := errors.Join(err, args.validate()); err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	c := &Cluster{Name: args.Name("cluster")}
	c.ARN = iamdoc.ARN{Service: "eks", Region: args.Region, Account: args.Account, Resource: "cluster/" + c.Name}.String()
	if err := ctx.RegisterComponentResource("script-ohio:cluster:Cluster", name, c, opts...); err != nil {
		return nil, err
	}
	b := builder{ctx: ctx, args: args, cluster: c, parent: pulumi.Parent(c)}

	roles, err := b.roles()
	if err != nil {
		return nil, err
	}
	firewall, err := b.firewall()
	if err != nil {
		return nil, err
	}
	control, err := b.controlPlane(roles, firewall)
	if err != nil {
		return nil, err
	}
	network, err := b.addons(addons, beforeNodes, roles, control)
	if err != nil {
		return nil, err
	}
	nodes, err := b.nodes(roles, firewall, append(network, control, roles.nodeReady))
	if err != nil {
		return nil, err
	}
	rest, err := b.addons(addons, afterNodes, roles, nodes)
	if err != nil {
		return nil, err
	}
	if err := b.access(control); err != nil {
		return nil, err
	}
	answers := make([]any, len(rest))
	for i, addon := range rest {
		answers[i] = addon.URN()
	}
	c.Ready = pulumi.All(answers...).ApplyT(func([]any) string { return c.Name }).(pulumi.StringOutput)
	// Who talks to the cluster needs nodes and DNS that answer.
	c.Kubeconfig = pulumi.ToSecret(pulumi.All(control.KubeconfigJson, c.Ready).ApplyT(func(both []any) string {
		kubeconfig, _ := both[0].(string)
		return kubeconfig
	})).(pulumi.StringOutput)
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"name": pulumi.String(c.Name), "arn": pulumi.String(c.ARN), "kubeconfig": c.Kubeconfig,
	})
}

// builder is what the parts of New share.
type builder struct {
	ctx     *pulumi.Context
	args    Args
	cluster *Cluster
	parent  pulumi.ResourceOption
}

func (a Args) validate() error {
	var problems []error
	for _, p := range a.PublicAccess {
		if !p.IsValid() || p.Bits() == 0 {
			problems = append(problems, fmt.Errorf("public access %s opens the API server to everybody: list the networks that need it", p))
		}
	}
	if a.Nodes.Min < 1 || a.Nodes.Max < a.Nodes.Min {
		problems = append(problems, fmt.Errorf("at least %d and at most %d nodes", a.Nodes.Min, a.Nodes.Max))
	}
	if a.Group == nil {
		problems = append(problems, errors.New("access needs the groups of RBAC: set Group"))
	}
	if a.Providers == nil {
		problems = append(problems, errors.New("the EKS component needs its providers"))
	}
	return errors.Join(problems...)
}

func (a Args) protect() bool { return args.On(a.Protect) }

// LogTypes are all logs that a control plane can write.
// https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html
func LogTypes() []string {
	return []string{"api", "audit", "authenticator", "controllerManager", "scheduler"}
}

// controlPlane makes the EKS cluster. Its component adds an access entry for
// the node role, which takes InstanceRole: with authentication mode API it
// refuses InstanceRoles. Who creates the cluster becomes its administrator.
func (b builder) controlPlane(r roles, f firewall) (*eks.Cluster, error) {
	// EKS writes to this group by its name; one that EKS makes itself would
	// keep logs for ever and unencrypted by our key.
	logs, err := cloudwatch.NewLogGroup(b.ctx, b.args.Name("cluster", "logs"), &cloudwatch.LogGroupArgs{
		Name:            pulumi.String("/aws/eks/" + b.cluster.Name + "/cluster"),
		RetentionInDays: pulumi.Int(b.args.LogDays),
		KmsKeyId:        b.args.Keys.Logs.ToStringOutput(),
	}, b.parent, pulumi.Protect(b.args.protect()), pulumi.RetainOnDelete(b.args.protect()))
	if err != nil {
		return nil, err
	}
	args := &eks.ClusterArgs{
		Name:    pulumi.String(b.cluster.Name),
		Version: pulumi.String(b.args.Version),

		VpcId:                           b.args.Network.VPC.ToStringOutput(),
		PrivateSubnetIds:                b.args.Network.PrivateSubnets,
		KubernetesServiceIpAddressRange: pulumi.String(b.args.Services.String()),
		EndpointPrivateAccess:           pulumi.Bool(true),
		EndpointPublicAccess:            pulumi.Bool(len(b.args.PublicAccess) > 0),
		ClusterSecurityGroup:            f.control,

		AuthenticationMode:     ref(eks.AuthenticationModeApi),
		ServiceRole:            r.control,
		InstanceRole:           r.node,
		CreateOidcProvider:     pulumi.Bool(false),
		EncryptionConfigKeyArn: b.args.Keys.Cluster.ToStringOutput(),
		EnabledClusterLogTypes: pulumi.ToStringArray(LogTypes()),

		SkipDefaultNodeGroup: ref(true),
		UseDefaultVpcCni:     ref(true),
	}
	if len(b.args.PublicAccess) > 0 {
		var cidrs pulumi.StringArray
		for _, p := range b.args.PublicAccess {
			cidrs = append(cidrs, pulumi.String(p.String()))
		}
		args.PublicAccessCidrs = cidrs
	}
	return eks.NewCluster(b.ctx, b.cluster.Name, args, b.parent, b.args.Providers,
		pulumi.Protect(b.args.protect()),
		pulumi.DependsOn(append(f.rules, logs, r.controlReady)))
}

func ref[T any](v T) *T { return &v }
