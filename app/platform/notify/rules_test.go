package notify_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/notify"
)

func TestRulesAreRead(t *testing.T) {
	rules, err := notify.ParseRules([]string{"report = slack", "critical=pagerduty+ mail+mail", " backup/ticket=log"})
	require.NoError(t, err)
	require.Equal(t, []notify.Rule{
		{Kind: "report", Channels: []string{"slack"}},
		{Severity: contract.Critical, Channels: []string{"pagerduty", "mail"}},
		{Kind: "backup", Severity: contract.Ticket, Channels: []string{"log"}},
	}, rules)
	to := notify.Targets(rules, notify.Notification{Kind: "backup", Severity: contract.Ticket}, notify.Mail)
	require.Equal(t, map[string]string{"log": ""}, to, "the first that fits")
	to = notify.Targets(rules, notify.Notification{Kind: "job", Severity: contract.Ticket}, notify.Mail)
	require.Equal(t, map[string]string{"mail": ""}, to, "the usual one")

	rules, err = notify.ParseRules(strings.Split(contract.RoutesWithoutMail, ","))
	require.NoError(t, err)
	for _, severity := range contract.Severities() {
		for _, kind := range []string{notify.KindReport, "backup"} {
			to := notify.Targets(rules, notify.Notification{Kind: kind, Severity: severity}, notify.Slack, notify.PagerDuty)
			require.NotContains(t, to[notify.Log], "mail", "%s %s", kind, severity)
		}
	}

	for text, says := range map[string]string{
		"critical": "must be like", "": "must be like", "critical=": "must have channels", "critical=pager": "must have channels",
		"Bad Kind=slack": "neither a severity nor a kind", "backup/loud=slack": `has no severity "loud"`, "/critical=slack": "neither",
	} {
		_, err := notify.ParseRules([]string{"report=mail", text})
		require.Equal(t, fault.Invalid, fault.CodeOf(err), text)
		require.ErrorContains(t, err, says, text)
	}
}
