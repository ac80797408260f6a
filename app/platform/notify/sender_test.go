package notify_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/notify"
	"github.com/script-ohio/platform/app/platform/postgres"
)

func TestANotificationSharesTheFateOfItsTransaction(t *testing.T) {
	r, ctx := newRig(t), t.Context()
	undo := errors.New("undo")
	require.Equal(t, undo, postgres.InTx(ctx, r.pool, func(tx pgx.Tx) error {
		require.NoError(t, r.outbox.Enqueue(ctx, tx, warning("a", "never was")))
		return undo
	}))
	require.NoError(t, postgres.InTx(ctx, r.pool, func(tx pgx.Tx) error { return r.outbox.Enqueue(ctx, tx, warning("a", "is")) }))
	accepted := r.letters(notify.Accepted)
	require.Len(t, accepted, 1)
	require.Equal(t, "is", accepted[0].Title)
	require.Empty(t, r.slack.messages(), "a row before a message")
	r.settle()
	require.Equal(t, []string{"[warning] is"}, r.slack.texts())
	require.Equal(t, map[notify.State]int{notify.Sent: 1}, r.states())
}

// What a program gets wrong is refused before it costs the transaction.
func TestWrongNotificationsLeaveTheTransactionAlone(t *testing.T) {
	r, ctx := newRig(t), t.Context()
	good := warning("a", "fine")
	for where, spoil := range map[string]func(*notify.Notification){
		"key": func(n *notify.Notification) { n.Key = " " }, "title": func(n *notify.Notification) { n.Title = "\x01\u200b\n" },
		"kind": func(n *notify.Notification) { n.Kind = "Job!" }, "severity": func(n *notify.Notification) { n.Severity = "fatal" },
	} {
		bad := good
		spoil(&bad)
		require.NoError(t, postgres.InTx(ctx, r.pool, func(tx pgx.Tx) error {
			err := r.outbox.Enqueue(ctx, tx, bad)
			var f *fault.Error
			require.ErrorAs(t, err, &f)
			require.Equal(t, fault.Invalid, f.Code)
			require.Equal(t, where, f.Details[0].Location)
			return nil
		}), where)
	}
	digest := good
	digest.Kind = "digest"
	require.Equal(t, fault.Invalid, fault.CodeOf(r.outbox.Accept(ctx, digest)), "only the sender makes those")
}

func TestSeverityAndKindChooseTheChannels(t *testing.T) {
	const slack, pd, mail, log = notify.Slack, notify.PagerDuty, notify.Mail, notify.Log
	type to = map[string]string
	own := []notify.Rule{{Kind: "security", Severity: contract.Warning, Channels: []string{pd}}}
	for _, c := range []struct {
		severity   contract.Severity
		kind       string
		configured []string
		want       to
	}{
		{contract.Critical, "job", []string{slack, pd, mail}, to{slack: "", pd: ""}},
		{contract.Warning, "job", []string{slack, pd, mail}, to{slack: ""}},
		{contract.Ticket, "job", []string{slack, pd, mail}, to{mail: ""}},
		{contract.Info, "job", []string{slack, pd, mail}, to{log: ""}},
		{contract.Info, notify.KindReport, []string{slack, pd, mail}, to{mail: ""}},
		{contract.Warning, "security", []string{slack, pd, mail}, to{pd: ""}},
		{contract.Critical, "security", []string{slack, pd, mail}, to{slack: "", pd: ""}},
		{contract.Critical, "job", []string{slack}, to{slack: "", log: pd}},
		{contract.Critical, "job", nil, to{log: pd}},
		{contract.Ticket, "job", []string{slack}, to{log: mail}},
		{contract.Warning, "job", []string{mail}, to{log: slack}},
	} {
		n := notify.Notification{Kind: c.kind, Severity: c.severity}
		require.Equal(t, c.want, notify.Targets(own, n, c.configured...), "%s %s of %v", c.severity, c.kind, c.configured)
	}
}

func TestRetriesAndTheirEnd(t *testing.T) {
	r := newRig(t)
	r.slack.says(func(n int, w http.ResponseWriter) {
		switch n {
		case 1:
			w.WriteHeader(http.StatusInternalServerError)
		case 2:
			w.Header().Set("Retry-After", "90")
			w.WriteHeader(http.StatusTooManyRequests)
		}
	})
	r.accept(warning("a", "patient"))
	r.settle()
	require.Equal(t, 1, r.slack.requests())
	r.settle(time.Second)
	require.Equal(t, 1, r.slack.requests(), "2 s after the first failure")
	r.settle(time.Second)
	require.Equal(t, 2, r.slack.requests())
	r.accept(warning("other", "patient too"))
	r.settle(89 * time.Second)
	require.Equal(t, 2, r.slack.requests(), "as the channel asked, of all")
	r.settle(time.Second)
	require.ElementsMatch(t, []string{"[warning] patient", "[warning] patient too"}, r.slack.texts())
	require.Equal(t, 2, r.counted["slack retried"])
	sent := r.letters(notify.Sent)
	require.ElementsMatch(t, []int{1, 3}, []int{sent[0].Attempts, sent[1].Attempts})

	r.slack.says(func(_ int, w http.ResponseWriter) { w.WriteHeader(http.StatusBadRequest) })
	r.accept(warning("b", "refused"))
	r.settle(time.Minute)
	dead := r.letters(notify.Dead)
	require.Len(t, dead, 1, "at once")
	require.Equal(t, "Slack answered 400 Bad Request", dead[0].Error)
	require.Equal(t, 1, dead[0].Attempts)

	r.slack.says(nil)
	require.Equal(t, fault.NotFound, fault.CodeOf(r.outbox.Retry(t.Context(), dead[0].ID+1000)))
	require.NoError(t, r.outbox.Retry(t.Context(), dead[0].ID))
	require.Equal(t, fault.NotFound, fault.CodeOf(r.outbox.Retry(t.Context(), dead[0].ID)), "it is dead no more")
	r.settle(time.Minute)
	require.Equal(t, "[warning] refused", r.slack.texts()[2])
}

