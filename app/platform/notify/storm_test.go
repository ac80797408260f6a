package notify_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/notify"
	"github.com/script-ohio/platform/app/platform/postgres"
)

// storm accepts many notifications in one transaction, of two kinds.
func (r *rig) storm(name string, many int) {
	r.t.Helper()
	require.NoError(r.t, postgres.InTx(r.t.Context(), r.pool, func(tx pgx.Tx) error {
		for i := range many {
			n := warning(fmt.Sprintf("%s:%d", name, i), fmt.Sprintf("%s %d", name, i))
			if n.Kind = "alert"; i%4 == 0 {
				n.Kind = "job"
			}
			if err := r.outbox.Enqueue(r.t.Context(), tx, n); err != nil {
				return err
			}
		}
		return nil
	}))
}

// Ten thousand at once: a channel gets its rate and one digest that says how
// many, of which kinds, and that it is late.
func TestAStormReachesAChannelAsItsRateAndOneDigest(t *testing.T) {
	const events = 10_000
	r := newRig(t)
	r.storm("storm", events)
	r.settle()
	require.Len(t, r.slack.messages(), perMinute)
	r.settle(59 * time.Second)
	require.Len(t, r.slack.messages(), perMinute, "the minute is not over")
	r.settle(time.Second)
	require.Len(t, r.slack.messages(), perMinute+1)
	for range 10 {
		r.settle(time.Minute)
	}
	texts := r.slack.texts()
	require.Len(t, texts, perMinute+1, "nothing is left to say")
	for i, text := range texts[:perMinute] {
		require.Equal(t, fmt.Sprintf("[warning] storm %d", i), text)
	}
	require.Equal(t, "[warning] 9995 notifications in one, delayed", texts[perMinute])
	body := r.slack.messages()[perMinute]["attachments"].([]any)[0].(map[string]any)["text"].(string)
	for _, part := range []string{
		"This message is late and stands for 9995.", "- 7497 of alert, warning\n", "- 2498 of job, warning\n",
		"The first is of 2025-09-06 16:00:00 UTC", "- [warning] storm 5\n",
	} {
		require.Contains(t, body, part)
	}
	require.Equal(t, events-perMinute, r.counted["slack digested"])
	require.Equal(t, perMinute+1, r.counted["slack sent"])
	require.Equal(t, events-perMinute, r.count(`select count(*) from notification_deliveries where state = 'digested'`))
}

// However long it storms, no stretch of the rate's length sees more.
func TestTheRateHoldsForAnyStretch(t *testing.T) {
	r := newRig(t)
	var sent []time.Time
	seen := 0
	for minute := range 100 {
		r.storm(fmt.Sprint("wave ", minute), minute%4)
		r.settle(7 * time.Second)
		for ; seen < len(r.slack.messages()); seen++ {
			sent = append(sent, r.clock.Now())
		}
	}
	r.settle(2 * time.Minute)
	require.Zero(t, r.count(`select count(*) from notification_deliveries where state in ('pending', 'held')`))
	for i := perMinute; i < len(sent); i++ {
		require.GreaterOrEqual(t, sent[i].Sub(sent[i-perMinute]), time.Minute)
	}
	require.Greater(t, len(sent), 20)
	require.Equal(t, 150, r.count(`select count(*) from notification_deliveries where not digest`))
}

