package policy_test

import (
	"encoding/json"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/plan/plantest"
	"github.com/script-ohio/platform/infra/policy"
	"github.com/script-ohio/platform/infra/stack"
)

func TestDeployedStacksHaveNoUnexplainedFinding(t *testing.T) {
	for _, name := range []string{"staging", "prod"} {
		t.Run(name, func(t *testing.T) {
			config := plantest.Deployed(t, name)
			report := policy.Check(record(t, config).Graph, config.General.Environment, plantest.Day())
			require.False(t, report.Failed())
			for _, f := range report.Findings {
				require.Equal(t, policy.Exempt, f.Severity, "%s: %s", f.URN, f.Message)
				require.NotEmpty(t, f.Exemption.Reason)
				require.NotEmpty(t, f.Exemption.Owner)
			}
		})
	}
}

func TestOtherSettingsHaveNoUnexplainedFindingEither(t *testing.T) {
	networks := func(list ...string) (all []netip.Prefix) {
		for _, text := range list {
			all = append(all, netip.MustParsePrefix(text))
		}
		return all
	}
	for what, c := range map[string]struct {
		stack  string
		change func(*stack.Config)
	}{
		"copies of staging": {"staging", func(c *stack.Config) { c.General.CrossRegion = true }},
		"unprotected":       {"staging", func(c *stack.Config) { c.General.Protect = false }},
		"second of account": {"staging", func(c *stack.Config) { c.Guard.Account = false }},
		"no endpoints":      {"prod", func(c *stack.Config) { c.Network.Endpoints = false }},
		"office and VPN": {"prod", func(c *stack.Config) {
			c.Cluster.PublicAccess = networks("198.51.100.0/24")
			c.Network.Reserved, c.Cluster.VPNAccess = networks("10.200.0.0/16"), networks("10.200.1.0/24")
		}},
		"administrators": {"prod", func(c *stack.Config) { c.Cluster.Admins = []string{"arn:aws:iam::111122223333:role/ops"} }},
		"state in S3": {"prod", func(c *stack.Config) {
			c.General.StateBucket, c.General.StateKey = "ohio-state", "arn:aws:kms:us-east-2:111122223333:key/0b1c2d3e-4f5a-6b7c-8d9e-0f1a2b3c4d5e"
		}},
		"Redis": {"prod", func(c *stack.Config) { c.Cache.Engine, c.Cache.Version = "redis", "7.1" }},
		"mail and encrypted backups": {"prod", func(c *stack.Config) {
			c.Mail = stack.Mail{From: "ohio@example.com", To: []string{"operators@example.com"}}
			c.Storage.Recipients = []string{"age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"}
		}},
		"workers": {"prod", func(c *stack.Config) { c.Release.Workers = true }},
		"two releases": {"prod", func(c *stack.Config) {
			c.Release.Blue, c.Release.Green, c.Release.Live = c.Release.Image, "ghcr.io/script-ohio/platform:v0.2.0", stack.Green
		}},
	} {
		t.Run(what, func(t *testing.T) {
			config := plantest.Config(t, c.stack)
			c.change(&config)
			report := policy.Check(record(t, config).Graph, config.General.Environment, plantest.Day())
			for _, f := range report.Findings {
				require.Equal(t, policy.Exempt, f.Severity, "%s: %s %s", f.URN, f.Path, f.Message)
			}
		})
	}
}

func TestRulesExplainThemselves(t *testing.T) {
	names := map[string]bool{}
	for _, rule := range policy.Rules() {
		require.Regexp(t, `^[a-z0-9]+(-[a-z0-9]+)+$`, rule.Name)
		require.False(t, names[rule.Name], "%s stands twice", rule.Name)
		names[rule.Name] = true
		require.NotEmpty(t, rule.Reason, rule.Name)
		require.Contains(t, rule.Reference, "https://", rule.Name)
	}
}

func TestRulesOfProductionAreNotOfStaging(t *testing.T) {
	config := plantest.Config(t, "staging")
	g := record(t, config)
	g.set("rds/instance", "database", "deletionProtection", false)
	report := policy.Check(g.Graph, stack.Staging, plantest.Day())
	require.False(t, report.Failed())
	production := slices.DeleteFunc(policy.Rules(), func(r policy.Rule) bool { return !r.Production })
	require.NotEmpty(t, production)
	require.Equal(t, len(policy.Rules())-len(production), report.Rules)
	require.True(t, policy.Check(g.Graph, stack.Prod, plantest.Day()).Failed())
}

