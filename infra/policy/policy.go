// Package policy holds a recorded stack to rules: of CIS, of AWS and our own.
// They look at what the program asks for, before anything exists, so that what
// is wrong never does.
package policy

import (
	"cmp"
	"slices"
	"time"

	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/stack"
)

// Rule is one thing that must hold in every stack, or in production.
type Rule struct {
	Name       string `json:"name"`   // stable: exemptions and people refer to it
	Reason     string `json:"reason"` // what happens where it does not hold
	Reference  string `json:"reference"`
	Production bool   `json:"production"` // holds in production only

	check func(*inspection)
}

// Rules lists every rule by theme.
func Rules() []Rule {
	return slices.Concat(
		encryption(), transit(), // nobody reads along
		exposure(), networks(), hosts(), // nobody gets in
		access(), workflows(), // nobody does more than they must
		durability(), recovery(), // nothing is lost
		logging(), firewalls(), // what happens can be seen
		objects(), pods(), images(), namespaces(), workload(), permissions(), // nobody leaves its place in the cluster
		hygiene(), versions(), secrets(),
		[]Rule{current()},
	)
}

// Severity says what a finding means for the stack.
type Severity string

// The severities, worst first.
const (
	Error   Severity = "error"   // the stack must not be deployed
	Warning Severity = "warning" // it may, but soon will not
	Exempt  Severity = "exempt"  // it may, for a reason that somebody owns
)

// Finding is one place where a rule does not hold.
type Finding struct {
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	URN      string   `json:"urn"`     // the stack's own where something is missing from it
	Path     string   `json:"path"`    // of the input; empty for the resource as a whole
	Message  string   `json:"message"` // what is wrong and what to do; never a secret

	Reason    string     `json:"reason"`
	Reference string     `json:"reference"`
	Exemption *Exemption `json:"exemption"` // null without one

	resource *plan.Resource // nil where it is the stack
}

// Report is the judgement of one stack.
type Report struct {
	Stack       string            `json:"stack"`
	Environment stack.Environment `json:"environment"`
	Rules       int               `json:"rules"`     // that were checked
	Resources   int               `json:"resources"` // that they were checked on
	Findings    []Finding         `json:"findings"`  // worst first, then by rule and URN; never null
}

// Failed reports whether the stack must not be deployed.
func (r Report) Failed() bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Severity == Error })
}

// Check holds the graph to the rules of its environment. now decides which
// versions are in support and which exemptions have expired.
func Check(g *plan.Graph, environment stack.Environment, now time.Time) Report {
	report := Report{Stack: g.Stack.Name, Environment: environment, Resources: len(g.Resources)}
	i := inspect(g, environment, now)
	for _, rule := range Rules() {
		if rule.Production && !i.production() {
			continue
		}
		report.Rules++
		if i.rule = rule; rule.check != nil {
			rule.check(i)
		}
	}
	i.exempt(Exemptions())
	slices.SortFunc(i.findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Severity.rank(), b.Severity.rank()), cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(a.URN, b.URN), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Message, b.Message),
		)
	})
	report.Findings = slices.CompactFunc(i.findings, func(a, b Finding) bool {
		return a.Rule == b.Rule && a.URN == b.URN && a.Path == b.Path && a.Message == b.Message
	})
	if report.Findings == nil {
		report.Findings = []Finding{}
	}
	return report
}

func (s Severity) rank() int { return slices.Index([]Severity{Error, Warning, Exempt}, s) }
