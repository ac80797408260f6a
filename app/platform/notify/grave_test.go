package notify_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/notify"
	"github.com/script-ohio/platform/app/platform/postgres"
)

// More wait than may go: the gravest go by themselves, each key in its order,
// and what is left is in the digest.
func TestInAStormTheGravestGoByThemselves(t *testing.T) {
	r := newRig(t)
	r.storm("storm", 1200)
	disk := warning("disk", "disk fills")
	r.accept(disk, critical(warning("down", "down")), over(disk), critical(warning("disk", "disk full")))
	r.settle()
	require.Equal(t, []string{"[critical] down", "[warning] storm 0", "[warning] storm 1"}, []string{r.slack.texts()[0], r.slack.texts()[1], r.slack.texts()[2]})
	r.settle(time.Minute)
	body := r.slack.messages()[perMinute]["attachments"].([]any)[0].(map[string]any)["text"].(string)
	require.Contains(t, body, "first come first:\n- [critical] disk full\n")
}

// What is grave keeps its title, however much waits already.
func TestWhatIsGraveIsNotOnlyCounted(t *testing.T) {
	r := newRig(t, func(o *notify.Options) { o.MaxWaiting = 50 })
	r.slack.away(true)
	r.accept(warning("a", "first"))
	for range notify.HoldAfter {
		r.settle(time.Minute)
	}
	r.storm("flood", 200)
	r.settle(time.Second)
	for i := range 30 {
		r.accept(critical(warning(fmt.Sprint("down ", i), fmt.Sprint("down ", i))))
	}
	r.settle(time.Second)
	require.Equal(t, 10, r.count(`select count(*) from notification_deliveries d join notifications n on n.id = d.notification_id
		where d.channel = 'slack' and n.severity = 'critical' and d.state = 'held'`), "as many as a digest quotes")
	require.LessOrEqual(t, r.count(`select count(*) from notification_deliveries where channel = 'slack'`), 62)
}

// A grave message that a channel chokes on lets the others pass.
func TestAGravePoisonousMessageDoesNotBlockTheChannel(t *testing.T) {
	r := newRig(t)
	r.slack.says(func(n int, w http.ResponseWriter) {
		if n%2 == 1 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	r.accept(critical(warning("a", "poison")), warning("b", "fine"))
	r.settle()
	r.settle(2 * time.Second)
	require.Equal(t, []string{"[warning] fine"}, r.slack.texts())
}

// A notification from a clock ahead does not swallow what comes until then.
func TestAClockAheadSwallowsNothing(t *testing.T) {
	r := newRig(t)
	ahead := warning("disk", "full")
	ahead.At = r.clock.Now().AddDate(1, 0, 0)
	r.accept(ahead)
	r.settle()
	r.accept(warning("disk", "full"))
	r.settle()
	require.Len(t, r.slack.messages(), 2)
	r.accept(warning("disk", "full"))
	r.settle(time.Minute)
	require.Len(t, r.slack.messages(), 2, "a repeat of the second")
}

// A dead beginning whose end went out is not sent: nobody would ever end it.
func TestADeadBeginningIsNotSentAfterItsEnd(t *testing.T) {
	for name, retry := range map[string]func(r *rig, id int64){
		"one": func(r *rig, id int64) {
			require.Equal(r.t, fault.Conflict, fault.CodeOf(r.outbox.Retry(r.t.Context(), id)))
			require.Equal(r.t, fault.NotFound, fault.CodeOf(r.outbox.Retry(r.t.Context(), id)), "it is closed")
		},
		"all": func(r *rig, _ int64) {
			n, err := r.outbox.RetryAll(r.t.Context())
			require.NoError(r.t, err)
			require.Zero(r.t, n)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.pd.says(func(n int, w http.ResponseWriter) {
				if n == 1 {
					w.WriteHeader(http.StatusBadRequest)
				}
			})
			outage := critical(warning("outage", "down"))
			r.accept(outage)
			r.settle()
			r.accept(over(outage))
			r.settle(time.Minute)
			dead := r.letters(notify.Dead)
			require.Len(t, dead, 1)
			retry(r, dead[0].ID)
			r.settle(time.Minute)
			require.Equal(t, map[string]bool{"outage": false}, r.open())
			require.Empty(t, r.letters(notify.Dead))
		})
	}
}

func TestWaitsAreLoggedForPeople(t *testing.T) {
	var log bytes.Buffer
	r := newRig(t, func(o *notify.Options) { o.Logger = slog.New(slog.NewJSONHandler(&log, nil)) })
	r.slack.away(true)
	require.NoError(t, postgres.InTx(t.Context(), r.pool, func(tx pgx.Tx) error { return r.outbox.Enqueue(t.Context(), tx, warning("a", "b")) }))
	r.settle()
	require.Contains(t, log.String(), `"next":"2s"`)
}