func TestVersionsWarnAheadOfTime(t *testing.T) {
	g := record(t, plantest.Config(t, "prod"))
	report := policy.Check(g.Graph, stack.Prod, time.Date(2027, time.May, 20, 0, 0, 0, 0, time.UTC))
	var messages []string
	for _, f := range of(report, "version-supported") {
		require.Equal(t, policy.Warning, f.Severity)
		messages = append(messages, f.Message)
	}
	require.Equal(t, []string{"EKS 1.36 leaves standard support on 2027-08-02: plan the upgrade", "EKS 1.36 leaves standard support on 2027-08-02: plan the upgrade"}, messages)

	report = policy.Check(g.Graph, stack.Prod, time.Date(2027, time.August, 3, 0, 0, 0, 0, time.UTC))
	require.Equal(t, policy.Error, of(report, "version-supported")[0].Severity)
}

func TestReportIsSortedAndTheSameEveryTime(t *testing.T) {
	g := record(t, plantest.Config(t, "prod"))
	open(g, "database-from-nodes", "cidrIpv4", "0.0.0.0/0")
	g.set("rds/instance", "database", "multiAz", false)
	first := g.judge()
	for range 10 {
		require.Equal(t, first, g.judge())
	}
	var order []string
	for _, f := range first.Findings {
		order = append(order, map[policy.Severity]string{policy.Error: "1", policy.Warning: "2", policy.Exempt: "3"}[f.Severity]+f.Rule+f.URN)
	}
	require.IsIncreasing(t, order)
}

func TestFindingAsJSON(t *testing.T) {
	g := record(t, plantest.Config(t, "prod"))
	g.set("rds/instance", "database", "multiAz", false)
	report := g.judge()
	text, err := json.Marshal(of(report, "database-standby"))
	require.NoError(t, err)
	require.JSONEq(t, `[{
		"rule": "database-standby", "severity": "error",
		"urn": "urn:pulumi:prod::script-ohio::script-ohio:database:Database$aws:rds/instance:Instance::script-ohio-prod-database",
		"path": "multiAz",
		"message": "the database has no standby in another zone: set multiAz to true",
		"reason": "without a standby the loss of one zone is the loss of the service until a restore",
		"reference": "Security Hub RDS.5: https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-5 (CIS AWS 5.0 2.2.4)",
		"exemption": null
	}]`, string(text))
	text, err = json.Marshal(of(report, "no-open-egress")[0].Exemption)
	require.NoError(t, err)
	require.Regexp(t, `^{"reason":".+","owner":"platform","until":"20\d\d-\d\d-\d\d"}$`, string(text))
}

func TestNoFindingsAreAnEmptyList(t *testing.T) {
	g := record(t, plantest.Config(t, "staging"))
	g.Resources = nil
	report := policy.Check(g.Graph, stack.Staging, plantest.Day())
	text, err := json.Marshal(report)
	require.NoError(t, err)
	require.NotContains(t, string(text), "null,", "lists are never null")
	for _, f := range report.Findings {
		require.Equal(t, "urn:pulumi:staging::script-ohio::pulumi:pulumi:Stack::script-ohio-staging", f.URN, "what is missing is missing from the stack")
	}
}

func TestTextFitsIntoAPullRequest(t *testing.T) {
	g := record(t, plantest.Config(t, "prod"))
	write := func() string {
		var out strings.Builder
		require.NoError(t, g.judge().Write(&out))
		return out.String()
	}
	clean := write()
	require.Regexp(t, regexp.MustCompile(`(?s)^Policy of stack prod under the rules of prod\n\nEXEMPT\n.*\n\n\d+ rules, \d+ resources, no findings, \d+ exempt\n$`), clean)
	require.Contains(t, clean, "until 2027-05-31, platform: registries")

	g.set("rds/instance", "database", "multiAz", false)
	g.set("eks:index:Cluster", "cluster", "version", "1.34") // ends on 2026-12-02
	failed := write()
	require.Contains(t, failed, `
ERROR
  database-standby      Instance script-ohio-prod-database
                        multiAz: the database has no standby in another zone: set multiAz to true
                        because without a standby the loss of one zone is the loss of the service until a restore
                        Security Hub RDS.5: https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-5 (CIS AWS 5.0 2.2.4)

WARNING
  version-supported     Cluster script-ohio-prod-cluster
                        version: EKS 1.34 leaves standard support on 2026-12-02: plan the upgrade
`)
	require.Contains(t, failed, " resources, 1 error, 1 warning, ")
	require.Less(t, strings.Index(failed, "WARNING"), strings.Index(failed, "EXEMPT"))
}
