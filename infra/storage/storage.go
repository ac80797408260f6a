// Package storage is the buckets of a stack: backups, models and logs, and the
// copy of the backups in the recovery region.
package storage

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/infra/stack"
)

// Type is the type of the component.
const Type = "script-ohio:storage:Storage"

// The buckets by the part of their name.
const (
	Backups = "backups"
	Models  = contract.BucketModels
	Logs    = "logs"
)

// Prefixes of keys in the logs bucket, by who writes below them.
const (
	PrefixAccess = "access/" // S3, a folder for each bucket that it reports on
	PrefixTrail  = "trail"   // CloudTrail; it adds /AWSLogs/<account>/
	PrefixConfig = "config"  // AWS Config; it adds /AWSLogs/<account>/
)

// Args say what to build and where.
type Args struct {
	Name    func(parts ...string) string     // names a resource of the stack
	Bucket  func(part, region string) string // names a bucket, unique in all of AWS
	Account string                           // 12 digits
	Region  string

	Config stack.Storage
	Key    pulumi.StringInput // ARN of the KMS key of backups and models
	// Trail is the ARN of the CloudTrail trail that may write into the logs
	// bucket; empty where the stack has none.
	Trail string
	// Recovery is where backups are copied to; nil for nowhere.
	Recovery *Recovery
	// Protect refuses to destroy buckets and keeps them when the stack lets go
	// of them; nil means true.
	Protect *bool
}

// Recovery is the region that backups are copied to.
type Recovery struct {
	Region   string
	Key      pulumi.StringInput    // ARN of a KMS key there
	Provider pulumi.ResourceOption // of that region
}

// Bucket is what others need of one. It is known once the bucket is closed,
// encrypted and versioned and its policy stands, so that whoever writes into
// it may.
type Bucket struct {
	Name pulumi.StringOutput
	ARN  pulumi.StringOutput
}

// Outputs are the buckets.
type Outputs struct {
	Backups, Models, Logs Bucket
	// Copy holds the copies of the backups; nil without a recovery region.
	Copy *Bucket
}

type storage struct {
	pulumi.ResourceState
	Args
	ctx     *pulumi.Context
	protect bool
}

// New registers the buckets.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Outputs, error) {
	if err := args.check(); err != nil {
		return nil, fmt.Errorf("storage %s: %w", name, err)
	}
	s := &storage{Args: args, ctx: ctx, protect: args.Protect == nil || *args.Protect}
	if err := ctx.RegisterComponentResource(Type, name, s, opts...); err != nil {
		return nil, err
	}
	c := args.Config
	// The logs come first: the others report to it.
	logs, err := s.bucket(plan{part: Logs, expire: c.ExpireDays, keep: olderDays, allow: s.logWriters})
	if err != nil {
		return nil, err
	}
	models, err := s.bucket(plan{part: Models, key: args.Key, keep: olderDays, logs: &logs})
	if err != nil {
		return nil, err
	}
	backups := plan{part: Backups, key: args.Key, expire: c.ExpireDays, keep: max(olderDays, c.LockDays), lock: true, logs: &logs}
	source, err := s.bucket(backups)
	if err != nil {
		return nil, err
	}
	out := &Outputs{Backups: source, Models: models, Logs: logs}
	known := pulumi.Map{"backups": out.Backups.Name, "models": out.Models.Name, "logs": out.Logs.Name}
	if args.Recovery != nil {
		// S3 writes access logs within one region only, so the copy has none.
		backups.key, backups.logs, backups.recovery = args.Recovery.Key, nil, args.Recovery
		target, err := s.bucket(backups)
		if err != nil {
			return nil, err
		}
		if err := s.replicate(source, target); err != nil {
			return nil, err
		}
		out.Copy = &target
		known["backupsCopy"] = target.Name
	}
	return out, ctx.RegisterResourceOutputs(s, known)
}

func (a Args) check() error {
	var problems []error
	missing := func(is bool, what string) {
		if is {
			problems = append(problems, fmt.Errorf("%s is missing", what))
		}
	}
	missing(a.Name == nil || a.Bucket == nil, "the naming of resources or buckets")
	missing(a.Account == "" || a.Region == "", "the account or region")
	missing(a.Key == nil, "the KMS key")
	if r := a.Recovery; r != nil {
		missing(r.Region == "" || r.Key == nil || r.Provider == nil, "the region, KMS key or provider of the recovery region")
		if r.Region == a.Region {
			problems = append(problems, fmt.Errorf("the recovery region is the region itself, %s", a.Region))
		}
	}
	return errors.Join(problems...)
}
