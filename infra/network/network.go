// Package network makes the VPC of a stack: public subnets for load balancers
// and NAT gateways, private ones for nodes and pods, and database ones without
// a way out, in every zone. Databases and caches answer the groups of nodes
// and pods and nobody else.
package network

import (
	"errors"
	"net/netip"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/args"
	"github.com/script-ohio/platform/infra/layout"
)

// Network is what others build on. Subnet ids are handed out with their
// routes: who uses one is created after its way out and destroyed before it.
// All lists are in the order of the zones.
type Network struct {
	VPC             pulumi.StringOutput
	PublicSubnets   pulumi.StringArrayOutput // load balancers
	PrivateSubnets  pulumi.StringArrayOutput // nodes and pods
	DatabaseSubnets pulumi.StringArrayOutput // databases and caches
	Nodes           pulumi.StringOutput      // security group for nodes, beside the cluster's own; their pods have it too
	Pods            pulumi.StringOutput      // the same for pods with a network interface of their own
	Database        pulumi.StringOutput      // security group for databases
	Cache           pulumi.StringOutput      // security group for caches
	NATAddresses    pulumi.StringArrayOutput // public addresses that callees outside see, one for each gateway
}

// Args describe the network.
type Args struct {
	Account string // 12 digits
	Region  string
	CIDR    netip.Prefix  // addresses of the VPC
	Zones   []layout.Zone // subnets, as layout.Plan divides CIDR
	// ClusterName is the cluster whose load balancers discover the subnets.
	ClusterName  string
	NATPerZone   bool // a NAT gateway in every zone, or one in the first for all
	VPNGateway   bool
	Endpoints    bool // interface endpoints, see Services
	DatabasePort int
	CachePort    int
	LogDays      int                // retention of flow logs, a value that CloudWatch has
	LogsKey      pulumi.StringInput // ARN of the KMS key for logs
	// Name names a resource of the stack, in Pulumi and in AWS.
	Name func(parts ...string) string
	// Protect refuses the destruction of the flow logs and keeps them when
	// their stack lets go of them; nil means true.
	Protect *bool
}

func (a Args) check() error {
	var problems []error
	if len(a.Zones) == 0 {
		problems = append(problems, errors.New("network: no zones: plan them by layout.Plan"))
	}
	if a.LogsKey == nil {
		problems = append(problems, errors.New("network: flow logs need a KMS key: set LogsKey"))
	}
	if a.ClusterName == "" {
		problems = append(problems, errors.New("network: load balancers find their subnets by the cluster: set ClusterName"))
	}
	if a.DatabasePort == 0 || a.CachePort == 0 {
		problems = append(problems, errors.New("network: set DatabasePort and CachePort: nothing else is let through to them"))
	}
	return errors.Join(problems...)
}

// New registers the network.
func New(ctx *pulumi.Context, name string, given Args, opts ...pulumi.ResourceOption) (*Network, error) {
	if err := given.check(); err != nil {
		return nil, err
	}
	component := &pulumi.ResourceState{}
	if err := ctx.RegisterComponentResource("script-ohio:network:Network", name, component, opts...); err != nil {
		return nil, err
	}
	b := &builder{Args: given, ctx: ctx, inside: pulumi.Parent(component)}

	vpc, err := ec2.NewVpc(ctx, given.Name("vpc"), &ec2.VpcArgs{
		CidrBlock: pulumi.String(given.CIDR.String()),
		// Private DNS names of endpoints and of the cluster need both.
		EnableDnsHostnames: pulumi.Bool(true),
		EnableDnsSupport:   pulumi.Bool(true),
		Tags:               b.tags(given.Name("vpc")),
	}, b.inside, pulumi.Protect(args.On(given.Protect)))
	if err != nil {
		return nil, err
	}
	b.vpc = vpc.ID()

	n := &Network{VPC: b.vpc.ToStringOutput()}
	tables, err := b.subnets(n)
	if err != nil {
		return nil, err
	}
	err = errors.Join(
		b.groups(n),
		b.vpn(tables),
		b.endpoints(n, tables),
		b.flowLogs(),
	)
	if err != nil {
		return nil, err
	}
	return n, ctx.RegisterResourceOutputs(component, pulumi.Map{
		"vpcId": n.VPC, "publicSubnetIds": n.PublicSubnets, "privateSubnetIds": n.PrivateSubnets,
		"databaseSubnetIds": n.DatabaseSubnets, "natAddresses": n.NATAddresses,
	})
}

// builder registers the parts of one network.
type builder struct {
	Args
	ctx    *pulumi.Context
	inside pulumi.ResourceOption // the component
	vpc    pulumi.IDOutput
}

// tags shows the name in the console; the provider adds the stack's tags.
func (b *builder) tags(name string) pulumi.StringMap {
	return pulumi.StringMap{"Name": pulumi.String(name)}
}
