package notify_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/notify"
)

// secret is a part of every channel's secret, so that one look finds a leak.
const secret = "hunter2-x7Qp"

func message() notify.Message {
	return notify.Message{ID: 7, Notification: notify.Notification{
		Key: "job:database-backup", Kind: "backup", Severity: contract.Critical, Title: "The backup failed",
		Body: "pg_dump ended with status 1 <see> & mend", Link: "https://example.org/runbook",
		Fields: map[string]string{"host": "worker-1", "took": "12 s"}, At: newClock().Now(),
	}}
}

// answering is a service that answers with a status, repeats what it was asked
// and adds the secret.
func answering(t *testing.T, status int, header ...string) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if len(header) > 0 {
			w.Header().Set(header[0], header[1])
		}
		w.WriteHeader(status)
		fmt.Fprintf(w, "%s %s %s", r.URL, body, secret)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// nobody is an address that refuses connections.
func nobody(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}

func mailer(t *testing.T, server *smtpServer, scheme, user, query string) notify.Channel {
	t.Helper()
	channel, err := notify.NewMail(scheme+"://"+user+server.address+query, notify.MailOptions{
		From: "ohio@example.org", To: []string{"a@example.org", "b@example.org"}, Clock: newClock().Now,
		TLS: &tls.Config{RootCAs: server.roots, MinVersion: tls.VersionTLS12},
	})
	require.NoError(t, err)
	return channel
}

// One table over all channels: which failures are tried again, how long to
// wait, and that no error gives the secret away.
func TestFailuresOfEveryChannel(t *testing.T) {
	slack := func(base string) notify.Channel {
		c, err := notify.NewSlack(base+"/services/T01/B02/"+secret, newClock().Now)
		require.NoError(t, err)
		return c
	}
	pagerDuty := func(base string) notify.Channel {
		return notify.NewPagerDuty(secret, base+"/v2/enqueue", newClock().Now)
	}
	refusing := func(command, answer string) notify.Channel {
		server := newSMTPServer(t, func(s *smtpServer) { s.refuse[command] = answer + " " + secret })
		return mailer(t, server, "smtp", "ohio:"+secret+"@", "")
	}
	type row struct {
		name    string
		channel notify.Channel
		retry   bool
		after   time.Duration
	}
	rows := []row{
		{"mail: nobody there", mailer(t, &smtpServer{address: nobody(t)}, "smtp", "u:"+secret+"@", ""), true, 0},
		{"mail: 450 at RCPT", refusing("RCPT", "450 4.2.1 later"), true, 0},
		{"mail: 550 at RCPT", refusing("RCPT", "550 5.1.1 no such user"), false, 0},
		{"mail: 451 at MAIL", refusing("MAIL", "451 busy"), true, 0},
		{"mail: 553 at MAIL", refusing("MAIL", "553 not you"), false, 0},
		{"mail: 452 at DATA", refusing("DATA", "452 full"), true, 0},
		{"mail: 554 at DATA", refusing("DATA", "554 spam"), false, 0},
		{"mail: 535 at AUTH", refusing("AUTH", "535 wrong password"), false, 0},
		{"mail: 454 at AUTH", refusing("AUTH", "454 later"), true, 0},
		{"mail: 421 at EHLO", refusing("EHLO", "421 closing"), true, 0},
		{"mail: no STARTTLS", mailer(t, newSMTPServer(t, func(s *smtpServer) { s.plain = true }), "smtp", "u:"+secret+"@", ""), false, 0},
		{"mail: strange certificate", func() notify.Channel {
			server := newSMTPServer(t, nil)
			_, server.roots = selfSigned(t)
			return mailer(t, server, "smtp", "u:"+secret+"@", "")
		}(), false, 0},
	}
	for name, channel := range map[string]func(string) notify.Channel{"slack": slack, "pagerduty": pagerDuty} {
		rows = append(rows, row{name + ": nobody there", channel("http://" + nobody(t)), true, 0})
		for status, retry := range map[int]bool{
			400: false, 401: false, 403: false, 404: false, 410: false, 302: false,
			408: true, 429: true, 500: true, 502: true, 503: true, 504: true,
		} {
			rows = append(rows, row{fmt.Sprint(name, ": ", status), channel(answering(t, status, "Location", "/"+secret)), retry, 0})
		}
		late := newClock().Now().Add(2 * time.Minute).Format(http.TimeFormat)
		rows = append(rows,
			row{name + ": seconds", channel(answering(t, 429, "Retry-After", "17")), true, 17 * time.Second},
			row{name + ": date", channel(answering(t, 503, "Retry-After", late)), true, 2 * time.Minute},
			row{name + ": forever", channel(answering(t, 429, "Retry-After", "99999999")), true, time.Hour},
			row{name + ": past", channel(answering(t, 429, "Retry-After", "-5")), true, 0},
		)
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			err := row.channel.Send(t.Context(), message())
			var f *notify.Failure
			require.ErrorAs(t, err, &f)
			require.Equal(t, row.retry, f.Retry, f.Reason)
			require.Equal(t, row.after, f.After)
			for _, text := range []string{err.Error(), fmt.Sprintf("%+v %#v", err, f)} {
				require.NotContains(t, text, secret)
				require.NotContains(t, text, "services/T01")
			}
			require.NotContains(t, f.Reason, "\n")
			require.Less(t, len(f.Reason), 500)
		})
	}
}

