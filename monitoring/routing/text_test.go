package routing_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	amalert "github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/config/common"
	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/notify/pagerduty"
	"github.com/prometheus/alertmanager/notify/slack"
	"github.com/prometheus/alertmanager/template"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
)

// sender sends what the notifiers of the loaded configuration make of alerts.
type sender struct {
	t      *testing.T
	config *config.Config
	texts  *template.Template
	got    chan []byte
}

func newSender(t *testing.T) *sender {
	s := &sender{t: t, got: make(chan []byte, 1)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.got <- body
		if strings.HasPrefix(r.URL.Path, "/slack") {
			_, _ = io.WriteString(w, "ok")
			return
		}
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(server.Close)
	o, secrets := full(), t.TempDir()
	o.Slack.URLFile, o.PagerDuty.RoutingKeyFile = filepath.Join(secrets, "slack"), filepath.Join(secrets, "pagerduty")
	require.NoError(t, os.WriteFile(o.Slack.URLFile, []byte(server.URL+"/slack\n"), 0o600))
	require.NoError(t, os.WriteFile(o.PagerDuty.RoutingKeyFile, []byte("key\n"), 0o600))
	loaded, err := config.LoadFile(written(t, o))
	require.NoError(t, err)
	s.config = loaded
	s.texts, err = template.FromGlobs(loaded.Templates)
	require.NoError(t, err)
	s.texts.ExternalURL, err = url.Parse("http://alertmanager.example.org")
	require.NoError(t, err)
	for _, r := range loaded.Receivers {
		for _, p := range r.PagerdutyConfigs {
			p.URL = common.MustParseURL(server.URL + "/pagerduty")
		}
	}
	return s
}

func (s *sender) receiver(name string) config.Receiver {
	for _, r := range s.config.Receivers {
		if r.Name == name {
			return r
		}
	}
	s.t.Fatalf("no receiver %s", name)
	return config.Receiver{}
}

func (s *sender) context(alerts []*amalert.Alert) context.Context {
	ctx := notify.WithGroupKey(s.t.Context(), "group")
	ctx = notify.WithReceiverName(ctx, "critical")
	ctx = notify.WithGroupLabels(ctx, model.LabelSet{"alertname": alerts[0].Labels["alertname"], "severity": alerts[0].Labels["severity"]})
	return ctx
}

func (s *sender) send(n notify.Notifier, err error, alerts []*amalert.Alert, into any) {
	s.t.Helper()
	require.NoError(s.t, err)
	_, err = n.Notify(s.context(alerts), alerts...)
	require.NoError(s.t, err)
	require.NoError(s.t, json.Unmarshal(<-s.got, into))
}

type slackMessage struct {
	Attachments []struct{ Title, TitleLink, Text, Fallback, Color string }
}

func (s *sender) slack(alerts []*amalert.Alert) slackMessage {
	n, err := slack.New(s.receiver("critical").SlackConfigs[0], s.texts, slog.New(slog.DiscardHandler))
	var m slackMessage
	s.send(n, err, alerts, &m)
	require.Len(s.t, m.Attachments, 1)
	return m
}

type pagerDutyEvent struct {
	Action  string `json:"event_action"`
	Payload struct {
		Summary, Severity, Class, Component string
		Details                             map[string]any `json:"custom_details"`
	}
	Links []struct{ Href, Text string }
}

func (s *sender) pagerDuty(alerts []*amalert.Alert) (e pagerDutyEvent) {
	n, err := pagerduty.New(s.receiver("critical").PagerdutyConfigs[0], s.texts, slog.New(slog.DiscardHandler))
	s.send(n, err, alerts, &e)
	return e
}

// mail gives subject, text and HTML.
func (s *sender) mail(alerts []*amalert.Alert) (subject, text, html string) {
	ctx, c := s.context(alerts), s.receiver("ticket").EmailConfigs[0]
	data := notify.GetTemplateData(ctx, s.texts, alerts, slog.New(slog.DiscardHandler))
	var err error
	subject, err = s.texts.ExecuteTextString(c.Headers["Subject"], data)
	require.NoError(s.t, err)
	text, err = s.texts.ExecuteTextString(c.Text, data)
	require.NoError(s.t, err)
	html, err = s.texts.ExecuteHTMLString(c.HTML, data)
	require.NoError(s.t, err)
	return subject, text, html
}

// alert is one that has all that alerts of the platform have; a zero end means
// that it fires.
func alert(name, severity, instance string, end time.Time) *amalert.Alert {
	labels := model.LabelSet{"instance": model.LabelValue(instance), "component": "database"}
	if name != "" {
		labels["alertname"] = model.LabelValue(name)
	}
	if severity != "" {
		labels["severity"] = model.LabelValue(severity)
	}
	return &amalert.Alert{Alert: model.Alert{
		Labels: labels, StartsAt: time.Date(2025, 11, 28, 17, 3, 0, 0, time.UTC), EndsAt: end,
		GeneratorURL: "http://prometheus.example.org/graph?g0.expr=up&g0.tab=1",
		Annotations: model.LabelSet{
			"summary":       "PostgreSQL does not answer",
			"description":   "No connection for 2m: p99 > 2s & <rising> on " + model.LabelValue(instance) + ". Look at the events of the database first.",
			"runbook_url":   "https://example.org/runbooks/postgres-down.md",
			"dashboard_url": "https://grafana.example.org/d/postgresql",
		},
	}}
}

func TestFiringPageTellsWhatToDo(t *testing.T) {
	s, group := newSender(t), []*amalert.Alert{alert("PostgresDown", "critical", "a", time.Time{}), alert("PostgresDown", "critical", "b", time.Time{})}

	m := s.slack(group).Attachments[0]
	require.Equal(t, "CRITICAL PostgresDown (2)", m.Title)
	require.Equal(t, "CRITICAL PostgresDown (2): PostgreSQL does not answer", m.Fallback)
	require.Equal(t, "danger", m.Color)
	require.Equal(t, 2, strings.Count(m.Text, "*PostgreSQL does not answer*\n"))
	require.Contains(t, m.Text, "p99 &gt; 2s &amp; &lt;rising&gt; on b. Look at the events of the database first.\n")
	require.Contains(t, m.Text, "<https://example.org/runbooks/postgres-down.md|Runbook> <https://grafana.example.org/d/postgresql|Dashboard> <http://prometheus.example.org/graph?g0.expr=up&g0.tab=1|Graph>")

	e := s.pagerDuty(group)
	require.Equal(t, "trigger", e.Action)
	require.Equal(t, "PostgresDown (2): PostgreSQL does not answer", e.Payload.Summary)
	require.Equal(t, "critical", e.Payload.Severity)
	require.Equal(t, "PostgresDown", e.Payload.Class)
	require.Equal(t, "database", e.Payload.Component)
	require.Len(t, e.Links, 2)
	require.Equal(t, "https://example.org/runbooks/postgres-down.md", e.Links[0].Href)
	firing, isText := e.Payload.Details["firing"].(string)
	require.True(t, isText, "%T: %v", e.Payload.Details["firing"], e.Payload.Details["firing"])
	require.Contains(t, firing, "No connection for 2m: p99 > 2s & <rising> on a. Look at the events")
	require.Contains(t, firing, "\nRunbook: https://example.org/runbooks/postgres-down.md\n")
	require.EqualValues(t, 2, e.Payload.Details["num_firing"])

	subject, text, html := s.mail(group)
	require.Equal(t, "CRITICAL PostgresDown (2): PostgreSQL does not answer", subject)
	require.Contains(t, text, "on b. Look at the events of the database first.\n  Runbook: https://")
	require.Contains(t, text, "Since 2025-11-28 17:03 UTC\n")
	require.Contains(t, html, `<a href="https://example.org/runbooks/postgres-down.md">Runbook</a>`)
	require.Contains(t, html, "p99 &gt; 2s &amp; &lt;rising&gt;")
	require.Contains(t, html, "width=device-width")
	require.NotContains(t, html, "Resolved")
}

func TestResolvedPageSaysSo(t *testing.T) {
	end := time.Date(2025, 11, 28, 17, 20, 0, 0, time.UTC)
	s, group := newSender(t), []*amalert.Alert{alert("PostgresDown", "critical", "a", end)}

	m := s.slack(group).Attachments[0]
	require.Equal(t, "RESOLVED PostgresDown", m.Title)
	require.Equal(t, "good", m.Color)
	require.Equal(t, "From 17:03 to 17:20 UTC: PostgreSQL does not answer", strings.TrimSpace(m.Text))

	require.Equal(t, "resolve", s.pagerDuty(group).Action)

	subject, text, html := s.mail(group)
	require.Equal(t, "RESOLVED PostgresDown: PostgreSQL does not answer", subject)
	require.Contains(t, text, "until 2025-11-28 17:20 UTC")
	require.Contains(t, html, "<h2 style=\"font-size:17px\">Resolved</h2>")
}

// Alerts of others lack what ours have, and there may be many.
func TestTextsBearStrangeAndManyAlerts(t *testing.T) {
	s := newSender(t)
	bare := []*amalert.Alert{{Alert: model.Alert{Labels: model.LabelSet{"alertname": "Foreign"}, StartsAt: time.Now()}}}
	m := s.slack(bare).Attachments[0]
	require.Equal(t, "ALERT Foreign", m.Title)
	require.Contains(t, m.Text, "*Foreign*")
	e := s.pagerDuty(bare)
	require.Equal(t, "Foreign", e.Payload.Summary)
	require.Empty(t, e.Links)
	subject, text, _ := s.mail(bare)
	require.Equal(t, "ALERT Foreign", subject)
	require.NotContains(t, text, "Runbook")

	var many []*amalert.Alert
	for i := range 40 {
		many = append(many, alert(fmt.Sprintf("Alert%d", i), "ticket", "a", time.Time{}))
	}
	require.Contains(t, s.slack(many).Attachments[0].Text, "and 35 more")
	firing, isText := s.pagerDuty(many).Payload.Details["firing"].(string)
	require.True(t, isText)
	require.Contains(t, firing, "and 35 more")
	subject, text, _ = s.mail(many)
	require.Equal(t, "TICKET 40 alerts: PostgreSQL does not answer", subject)
	require.Equal(t, 40, strings.Count(text, "Runbook:"))
}
