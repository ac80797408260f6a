package run

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/notify"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

func TestConfigurationChoosesTheChannels(t *testing.T) {
	full := contract.Config{
		SlackWebhookURL: "https://hooks.slack.com/services/hunter2", PagerDutyKey: "hunter2",
		SMTPURL: "smtp://u:hunter2@mail.example.org", MailFrom: "ohio@example.org", MailTo: []string{"ops@example.org"},
	}
	names := func(c contract.Config) (names []string, warned string) {
		var out bytes.Buffer
		channels, err := NotifyChannels(c, slog.New(slog.NewTextHandler(&out, nil)))
		require.NoError(t, err)
		for _, channel := range channels {
			names = append(names, channel.Name())
		}
		return names, out.String()
	}
	all, warned := names(full)
	require.ElementsMatch(t, notify.ChannelNames(), all)
	require.Empty(t, warned)
	none, warned := names(contract.Config{})
	require.Equal(t, []string{notify.Log}, none)
	require.Empty(t, warned)
	full.MailTo = nil
	part, warned := names(full)
	require.NotContains(t, part, notify.Mail)
	require.Contains(t, warned, "MAIL_TO")
	require.NotContains(t, warned, "hunter2")

	for _, bad := range []contract.Config{
		{SlackWebhookURL: "hunter2"}, {SMTPURL: "hunter2", MailFrom: "a@b.org", MailTo: []string{"a@b.org"}},
		{SMTPURL: "smtp://u:hunter2@h", MailFrom: "nobody", MailTo: []string{"a@b.org"}},
	} {
		_, err := NotifyChannels(bad, slog.New(slog.DiscardHandler))
		require.Equal(t, fault.Invalid, fault.CodeOf(err))
		require.NotContains(t, err.Error(), "hunter2")
	}
}

// Every series is there before anything happened, and counts what does.
func TestNotificationsAreSentAndCounted(t *testing.T) {
	pool := postgrestest.New(t)
	outbox := notify.NewOutbox(pool, notify.OutboxOptions{})
	require.NoError(t, outbox.Accept(t.Context(), notify.Notification{Key: "a", Kind: "job", Severity: contract.Warning, Title: "no Slack here"}))
	open := func(queues ...contract.Queue) *Service {
		s := New(contract.Config{PagerDutyKey: "k"}, Build{}, slog.New(slog.DiscardHandler))
		s.pool, s.registry, s.queues = pool, prometheus.NewRegistry(), queues
		require.NoError(t, s.openNotifications(t.Context()))
		for name, series := range map[string]int{contract.Notifications.Name: 2 * len(notify.Results()), contract.DeadLetters.Name: 1} {
			n, err := testutil.GatherAndCount(s.registry, name)
			require.NoError(t, err)
			require.Equal(t, series, n, name)
		}
		return s
	}
	require.Empty(t, open().closers, "an API replica sends nothing")
	require.Empty(t, open(contract.QueueBackup).closers)

	worker := open(contract.Queues()...)
	require.Eventually(t, func() bool {
		families, err := worker.registry.Gather()
		require.NoError(t, err)
		for _, f := range families {
			for _, m := range f.GetMetric() {
				if f.GetName() == contract.Notifications.Name && m.GetLabel()[0].GetValue() == notify.Log && m.GetLabel()[1].GetValue() == notify.ResultSent {
					return m.GetCounter().GetValue() == 1
				}
			}
		}
		return false
	}, time.Minute, 10*time.Millisecond)
	require.Len(t, worker.closers, 1)
	worker.closers[0](t.Context())
}