func TestHangingServicesAreGivenUp(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	slack, err := notify.NewSlack(server.URL+"/services/"+secret, time.Now)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err = slack.Send(ctx, message())
	require.EqualError(t, err, "Slack cannot be reached: it took too long")
}

func TestSlackMessage(t *testing.T) {
	hook := newHook(t)
	slack, err := notify.NewSlack(hook.URL, newClock().Now)
	require.NoError(t, err)
	m := message()
	m.Title = "<!channel> failed"
	require.NoError(t, slack.Send(t.Context(), m))
	m.Resolved = true
	require.NoError(t, slack.Send(t.Context(), m))
	sent := hook.messages()
	require.Equal(t, "[critical] &lt;!channel&gt; failed", sent[0]["text"], "nobody is mentioned by accident")
	require.Equal(t, "[resolved] &lt;!channel&gt; failed", sent[1]["text"])
	attachment := sent[0]["attachments"].([]any)[0].(map[string]any)
	require.Equal(t, "pg_dump ended with status 1 &lt;see&gt; &amp; mend", attachment["text"])
	require.Equal(t, m.Link, attachment["title_link"])
	require.InDelta(t, m.At.Unix(), attachment["ts"], 0)
	require.Len(t, attachment["fields"], 2)
	require.NotEqual(t, attachment["color"], sent[1]["attachments"].([]any)[0].(map[string]any)["color"])
	for _, bad := range []string{"", "hooks.slack.com/x", "ftp://h/x", "https://", "::"} {
		_, err := notify.NewSlack(bad, time.Now)
		require.Equal(t, fault.Invalid, fault.CodeOf(err), bad)
	}
}

func TestPagerDutyEvents(t *testing.T) {
	hook := newHook(t)
	pager := notify.NewPagerDuty("routing", hook.URL, newClock().Now)
	m := message()
	require.NoError(t, pager.Send(t.Context(), m))
	m.Resolved = true
	require.NoError(t, pager.Send(t.Context(), m))
	trigger, resolve := hook.messages()[0], hook.messages()[1]
	want := `{"routing_key": "routing", "event_action": "trigger", "dedup_key": "job:database-backup",
		"links": [{"href": "https://example.org/runbook", "text": "Where to look next"}],
		"payload": {"summary": "The backup failed", "source": "script-ohio", "severity": "critical", "timestamp": "2025-09-06T16:00:00Z",
			"class": "backup", "custom_details": {"host": "worker-1", "took": "12 s", "details": "pg_dump ended with status 1 <see> & mend"}}}`
	got, err := json.Marshal(trigger)
	require.NoError(t, err)
	require.JSONEq(t, want, string(got))
	require.Equal(t, map[string]any{"routing_key": "routing", "event_action": "resolve", "dedup_key": "job:database-backup"}, resolve)
	require.Len(t, message().Fields, 2, "the message is as it was")
}

func TestMailIsSentEncryptedAndReadable(t *testing.T) {
	for scheme, implicit := range map[string]bool{"smtp": false, "smtps": true} {
		t.Run(scheme, func(t *testing.T) {
			server := newSMTPServer(t, func(s *smtpServer) { s.implicit = implicit })
			m := message()
			m.Title = "Straße <b>down</b>"
			require.NoError(t, mailer(t, server, scheme, "ohio:p%40ss-word@", "").Send(t.Context(), m))
			require.Equal(t, []string{"ohio p@ss-word"}, server.users)
			require.Zero(t, server.insecure)
			letter := strings.ReplaceAll(server.letters[0], "=\r\n", "") // unfolded
			for _, part := range []string{
				"From: <ohio@example.org>", "To: <a@example.org>, <b@example.org>", "Message-ID: <notification-7@script-ohio>", "Auto-Submitted: auto-generated",
				"Content-Type: multipart/alternative", "text/plain", "text/html", "[critical] Stra=C3=9Fe", "&lt;b&gt;down&lt;/b&gt;", "worker-1",
			} {
				require.Contains(t, letter, part)
			}
			require.Equal(t, 2, strings.Count(letter, "<b>down"), "as it is in subject and text, escaped in the HTML")
		})
	}
}

