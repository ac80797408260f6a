package notify

import (
	"slices"
	"strings"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
)

// Rule sends what it fits to channels. An empty kind or severity fits all.
type Rule struct {
	Kind     string
	Severity contract.Severity
	Channels []string
}

// defaultRules wake somebody for what is critical and nobody for the rest.
// Reports are to be read: they go by mail, where they keep their form.
func defaultRules() []Rule {
	return []Rule{
		{Kind: KindReport, Severity: contract.Critical, Channels: []string{PagerDuty, Slack, Mail}},
		{Kind: KindReport, Severity: contract.Warning, Channels: []string{Slack, Mail}},
		{Kind: KindReport, Channels: []string{Mail}},
		{Severity: contract.Critical, Channels: []string{PagerDuty, Slack}},
		{Severity: contract.Warning, Channels: []string{Slack}},
		{Severity: contract.Ticket, Channels: []string{Mail}},
		{Severity: contract.Info, Channels: []string{Log}},
	}
}

// ParseRules reads rules such as critical=pagerduty+slack, report=mail and
// report/ticket=log: a severity, a kind, or kind/severity, and the channels.
// fault.Invalid names the first that cannot be.
func ParseRules(texts []string) ([]Rule, error) {
	var rules []Rule
	for _, text := range texts {
		text = strings.TrimSpace(text)
		matter, channels, ok := strings.Cut(text, "=")
		if !ok {
			return nil, fault.New(fault.Invalid, "%q must be like critical=pagerduty+slack", text)
		}
		rule, err := parseMatter(strings.TrimSpace(matter))
		if err != nil {
			return nil, err
		}
		for channel := range strings.SplitSeq(channels, "+") {
			channel = strings.TrimSpace(channel)
			if !slices.Contains(ChannelNames(), channel) {
				return nil, fault.New(fault.Invalid, "%q must have channels of %s after the =, joined by +", text, strings.Join(ChannelNames(), ", "))
			}
			if !slices.Contains(rule.Channels, channel) {
				rule.Channels = append(rule.Channels, channel)
			}
		}
		rules = append(rules, rule)
	}
	return rules, nil
}

func parseMatter(matter string) (Rule, error) {
	kind, severity, both := strings.Cut(matter, "/")
	known := func(s string) bool { return slices.Contains(contract.Severities(), contract.Severity(s)) }
	switch {
	case !both && known(matter):
		return Rule{Severity: contract.Severity(matter)}, nil
	case !kindPattern.MatchString(kind):
		return Rule{}, fault.New(fault.Invalid, "%q is neither a severity nor a kind nor kind/severity", matter)
	case both && !known(severity):
		return Rule{}, fault.New(fault.Invalid, "%q has no severity %q: use one of %v", matter, severity, contract.Severities())
	}
	return Rule{Kind: kind, Severity: contract.Severity(severity)}, nil
}
