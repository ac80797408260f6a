package notify_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/notify"
	"github.com/script-ohio/platform/app/platform/postgres"
)

func TestRepeatsAreToldOnceInAWindow(t *testing.T) {
	r := newRig(t)
	flap := warning("disk", "full")
	for _, step := range []struct {
		wait time.Duration
		n    notify.Notification
		told bool
	}{
		{0, flap, true},
		{time.Minute, flap, false},
		{time.Minute, flap, false},
		{0, warning("other", "full"), true},
		{time.Minute, over(flap), true},
		{time.Minute, over(flap), false},
		{0, flap, true}, // it began again
		{9 * time.Minute, flap, false},
		{time.Minute, flap, true}, // ten minutes after it was told
		{9 * time.Minute, flap, false},
	} {
		before := len(r.slack.messages())
		r.clock.pass(step.wait)
		r.accept(step.n)
		r.settle()
		require.Equal(t, step.told, len(r.slack.messages()) > before, "%v", step)
	}
	require.Equal(t, 5, r.counted["slack duplicate"])
	repeats := 0
	for _, l := range r.letters(notify.Sent) {
		repeats += l.Repeats
	}
	require.Equal(t, 5, repeats, "each is counted by the one that was told")
}

// Whatever comes when: every notification is told or counted as a repeat of
// one that was; two of a key that were told differ in state or are a window
// apart; a change of state is always told.
func TestDeduplicationHolds(t *testing.T) {
	r := newRig(t, func(o *notify.Options) {
		o.DedupWindow = time.Minute
		o.Rates = map[string]notify.Rate{notify.Slack: {Messages: 1e6, Per: time.Minute}}
	})
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		type event struct {
			at       time.Time
			resolved bool
		}
		events := map[string][]event{}
		for range rapid.IntRange(1, 5).Draw(t, "batches") {
			for range rapid.IntRange(0, 8).Draw(t, "events") {
				r.clock.pass(time.Duration(rapid.IntRange(0, 40).Draw(t, "seconds")) * time.Second)
				n := warning(fmt.Sprint(round, " ", rapid.IntRange(0, 1).Draw(t, "key")), "x")
				n.Resolved = rapid.Bool().Draw(t, "resolved")
				r.accept(n)
				events[n.Key] = append(events[n.Key], event{r.clock.Now(), n.Resolved})
			}
			r.settle()
		}
		for key, all := range events {
			rows, err := r.pool.Query(r.t.Context(), `select resolved, accepted_at, repeats from notifications where key = $1 order by id`, key)
			require.NoError(t, err)
			told, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct {
				event
				repeats int
			}, error) {
				var v struct {
					event
					repeats int
				}
				return v, row.Scan(&v.resolved, &v.at, &v.repeats)
			})
			require.NoError(t, err)
			sum := 0
			for i, v := range told {
				sum += 1 + v.repeats
				if i > 0 && v.resolved == told[i-1].resolved {
					require.GreaterOrEqual(t, v.at.Sub(told[i-1].at), time.Minute)
				}
			}
			require.Equal(t, len(all), sum)
			changes := 1
			for i := 1; i < len(all); i++ {
				if all[i].resolved != all[i-1].resolved {
					changes++
				}
			}
			require.GreaterOrEqual(t, len(told), changes)
		}
	})
}

// Whatever a program says, the database takes it and every channel can.
func TestAnyTextIsAccepted(t *testing.T) {
	r := newRig(t)
	rapid.Check(t, func(t *rapid.T) {
		text := func(label string) string {
			raw := rapid.OneOf(rapid.String(), rapid.StringN(0, 300, -1), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(t, label)
			return strings.Repeat(raw, rapid.SampledFrom([]int{1, 1, 100}).Draw(t, label+" times"))
		}
		n := notify.Notification{
			Key: "k" + text("key"), Kind: "job", Severity: rapid.SampledFrom(contract.Severities()).Draw(t, "severity"),
			Title: "t" + text("title"), Body: text("body"), Link: text("link"), Fields: map[string]string{},
		}
		for i := range rapid.IntRange(0, 30).Draw(t, "fields") {
			n.Fields[fmt.Sprint(i, text("name"))] = text("value")
		}
		require.NoError(t, postgres.InTx(r.t.Context(), r.pool, func(tx pgx.Tx) error { return r.outbox.Enqueue(r.t.Context(), tx, n) }))
		kept, err := n.Normal()
		require.NoError(t, err)
		require.LessOrEqual(t, len(kept.Key), notify.MaxKey)
		require.LessOrEqual(t, len(kept.Title), notify.MaxTitle)
		require.LessOrEqual(t, len(kept.Body), notify.MaxBody)
		require.LessOrEqual(t, len(kept.Fields), 21)
		require.True(t, utf8.ValidString(kept.Key+kept.Title+kept.Body))
		require.NotContains(t, kept.Title, "\n")
	})
}

func TestLongKeysStayApart(t *testing.T) {
	long := strings.Repeat("k", 300)
	a, err := warning(long+"a", "x").Normal()
	require.NoError(t, err)
	b, err := warning(long+"b", "x").Normal()
	require.NoError(t, err)
	require.NotEqual(t, a.Key, b.Key)
}

// A careless program must not tell the world its passwords.
func TestPasswordsAreTakenOut(t *testing.T) {
	n := warning("a", "cannot reach postgres://ohio:hunter2@db:5432/ohio")
	n.Body = "redis://:hunter2@cache and ohio_0a1b2c3d_" + strings.Repeat("hunter2", 6)
	n.Link = "https://user:hunter2@example.org/x"
	n.Fields = map[string]string{"url": "amqp://u:hunter2@h"}
	kept, err := n.Normal()
	require.NoError(t, err)
	require.NotContains(t, fmt.Sprint(kept), "hunter2")
	require.Contains(t, kept.Title, "postgres://[redacted]@db:5432/ohio")
	require.Equal(t, "https://example.org/x", kept.Link)
}

func TestBackoffGrowsToItsMost(t *testing.T) {
	low, high := notify.Backoff{Random: func() float64 { return 0 }}, notify.Backoff{Random: func() float64 { return 1 }}
	for failures, want := range map[int]time.Duration{
		1: 2 * time.Second, 2: 4 * time.Second, 5: 32 * time.Second, 8: 256 * time.Second, 9: 5 * time.Minute, 40: 5 * time.Minute, 1 << 20: 5 * time.Minute,
	} {
		require.EqualValues(t, want, high.Wait(failures), "%d", failures)
		require.EqualValues(t, want/2, low.Wait(failures), "%d", failures)
	}
}
