package routing_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/template"
	"github.com/prometheus/alertmanager/timeinterval"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/routing"
)

// full has every receiver.
func full() routing.Options {
	return routing.Options{
		Webhook:          routing.WebhookOptions{URL: "http://script-ohio:8000", TokenFile: "/secrets/token"},
		PagerDuty:        routing.PagerDutyOptions{RoutingKeyFile: "/secrets/pagerduty"},
		Slack:            routing.SlackOptions{URLFile: "/secrets/slack", Channel: "#alerts"},
		Mail:             routing.MailOptions{Smarthost: "mail.example.org:587", From: "ohio@example.org", To: []string{"team@example.org", "Lead <lead@example.org>"}, Username: "ohio", PasswordFile: "/secrets/mail"},
		HeartbeatURLFile: "/secrets/heartbeat",
	}
}

// some has the receivers of a set of bits.
func some(set int) (o routing.Options, name string) {
	o = full()
	for bit, part := range []struct {
		name  string
		clear func()
	}{
		{"pagerduty", func() { o.PagerDuty = routing.PagerDutyOptions{} }},
		{"slack", func() { o.Slack = routing.SlackOptions{} }},
		{"mail", func() { o.Mail = routing.MailOptions{} }},
		{"heartbeat", func() { o.HeartbeatURLFile = "" }},
	} {
		if set&(1<<bit) == 0 {
			part.clear()
		} else {
			name += "+" + part.name
		}
	}
	return o, "webhook" + name
}

// written puts the configuration and its templates where both can be loaded.
func written(t *testing.T, o routing.Options) string {
	t.Helper()
	dir := t.TempDir()
	c, err := routing.New(o)
	require.NoError(t, err)
	text, err := c.YAML()
	require.NoError(t, err)
	path := filepath.Join(dir, "alertmanager.yml")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	templates, err := routing.Templates()
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "templates"), 0o700))
	for name, text := range templates {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "templates", name), text, 0o600))
	}
	return path
}

func amtool(t *testing.T, args ...string) string {
	t.Helper()
	path, err := exec.LookPath("amtool")
	require.NoError(t, err, "install prometheus-alertmanager")
	cmd := exec.Command(path, args...)
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	require.NoError(t, err, "%s%s", out, complaint.String())
	return strings.TrimSpace(string(out))
}

// Whatever is left out, the configuration loads in the oldest and the newest
// Alertmanager in use, and the alerts of what is left out reach the webhook.
func TestEveryCombinationOfReceivers(t *testing.T) {
	for set := range 1 << 4 {
		o, name := some(set)
		pagerDuty, slack, mail, heartbeat := set&1 != 0, set&2 != 0, set&4 != 0, set&8 != 0
		t.Run(name, func(t *testing.T) {
			path := written(t, o)
			loaded, err := config.LoadFile(path)
			require.NoError(t, err)
			texts, err := template.FromGlobs(loaded.Templates)
			require.NoError(t, err)
			_, err = texts.ExecuteTextString(`{{ template "ohio.name" . }}`, template.Data{})
			require.NoError(t, err, "the templates are found")

			also := func(receiver string, exists bool) []string {
				if exists {
					return []string{routing.ReceiverWebhook, receiver}
				}
				return []string{routing.ReceiverWebhook}
			}
			watchdog := routing.ReceiverWebhook
			if heartbeat {
				watchdog = routing.ReceiverHeartbeat
			}
			for labels, want := range map[string][]string{
				"alertname=ServiceDown severity=critical": also("critical", pagerDuty || slack),
				"alertname=Slow severity=warning":         also("warning", slack),
				"alertname=Disk severity=ticket":          also("ticket", mail || slack),
				"alertname=Deployed severity=info":        also("", false),
				"alertname=InfoInhibitor severity=none":   also("", false),
				"alertname=Strange severity=page":         also("warning", slack),
				"alertname=Unlabelled":                    also("warning", slack),
				"alertname=Watchdog severity=info":        {watchdog},
				"alertname=Watchdog severity=critical":    {watchdog},
			} {
				require.Equal(t, want, routes(loaded, labels), labels)
				if !heartbeat { // url_file is younger than the oldest
					arguments := append([]string{"config", "routes", "test", "--config.file=" + path}, strings.Fields(labels)...)
					require.Equal(t, strings.Join(want, ","), amtool(t, arguments...), labels)
				}
			}
			if !heartbeat {
				require.Contains(t, amtool(t, "check-config", path), fmt.Sprintf("%d templates", 1))
			}
			for _, r := range loaded.Receivers { // none is empty, and none tells beginnings only
				count := len(r.WebhookConfigs) + len(r.PagerdutyConfigs) + len(r.SlackConfigs) + len(r.EmailConfigs)
				require.Positive(t, count, r.Name)
				if r.Name != routing.ReceiverHeartbeat {
					for _, w := range r.WebhookConfigs {
						require.True(t, w.VSendResolved)
					}
				}
				for _, s := range r.SlackConfigs {
					require.True(t, s.VSendResolved)
				}
				for _, p := range r.PagerdutyConfigs {
					require.True(t, p.VSendResolved)
				}
				for _, e := range r.EmailConfigs {
					require.True(t, e.VSendResolved)
				}
			}
		})
	}
}