// One message that a channel chokes on does not block the others.
func TestAPoisonousMessageDoesNotBlockTheChannel(t *testing.T) {
	r := newRig(t)
	r.slack.says(func(n int, w http.ResponseWriter) {
		if n == 1 || n == 4 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	r.accept(warning("a", "poison"), warning("b", "fine"), warning("c", "fine too"))
	for range 4 {
		r.settle(2 * time.Second)
	}
	require.Equal(t, []string{"[warning] fine", "[warning] fine too"}, r.slack.texts()[:2])
}

func TestAnEndDoesNotOvertakeItsBeginning(t *testing.T) {
	r := newRig(t)
	r.pd.says(func(n int, w http.ResponseWriter) {
		if n < 3 {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	outage := critical(warning("outage", "down"))
	r.accept(outage)
	r.settle()
	r.accept(over(outage))
	for range 10 {
		r.settle(10 * time.Second)
	}
	var actions []string
	for _, m := range r.pd.messages() {
		actions = append(actions, m["event_action"].(string))
	}
	require.Equal(t, []string{"trigger", "resolve"}, actions)
}

// Several replicas: each message once, one at a time on a channel.
func TestReplicasShareTheWork(t *testing.T) {
	r := newRig(t)
	const many = 60
	var now, most atomic.Int32
	rates := func(o *notify.Options) {
		o.Rates = map[string]notify.Rate{notify.Slack: {Messages: 1000, Per: time.Minute}}
	}
	busy := &busyChannel{now: &now, most: &most, seen: map[string]int{}}
	ctx, cancel := context.WithCancel(t.Context())
	var replicas sync.WaitGroup
	for range 4 {
		o := notify.Options{Clock: r.clock.Now, Poll: time.Millisecond}
		rates(&o)
		sender := notify.NewSender(r.pool, []notify.Channel{busy}, o)
		replicas.Go(func() { sender.Run(ctx) })
	}
	for i := range many {
		r.accept(warning(fmt.Sprint(i), fmt.Sprint("message ", i)))
	}
	require.Eventually(t, func() bool {
		return r.count(`select count(*) from notification_deliveries where state = 'sent'`) == many
	}, patience, 5*time.Millisecond)
	cancel()
	replicas.Wait()
	require.EqualValues(t, 1, most.Load(), "one sender at a time")
	require.Len(t, busy.seen, many)
	for title, times := range busy.seen {
		require.Equal(t, 1, times, title)
	}
}

type busyChannel struct {
	now, most *atomic.Int32
	mu        sync.Mutex
	seen      map[string]int
}

func (*busyChannel) Name() string { return notify.Slack }

func (b *busyChannel) Send(_ context.Context, m notify.Message) error {
	if n := b.now.Add(1); n > b.most.Load() {
		b.most.Store(n)
	}
	time.Sleep(time.Millisecond) // so that two would meet
	b.now.Add(-1)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen[m.Title]++
	return nil
}

// A stop lets the message on its way arrive, and its row says so.
func TestAStopFinishesWhatIsOnItsWay(t *testing.T) {
	r := newRig(t)
	slow := &slowChannel{entered: make(chan struct{}), go_: make(chan struct{})}
	sender := notify.NewSender(r.pool, []notify.Channel{slow}, notify.Options{Clock: r.clock.Now, Poll: time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { sender.Run(ctx) })
	r.accept(warning("a", "on its way"))
	<-slow.entered
	cancel()
	close(slow.go_)
	running.Wait()
	require.Equal(t, map[notify.State]int{notify.Sent: 1}, r.states())
}

type slowChannel struct{ entered, go_ chan struct{} }

func (*slowChannel) Name() string { return notify.Slack }

func (s *slowChannel) Send(ctx context.Context, _ notify.Message) error {
	close(s.entered)
	<-s.go_
	return ctx.Err()
}

func TestTheDatabaseMayBeAway(t *testing.T) {
	r := newRig(t)
	r.pool.Close()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { r.sender.Run(ctx) })
	require.Equal(t, fault.Unavailable, fault.CodeOf(r.outbox.Accept(ctx, warning("a", "b"))))
	_, err := r.outbox.List(ctx, nil, 0)
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	_, err = r.outbox.RetryAll(ctx)
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	cancel()
	running.Wait()
}
