package policy

import (
	"slices"
	"strings"

	"github.com/script-ohio/platform/infra/iamdoc"
	"github.com/script-ohio/platform/infra/plan"
)

// workflows: what runs in CI gets in by the repository and the environment
// that it runs for, and what nobody has read yet changes nothing.
func workflows() []Rule {
	const github = "GitHub, OpenID Connect reference: https://docs.github.com/actions/reference/security/oidc"
	return []Rule{
		{
			Name:      "workflow-trust-narrow",
			Reason:    "GitHub signs tokens for every repository there is; the subject alone says which one asks",
			Reference: github,
			check:     func(i *inspection) { i.allowed(i.trust) },
		},
		{
			Name:      "pull-request-reads-only",
			Reason:    "a pull request runs as its author wrote it, before anybody has read it",
			Reference: github,
			check:     pullRequests,
		},
	}
}

// trust wants a federated login by audience and by a subject of this
// repository that says what runs.
func (i *inspection) trust(d document, s iamdoc.Statement) {
	if !slices.ContainsFunc(s.Principals, func(p iamdoc.Principal) bool { return p.Kind == iamdoc.PrincipalFederated }) {
		return
	}
	audience, subject := compared(s, ":aud"), compared(s, ":sub")
	if !slices.Equal(audience, []string{"sts.amazonaws.com"}) {
		i.fault(d.resource, d.path, "%s takes tokens that were made for others: compare the audience with sts.amazonaws.com", label(s))
	}
	repository := "repo:" + i.repository() + ":"
	if len(subject) == 0 {
		i.fault(d.resource, d.path, "%s takes tokens of every subject: compare the subject with %s...", label(s), repository)
	}
	for _, value := range subject {
		what, ours := strings.CutPrefix(value, repository)
		if !ours || strings.Trim(what, "*?:") == "" {
			i.fault(d.resource, d.path, "%s takes tokens of %s: say %s and the environment or event", label(s), value, repository)
		}
	}
}

// compared are the values that a key with the end must have.
func compared(s iamdoc.Statement, end string) []string {
	for _, c := range s.Conditions {
		if strings.HasSuffix(c.Key, end) && (c.Operator == "StringEquals" || c.Operator == "StringLike") {
			return c.Values
		}
	}
	return nil
}

// repository is owner/name as the providers tag it.
func (i *inspection) repository() string {
	for _, p := range i.OfType(awsProviderType) {
		if name := p.Inputs.Text("defaultTags.tags.Repository"); name != "" {
			return name
		}
	}
	return "(no Repository tag)"
}

// pullRequests wants roles that a pull request may assume to read
// configuration and nothing else.
func pullRequests(i *inspection) {
	roles := map[string]bool{} // by name
	i.allowed(func(d document, s iamdoc.Statement) {
		if slices.ContainsFunc(compared(s, ":sub"), func(v string) bool { return strings.Contains(v, "pull_request") }) {
			roles[roleName(d.resource)] = true
		}
	})
	i.managed(func(r *plan.Resource, path, policy, role string) {
		readers := []string{"arn:aws:iam::aws:policy/SecurityAudit", "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"}
		if roles[role] && !slices.Contains(readers, policy) {
			i.fault(r, path, "pull requests get %s: attach SecurityAudit and ViewOnlyAccess only, which read no data", policy)
		}
	})
	i.allowed(func(d document, s iamdoc.Statement) {
		if d.use != iamdoc.Identity || !roles[d.resource.Inputs.Text("role")] && !roles[roleName(d.resource)] {
			return
		}
		for _, action := range slices.Concat(s.Actions, s.NotActions) {
			_, verb, _ := strings.Cut(action, ":")
			reads := slices.ContainsFunc([]string{"Get", "List", "Describe", "Decrypt"}, func(v string) bool { return strings.HasPrefix(verb, v) })
			if !reads || len(s.NotActions) > 0 {
				i.fault(d.resource, d.path, "%s lets pull requests do %s: a preview only reads", label(s), action)
			}
		}
	})
}