// routes gives the receivers of an alert as the newest Alertmanager routes it.
func routes(c *config.Config, labels string) (receivers []string) {
	set := model.LabelSet{}
	for _, pair := range strings.Fields(labels) {
		name, value, _ := strings.Cut(pair, "=")
		set[model.LabelName(name)] = model.LabelValue(value)
	}
	for _, r := range dispatch.NewRoute(c.Route, nil).Match(set) {
		receivers = append(receivers, r.RouteOpts.Receiver)
	}
	return receivers
}

func TestPaceFollowsUrgency(t *testing.T) {
	c, err := config.LoadFile(written(t, full()))
	require.NoError(t, err)
	byName := map[string]dispatch.RouteOpts{}
	dispatch.NewRoute(c.Route, nil).Walk(func(r *dispatch.Route) { byName[r.RouteOpts.Receiver] = r.RouteOpts })
	order := []string{routing.ReceiverWebhook}
	for _, s := range contract.Severities()[:3] {
		order = append(order, string(s))
	}
	for i, name := range order {
		o := byName[name]
		require.NotContains(t, o.GroupBy, model.LabelName("instance"), "replicas of a trouble are one message")
		require.Less(t, o.RepeatInterval, 5*24*time.Hour, "Alertmanager forgets after five days")
		require.GreaterOrEqual(t, o.RepeatInterval, o.GroupInterval)
		if i > 0 {
			before := byName[order[i-1]]
			require.GreaterOrEqual(t, o.GroupWait, before.GroupWait, name)
			require.GreaterOrEqual(t, o.GroupInterval, before.GroupInterval, name)
		}
	}
	require.Less(t, byName[routing.ReceiverHeartbeat].RepeatInterval, 5*time.Minute)
	require.Equal(t, []string{"working-hours"}, byName["ticket"].ActiveTimeIntervals)
}

func TestTicketsComeInWorkingHours(t *testing.T) {
	c, err := config.LoadFile(written(t, full()))
	require.NoError(t, err)
	intervals := map[string][]timeinterval.TimeInterval{}
	for _, i := range c.TimeIntervals {
		intervals[i.Name] = i.TimeIntervals
	}
	hours := timeinterval.NewIntervener(intervals)
	for at, want := range map[string]bool{
		"2026-11-23T14:00:00Z": true,  // Monday, nine in Columbus
		"2026-11-27T21:59:00Z": true,  // Friday evening
		"2026-11-27T22:00:00Z": false, // after it
		"2026-11-24T03:00:00Z": false, // night
		"2026-11-28T15:00:00Z": false, // Saturday
		"2026-07-06T13:00:00Z": true,  // Monday in summer
	} {
		when, err := time.Parse(time.RFC3339, at)
		require.NoError(t, err)
		in, _, err := hours.Mutes([]string{"working-hours"}, when)
		require.NoError(t, err)
		require.Equal(t, want, in, at)
	}
}

func TestNoSecretStandsInTheConfiguration(t *testing.T) {
	c, err := routing.New(full())
	require.NoError(t, err)
	text, err := c.YAML()
	require.NoError(t, err)
	for _, key := range []string{"api_url:", "routing_key:", "service_key:", "auth_password:", "credentials:", "password:", "bearer_token:"} {
		require.NotContains(t, string(text), key)
	}
	for _, file := range []string{"token", "pagerduty", "slack", "mail", "heartbeat"} {
		require.Contains(t, string(text), "/secrets/"+file)
	}
}

func TestSameOptionsSameBytes(t *testing.T) {
	var first []byte
	for range 20 {
		c, err := routing.New(full())
		require.NoError(t, err)
		text, err := c.YAML()
		require.NoError(t, err)
		if first == nil {
			first = text
		}
		require.Equal(t, string(first), string(text))
	}
}

func TestWrongOptionsAreToldAtOnce(t *testing.T) {
	_, err := routing.New(routing.Options{
		Slack: routing.SlackOptions{Channel: "#alerts"},
		Mail:  routing.MailOptions{Smarthost: "mail.example.org", From: "nobody", Username: "x", To: []string{"a@example.org", "b"}},
	})
	for _, part := range []string{"webhook URL", "webhook token file", "slack URL file", "mail server", "mail sender", `"b"`, "mail login"} {
		require.ErrorContains(t, err, part)
	}
	for _, url := range []string{"script-ohio:8000", "/v1", "ftp://x", "http://", "http://x/?a=b", "http://x/#y", "http://user:secret@x", "http://x:y:z", "http://user:secret@x y"} {
		o := full()
		o.Webhook.URL = url
		_, err := routing.New(o)
		require.ErrorContains(t, err, "webhook URL", url)
		require.NotContains(t, err.Error(), "secret")
	}
	for _, mail := range []routing.MailOptions{
		{From: "a@example.org", To: []string{"b@example.org"}},
		{Smarthost: "x:25", To: []string{"b@example.org"}},
		{Smarthost: "x:25", From: "a@example.org"},
		{Smarthost: "x:25", From: "a@example.org", To: []string{"b@example.org"}, PasswordFile: "/p"},
	} {
		o := full()
		o.Mail = mail
		_, err := routing.New(o)
		require.Error(t, err, "%+v", mail)
	}
	o := full()
	o.TemplatesDir = "/etc/*"
	_, err = routing.New(o)
	require.ErrorContains(t, err, "templates folder")
}
