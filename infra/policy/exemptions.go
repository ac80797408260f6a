package policy

import (
	"fmt"
	"strings"
	"time"

	"github.com/script-ohio/platform/infra/stack"
)

// Exemption lets a rule be broken at one place, for a while, because somebody
// said why. It accepts a fact, not a place: where the message no longer says
// Fact, something else is wrong there and the rule fails again.
type Exemption struct {
	Rule string `json:"-"`
	Type string `json:"-"` // of the resource; empty with Name for the stack
	Name string `json:"-"` // of the resource, without project and stack: it holds for every stack
	Fact string `json:"-"` // a part of the message
	// Some says that only stacks with a certain key have it, so that production
	// may be without.
	Some bool `json:"-"`

	Reason string `json:"reason"`
	Owner  string `json:"owner"` // team that renews or removes it
	Until  Day    `json:"until"` // the last day
}

// Exemptions lists them all. One that nothing needs any more fails, so that
// the list is true.
func Exemptions() []Exemption {
	const owner = "platform"
	const copies = "S3 writes access logs within one region and the recovery region has no bucket for them; only the replication writes there and no pod has a role that reads"
	return []Exemption{
		{
			Rule: "no-open-egress", Type: egressRuleType, Name: "cluster-nodes-out", Fact: "tcp 443 out to 0.0.0.0/0",
			Reason: "registries, the data API and Slack have no fixed addresses; HTTPS only, through NAT, in the flow logs",
			Owner:  owner, Until: On(2027, time.May, 31),
		},
		{
			Rule: "no-open-egress", Type: egressRuleType, Name: "cluster-nodes-mail", Fact: "tcp 587 out to 0.0.0.0/0", Some: true,
			Reason: "mail servers have no fixed addresses; only where mailFrom is set, with a login and TLS, and network policies open it to two kinds of pods",
			Owner:  owner, Until: On(2027, time.May, 31),
		},
		{
			Rule: "bucket-encrypted", Type: bucketEncryptionType, Name: "logs", Fact: "objects are not encrypted by KMS",
			Reason: "S3 and load balancers deliver access logs to no other buckets than those with keys of S3; CloudTrail and Config name a KMS key with every object",
			Owner:  owner, Until: On(2027, time.October, 31),
		},
		{
			Rule: "bucket-access-logs", Type: bucketType, Name: "logs", Fact: "no access log",
			Reason: "it receives the access logs: a log of itself would grow by its own deliveries without end",
			Owner:  owner, Until: On(2027, time.October, 31),
		},
		{
			Rule: "bucket-access-logs", Type: bucketType, Name: "recovery-backups", Fact: "no access log",
			Reason: copies, Owner: owner, Until: On(2027, time.May, 31),
		},
		{
			Rule: "bucket-access-logs", Type: bucketType, Name: "recovery-models", Fact: "no access log",
			Reason: copies, Owner: owner, Until: On(2027, time.May, 31),
		},
		{
			Rule: "namespace-restricted", Type: namespaceType, Name: "node-monitoring", Fact: "any pod may run here",
			Reason: "the node exporter reads the node's own files and network, which no stricter standard allows; nothing else is in the namespace, it is closed and bounded, and only administrators may put pods into it",
			Owner:  owner, Until: On(2027, time.May, 31),
		},
		{
			Rule: "no-administrator", Type: attachmentType, Name: "github-deploy-PowerUserAccess", Fact: "PowerUserAccess",
			Reason: "a deployment makes and deletes everything that a stack consists of; it gets in by the approval of the environment only",
			Owner:  owner, Until: On(2027, time.May, 31),
		},
		{
			Rule: "no-escalation", Type: rolePolicyType, Name: "github-deploy", Fact: "OwnRoles allows iam:CreateRole, iam:AttachRolePolicy, iam:PutRolePolicy without",
			Reason: "the deployment makes the roles of the stack; until they have a permissions boundary, the approval of the environment is what bounds it",
			Owner:  owner, Until: On(2027, time.February, 28),
		},
	}
}

// notice is how long before its end an exemption warns.
const notice = 30 * 24 * time.Hour

// Day is a day of the calendar, UTC.
type Day time.Time

// On is the day.
func On(year int, month time.Month, day int) Day {
	return Day(time.Date(year, month, day, 0, 0, 0, 0, time.UTC))
}

// String is the day as 2006-01-02.
func (d Day) String() string { return time.Time(d).Format(time.DateOnly) }

// MarshalText writes the day as 2006-01-02.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// over reports whether the day has passed.
func (d Day) over(now time.Time) bool { return !now.Before(time.Time(d).AddDate(0, 0, 1)) }

// current is the rule about the exemptions themselves; exempt checks it.
func current() Rule {
	return Rule{
		Name:      "exemption-current",
		Reason:    "an exemption that outlives its cause will cover the next mistake at its place",
		Reference: "NIST SP 800-53 CA-5, Plan of action and milestones: https://csrc.nist.gov/pubs/sp/800/53/r5/upd1/final",
	}
}

// exempt explains findings by exemptions and reports those that have expired
// or that explain nothing.
func (i *inspection) exempt(exemptions []Exemption) {
	for n := range exemptions {
		e := &exemptions[n]
		used := false
		for f := range i.findings {
			if found := &i.findings[f]; i.matches(e, *found) {
				used = true
				found.explain(e, i.now)
			}
		}
		if !used && i.applies(e) {
			i.rule = current()
			i.fault(nil, "", "the exemption of %s from %s (%q) explains nothing: remove it from infra/policy/exemptions.go", e.Name, e.Rule, e.Fact)
		}
	}
}

func (i *inspection) matches(e *Exemption, f Finding) bool {
	typ, name := "", ""
	if f.resource != nil {
		typ, name = f.resource.Type, i.local(f.resource)
	}
	return f.Rule == e.Rule && typ == e.Type && name == e.Name && strings.Contains(f.Message, e.Fact)
}

// applies reports whether this stack has what the exemption is about, or
// should: production has all that any stack has, but what it may be without.
func (i *inspection) applies(e *Exemption) bool {
	for _, r := range i.OfType(e.Type) {
		if i.local(r) == e.Name {
			return true
		}
	}
	return i.environment == stack.Prod && !e.Some
}

func (f *Finding) explain(e *Exemption, now time.Time) {
	f.Exemption = e
	switch {
	case e.Until.over(now):
		f.Message += fmt.Sprintf(" (its exemption expired on %s: mend it, or renew the exemption with its reason)", e.Until)
	case e.Until.over(now.Add(notice)):
		f.Severity = Warning
		f.Message += fmt.Sprintf(" (its exemption expires on %s)", e.Until)
	default:
		f.Severity = Exempt
	}
}
