package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/notify"
)

// quietly keeps commands from every channel of the environment.
func quietly(t *testing.T) {
	t.Helper()
	for _, name := range []string{"SLACK_WEBHOOK_URL", "PAGERDUTY_ROUTING_KEY", "SMTP_URL", "MAIL_FROM", "MAIL_TO"} {
		t.Setenv(name, "")
	}
}

func TestChannelsAreTested(t *testing.T) {
	quietly(t)
	status := http.StatusOK
	slack := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, "no such hook ", r.URL.Path)
	}))
	defer slack.Close()
	t.Setenv("SLACK_WEBHOOK_URL", slack.URL+"/services/hunter2-hunter2")

	_, told := ohio(t, 0, "notify", "test")
	require.Contains(t, told, "the log stands in: pagerduty, mail.\n")
	_, told = ohio(t, 0, "notify", "test", "--channel", "slack")
	require.Empty(t, told)
	trials := decoded[[]trial](t, "notify", "test", "-o", "json")
	require.Len(t, trials, 2, "Slack and the log")
	for _, tried := range trials {
		require.Equal(t, "sent", tried.Result)
	}
	names := func(args ...string) string {
		t.Helper()
		var names []string
		for _, tried := range decoded[[]trial](t, append([]string{"notify", "test", "-o", "json"}, args...)...) {
			names = append(names, tried.Channel)
		}
		return strings.Join(names, " ")
	}
	require.Equal(t, "slack", names("--channel", "slack"))
	require.Equal(t, "slack", names("--severity", "warning"))
	require.Equal(t, "log slack", names("--severity", "critical"), "the log stands in for PagerDuty")
	require.Equal(t, "log", names("--severity", "ticket"))
	_, complaint := ohio(t, 3, "notify", "test", "--channel", "mail")
	require.Contains(t, complaint, "mail is not configured")
	ohio(t, 2, "notify", "test", "--channel", "slack", "--severity", "info")

	status = http.StatusNotFound
	table, complaint := ohio(t, 5, "notify", "test", "--channel", "slack")
	require.Contains(t, table, "Slack answered 404 Not Found: no such hook")
	require.Contains(t, complaint, "1 of 1 channel did not take the test message")
	require.NotContains(t, table+complaint, "hunter2")
	t.Setenv("SLACK_WEBHOOK_URL", "hunter2")
	_, complaint = ohio(t, 2, "notify", "test")
	require.NotContains(t, complaint, "hunter2")
}

func TestThatNoChannelIsConfiguredIsTold(t *testing.T) {
	quietly(t)
	for _, line := range []string{"notify test", "notify test --severity critical", "notify test --channel log"} {
		table, told := ohio(t, 0, strings.Fields(line)...)
		require.Contains(t, table, "log      sent", line)
		require.Contains(t, told, "No channel is configured", line)
		require.Contains(t, told, "PAGERDUTY_ROUTING_KEY, SLACK_WEBHOOK_URL, SMTP_URL", line)
	}
	out, _ := ohio(t, 0, "notify", "test", "-o", "json")
	require.True(t, json.Valid([]byte(out)), out)
}

func TestNotificationsAreListedAndRetried(t *testing.T) {
	onDatabase(t)
	quietly(t)
	require.Empty(t, decoded[[]notify.Letter](t, "notify", "list", "-o", "json"))
	pool, err := instance{}.connect(t.Context())
	require.NoError(t, err)
	defer pool.Close()
	outbox := notify.NewOutbox(pool, notify.OutboxOptions{})
	require.NoError(t, outbox.Accept(t.Context(), notify.Notification{Key: "a", Kind: "job", Severity: contract.Warning, Title: "first of all"}))
	table, _ := ohio(t, 0, "notify", "list", "--state", "pending")
	require.Contains(t, table, "first of all")
	require.Contains(t, table, "accepted")
	for range 2 {
		_, err = pool.Exec(t.Context(), `with n as (
				insert into notifications (key, kind, severity, title, accepted_at, routed_at) values ('b', 'job', 'critical', 'given up', now(), now()) returning id)
			insert into notification_deliveries (notification_id, channel, key, state, attempts, queued_at, next_at, ended_at, error)
			select id, 'slack', 'b', 'dead', 7, now(), now(), now(), 'Slack answered 503' from n`)
		require.NoError(t, err)
	}
	dead := decoded[[]notify.Letter](t, "notify", "list", "--state", "dead", "-o", "json")
	require.Len(t, dead, 2)
	require.Equal(t, "Slack answered 503", dead[0].Error)
	require.Len(t, decoded[[]notify.Letter](t, "notify", "list", "--limit", "1", "-o", "json"), 1)

	ohio(t, 3, "notify", "retry", "999999")
	ohio(t, 0, "notify", "retry", fmt.Sprint(dead[0].ID))
	said, _ := ohio(t, 0, "notify", "retry", "--all-dead")
	require.Equal(t, "1 notification will be tried again by the worker\n", said)
	require.Equal(t, retried{0}, decoded[retried](t, "notify", "retry", "--all-dead", "-o", "json"))
	require.Empty(t, decoded[[]notify.Letter](t, "notify", "list", "--state", "dead", "-o", "json"))
	require.Len(t, decoded[[]notify.Letter](t, "notify", "list", "--state", "pending", "-o", "json"), 3)
	recorded, _ := ohio(t, 0, "audit", "list", "--action", "notification.")
	require.Equal(t, 2, strings.Count(recorded, "notification.retry"))

	for _, line := range []string{"notify", "notify retry", "notify retry 3 --all-dead", "notify retry x", "notify list --state lost", "notify list --limit 0", "notify test --channel fax", "notify test --severity loud",
		"notify test --severity", "notify test --severity=", "notify test --channel", "notify list --state"} {
		ohio(t, 2, strings.Fields(line)...)
	}
}
