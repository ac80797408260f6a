// Package keys makes the KMS keys of a stack, one for each class of data, so
// that a grant for one class opens no other. A key that is gone takes the data
// under it along: keys rotate, are protected, outlive their stack, and a
// deletion takes 30 days to come true.
package keys

import (
	"errors"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/args"
	"github.com/script-ohio/platform/infra/iamdoc"
)

// Keys are the ARNs of the keys in the stack's region.
type Keys struct {
	Database pulumi.StringOutput // RDS storage, snapshots and Performance Insights
	Cache    pulumi.StringOutput // ElastiCache storage and snapshots
	Storage  pulumi.StringOutput // buckets and the backup vault
	Logs     pulumi.StringOutput // log groups, audit trails, alert topics
	Secrets  pulumi.StringOutput // Secrets Manager
	Cluster  pulumi.StringOutput // Kubernetes secrets and the volumes of nodes and pods
}

// RecoveryKeys are the ARNs of the keys for the copies in the recovery region;
// KMS keys do not leave their region.
type RecoveryKeys struct {
	Database pulumi.StringOutput // replicated automated backups
	Storage  pulumi.StringOutput // replicated buckets and the vault of copies
}

// Args say whose keys these are.
type Args struct {
	Account string // 12 digits
	Region  string // where the keys are; the provider's
	// Name names a resource of the stack; aliases are alias/<name>. Names of
	// the two regions must differ, in Pulumi at least.
	Name func(parts ...string) string
	// Protect refuses the destruction of keys and keeps them when their stack
	// lets go of them; nil means true.
	Protect *bool
}

const (
	// deletionDays is the longest waiting period that KMS has.
	// https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html
	deletionDays = 30
	// rotationDays is the period that KMS rotates after by default (90 to
	// 2560); old key material stays usable for decryption.
	// https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html
	rotationDays = 365
)

// New makes a key for every class of data.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Keys, error) {
	m, err := register(ctx, name, args, opts)
	if err != nil {
		return nil, err
	}
	k := &Keys{
		Database: m.key("database", "RDS storage, snapshots and Performance Insights", m.database()),
		Cache:    m.key("cache", "ElastiCache storage and snapshots", m.cache()),
		Storage:  m.key("storage", "Buckets and the backup vault", m.storage()),
		Logs:     m.key("logs", "Log groups, audit trails and alert topics", m.logs()),
		Secrets:  m.key("secrets", "Secrets Manager", m.secrets()),
		Cluster:  m.key("cluster", "Kubernetes secrets and volumes", m.cluster()),
	}
	if err := errors.Join(m.problems...); err != nil {
		return nil, err
	}
	return k, ctx.RegisterResourceOutputs(m.component, pulumi.Map{
		"database": k.Database, "cache": k.Cache, "storage": k.Storage,
		"logs": k.Logs, "secrets": k.Secrets, "cluster": k.Cluster,
	})
}

// NewRecovery makes the keys of the recovery region: args name that region,
// opts its provider.
func NewRecovery(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*RecoveryKeys, error) {
	m, err := register(ctx, name, args, opts)
	if err != nil {
		return nil, err
	}
	k := &RecoveryKeys{
		Database: m.key("database", "Copies of database backups", m.database()),
		Storage:  m.key("storage", "Copies of buckets and of the backup vault", m.storage()),
	}
	if err := errors.Join(m.problems...); err != nil {
		return nil, err
	}
	return k, ctx.RegisterResourceOutputs(m.component, pulumi.Map{"database": k.Database, "storage": k.Storage})
}

// maker makes keys below one component and collects what went wrong.
type maker struct {
	Args
	ctx       *pulumi.Context
	component *pulumi.ResourceState
	problems  []error
}

func register(ctx *pulumi.Context, name string, args Args, opts []pulumi.ResourceOption) (*maker, error) {
	m := &maker{Args: args, ctx: ctx, component: &pulumi.ResourceState{}}
	return m, ctx.RegisterComponentResource("script-ohio:keys:Keys", name, m.component, opts...)
}

// key makes a key and its alias and returns the key's ARN.
func (m *maker) key(class, description string, services []iamdoc.Statement) pulumi.StringOutput {
	document := iamdoc.New(append([]iamdoc.Statement{iamdoc.KeyForAccount(m.Account)}, services...)...)
	policy, err := document.Text(iamdoc.Resource)
	if err != nil {
		return m.failed(err)
	}
	name, protect := m.Name(class), args.On(m.Protect)
	key, err := kms.NewKey(m.ctx, name, &kms.KeyArgs{
		Description:          pulumi.String(description),
		Policy:               pulumi.String(policy),
		EnableKeyRotation:    pulumi.Bool(true),
		RotationPeriodInDays: pulumi.Int(rotationDays),
		DeletionWindowInDays: pulumi.Int(deletionDays),
		Tags:                 pulumi.StringMap{"Name": pulumi.String(name), "DataClass": pulumi.String(class)},
	}, pulumi.Parent(m.component), pulumi.Protect(protect), pulumi.RetainOnDelete(protect))
	if err != nil {
		return m.failed(err)
	}
	// The alias holds nothing: a stack that is built anew takes it over.
	_, err = kms.NewAlias(m.ctx, name, &kms.AliasArgs{
		Name:        pulumi.String("alias/" + name),
		TargetKeyId: key.KeyId,
	}, pulumi.Parent(m.component))
	if err != nil {
		return m.failed(err)
	}
	return key.Arn
}

func (m *maker) failed(err error) pulumi.StringOutput {
	m.problems = append(m.problems, err)
	return pulumi.StringOutput{}
}
