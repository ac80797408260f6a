// Package cache is ElastiCache for Valkey or Redis OSS: one shard of a primary
// and its replicas, opened by one user over TLS.
package cache

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/elasticache"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/args"
	"github.com/script-ohio/platform/infra/stack"
)

const (
	// Type is the type of the component.
	Type = "script-ohio:cache:Cache"
	// Port is where the cache listens, TLS only.
	Port = 6379
	// longest is what ElastiCache takes as the id of a replication group, user
	// or user group.
	longest = 40
)

// Args say what to build and where.
type Args struct {
	// Name names a resource of the stack, in Pulumi and in AWS.
	Name func(parts ...string) string

	Config  stack.Cache
	LogDays int // how long CloudWatch keeps the logs
	// Protect refuses to destroy what holds data and keeps it when the stack
	// lets go of it; nil means true.
	Protect *bool

	Network Network
	Keys    Keys
}

// Network is where the cache stands.
type Network struct {
	Subnets       pulumi.StringArrayInput // ids, one for each zone
	SecurityGroup pulumi.StringInput      // id; lets the nodes and pods in
}

// Keys are the ARNs of KMS keys by what they encrypt.
type Keys struct {
	Data    pulumi.StringInput // nodes and snapshots
	Secrets pulumi.StringInput
	Logs    pulumi.StringInput
}

// Outputs is what others need to reach the cache. The password is not among
// it: who may read the secret finds it there.
type Outputs struct {
	ARN    pulumi.StringOutput
	Host   pulumi.StringOutput // of the primary; follows a failover
	Reader pulumi.StringOutput // spreads over the replicas
	Port   int
	// Secret is the ARN of a JSON object: engine, host, port, username and
	// password.
	Secret pulumi.StringOutput
}

// cache collects what the parts share.
type cache struct {
	pulumi.ResourceState
	Args
	ctx     *pulumi.Context
	protect bool
}

// New registers the cache. It needs the AWS and random providers.
func New(ctx *pulumi.Context, name string, given Args, opts ...pulumi.ResourceOption) (*Outputs, error) {
	if err := given.check(); err != nil {
		return nil, err
	}
	c := &cache{Args: given, ctx: ctx, protect: args.On(given.Protect)}
	if err := ctx.RegisterComponentResource(Type, name, c, opts...); err != nil {
		return nil, err
	}
	access, err := c.newAccess()
	if err != nil {
		return nil, err
	}
	group, err := c.newGroup(access)
	if err != nil {
		return nil, err
	}
	secret, err := c.newSecret(access, group)
	if err != nil {
		return nil, err
	}
	return &Outputs{
		ARN: group.Arn, Host: group.PrimaryEndpointAddress, Reader: group.ReaderEndpointAddress, Port: Port, Secret: secret.Arn,
	}, ctx.RegisterResourceOutputs(c, pulumi.Map{"host": group.PrimaryEndpointAddress, "secretArn": secret.Arn})
}

// newGroup registers the nodes. With more than one they stand in several
// zones, and a replica takes over when the primary fails.
func (c *cache) newGroup(access *access) (*elasticache.ReplicationGroup, error) {
	name := c.Name("cache")
	subnets, err := elasticache.NewSubnetGroup(c.ctx, name, &elasticache.SubnetGroupArgs{
		Name:        pulumi.String(name),
		Description: pulumi.String("Subnets without a way out"),
		SubnetIds:   c.Network.Subnets,
	}, c.child()...)
	if err != nil {
		return nil, err
	}
	parameters, err := c.newParameters()
	if err != nil {
		return nil, err
	}
	logs, err := c.newLogs()
	if err != nil {
		return nil, err
	}
	// Another life of the stack takes another final snapshot.
	life, err := random.NewRandomId(c.ctx, c.Name("cache", "life"), &random.RandomIdArgs{ByteLength: pulumi.Int(4)}, c.child()...)
	if err != nil {
		return nil, err
	}
	several := c.Config.Nodes > 1
	return elasticache.NewReplicationGroup(c.ctx, name, &elasticache.ReplicationGroupArgs{
		ReplicationGroupId:      pulumi.String(name),
		Description:             pulumi.String("Cache and rate limits of the service"),
		Engine:                  pulumi.String(c.Config.Engine),
		EngineVersion:           pulumi.String(c.Config.Version),
		AutoMinorVersionUpgrade: pulumi.Bool(true),
		ApplyImmediately:        pulumi.Bool(false),
		MaintenanceWindow:       pulumi.String(c.Config.Maintenance.String()),
		ParameterGroupName:      parameters.Name,

		NodeType:                 pulumi.String(c.Config.NodeType),
		NumCacheClusters:         pulumi.Int(c.Config.Nodes),
		AutomaticFailoverEnabled: pulumi.Bool(several),
		MultiAzEnabled:           pulumi.Bool(several),

		Port:             pulumi.Int(Port),
		SubnetGroupName:  subnets.Name,
		SecurityGroupIds: pulumi.StringArray{c.Network.SecurityGroup},

		AtRestEncryptionEnabled:  pulumi.Bool(true),
		KmsKeyId:                 c.Keys.Data,
		TransitEncryptionEnabled: pulumi.Bool(true),
		TransitEncryptionMode:    pulumi.String("required"),
		UserGroupIds:             pulumi.StringArray{access.group.UserGroupId},

		SnapshotRetentionLimit:    pulumi.Int(c.Config.SnapshotDays),
		SnapshotWindow:            pulumi.String(c.Config.Snapshot.String()),
		FinalSnapshotIdentifier:   pulumi.Sprintf("%s-final-%s", name, life.Hex),
		LogDeliveryConfigurations: logs,
	}, c.data()...)
}

