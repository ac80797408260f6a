// Package database is RDS for PostgreSQL: a primary with its standby, read
// replicas, backups in two regions and the secret that opens it.
package database

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/args"
	"github.com/script-ohio/platform/infra/stack"
)

const (
	// Type is the type of the component.
	Type = "script-ohio:database:Database"
	// Port is where PostgreSQL listens.
	Port = 5432
	// Name is the database that the service uses.
	Name = "ohio"
	// master may do what RDS lets anybody do; "admin" is reserved there.
	master = "ohio_master"
)

// Args say what to build and where.
type Args struct {
	// Name names a resource of the stack, in Pulumi and in AWS.
	Name func(parts ...string) string

	Account string
	Zones   []string // of the region, in the order of the network
	Config  stack.Database
	LogDays int               // how long CloudWatch keeps the logs
	Tags    map[string]string // of the primary; backups select it by them
	// Protect refuses to destroy what holds data and keeps it when the stack
	// lets go of it; nil means true.
	Protect *bool

	Network Network
	Keys    Keys
	// Recovery receives a copy of every backup; nil for none.
	Recovery *Recovery
}

// Network is where the database stands.
type Network struct {
	Subnets       pulumi.StringArrayInput // ids, one for each zone
	SecurityGroup pulumi.StringInput      // id; lets the nodes and pods in
}

// Keys are the ARNs of KMS keys by what they encrypt.
type Keys struct {
	Data    pulumi.StringInput // volumes, snapshots, Performance Insights
	Secrets pulumi.StringInput
	Logs    pulumi.StringInput
}

// Recovery is the region that backups are copied to.
type Recovery struct {
	Key      pulumi.StringInput    // ARN of a KMS key there
	Provider pulumi.ResourceOption // of that region
}

// Outputs is what others need to reach the database. The password is not
// among it: who may read the secret finds it there.
type Outputs struct {
	ARN     pulumi.StringOutput   // of the primary
	Host    pulumi.StringOutput   // of the primary; follows a failover
	Readers []pulumi.StringOutput // hosts of the replicas
	Port    int
	Name    string
	// Secret is the ARN of a JSON object: engine, host, port, dbname,
	// username and password.
	// https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
	Secret pulumi.StringOutput
}

// database collects what the parts share.
type database struct {
	pulumi.ResourceState
	Args
	ctx        *pulumi.Context
	protect    bool
	subnets    *rds.SubnetGroup
	parameters *rds.ParameterGroup
	monitoring pulumi.StringInput // ARN of the role of enhanced monitoring
}

// New registers the database. It needs the AWS and random providers.
func New(ctx *pulumi.Context, name string, given Args, opts ...pulumi.ResourceOption) (*Outputs, error) {
	if err := given.check(); err != nil {
		return nil, err
	}
	d := &database{Args: given, ctx: ctx, protect: args.On(given.Protect)}
	if err := ctx.RegisterComponentResource(Type, name, d, opts...); err != nil {
		return nil, err
	}
	if err := d.prepare(); err != nil {
		return nil, err
	}
	secret, password, err := d.newSecret()
	if err != nil {
		return nil, err
	}
	primary, err := d.newPrimary(password)
	if err != nil {
		return nil, err
	}
	if err := d.fillSecret(secret, password, primary); err != nil {
		return nil, err
	}
	readers, err := d.newReplicas(primary)
	if err != nil {
		return nil, err
	}
	if given.Recovery != nil {
		if err := d.copyBackups(primary); err != nil {
			return nil, err
		}
	}
	return &Outputs{
		ARN: primary.Arn, Host: primary.Address, Readers: readers, Port: Port, Name: Name, Secret: secret.Arn,
	}, ctx.RegisterResourceOutputs(d, pulumi.Map{"host": primary.Address, "secretArn": secret.Arn})
}

// check finds what AWS would not: without a key it silently takes its own.
func (a Args) check() error {
	var p args.Problems
	p.Missing(a.Name == nil, "Name")
	p.Missing(a.Account == "", "Account")
	p.Missing(len(a.Zones) == 0, "Zones")
	p.Missing(a.Network.Subnets == nil, "Network.Subnets")
	p.Missing(a.Network.SecurityGroup == nil, "Network.SecurityGroup")
	p.Missing(a.Keys.Data == nil, "Keys.Data")
	p.Missing(a.Keys.Secrets == nil, "Keys.Secrets")
	p.Missing(a.Keys.Logs == nil, "Keys.Logs")
	if r := a.Recovery; r != nil {
		p.Missing(r.Key == nil, "Recovery.Key")
		p.Missing(r.Provider == nil, "Recovery.Provider")
	}
	return p.Of("database")
}

// child options of what can be made again.
func (d *database) child(more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append([]pulumi.ResourceOption{pulumi.Parent(d)}, more...)
}

// data options of what cannot.
func (d *database) data(more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return d.child(append(more, pulumi.Protect(d.protect), pulumi.RetainOnDelete(d.protect))...)
}