// A dead Slack loses nothing: all of it is delivered late or lies as dead
// letters, which a person has sent again.
func TestNothingIsLostWhileSlackIsDead(t *testing.T) {
	const events = 2000
	r := newRig(t)
	r.slack.away(true)
	r.storm("dark", events)
	accounted := func() int {
		return r.count(`select count(*) from notification_deliveries where not digest`)
	}
	for range 12 * 7 {
		r.settle(5 * time.Minute)
		require.Equal(t, events, accounted())
	}
	require.Empty(t, r.slack.messages())
	require.Less(t, r.slack.requests(), 200, "one attempt at a time, ever more seldom")
	states := r.states()
	require.Zero(t, states[notify.Pending]+states[notify.Accepted]+states[notify.Sent])
	dead := r.letters(notify.Dead)
	require.NotEmpty(t, dead)
	require.Less(t, len(dead), perMinute+2, "the digest is one letter")
	require.EqualValues(t, len(dead), r.sender.DeadLetters())
	require.Equal(t, len(dead), r.counted["slack dead"])
	for _, l := range dead {
		require.Contains(t, l.Error, "Slack answered 503")
	}

	// Time alone deletes none of it.
	gone, err := r.outbox.Purge(t.Context(), r.clock.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Zero(t, gone)

	r.slack.away(false)
	r.settle(time.Hour)
	require.Empty(t, r.slack.messages(), "dead is dead until a person says so")
	n, err := r.outbox.RetryAll(t.Context())
	require.NoError(t, err)
	require.Equal(t, len(dead), n)
	r.settle(time.Minute)
	r.settle(time.Minute)
	single, inDigest := 0, 0
	for _, text := range r.slack.texts() {
		if _, err := fmt.Sscanf(text, "[warning] %d notifications in one, delayed", new(int)); err == nil {
			var n int
			_, _ = fmt.Sscanf(text, "[warning] %d", &n)
			inDigest += n
		} else {
			single++
		}
	}
	require.Equal(t, events, single+inDigest, "%v", r.slack.texts())
	require.Zero(t, r.sender.DeadLetters())
}

// An outage ends with a digest, not with a flood.
func TestAfterAnOutageComesOneDigest(t *testing.T) {
	r := newRig(t)
	r.slack.away(true)
	r.accept(warning("a", "first"))
	for range notify.HoldAfter {
		r.settle(time.Minute)
	}
	for i := range 30 {
		r.accept(warning(fmt.Sprint("late ", i), fmt.Sprint("late ", i)))
		r.settle(30 * time.Second)
	}
	require.Equal(t, 30, r.states()[notify.Held])
	r.slack.away(false)
	r.settle(6 * time.Minute)
	require.ElementsMatch(t, []string{"[warning] first", "[warning] 30 notifications in one, delayed"}, r.slack.texts())
	r.accept(warning("b", "again"))
	r.settle()
	require.Equal(t, "[warning] again", r.slack.texts()[2], "one by one as before")
}

// A channel that refuses everything for good is not stormed either.
func TestARevokedWebhookSeesTheRateOnly(t *testing.T) {
	r := newRig(t)
	r.slack.says(func(_ int, w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound) })
	r.storm("x", 300)
	r.settle()
	require.Equal(t, perMinute, r.slack.requests())
	r.settle(2 * time.Minute)
	require.Equal(t, perMinute+1, r.slack.requests())
	require.Equal(t, perMinute+1, r.states()[notify.Dead])
	require.Equal(t, 300-perMinute, r.states()[notify.Held], "kept with their dead digest")
}

// What too many wait for is counted and told of, but fills no table.
func TestAFloodFillsNoTable(t *testing.T) {
	r := newRig(t, func(o *notify.Options) { o.MaxWaiting = 600 })
	r.slack.away(true)
	r.accept(warning("a", "first"))
	for range notify.HoldAfter {
		r.settle(time.Minute)
	}
	for i := range 5 {
		r.storm(fmt.Sprint("flood ", i), 1000)
		r.settle(time.Second)
	}
	require.LessOrEqual(t, r.count(`select count(*) from notification_deliveries`), 602)
	require.LessOrEqual(t, r.count(`select count(*) from notifications`), 602)
	require.LessOrEqual(t, r.count(`select count(*) from notification_overflow`), 20)
	r.slack.away(false)
	r.settle(10 * time.Minute)
	r.settle(10 * time.Minute)
	require.Contains(t, r.slack.texts(), "[warning] 5000 notifications in one, delayed")
}

// Resolutions of what a pager was told by itself reach it by themselves; what
// it only knows from a digest ends in one.
func TestAPagerIsToldOfEveryEndOfWhatItWasToldOf(t *testing.T) {
	r := newRig(t)
	var begun, ended []notify.Notification
	for i := range 40 {
		n := critical(warning(fmt.Sprint("outage ", i), fmt.Sprint("outage ", i)))
		begun, ended = append(begun, n), append(ended, over(n))
	}
	r.accept(begun...)
	r.settle()
	r.accept(ended...)
	for range 5 {
		r.settle(time.Minute)
	}
	r.settle(time.Hour)
	for key, open := range r.open() {
		require.False(t, open, "%s never ends", key)
	}
	require.Len(t, r.open(), perMinute+2, "five by themselves, the others in digests")
	require.Less(t, len(r.pd.messages()), 2*perMinute+5)
	require.Zero(t, r.count(`select count(*) from notification_deliveries where state in ('pending', 'held')`))
}

