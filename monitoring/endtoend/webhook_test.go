package endtoend_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
)

// token is what the alert webhook is asked with.
const token = "token-of-the-end-to-end-test"

// notification is a message of Alertmanager's webhook.
type notification struct {
	Receiver     string            `json:"receiver"`
	Status       string            `json:"status"`
	GroupLabels  map[string]string `json:"groupLabels"`
	Alerts       []told            `json:"alerts"`
	GroupKey     string            `json:"groupKey"`
	CommonLabels map[string]string `json:"commonLabels"`

	answer int // the app's status
}

type told struct {
	Status      string            `json:"status"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	Fingerprint string            `json:"fingerprint"`
}

// inbox is Slack, and the app's alert webhook on the way to the app: what
// came, in order.
type inbox struct {
	t      *testing.T
	app    string // root of the app's URL
	http   *http.Client
	url    string
	mu     sync.Mutex
	alerts []notification
	slack  []string // titles
	wrong  []string
}

func startInbox(t *testing.T, a *app) *inbox {
	b := &inbox{t: t, app: a.url, http: client(t)}
	mux := http.NewServeMux()
	mux.HandleFunc(contract.RouteAlerts.Method+" "+contract.RouteAlerts.Path, b.webhook)
	mux.HandleFunc("POST /slack", b.message)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		b.complain(r.Method + " " + r.URL.Path)
		http.NotFound(w, r)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	b.url = server.URL
	return b
}

func (b *inbox) webhook(w http.ResponseWriter, r *http.Request) {
	text, _ := io.ReadAll(r.Body)
	var n notification
	if err := json.Unmarshal(text, &n); err != nil {
		b.complain(err.Error())
	}
	if r.Header.Get("Authorization") != "Bearer "+token {
		b.complain("no token")
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	n.answer = b.forward(r, text)
	b.mu.Lock()
	b.alerts = append(b.alerts, n)
	b.mu.Unlock()
	w.WriteHeader(n.answer)
}

// forward hands a message to the app. What the app cannot take now,
// Alertmanager sends again.
func (b *inbox) forward(r *http.Request, body []byte) (status int) {
	request, err := http.NewRequestWithContext(r.Context(), r.Method, b.app+r.URL.Path, bytes.NewReader(body))
	if err != nil {
		b.complain(err.Error())
		return http.StatusBadGateway
	}
	request.Header = r.Header.Clone()
	response, err := b.http.Do(request)
	if err != nil {
		return http.StatusBadGateway
	}
	defer response.Body.Close()
	answer, _ := io.ReadAll(response.Body)
	if response.StatusCode >= 400 && response.StatusCode < 500 {
		b.complain("the app refuses what Alertmanager sends: " + string(answer))
	}
	return response.StatusCode
}

func (b *inbox) message(w http.ResponseWriter, r *http.Request) {
	var m struct {
		Attachments []struct{ Title, Text string }
	}
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil || len(m.Attachments) != 1 {
		b.complain("a strange Slack message")
	} else {
		b.mu.Lock()
		b.slack = append(b.slack, m.Attachments[0].Title+"\n"+m.Attachments[0].Text)
		b.mu.Unlock()
	}
	_, _ = io.WriteString(w, "ok")
}

func (b *inbox) complain(about string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wrong = append(b.wrong, about)
}

// find gives the first notification of a status about an alert.
func (b *inbox) find(status, alert string) (notification, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, n := range b.alerts {
		if n.Status == status && n.GroupLabels["alertname"] == alert {
			return n, true
		}
	}
	return notification{}, false
}

// wait waits for a notification.
func (b *inbox) wait(status, alert string) notification {
	b.t.Helper()
	var n notification
	eventually(b.t, func() (found bool) { n, found = b.find(status, alert); return found }, func() string {
		b.mu.Lock()
		defer b.mu.Unlock()
		return "nobody is told that " + alert + " is " + status + ", but of " + brief(b.alerts)
	})
	return n
}

// waitSlack waits for a message that begins so.
func (b *inbox) waitSlack(beginning string) string {
	b.t.Helper()
	var message string
	eventually(b.t, func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		i := slices.IndexFunc(b.slack, func(text string) bool { return strings.HasPrefix(text, beginning) })
		if i >= 0 {
			message = b.slack[i]
		}
		return i >= 0
	}, func() string {
		b.mu.Lock()
		defer b.mu.Unlock()
		return "Slack does not hear of " + beginning + ", but of " + strings.Join(b.slack, "\n--\n")
	})
	return message
}

func (b *inbox) sound() {
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Empty(b.t, b.wrong)
}

// brief abbreviates notifications to a line each.
func brief(all []notification) string {
	var lines strings.Builder
	for _, n := range all {
		fmt.Fprintf(&lines, "\n  %s %s, the app answered %d", n.Status, n.GroupLabels["alertname"], n.answer)
	}
	return lines.String()
}
