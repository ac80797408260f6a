// Package storage is the buckets of a stack: backups, models and logs, and the
// copy of the backups in the recovery region; logs of pods and traces.
package storage

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/infra/args"
	"github.com/script-ohio/platform/infra/stack"
)

// Type is the type of the component.
const Type = "script-ohio:storage:Storage"

// The buckets by the part of their name.
const (
	Backups = "backups"
	Models  = contract.BucketModels
	Logs    = "logs"
	Loki    = "loki"  // logs of pods
	Tempo   = "tempo" // traces
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
	// Telemetry is what Loki and Tempo keep here; nil where they do not run.
	Telemetry *Telemetry
	// Protect refuses to destroy buckets and keeps them when the stack lets go
	// of them; nil means true.
	Protect *bool
}

// Telemetry is for how many days logs of pods and traces are kept. Their
// writers remove them; the bucket does so itself after twice as long.
type Telemetry struct{ LogDays, TraceDays int }

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
	// Copies in the recovery region; nil without one.
	BackupsCopy, ModelsCopy *Bucket
	// Of Loki and Tempo; nil without them.
	Loki, Tempo *Bucket
}

type storage struct {
	pulumi.ResourceState
	Args
	ctx     *pulumi.Context
	protect bool
}

// New registers the buckets.
func New(ctx *pulumi.Context, name string, given Args, opts ...pulumi.ResourceOption) (*Outputs, error) {
	if err := given.check(); err != nil {
		return nil, err
	}
	s := &storage{Args: given, ctx: ctx, protect: args.On(given.Protect)}
	if err := ctx.RegisterComponentResource(Type, name, s, opts...); err != nil {
		return nil, err
	}
	c := given.Config
	// The logs come first: the others report to it.
	logs, err := s.bucket(plan{part: Logs, expire: c.ExpireDays, keep: olderDays, allow: s.logWriters})
	if err != nil {
		return nil, err
	}
	models := plan{part: Models, key: given.Key, keep: olderDays, logs: &logs}
	backups := plan{part: Backups, key: given.Key, expire: c.ExpireDays, keep: max(olderDays, c.LockDays), lock: true, logs: &logs}
	out := &Outputs{Logs: logs}
	if out.Models, out.ModelsCopy, err = s.copied(models); err != nil {
		return nil, err
	}
	if out.Backups, out.BackupsCopy, err = s.copied(backups); err != nil {
		return nil, err
	}
	known := pulumi.Map{"backups": out.Backups.Name, "models": out.Models.Name, "logs": out.Logs.Name}
	if t := given.Telemetry; t != nil {
		if out.Loki, err = s.telemetry(Loki, t.LogDays, &logs); err != nil {
			return nil, err
		}
		if out.Tempo, err = s.telemetry(Tempo, t.TraceDays, &logs); err != nil {
			return nil, err
		}
	}
	return out, ctx.RegisterResourceOutputs(s, known)
}

// telemetry registers a bucket of what can be lost: it has no copy, and what
// its writer removes can be brought back for a week.
func (s *storage) telemetry(part string, days int, logs *Bucket) (*Bucket, error) {
	b, err := s.bucket(plan{part: part, key: s.Key, expire: 2 * days, keep: mistakeDays, rewritten: true, logs: logs})
	return &b, err
}

// copied registers a bucket and, where there is a recovery region, the one that
// receives its copies.
func (s *storage) copied(p plan) (Bucket, *Bucket, error) {
	source, err := s.bucket(p)
	if err != nil || s.Recovery == nil {
		return source, nil, err
	}
	// S3 writes access logs within one region only, so the copy has none.
	p.key, p.logs, p.recovery = s.Recovery.Key, nil, s.Recovery
	target, err := s.bucket(p)
	if err != nil {
		return source, nil, err
	}
	return source, &target, s.replicate(p.part, source, target)
}

func (a Args) check() error {
	var p args.Problems
	p.Missing(a.Name == nil || a.Bucket == nil, "the naming of resources or buckets")
	p.Missing(a.Account == "" || a.Region == "", "the account or region")
	p.Missing(a.Key == nil, "the KMS key")
	if t := a.Telemetry; t != nil && (t.LogDays < 1 || t.TraceDays < 1) {
		p.Add(fmt.Errorf("logs of pods for %d and traces for %d days: at least one", t.LogDays, t.TraceDays))
	}
	if r := a.Recovery; r != nil {
		p.Missing(r.Region == "" || r.Key == nil || r.Provider == nil, "the region, KMS key or provider of the recovery region")
		if r.Region == a.Region {
			p.Add(fmt.Errorf("the recovery region is the region itself, %s", a.Region))
		}
	}
	return p.Of("storage")
}
