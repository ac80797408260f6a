package iamdoc

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Use is where a document stands; what is valid depends on it.
type Use int

// The uses of documents.
const (
	Identity Use = iota // what a role or user may do
	Resource            // who may use a bucket, key, secret, queue or vault
	Trust               // who may assume a role
)

// Limits of IAM and S3, in characters. White space does not count, and the
// canonical form has none.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const (
	maxIdentity = 6144 // managed policy
	maxTrust    = 2048 // role trust policy, the quota before any increase
	maxResource = 20480
)

// Validate reports everything that AWS would refuse or least privilege
// forbids: an allowed wildcard action on every resource, everybody as
// principal without a condition, a federated login that does not say whose.
func (d Document) Validate(use Use) error {
	var problems []error
	if len(d.Statements) == 0 {
		problems = append(problems, errors.New("a policy needs a statement"))
	}
	sids := map[string]bool{}
	for i, s := range d.Statements {
		name := fmt.Sprintf("statement %d", i+1)
		if s.Sid != "" {
			name = "statement " + s.Sid
			if sids[s.Sid] {
				problems = append(problems, fmt.Errorf("%s stands twice", name))
			}
			sids[s.Sid] = true
		}
		for _, problem := range s.problems(use) {
			problems = append(problems, fmt.Errorf("%s: %w", name, problem))
		}
	}
	text, err := d.JSON()
	limit := map[Use]int{Identity: maxIdentity, Resource: maxResource, Trust: maxTrust}[use]
	if err != nil {
		problems = append(problems, err)
	} else if len(text) > limit {
		problems = append(problems, fmt.Errorf("the policy has %d characters, at most %d are allowed: split it", len(text), limit))
	}
	return errors.Join(problems...)
}

var (
	sidPattern    = regexp.MustCompile(`^[A-Za-z0-9]*$`)
	actionPattern = regexp.MustCompile(`^(\*|[a-z0-9-]+:[A-Za-z0-9*?]+)$`)
)

func (s Statement) problems(use Use) []error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }

	if !sidPattern.MatchString(s.Sid) {
		bad("its name may have letters and digits only")
	}
	if s.Effect != EffectAllow && s.Effect != EffectDeny {
		bad("effect %q is neither Allow nor Deny", s.Effect)
	}
	if (len(s.Actions) == 0) == (len(s.NotActions) == 0) {
		bad("it needs either actions or excepted actions")
	}
	if len(s.NotActions) > 0 && s.Effect == EffectAllow {
		bad("it allows all actions but some: name what it allows")
	}
	for _, list := range [][]string{s.Actions, s.NotActions} {
		for _, action := range list {
			if !actionPattern.MatchString(action) {
				bad("action %q is not service:Name", action)
			}
		}
	}
	for _, resource := range s.Resources {
		if resource != "*" && !strings.HasPrefix(resource, "arn:") {
			bad("resource %q is not an ARN", resource)
		}
	}
	for _, c := range s.Conditions {
		if !operator(c.Operator) {
			bad("condition operator %q is unknown", c.Operator)
		}
		if c.Key == "" || len(c.Values) == 0 {
			bad("condition %s of %q compares with nothing", c.Operator, c.Key)
		}
	}
	switch use {
	case Identity:
		if len(s.Principals) > 0 {
			bad("a policy of an identity names no principal")
		}
		if len(s.Resources) == 0 {
			bad("it names no resource")
		}
		for _, action := range s.Overbroad() {
			bad("it allows %s on every resource: name the actions or the resources", action)
		}
	case Resource:
		if len(s.Resources) == 0 {
			bad("it names no resource")
		}
		problems = append(problems, s.principalProblems()...)
	case Trust:
		if len(s.Resources) > 0 {
			bad("a trust policy names no resource: it stands at the role")
		}
		for _, action := range s.Actions {
			if !strings.HasPrefix(action, "sts:") || strings.ContainsAny(action, "*?") {
				bad("a trust policy allows sts actions by name, not %s", action)
			}
		}
		problems = append(problems, s.principalProblems()...)
	default:
		bad("use %d is unknown", use)
	}
	return problems
}

func (s Statement) principalProblems() []error {
	if len(s.Principals) == 0 {
		return []error{errors.New("it names no principal")}
	}
	var problems []error
	for _, p := range s.Principals {
		switch p.Kind {
		case PrincipalAWS, PrincipalService, PrincipalFederated:
		default:
			problems = append(problems, fmt.Errorf("principal kind %q is unknown", p.Kind))
		}
		if p.ID == "" {
			problems = append(problems, errors.New("a principal has no name"))
		}
		if s.Effect != EffectAllow {
			continue
		}
		if p.ID == "*" && len(s.Conditions) == 0 {
			problems = append(problems, errors.New("it allows everybody without a condition"))
		}
		if p.Kind == PrincipalFederated && !s.tests(":sub") {
			problems = append(problems, fmt.Errorf("it lets every identity of %s in: compare its :sub", p.ID))
		}
		if p.Kind == PrincipalFederated && !s.tests(":aud") {
			problems = append(problems, fmt.Errorf("it takes tokens of %s that were made for others: compare its :aud", p.ID))
		}
	}
	return problems
}

// tests reports whether a condition compares a key with that end to
// something that not everything matches.
func (s Statement) tests(end string) bool {
	for _, c := range s.Conditions {
		narrow := c.Operator == "StringEquals" || c.Operator == "StringLike"
		for _, v := range c.Values {
			narrow = narrow && strings.Trim(v, "*?") != ""
		}
		if narrow && strings.HasSuffix(c.Key, end) && len(c.Values) > 0 {
			return true
		}
	}
	return false
}

// Overbroad lists the allowed actions with a wildcard that apply to every
// resource. Describe* and List* pass, for most of them take no resource and
// they read no data.
func (s Statement) Overbroad() []string {
	if s.Effect != EffectAllow || !slices.ContainsFunc(s.Resources, everyResource) {
		return nil
	}
	actions := s.Actions
	if len(s.NotActions) > 0 {
		actions = append([]string{"*"}, actions...)
	}
	var broad []string
	for _, action := range actions {
		_, name, _ := strings.Cut(action, ":")
		reads := strings.HasPrefix(name, "Describe") || strings.HasPrefix(name, "List")
		if strings.ContainsAny(action, "*?") && !reads {
			broad = append(broad, action)
		}
	}
	return broad
}

// everyResource reports whether a resource pattern is a wildcard for all
// resources, or for all of a service.
func everyResource(pattern string) bool {
	parts := strings.SplitN(pattern, ":", 6)
	return strings.Trim(parts[len(parts)-1], "*?") == ""
}
