package endtoend_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/monitoring/render"
	"github.com/script-ohio/platform/monitoring/routing"
)

// The story of a night: the API is down and with it what hangs on it, a backup
// is overdue, and two other things are wrong on their own.
func TestAlertmanagerKeepsSymptomsQuiet(t *testing.T) {
	am := startAlertmanager(t)
	config, err := routing.New(routing.Options{Webhook: routing.WebhookOptions{URL: "http://127.0.0.1:1", TokenFile: "/nowhere"}})
	require.NoError(t, err)
	text, err := config.YAML()
	require.NoError(t, err)
	am.load("alertmanager.yml", []render.File{{Path: "alertmanager.yml", Data: text}})

	type labels map[string]string
	quiet := map[string]bool{ // alert and what tells it apart
		"ServiceDown":                  false,
		"HighErrorRate":                true,
		"ErrorBudgetBurnFast":          true, // although ServiceDown's own symptom explains it too
		"BackupTooOld database-backup": false,
		"JobFailing database-backup":   true,
		"JobFailing games-sync":        false, // another job
		"CertificateExpiring":          false,
	}
	var all []map[string]any
	for _, l := range []labels{
		{"alertname": "ServiceDown", "severity": "critical"},
		{"alertname": "HighErrorRate", "severity": "critical"},
		{"alertname": "ErrorBudgetBurnFast", "severity": "critical", "slo": "availability"},
		{"alertname": "BackupTooOld", "severity": "critical", "task": "database-backup"},
		{"alertname": "JobFailing", "severity": "critical", "task": "database-backup"},
		{"alertname": "JobFailing", "severity": "warning", "task": "games-sync"},
		{"alertname": "CertificateExpiring", "severity": "ticket"},
	} {
		all = append(all, map[string]any{"labels": l, "endsAt": time.Now().Add(time.Hour)})
	}
	body, err := json.Marshal(all)
	require.NoError(t, err)
	response, err := am.http.Post("http://"+am.address+"/api/v2/alerts", "application/json", bytes.NewReader(body))
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)

	got := map[string]bool{}
	eventually(t, func() bool { // states are known once alerts have been dispatched
		var known []struct {
			Labels labels
			Status struct {
				State       string
				InhibitedBy []string
			}
		}
		am.get("/api/v2/alerts", nil, &known)
		clear(got)
		for _, a := range known {
			name := a.Labels["alertname"]
			if task := a.Labels["task"]; task != "" {
				name += " " + task
			}
			got[name] = len(a.Status.InhibitedBy) > 0
		}
		same := len(got) == len(quiet)
		for name, want := range quiet {
			same = same && got[name] == want
		}
		return same
	}, func() string {
		text, _ := json.Marshal(got)
		return "inhibited: " + string(text)
	})
}
