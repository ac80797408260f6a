package alert

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

var noon = time.Date(2026, 11, 2, 12, 0, 0, 123456789, time.UTC)

func notice(fingerprint string, status Status, at time.Time) Notice {
	n := Notice{
		Fingerprint: fingerprint, Status: status, StartsAt: at, GeneratorURL: "http://prometheus/graph",
		Labels:      map[string]string{"alertname": "BackupFailed", "severity": "critical", "task": "database-backup"},
		Annotations: map[string]string{"summary": "The backup failed"},
	}
	if status == Resolved {
		n.EndsAt = at.Add(time.Hour)
	}
	return n
}

func TestAnAlertIsKeptOnceAndResolvedOnce(t *testing.T) {
	pool, ctx := postgrestest.New(t), t.Context()
	told := map[Status]int{}
	store := NewStore(pool, Options{Clock: func() time.Time { return noon }, Received: func(s Status) { told[s]++ }})
	for i, step := range []struct {
		notice Notice
		want   Counts
		status Status
	}{
		{notice("f1", Firing, noon), Counts{Firing: 1}, Firing},
		{notice("f1", Firing, noon), Counts{Unchanged: 1}, Firing},
		{notice("f1", Resolved, noon), Counts{Resolved: 1}, Resolved},
		{notice("f1", Resolved, noon), Counts{Unchanged: 1}, Resolved},
		{notice("f1", Firing, noon), Counts{Unchanged: 1}, Resolved},             // late
		{notice("f1", Firing, noon.Add(time.Minute)), Counts{Firing: 1}, Firing}, // again
		{notice("f2", Resolved, noon), Counts{Resolved: 1}, Resolved},            // the first message was lost
	} {
		got, err := store.Receive(ctx, []Notice{step.notice})
		require.NoError(t, err)
		require.Equal(t, step.want, got, "step %d", i)
		alerts, err := store.List(ctx, Filter{Limit: 1})
		require.NoError(t, err)
		require.Equal(t, step.status, alerts[0].Status, "step %d", i)
		require.Equal(t, step.status == Resolved, alerts[0].EndsAt != nil)
	}
	require.Equal(t, map[Status]int{Firing: 2, Resolved: 2}, told)

	alerts, err := store.List(ctx, Filter{Status: Firing, Severity: "critical"})
	require.NoError(t, err)
	require.Len(t, alerts, 1)
	require.Equal(t, "BackupFailed", alerts[0].Name)
	require.Equal(t, "database-backup", alerts[0].Labels["task"])
	older, err := store.List(ctx, Filter{Before: alerts[0].ID})
	require.NoError(t, err)
	require.Len(t, older, 1)
	none, err := store.List(ctx, Filter{Severity: "info"})
	require.NoError(t, err)
	require.Empty(t, none)
}

func TestANewWordingIsKept(t *testing.T) {
	store, ctx := NewStore(postgrestest.New(t), Options{}), t.Context()
	n := notice("f", Firing, noon)
	_, err := store.Receive(ctx, []Notice{n})
	require.NoError(t, err)
	n.Annotations = map[string]string{"summary": "The backup failed twice"}
	counts, err := store.Receive(ctx, []Notice{n})
	require.NoError(t, err)
	require.Equal(t, Counts{Unchanged: 1}, counts)
	alerts, err := store.List(ctx, Filter{})
	require.NoError(t, err)
	require.Equal(t, "The backup failed twice", alerts[0].Annotations["summary"])
}

func TestBadNoticesAreRefusedTogether(t *testing.T) {
	store, ctx := NewStore(postgrestest.New(t), Options{}), t.Context()
	spoil := func(edit func(*Notice)) Notice {
		n := notice("f", Firing, noon)
		edit(&n)
		return n
	}
	for says, bad := range map[string]Notice{
		"no fingerprint": spoil(func(n *Notice) { n.Fingerprint = "" }),
		"no start":       spoil(func(n *Notice) { n.StartsAt = time.Time{} }),
		`"pending"`:      spoil(func(n *Notice) { n.Status = "pending" }),
	} {
		_, err := store.Receive(ctx, []Notice{notice("good", Firing, noon), bad})
		require.Equal(t, fault.Invalid, fault.CodeOf(err))
		require.ErrorContains(t, err, says)
	}
	_, err := store.Receive(ctx, make([]Notice, MaxNotices+1))
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
	alerts, err := store.List(ctx, Filter{})
	require.NoError(t, err)
	require.Empty(t, alerts)

	odd := spoil(func(n *Notice) {
		n.Labels = map[string]string{"alertname": strings.Repeat("é", maxKey), "a\x00b": "\xff"}
		for i := range 2 * maxPairs {
			n.Labels[fmt.Sprintf("z%03d", i)] = strings.Repeat("x", 2*maxValue)
		}
		n.Annotations = nil
	})
	_, err = store.Receive(ctx, []Notice{odd})
	require.NoError(t, err, "what is too long is cut")
	alerts, err = store.List(ctx, Filter{})
	require.NoError(t, err)
	require.Len(t, alerts[0].Labels, maxPairs)
	require.Empty(t, alerts[0].Annotations)
}

// Whatever comes, in any order, from two Alertmanagers at once: one row for
// each alert, resolved if anybody ever said so.
func TestAnyOrderLeadsToTheSame(t *testing.T) {
	pool := postgrestest.New(t)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		var mu sync.Mutex
		told := map[Status]int{}
		store := NewStore(pool, Options{Received: func(s Status) { mu.Lock(); told[s]++; mu.Unlock() }})
		messages := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Notice {
			status := rapid.SampledFrom([]Status{Firing, Resolved}).Draw(t, "status")
			return notice(fmt.Sprintf("%d-%d", n, rapid.IntRange(0, 2).Draw(t, "alert")), status, noon)
		}), 1, 12).Draw(rt, "messages")
		var senders sync.WaitGroup
		for half := range 2 {
			senders.Go(func() {
				for i := half; i < len(messages); i += 2 {
					if _, err := store.Receive(t.Context(), messages[i:i+1]); err != nil {
						t.Error(err)
					}
				}
			})
		}
		senders.Wait()
		want := map[string]Status{}
		for _, m := range messages {
			if want[m.Fingerprint] != Resolved {
				want[m.Fingerprint] = m.Status
			}
		}
		alerts, err := store.List(t.Context(), Filter{Limit: len(want)})
		if err != nil {
			rt.Fatal(err)
		}
		got := map[string]Status{}
		for _, a := range alerts {
			got[a.Fingerprint] = a.Status
		}
		if !maps.Equal(want, got) {
			rt.Fatalf("%v instead of %v", got, want)
		}
		resolved := 0
		for _, status := range want {
			if status == Resolved {
				resolved++
			}
		}
		if told[Resolved] != resolved || told[Firing] > len(want) {
			rt.Fatalf("told %v of %v", told, want)
		}
	})
}

func TestEveryStatementFitsTheSchema(t *testing.T) {
	conn, err := postgrestest.New(t).Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	for i, sql := range []string{keepAlert, listAlerts} {
		_, err := conn.Conn().Prepare(t.Context(), fmt.Sprint("s", i), sql)
		require.NoError(t, err, sql)
	}
}
