package routing

import (
	"strings"

	"github.com/script-ohio/platform/app/contract"
)

// maxAlerts keeps a message to the app under contract.MaxBodyBytes, as long as
// an alert has less than 4 KiB.
const maxAlerts = contract.MaxBodyBytes / (4 << 10)

// receivers are those that exist; no route names another.
func receivers(o Options) []Receiver {
	all := []Receiver{{Name: ReceiverWebhook, Webhook: []Webhook{webhook(o.Webhook)}}}
	if o.HeartbeatURLFile != "" {
		all = append(all, Receiver{Name: ReceiverHeartbeat, Webhook: []Webhook{{URLFile: o.HeartbeatURLFile, MaxAlerts: 1}}})
	}
	for _, severity := range contract.Severities() {
		if !o.told(severity) {
			continue
		}
		r := Receiver{Name: string(severity)}
		switch severity {
		case contract.Critical:
			r.PagerDuty, r.Slack = pagerDuty(o.PagerDuty), slack(o.Slack)
		case contract.Warning:
			r.Slack = slack(o.Slack)
		case contract.Ticket:
			if r.Email = email(o.Mail); r.Email == nil {
				r.Slack = slack(o.Slack) // rather in a crowd than unread
			}
		}
		all = append(all, r)
	}
	return all
}

func webhook(o WebhookOptions) Webhook {
	return Webhook{
		SendResolved: true, URL: strings.TrimRight(o.URL, "/") + contract.RouteAlerts.Path, MaxAlerts: maxAlerts,
		// A redirect would carry the token elsewhere.
		HTTP: &HTTP{Authorization: Authorization{CredentialsFile: o.TokenFile}},
	}
}

func pagerDuty(o PagerDutyOptions) []PagerDuty {
	if o.RoutingKeyFile == "" {
		return nil
	}
	return []PagerDuty{{
		SendResolved: true, RoutingKeyFile: o.RoutingKeyFile,
		Description: fill("pagerduty.ohio.description"),
		Severity:    fill("pagerduty.ohio.severity"),
		Class:       "{{ .GroupLabels.alertname }}",
		Component:   "{{ .CommonLabels.component }}",
		Client:      contract.ServiceName,
		ClientURL:   fill("ohio.link"),
		Details: map[string]string{
			"firing": fill("pagerduty.ohio.firing"), "resolved": fill("pagerduty.ohio.resolved"),
			"num_firing": "{{ len .Alerts.Firing }}", "num_resolved": "{{ len .Alerts.Resolved }}",
		},
		Links: []Link{
			{Href: "{{ .CommonAnnotations.runbook_url }}", Text: "Runbook"},
			{Href: "{{ .CommonAnnotations.dashboard_url }}", Text: "Dashboard"},
		},
	}}
}

func slack(o SlackOptions) []Slack {
	if o.URLFile == "" {
		return nil
	}
	return []Slack{{
		SendResolved: true, APIURLFile: o.URLFile, Channel: o.Channel,
		Color: fill("slack.ohio.color"), Title: fill("slack.ohio.title"), TitleLink: fill("ohio.link"),
		Fallback: fill("ohio.title"), Text: fill("slack.ohio.text"), MarkdownIn: []string{"text"},
	}}
}

func email(o MailOptions) []Email {
	if o.empty() {
		return nil
	}
	return []Email{{
		SendResolved: true, To: strings.Join(o.To, ", "), From: o.From, Smarthost: o.Smarthost,
		AuthUsername: o.Username, AuthPasswordFile: o.PasswordFile, RequireTLS: true,
		Headers: map[string]string{"Subject": fill("email.ohio.subject")},
		HTML:    fill("email.ohio.html"), Text: fill("email.ohio.text"),
	}}
}

// fill is the text that a template of Templates makes of a group of alerts.
func fill(template string) string { return `{{ template "` + template + `" . }}` }