// open tells of every matter that the pager was told of whether it stands open.
func (r *rig) open() map[string]bool {
	open := map[string]bool{}
	for _, m := range r.pd.messages() {
		open[m["dedup_key"].(string)] = m["event_action"] == "trigger"
	}
	return open
}

// digests are the messages that the pager took and that sum up others.
func (r *rig) digests() (found []map[string]any) {
	for _, m := range r.pd.messages() {
		if strings.HasPrefix(m["dedup_key"].(string), "digest:") {
			found = append(found, m)
		}
	}
	return found
}

// While a pager is away nobody is paged: then the digest must be, with how
// many it stands for. Nobody else would end it, so that it does so itself.
func TestADigestPagesAndEndsByItself(t *testing.T) {
	r := newRig(t)
	r.pd.away(true)
	r.accept(critical(warning("first", "first")))
	for range notify.HoldAfter {
		r.settle(time.Minute)
	}
	for i := range 30 {
		r.accept(critical(warning(fmt.Sprint("down ", i), fmt.Sprint("down ", i))))
	}
	r.settle(time.Minute)
	require.Empty(t, r.digests())
	r.pd.away(false)
	for range 6 {
		r.settle(time.Minute)
	}
	sent := r.digests()
	require.Len(t, sent, 1)
	require.Equal(t, "trigger", sent[0]["event_action"])
	payload := sent[0]["payload"].(map[string]any)
	require.Equal(t, "critical", payload["severity"])
	require.Equal(t, "30 notifications in one, delayed", payload["summary"])
	key := sent[0]["dedup_key"].(string)
	r.settle(53 * time.Minute)
	require.True(t, r.open()[key], "an escalation has its time")
	for range 8 {
		r.settle(time.Minute)
	}
	require.Len(t, r.digests(), 2)
	require.False(t, r.open()[key])
	require.True(t, r.open()["first"], "what was told by itself stays open until it ends")
	require.Zero(t, r.count(`select count(*) from notification_deliveries where state in ('pending', 'held')`))
}

// In a storm every window has a digest of its own; ends alone wake nobody.
func TestADigestOfEndsOpensNothing(t *testing.T) {
	r := newRig(t)
	var begun, ended []notify.Notification
	for i := range 3 * perMinute {
		n := critical(warning(fmt.Sprint("outage ", i), fmt.Sprint("outage ", i)))
		begun, ended = append(begun, n), append(ended, over(n))
	}
	r.accept(begun...)
	r.settle()
	r.settle(time.Minute)
	require.Len(t, r.digests(), 1)
	r.settle(time.Minute)
	r.accept(ended...)
	for range 4 {
		r.settle(time.Minute)
	}
	digests := r.digests()
	require.Len(t, digests, 2)
	require.NotEqual(t, digests[0]["dedup_key"], digests[1]["dedup_key"])
	require.Equal(t, "resolve", digests[1]["event_action"])
	require.False(t, r.open()[digests[1]["dedup_key"].(string)])
	r.settle(time.Hour)
	for key, open := range r.open() {
		require.False(t, open, key)
	}
}

func TestOldNotificationsGo(t *testing.T) {
	r := newRig(t)
	r.storm("old", 12)
	r.settle()
	r.settle(time.Minute)
	r.slack.says(func(_ int, w http.ResponseWriter) { w.WriteHeader(http.StatusBadRequest) })
	r.accept(warning("bad", "refused"))
	r.settle(time.Minute)
	require.Equal(t, 14, r.count(`select count(*) from notifications`))
	r.settle(31 * 24 * time.Hour)
	require.Equal(t, []notify.State{notify.Dead}, []notify.State{r.letters(notify.Sent, notify.Digested, notify.Dead)[0].State})
	require.Equal(t, 1, r.count(`select count(*) from notifications`))
	require.Equal(t, 1, r.count(`select count(*) from notification_deliveries`))
	require.Equal(t, contract.Warning, r.letters(notify.Dead)[0].Severity)
}
