package policy

import (
	"slices"
	"strings"

	"github.com/script-ohio/platform/infra/iamdoc"
	"github.com/script-ohio/platform/infra/plan"
)

// document is an IAM policy as an input holds it.
type document struct {
	resource *plan.Resource
	path     string
	use      iamdoc.Use
	iamdoc.Document
	err error // it does not read
}

// documents reads every input that is a policy: by its place, or by its shape
// in types that no rule knows. What is marked secret cannot be judged and does
// not read.
func (i *inspection) documents() []document {
	if i.policies != nil {
		return i.policies
	}
	for _, r := range i.Resources {
		for _, leaf := range r.Inputs.Leaves() {
			text, _ := leaf.Value.(string)
			placed := policyPath(r, leaf.Path)
			if !strings.HasPrefix(strings.TrimSpace(text), "{") || !placed && (leaf.Secret || !strings.Contains(text, `"Statement"`)) {
				continue
			}
			d := document{resource: r, path: leaf.Path, use: useOf(r, leaf.Path)}
			if leaf.Secret {
				text = plan.Masked
			}
			d.Document, d.err = iamdoc.Parse(text)
			i.policies = append(i.policies, d)
		}
	}
	return i.policies
}

// policyPath reports whether a policy stands at the path, whatever it looks
// like.
func policyPath(r *plan.Resource, path string) bool {
	last := path[strings.LastIndex(path, ".")+1:]
	return r.Package() == "aws" && slices.Contains([]string{"policy", "assumeRolePolicy", "policyDocument"}, last) &&
		!strings.HasPrefix(path, "tags.")
}

func useOf(r *plan.Resource, path string) iamdoc.Use {
	switch {
	case path == "assumeRolePolicy":
		return iamdoc.Trust
	case strings.HasPrefix(r.Type, "aws:iam/"), strings.HasPrefix(r.Type, "aws:ssoadmin/"):
		return iamdoc.Identity
	}
	return iamdoc.Resource
}

// allowed visits every statement that allows something.
func (i *inspection) allowed(visit func(d document, s iamdoc.Statement)) {
	for _, d := range i.documents() {
		for _, s := range d.Statements {
			if s.Effect == iamdoc.EffectAllow {
				visit(d, s)
			}
		}
	}
}

// label names a statement in a message.
func label(s iamdoc.Statement) string {
	if s.Sid == "" {
		return "a statement"
	}
	return "statement " + s.Sid
}

// narrowed reports whether a condition holds the statement to callers of the
// account: one that must hold, on a key that says who asks or for whom, with
// values that all name the account or one of its networks or organisations.
func narrowed(s iamdoc.Statement, account string) bool {
	return slices.ContainsFunc(s.Conditions, func(c iamdoc.Condition) bool {
		positive := slices.Contains([]string{"StringEquals", "StringLike", "ArnEquals", "ArnLike", "StringEqualsIgnoreCase"}, c.Operator)
		if !positive || len(c.Values) == 0 {
			return false
		}
		switch {
		case slices.Contains([]string{"aws:SourceVpc", "aws:SourceVpce", "aws:PrincipalOrgID", "aws:SourceOrgID"}, c.Key):
			return !slices.ContainsFunc(c.Values, func(v string) bool { return strings.ContainsAny(v, "*?") })
		case slices.Contains([]string{"aws:SourceAccount", "aws:SourceArn", "aws:PrincipalAccount", "aws:PrincipalArn", "kms:CallerAccount"}, c.Key),
			strings.HasPrefix(c.Key, "kms:EncryptionContext:"):
			return !slices.ContainsFunc(c.Values, func(v string) bool { return !strings.Contains(v, account) })
		}
		return false
	})
}

// permits reports whether one of the statement's actions covers the action.
func permits(s iamdoc.Statement, action string) bool {
	if len(s.NotActions) > 0 {
		return !slices.ContainsFunc(s.NotActions, func(pattern string) bool { return like(pattern, action) })
	}
	return slices.ContainsFunc(s.Actions, func(pattern string) bool { return like(pattern, action) })
}

// like matches as IAM does: * is any text, ? any letter, case does not count.
func like(pattern, text string) bool {
	pattern, text = strings.ToLower(pattern), strings.ToLower(text)
	for pattern != "" && pattern[0] != '*' {
		if text == "" || pattern[0] != '?' && pattern[0] != text[0] {
			return false
		}
		pattern, text = pattern[1:], text[1:]
	}
	if pattern == "" {
		return text == ""
	}
	for at := 0; at <= len(text); at++ {
		if like(pattern[1:], text[at:]) {
			return true
		}
	}
	return false
}
