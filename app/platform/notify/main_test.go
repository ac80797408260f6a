package notify_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/notify"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

func TestMain(m *testing.M) {
	if os.Getenv(senderDatabase) != "" {
		runSender()
		return
	}
	postgrestest.Main(m)
}

// patience bounds waits for what must happen; no test depends on how long it
// takes.
const patience = time.Minute

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// clock is set by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2025, 9, 6, 16, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// hook is a Slack webhook or PagerDuty: it keeps what it took and answers as
// it is told to.
type hook struct {
	*httptest.Server
	mu     sync.Mutex
	answer func(n int, w http.ResponseWriter) // n counts requests from 1; nil takes everything
	asked  int
	taken  []map[string]any
}

func newHook(t *testing.T) *hook {
	h := &hook{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.asked++
		body, _ := io.ReadAll(r.Body)
		var message map[string]any
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || json.Unmarshal(body, &message) != nil {
			t.Errorf("%s %s: %s", r.Method, r.Header.Get("Content-Type"), body)
		}
		recorder := httptest.NewRecorder()
		if h.answer != nil {
			h.answer(h.asked, recorder)
		}
		for name, values := range recorder.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(recorder.Code)
		_, _ = w.Write(recorder.Body.Bytes())
		if recorder.Code/100 == 2 {
			h.taken = append(h.taken, message)
		}
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hook) says(answer func(n int, w http.ResponseWriter)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answer = answer
}

// away answers 503 until further notice.
func (h *hook) away(yes bool) {
	if !yes {
		h.says(nil)
		return
	}
	h.says(func(_ int, w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) })
}

func (h *hook) messages() []map[string]any {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]map[string]any{}, h.taken...)
}

func (h *hook) requests() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.asked
}

// texts are the headlines that Slack took.
func (h *hook) texts() []string {
	var texts []string
	for _, m := range h.messages() {
		texts = append(texts, m["text"].(string))
	}
	return texts
}

// rig is an outbox and a sender on a database of their own, with Slack and
// PagerDuty beside the log.
type rig struct {
	t         *testing.T
	pool      *pgxpool.Pool
	clock     *clock
	outbox    *notify.Outbox
	sender    *notify.Sender
	slack, pd *hook
	mu        sync.Mutex
	counted   map[string]int // by "channel result"
}

// rates that make tests short.
const perMinute = 5

func newRig(t *testing.T, adapt ...func(*notify.Options)) *rig {
	t.Helper()
	r := &rig{t: t, pool: postgrestest.New(t), clock: newClock(), slack: newHook(t), pd: newHook(t), counted: map[string]int{}}
	r.outbox = notify.NewOutbox(r.pool, notify.OutboxOptions{Clock: r.clock.Now})
	r.sender = r.newSender(adapt...)
	return r
}

func (r *rig) newSender(adapt ...func(*notify.Options)) *notify.Sender {
	r.t.Helper()
	o := notify.Options{
		Logger: discard(), Clock: r.clock.Now, Poll: 5 * time.Millisecond,
		Rates:   map[string]notify.Rate{notify.Slack: {Messages: perMinute, Per: time.Minute}, notify.PagerDuty: {Messages: perMinute, Per: time.Minute}},
		Backoff: notify.Backoff{Random: func() float64 { return 1 }},
		Count: func(channel, result string, n int) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.counted[channel+" "+result] += n
		},
	}
	for _, a := range adapt {
		a(&o)
	}
	slack, err := notify.NewSlack(r.slack.URL+"/services/T0/B0/hunter2hunter2", r.clock.Now)
	require.NoError(r.t, err)
	return notify.NewSender(r.pool, []notify.Channel{slack, notify.NewPagerDuty("routing-hunter2", r.pd.URL, r.clock.Now)}, o)
}

func (r *rig) accept(ns ...notify.Notification) {
	r.t.Helper()
	for _, n := range ns {
		require.NoError(r.t, r.outbox.Accept(r.t.Context(), n))
	}
}

// settle does all that is due, now or after some time.
func (r *rig) settle(after ...time.Duration) {
	r.t.Helper()
	for _, d := range after {
		r.clock.pass(d)
	}
	require.NoError(r.t, r.sender.Settle(r.t.Context()))
}

// states counts deliveries by state.
func (r *rig) states() map[notify.State]int {
	r.t.Helper()
	states := map[notify.State]int{}
	for _, l := range r.letters(notify.Accepted, notify.Pending, notify.Held, notify.Digested, notify.Sent, notify.Dead) {
		states[l.State]++
	}
	return states
}

func (r *rig) letters(states ...notify.State) []notify.Letter {
	r.t.Helper()
	letters, err := r.outbox.List(r.t.Context(), states, 0)
	require.NoError(r.t, err)
	return letters
}

func (r *rig) count(sql string, args ...any) (n int) {
	r.t.Helper()
	require.NoError(r.t, r.pool.QueryRow(context.Background(), sql, args...).Scan(&n))
	return n
}

func warning(key, title string) notify.Notification {
	return notify.Notification{Key: key, Kind: "job", Severity: contract.Warning, Title: title}
}

func over(n notify.Notification) notify.Notification {
	n.Resolved = true
	return n
}

func critical(n notify.Notification) notify.Notification {
	n.Severity = contract.Critical
	return n
}
