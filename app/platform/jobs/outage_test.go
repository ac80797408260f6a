package jobs

import (
	"bytes"
	"context"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/postgres"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

// gate lets connections to a database through or cuts all of them off.
type gate struct {
	t     *testing.T
	admin *pgx.Conn
	name  string
}

func newGate(t *testing.T, database string) gate {
	t.Helper()
	u, err := url.Parse(database)
	require.NoError(t, err)
	name := strings.TrimPrefix(u.Path, "/")
	u.Path = "/postgres"
	admin, err := pgx.Connect(t.Context(), u.String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = admin.Close(context.Background()) })
	return gate{t, admin, name}
}

func (g gate) set(open string) {
	g.t.Helper()
	_, err := g.admin.Exec(g.t.Context(), "alter database "+g.name+" with allow_connections "+open)
	require.NoError(g.t, err)
	_, err = g.admin.Exec(g.t.Context(), "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", g.name)
	require.NoError(g.t, err)
}

// locked is a log that may be written and read at once.
type locked struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// The database goes away for longer than a lease while a run is under way, and
// comes back.
func TestTheDatabaseGoesAndComesBack(t *testing.T) {
	database := postgrestest.URL(t)
	pool, err := postgres.Open(t.Context(), database, postgres.Options{MaxConns: 8})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	log := new(locked)
	collector := NewCollector(pool, CollectorOptions{Jobs: all, Fresh: time.Millisecond, Logger: slog.New(slog.NewTextHandler(log, nil))})
	series := func() int { return testutil.CollectAndCount(collector) }
	client := newTestClient(t, pool, all)

	cut := make(chan error, 10)
	w := startWorker(t, pool, Options{Works: map[string]Work{
		alone.Name: func(ctx context.Context, run *Run) (any, error) {
			if run.Attempt > 1 {
				return nil, nil
			}
			<-ctx.Done()
			cut <- context.Cause(ctx)
			return nil, ctx.Err()
		},
		again.Name: nothing,
	}})
	s := scene{t: t, pool: pool, client: client, worker: w}
	s.ready(w)
	id := s.request(alone.Name)
	s.until(id, is(Running))
	full := len(all) + len(contract.Queues())*len(queuedStates)
	require.Equal(t, full, series())

	g := newGate(t, database)
	g.set("false")
	require.ErrorIs(t, <-cut, errLost, "before another worker may begin it")
	require.Eventually(t, func() bool { return w.Ready() != nil }, patience, fast)
	for range 20 {
		require.Zero(t, series())
		time.Sleep(fast)
	}
	require.Equal(t, 1, strings.Count(log.String(), "cannot be read"), log)

	g.set("true")
	require.Eventually(t, func() bool { return w.Ready() == nil && series() == full }, patience, fast)
	require.Equal(t, 1, strings.Count(log.String(), "read again"))
	require.Equal(t, Succeeded, s.ended(id).Status)
	require.Equal(t, Succeeded, s.ended(s.request(again.Name)).Status, "new work is done too")
}

func TestTheCollectorTellsTheStateOfTheDatabase(t *testing.T) {
	pool := postgrestest.New(t)
	collector := NewCollector(pool, CollectorOptions{Jobs: all, Fresh: time.Millisecond})
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(collector)
	require.Equal(t, len(contract.Queues())*len(queuedStates), testutil.CollectAndCount(collector), "nothing is registered")

	client := newTestClient(t, pool, all)
	_, err := pool.Exec(t.Context(), "update jobs set runnable = true, registered_at = to_timestamp(1000), last_success_at = case name when 'again' then to_timestamp(2000.5) end")
	require.NoError(t, err)
	_, err = client.Request(t.Context(), alone.Name, "test")
	require.NoError(t, err)
	time.Sleep(2 * time.Millisecond)
	require.NoError(t, testutil.CollectAndCompare(collector, strings.NewReader(`
# HELP script_ohio_job_last_success_timestamp_seconds `+contract.JobLastSuccess.Help+`
# TYPE script_ohio_job_last_success_timestamp_seconds gauge
script_ohio_job_last_success_timestamp_seconds{task="again"} 2000.5
script_ohio_job_last_success_timestamp_seconds{task="alone"} 1000
script_ohio_job_last_success_timestamp_seconds{task="first"} 1000
script_ohio_job_last_success_timestamp_seconds{task="grave"} 1000
script_ohio_job_last_success_timestamp_seconds{task="hasty"} 1000
script_ohio_job_last_success_timestamp_seconds{task="second"} 1000
`), contract.JobLastSuccess.Name))
	text, err := testutil.CollectAndFormat(collector, expfmt.TypeTextPlain, contract.JobsQueued.Name)
	require.NoError(t, err)
	require.Contains(t, string(text), `{queue="default",state="available"} 1`)
	require.Contains(t, string(text), `{queue="backup",state="available"} 0`)
	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	require.Empty(t, problems)
}

func TestEveryMetricIsThereFromTheStart(t *testing.T) {
	reg := prometheus.NewRegistry()
	w, err := NewWorker(postgrestest.New(t), Options{Works: map[string]Work{}, Logger: discard(), Registerer: reg})
	require.NoError(t, err)
	require.NoError(t, w.Stop(t.Context()), "it was never started")
	count := testutil.CollectAndCount(w.metrics.runs)
	require.Equal(t, (len(contract.Jobs())+len(contract.Tasks()))*4, count)
	require.Equal(t, len(contract.Jobs())+len(contract.Tasks()), testutil.CollectAndCount(w.metrics.duration))
}
