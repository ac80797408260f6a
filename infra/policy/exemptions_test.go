package policy_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/plan/plantest"
	"github.com/script-ohio/platform/infra/policy"
	"github.com/script-ohio/platform/infra/stack"
)

func TestExemptionsSayWhyWhoAndUntilWhen(t *testing.T) {
	rules := map[string]bool{}
	for _, rule := range policy.Rules() {
		rules[rule.Name] = true
	}
	for _, e := range policy.Exemptions() {
		require.True(t, rules[e.Rule], "no rule %s", e.Rule)
		require.NotEmpty(t, e.Fact, "an exemption accepts a fact, not a place")
		require.NotEmpty(t, e.Reason)
		require.NotEmpty(t, e.Owner)
		until := time.Time(e.Until)
		require.True(t, until.After(plantest.Day()) && until.Before(plantest.Day().AddDate(1, 0, 0)), "%s: within a year", e.Name)
	}
}

func TestExemptionsEnd(t *testing.T) {
	g := record(t, plantest.Config(t, "prod"))
	on := func(year int, month time.Month, day int) policy.Finding {
		found := of(policy.Check(g.Graph, stack.Prod, time.Date(year, month, day, 12, 0, 0, 0, time.UTC)), "no-open-egress")
		require.Len(t, found, 1)
		require.NotNil(t, found[0].Exemption)
		return found[0]
	}
	require.Equal(t, policy.Exempt, on(2027, time.April, 1).Severity)

	last := on(2027, time.May, 31)
	require.Equal(t, policy.Warning, last.Severity, "the last day")
	require.Contains(t, last.Message, "(its exemption expires on 2027-05-31)")

	over := on(2027, time.June, 1)
	require.Equal(t, policy.Error, over.Severity)
	require.Contains(t, over.Message, "tcp 443 out to 0.0.0.0/0")
	require.Contains(t, over.Message, "(its exemption expired on 2027-05-31: mend it, or renew the exemption with its reason)")
}

func TestAnExemptionDoesNotCoverMore(t *testing.T) {
	g := record(t, plantest.Config(t, "prod"))
	g.set("vpc/securityGroupEgressRule", "cluster-nodes-out", "toPort", 65535)
	found := of(g.judge(), "no-open-egress")
	require.Len(t, found, 1)
	require.Equal(t, policy.Error, found[0].Severity)
	require.Contains(t, found[0].Message, "tcp 443-65535 out to 0.0.0.0/0")
	require.Nil(t, found[0].Exemption)
}

// What production may be without needs no exemption while it is.
func TestTheWayOutOfMailIsExemptWhereItIs(t *testing.T) {
	c := plantest.Config(t, "prod")
	require.Empty(t, of(record(t, c).judge(), "exemption-current"))
	c.Mail = stack.Mail{From: "ohio@example.com", To: []string{"operators@example.com"}}
	g := record(t, c)
	require.Len(t, of(g.judge(), "no-open-egress"), 2)
	g.set("vpc/securityGroupEgressRule", "cluster-nodes-mail", "fromPort", 25)
	found := of(g.judge(), "exemption-current")
	require.Len(t, found, 1)
	require.Contains(t, found[0].Message, `cluster-nodes-mail from no-open-egress ("tcp 587 out to 0.0.0.0/0") explains nothing`)
}

func TestAnExemptionThatExplainsNothingFails(t *testing.T) {
	g := record(t, plantest.Config(t, "staging"))
	require.Empty(t, of(policy.Check(g.Graph, stack.Staging, plantest.Day()), "exemption-current"),
		"staging has no copies, whose exemption is for other stacks")
	g.drop("iam/rolePolicyAttachment", "github-deploy-PowerUserAccess")
	require.Empty(t, of(policy.Check(g.Graph, stack.Staging, plantest.Day()), "exemption-current"))
	g.set("vpc/securityGroupEgressRule", "cluster-nodes-out", "cidrIpv4", "198.51.100.0/24")
	found := of(policy.Check(g.Graph, stack.Staging, plantest.Day()), "exemption-current")
	require.Len(t, found, 1)
	require.Equal(t, policy.Error, found[0].Severity)
	require.Contains(t, found[0].Message, `cluster-nodes-out from no-open-egress ("tcp 443 out to 0.0.0.0/0") explains nothing`)
}
