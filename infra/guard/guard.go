// Package guard is what watches over a stack and its account: backups that
// nobody can delete, audit trails, detection of threats, a budget, and one
// topic that tells people.
package guard

import (
	"errors"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/args"
	"github.com/script-ohio/platform/infra/iamdoc"
	"github.com/script-ohio/platform/infra/stack"
)

// Type is the type of the component.
const Type = "script-ohio:guard:Guard"

// Args say what to build and where.
type Args struct {
	Name    func(parts ...string) string // names a resource of the stack
	Account string                       // 12 digits
	Region  string

	Config stack.Guard
	Logs   Logs // of the audit trails; used with Config.Account only
	Keys   Keys
	// Selected are the tags that a resource must all carry to be backed up
	// into the vault.
	Selected map[string]string
	// Immutable makes the vault lock final after a grace period: then neither
	// we nor AWS can shorten it or delete a vault that holds anything. Without
	// it, who may change the lock can remove it.
	Immutable bool
	// Recovery receives a copy of every recovery point; nil for none.
	Recovery *Recovery
	// Protect refuses to destroy what holds data or watches, and keeps vaults
	// when the stack lets go of them; nil means true.
	Protect *bool
}

// Logs is the bucket of audit trails: it is known once its policy stands.
type Logs struct {
	Bucket, ARN pulumi.StringInput
	// Prefixes of keys, without a slash at their end.
	TrailPrefix, ConfigPrefix string
}

// Keys are the ARNs of KMS keys by what they encrypt.
type Keys struct {
	Vault pulumi.StringInput
	Logs  pulumi.StringInput // audit trails and the alert topic
}

// Recovery is the region of the second vault.
type Recovery struct {
	Vault    pulumi.StringInput    // ARN of a KMS key there
	Provider pulumi.ResourceOption // of that region
}

// Outputs are where alerts and backups go.
type Outputs struct {
	Alerts pulumi.StringOutput // ARN of the topic
	Vault  pulumi.StringOutput // ARN of the vault in the stack's region
}

// TrailARN is the ARN of the trail: the logs bucket lets it in before it
// exists. Empty where the stack has none.
func TrailARN(c stack.Config) string {
	if !c.Guard.Account {
		return ""
	}
	return iamdoc.ARN{Service: "cloudtrail", Region: c.General.Region, Account: c.General.Account, Resource: "trail/" + c.Name(trail)}.String()
}

type guard struct {
	pulumi.ResourceState
	Args
	ctx     *pulumi.Context
	protect bool
	topic   pulumi.StringOutput
}

// New registers the guards. What exists once in an account is left out unless
// Config.Account says that this stack owns it.
func New(ctx *pulumi.Context, name string, given Args, opts ...pulumi.ResourceOption) (*Outputs, error) {
	if err := given.check(); err != nil {
		return nil, err
	}
	g := &guard{Args: given, ctx: ctx, protect: args.On(given.Protect)}
	if err := ctx.RegisterComponentResource(Type, name, g, opts...); err != nil {
		return nil, err
	}
	if err := errors.Join(g.newTopic(), g.newBudget()); err != nil {
		return nil, err
	}
	vault, err := g.newBackups()
	if err != nil {
		return nil, err
	}
	if given.Config.Account {
		if err := errors.Join(g.newTrail(), g.newRecorder(), g.newDetector(), g.newDefaults()); err != nil {
			return nil, err
		}
	}
	return &Outputs{Alerts: g.topic, Vault: vault}, ctx.RegisterResourceOutputs(g, pulumi.Map{"alerts": g.topic, "vault": vault})
}

func (a Args) check() error {
	var p args.Problems
	p.Missing(a.Name == nil, "the naming of resources")
	p.Missing(a.Account == "" || a.Region == "", "the account or region")
	p.Missing(a.Keys.Vault == nil || a.Keys.Logs == nil, "a KMS key")
	p.Missing(len(a.Selected) == 0, "the tag that selects what is backed up: without one everything would be")
	p.Missing(a.Config.Account && (a.Logs.Bucket == nil || a.Logs.ARN == nil || a.Logs.TrailPrefix == "" || a.Logs.ConfigPrefix == ""),
		"the logs bucket or a prefix in it")
	p.Missing(a.Recovery != nil && (a.Recovery.Vault == nil || a.Recovery.Provider == nil), "the KMS key or provider of the recovery region")
	return p.Of("guard")
}

// role registers a role that the service assumes for this account, with
// policies that AWS maintains.
func (g *guard) role(part, service, description string, managed ...string) (*iam.Role, []pulumi.Resource, error) {
	trust, err := iamdoc.TrustService(service, g.Account).Text(iamdoc.Trust)
	if err != nil {
		return nil, nil, err
	}
	name := g.Name(part)
	role, err := iam.NewRole(g.ctx, name, &iam.RoleArgs{
		Name: pulumi.String(name), AssumeRolePolicy: pulumi.String(trust), Description: pulumi.String(description),
	}, pulumi.Parent(g))
	if err != nil {
		return nil, nil, err
	}
	var attached []pulumi.Resource
	for _, policy := range managed {
		a, err := iam.NewRolePolicyAttachment(g.ctx, name+"-"+policy, &iam.RolePolicyAttachmentArgs{
			Role: role.Name, PolicyArn: pulumi.String("arn:aws:iam::aws:policy/service-role/" + policy),
		}, pulumi.Parent(g))
		if err != nil {
			return nil, nil, err
		}
		attached = append(attached, a)
	}
	return role, attached, nil
}