// newParameters registers the parameter group. Its family, such as valkey8, is
// in its name: a major upgrade needs the new group beside the old one.
func (c *cache) newParameters() (*elasticache.ParameterGroup, error) {
	major, _, _ := strings.Cut(c.Config.Version, ".")
	family := c.Config.Engine + major
	set := func(name, value string) elasticache.ParameterGroupParameterArgs {
		return elasticache.ParameterGroupParameterArgs{Name: pulumi.String(name), Value: pulumi.String(value)}
	}
	return elasticache.NewParameterGroup(c.ctx, c.Name("cache", family), &elasticache.ParameterGroupArgs{
		Name:        pulumi.String(c.Name("cache", family)),
		Description: pulumi.String("A cache that forgets rather than refuses"),
		Family:      pulumi.String(family),
		Parameters: elasticache.ParameterGroupParameterArray{
			set("maxmemory-policy", "allkeys-lru"),
			set("slowlog-log-slower-than", "10000"), // microseconds
			set("slowlog-max-len", "512"),           // entries
		},
	}, c.child()...)
}

// newLogs registers a log group for each of the two logs.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Log_Delivery.html
func (c *cache) newLogs() (elasticache.ReplicationGroupLogDeliveryConfigurationArray, error) {
	var logs elasticache.ReplicationGroupLogDeliveryConfigurationArray
	for _, log := range []string{"slow-log", "engine-log"} {
		group, err := cloudwatch.NewLogGroup(c.ctx, c.Name("cache", log), &cloudwatch.LogGroupArgs{
			Name:            pulumi.String("/aws/elasticache/" + c.Name("cache") + "/" + log),
			RetentionInDays: pulumi.Int(c.LogDays),
			KmsKeyId:        c.Keys.Logs,
		}, c.child()...)
		if err != nil {
			return nil, err
		}
		logs = append(logs, elasticache.ReplicationGroupLogDeliveryConfigurationArgs{
			Destination:     group.Name,
			DestinationType: pulumi.String("cloudwatch-logs"),
			LogFormat:       pulumi.String("json"),
			LogType:         pulumi.String(log),
		})
	}
	return logs, nil
}

// check finds what AWS would not, or only late: without a key it silently
// takes its own.
func (a Args) check() error {
	var p args.Problems
	p.Missing(a.Name == nil, "Name")
	p.Missing(a.Network.Subnets == nil, "Network.Subnets")
	p.Missing(a.Network.SecurityGroup == nil, "Network.SecurityGroup")
	p.Missing(a.Keys.Data == nil, "Keys.Data")
	p.Missing(a.Keys.Secrets == nil, "Keys.Secrets")
	p.Missing(a.Keys.Logs == nil, "Keys.Logs")
	if a.Name != nil {
		if id := a.Name("cache", offUser); len(id) > longest {
			p.Add(fmt.Errorf("id %s is longer than %d: ElastiCache takes no more, choose a shorter stack name", id, longest))
		}
	}
	return p.Of("cache")
}

// child options of what can be made again.
func (c *cache) child(more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append([]pulumi.ResourceOption{pulumi.Parent(c)}, more...)
}

// data options of what cannot.
func (c *cache) data() []pulumi.ResourceOption {
	return c.child(pulumi.Protect(c.protect), pulumi.RetainOnDelete(c.protect))
}