// A server that quotes the login tells nobody the name or the password.
func TestALoginIsNotToldInBase64(t *testing.T) {
	code := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	for _, form := range []string{
		code("\x00ohio\x00" + secret), code("ohio\x00ohio\x00" + secret), code("ohio"), code(secret), code("someone\x00ohio\x00" + secret + "!"),
		url.QueryEscape(code("\x00ohio\x00" + secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)),
	} {
		server := newSMTPServer(t, func(s *smtpServer) { s.refuse["AUTH"] = "535 bad: AUTH PLAIN " + form })
		err := mailer(t, server, "smtp", "ohio:"+secret+"@", "").Send(t.Context(), message())
		require.ErrorContains(t, err, "bad: AUTH PLAIN")
		require.Contains(t, err.Error(), "[redacted]", form)
		require.NotContains(t, err.Error(), form)
	}
}

// Webhooks and routing keys are not told in base64 either.
func TestSecretsOfPostersAreNotToldInBase64(t *testing.T) {
	h := newHook(t)
	for name, c := range map[string]struct {
		channel func() notify.Channel
		secret  string
	}{
		"slack": {func() notify.Channel {
			channel, err := notify.NewSlack(h.URL+"/services/T0/"+secret, newClock().Now)
			require.NoError(t, err)
			return channel
		}, secret},
		"pagerduty": {func() notify.Channel { return notify.NewPagerDuty(secret, h.URL, newClock().Now) }, secret},
	} {
		form := base64.StdEncoding.EncodeToString([]byte(c.secret))
		h.says(func(_ int, w http.ResponseWriter) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, "bad: "+form)
		})
		err := c.channel().Send(t.Context(), message())
		require.ErrorContains(t, err, "bad: [redacted]", name)
	}
}

// A report comes as the page that it is.
func TestMailShowsThePageOfAReport(t *testing.T) {
	server := newSMTPServer(t, nil)
	m := message()
	m.HTML = "<!DOCTYPE html><h1>weekly</h1>"
	require.NoError(t, mailer(t, server, "smtp", "", "").Send(t.Context(), m))
	require.Contains(t, server.letters[0], "<h1>weekly</h1>")
	require.Contains(t, server.letters[0], "The backup failed", "beside it as text")
	require.NotContains(t, server.letters[0], "pre-wrap")
}

// A local relay may go without encryption, but then without a password.
func TestMailWithoutEncryption(t *testing.T) {
	server := newSMTPServer(t, func(s *smtpServer) { s.plain = true })
	require.NoError(t, mailer(t, server, "smtp", "", "?tls=none").Send(t.Context(), message()))
	require.Len(t, server.letters, 1)
	require.Empty(t, server.users)
	to := notify.MailOptions{From: "ohio@example.org", To: []string{"a@example.org"}, Clock: time.Now}
	for _, bad := range []string{
		"", "mail.example.org", "http://h", "smtp://", "smtp://h:port", "smtp://h:99999",
		"smtp://u:" + secret + "@h?tls=none", "smtps://h?tls=none", "smtp://h?tls=maybe", "smtp://u:" + secret + "%zz@h",
	} {
		_, err := notify.NewMail(bad, to)
		require.Equal(t, fault.Invalid, fault.CodeOf(err), bad)
		require.ErrorContains(t, err, "SMTP_URL")
		require.NotContains(t, err.Error(), secret)
	}
	for _, o := range []notify.MailOptions{{To: to.To, Clock: time.Now}, {From: to.From, Clock: time.Now}, {From: "nobody", To: to.To, Clock: time.Now}, {From: to.From, To: []string{"a@example.org", "b"}, Clock: time.Now}} {
		_, err := notify.NewMail("smtp://h", o)
		require.Equal(t, fault.Invalid, fault.CodeOf(err))
		require.ErrorContains(t, err, "MAIL_FROM and MAIL_TO")
	}
}

// A delivered mail is delivered, whatever the server says afterwards.
func TestARudeGoodbyeIsNoFailure(t *testing.T) {
	server := newSMTPServer(t, func(s *smtpServer) { s.refuse["QUIT"] = "500 what" })
	require.NoError(t, mailer(t, server, "smtp", "", "").Send(t.Context(), message()))
	require.Len(t, server.letters, 1)
}

func TestLogSaysWhatItStandsInFor(t *testing.T) {
	var out bytes.Buffer
	m := message()
	m.InsteadOf = notify.PagerDuty
	require.NoError(t, notify.NewLog(slog.New(slog.NewJSONHandler(&out, nil))).Send(t.Context(), m))
	var line map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &line))
	require.Equal(t, "WARN", line["level"])
	require.Equal(t, "The backup failed", line["title"])
	require.Equal(t, "pagerduty", line["instead_of"])
	require.Equal(t, map[string]any{"host": "worker-1", "took": "12 s"}, line["fields"])
}
