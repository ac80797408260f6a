// Package endtoend_test watches the real app with the real programs: what is
// rendered is loaded by Prometheus and Alertmanager, an outage is made, and
// what arrives is looked at.
package endtoend_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/dashboards"
	"github.com/script-ohio/platform/monitoring/render"
	"github.com/script-ohio/platform/monitoring/routing"
	"github.com/script-ohio/platform/monitoring/source"
)

// stack is everything on one machine.
type stack struct {
	app          *app
	prometheus   *server
	alertmanager *server
	inbox        *inbox
}

// startStack starts the app and who watches it, a second at a time, with every
// duration of rules and routes divided.
func startStack(t *testing.T) *stack {
	t.Helper()
	a := startApp(t)
	s := &stack{app: a, inbox: startInbox(t, a), prometheus: startPrometheus(t), alertmanager: startAlertmanager(t)}
	secrets := t.TempDir()
	secret := func(name, value string) string {
		path := filepath.Join(secrets, name)
		require.NoError(t, os.WriteFile(path, []byte(value+"\n"), 0o600))
		return path
	}
	files, err := render.Files(render.Options{
		Targets:  []render.Target{{Job: source.JobServe, Addresses: []string{s.app.address()}}},
		Interval: time.Second, Prometheus: s.prometheus.address, Alertmanager: s.alertmanager.address,
		Runbooks: dashboards.DefaultRunbooks, Grafana: render.GrafanaOptions{URL: "http://grafana.example.org"},
		Routing: routing.Options{
			Webhook: routing.WebhookOptions{URL: s.inbox.url, TokenFile: secret("token", token)},
			Slack:   routing.SlackOptions{URLFile: secret("slack", s.inbox.url+"/slack")},
		},
	})
	require.NoError(t, err)
	for i, f := range files {
		if strings.HasPrefix(f.Path, "rules/") || f.Path == "alertmanager.yml" {
			files[i].Data = scaled(t, f.Data)
		}
	}
	s.alertmanager.load("alertmanager.yml", files)
	s.prometheus.load("prometheus.yml", files)
	for _, job := range []string{source.JobServe, source.JobPrometheus, source.JobAlertmanager} {
		s.prometheus.up(job)
	}
	return s
}

func TestWatchedApp(t *testing.T) {
	s := startStack(t)
	s.app.visit()
	t.Run("exports what is declared", s.exportsWhatIsDeclared)
	t.Run("storm becomes a page and ends", s.stormBecomesAPage)
	t.Run("panels show data", s.panelsShowData)
	t.Run("rules evaluate", s.rulesEvaluate)
	s.inbox.sound()
}

// stormBecomesAPage locks the games while users ask for them: the alert is
// pending, fires, is told, and is told to be over when the lock is gone.
func (s *stack) stormBecomesAPage(t *testing.T) {
	const alert = "HighErrorRate"
	stop := s.app.traffic()
	defer stop()
	require.Equal(t, "inactive", s.prometheus.state(alert))

	unlock := s.app.lockGames()
	eventually(t, func() bool { return s.app.ask(http.MethodGet, "/v1/games?limit=5", "") >= 500 }, func() string { return "games are served although they are locked" })
	var seen []string
	eventually(t, func() bool {
		if state := s.prometheus.state(alert); len(seen) == 0 || seen[len(seen)-1] != state {
			seen = append(seen, state)
		}
		return seen[len(seen)-1] == "firing"
	}, func() string { return alert + " was " + strings.Join(seen, ", ") + ": " + s.explain(alert) })
	require.Contains(t, seen, "pending")
	require.Equal(t, http.StatusOK, s.app.ask(http.MethodPost, "/v1/predictions", `{"home_team": "Ohio State", "away_team": "Michigan"}`), "predictions go on")

	firing := s.inbox.wait("firing", alert)
	require.Equal(t, routing.ReceiverWebhook, firing.Receiver)
	require.Equal(t, "critical", firing.CommonLabels["severity"])
	require.Len(t, firing.Alerts, 1)
	for _, annotation := range []string{"summary", "description", "runbook_url", "dashboard_url"} {
		require.NotEmpty(t, firing.Alerts[0].Annotations[annotation], annotation)
		require.NotContains(t, firing.Alerts[0].Annotations[annotation], "<no value>")
		require.NotContains(t, firing.Alerts[0].Annotations[annotation], "error expanding")
	}
	page := s.inbox.waitSlack("CRITICAL " + alert)

	unlock()
	resolved := s.inbox.wait("resolved", alert)
	require.Equal(t, firing.Alerts[0].Fingerprint, resolved.Alerts[0].Fingerprint)
	require.Equal(t, firing.GroupKey, resolved.GroupKey)
	recovery := s.inbox.waitSlack("RESOLVED " + alert)
	require.Equal(t, "inactive", s.prometheus.state(alert))
	for _, status := range []string{"firing", "resolved"} {
		heard := contract.AlertsReceived.Name + `{status="` + status + `"} > 0`
		eventually(t, func() bool { return len(s.prometheus.query(heard)) > 0 }, func() string { return "the app does not count " + heard })
	}

	t.Logf("%s was %s.\nThe webhook heard:\n%s\n%s\nSlack heard:\n%s\n%s", alert, strings.Join(seen, ", "), short(t, firing), short(t, resolved), page, recovery)
	s.inbox.mu.Lock()
	defer s.inbox.mu.Unlock()
	t.Logf("All that was told:%s", brief(s.inbox.alerts))
}

// explain gives what the rule of an alert and its parts yield.
func (s *stack) explain(alert string) string {
	var lines strings.Builder
	for _, r := range s.prometheus.rules() {
		if r.Name == alert {
			lines.WriteString(r.Query + "\n")
		}
	}
	for _, expr := range []string{"script_ohio:error_rate", "script_ohio:failed_request_rate", "script_ohio:request_rate"} {
		text, _ := json.Marshal(s.prometheus.query(expr))
		lines.WriteString(expr + ": " + string(text) + "\n")
	}
	return lines.String()
}

// short is a notification without what is the same in each.
func short(t *testing.T, n notification) string {
	n.GroupKey, n.CommonLabels = "", nil
	text, err := json.MarshalIndent(n, "", "  ")
	require.NoError(t, err)
	return string(text)
}
