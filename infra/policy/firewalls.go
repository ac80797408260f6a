package policy

import (
	"slices"

	"github.com/script-ohio/platform/infra/plan"
)

// firewalls: what everybody may call is judged before it arrives.
func firewalls() []Rule {
	return []Rule{
		{
			Name:      "firewall-rules",
			Reason:    "known attacks and floods stop at the edge, where they cost the service nothing",
			Reference: hub("WAF.10", "WAF.12") + "; AWS WAF baseline: https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html",
			check: func(i *inspection) {
				if len(i.OfType(webACLType)) == 0 {
					i.fault(nil, "", "nothing stands before the load balancer: add a web ACL")
				}
				for _, acl := range i.OfType(webACLType) {
					firewallRules(i, acl)
				}
			},
		},
		{
			Name:      "firewall-logs",
			Reason:    "a log shows what was blocked; with credentials in it, it is a place to steal them",
			Reference: hub("WAF.11"),
			check:     firewallLogs,
		},
	}
}

// baseline are the managed groups of AWS for an API with a database.
func baseline() []string {
	return []string{
		"AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesCommonRuleSet",
		"AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesSQLiRuleSet",
	}
}

func firewallRules(i *inspection, acl *plan.Resource) {
	rated := false
	groups := map[string]bool{}
	for _, rule := range expand(acl.Inputs, "rules.*") {
		blocks := acl.Inputs.At(rule+".action.block") != nil
		if acl.Inputs.At(rule+".statement.rateBasedStatement") != nil && blocks {
			rated = true
		}
		if name := acl.Inputs.Text(rule + ".statement.managedRuleGroupStatement.name"); name != "" && acl.Inputs.At(rule+".overrideAction.none") != nil {
			groups[name] = true
		}
		i.hold(acl, must{rule + ".visibilityConfig.cloudwatchMetricsEnabled", yes, "the rule is not counted: set cloudwatchMetricsEnabled to true"})
	}
	if !rated {
		i.fault(acl, "rules", "nobody who asks too often is blocked: add a rate-based rule with the action block")
	}
	for _, name := range baseline() {
		if !groups[name] {
			i.fault(acl, "rules", "the managed group %s is missing or only counts: add it with the override none", name)
		}
	}
}

// firewallLogs wants a log without the headers that carry credentials.
func firewallLogs(i *inspection) {
	for _, acl := range i.OfType(webACLType) {
		found := i.pointing(webACLLoggingType, "resourceArn", acl)
		if len(found) == 0 {
			i.fault(acl, "", "nothing records what it blocks: add a logging configuration")
		}
		for _, r := range found {
			i.hold(r, must{"logDestinationConfigs.*", given, "its log goes nowhere: name a log group"})
			var redacted []string
			for _, path := range expand(r.Inputs, "redactedFields.*.singleHeader.name") {
				redacted = append(redacted, r.Inputs.Text(path))
			}
			for _, header := range []string{"authorization", "cookie", "x-api-key"} {
				if !slices.Contains(redacted, header) {
					i.fault(r, "redactedFields", "the log holds the header %s: redact it", header)
				}
			}
		}
	}
}
