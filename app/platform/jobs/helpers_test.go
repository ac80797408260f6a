package jobs

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/postgres"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

const (
	// patience bounds waits for what must happen; no test depends on how long
	// it takes.
	patience = time.Minute
	fast     = 20 * time.Millisecond
	minute   = time.Minute
)

// The jobs of these tests. Their runs are due at midnight of the first of
// January, so that nothing but a request begins one.
var (
	never  = contract.Run{Name: "daily", Cron: "0 0 1 1 *", Every: 366 * 24 * time.Hour}
	alone  = contract.Job{Name: "alone", Run: never, Timeout: minute, Queue: contract.QueueDefault}
	again  = contract.Job{Name: "again", Run: never, Timeout: minute, Queue: contract.QueueDefault, Retries: 2}
	hasty  = contract.Job{Name: "hasty", Run: never, Timeout: 50 * time.Millisecond, Queue: contract.QueueDefault}
	first  = contract.Job{Name: "first", Run: never, Timeout: minute, Queue: contract.QueueBackup}
	second = contract.Job{Name: "second", Run: never, After: "first", Timeout: minute, Queue: contract.QueueBackup}
	grave  = contract.Job{Name: "grave", Run: never, Timeout: minute, Queue: contract.QueueDefault, Severity: contract.Critical}
	all    = []contract.Job{alone, again, hasty, first, second, grave}
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func newTestClient(t *testing.T, pool *pgxpool.Pool, jobs []contract.Job) *Client {
	t.Helper()
	client, err := NewClient(pool, ClientOptions{Jobs: jobs})
	require.NoError(t, err)
	require.NoError(t, client.Register(t.Context()))
	return client
}

// startWorker starts a worker that looks often, and stops it after the test.
func startWorker(t *testing.T, pool *pgxpool.Pool, opts Options) *Worker {
	t.Helper()
	if opts.Logger == nil {
		opts.Logger = discard()
	}
	if opts.Jobs == nil {
		opts.Jobs = all
	}
	if opts.Every == 0 {
		opts.Every = 100 * time.Millisecond
	}
	if opts.Lease == 0 {
		opts.Lease = 2 * time.Second
	}
	if opts.Drain == 0 {
		opts.Drain = fast
	}
	opts.Poll, opts.Concurrency = fast, map[contract.Queue]int{contract.QueueBackup: 2}
	opts.After = func(int) time.Duration { return fast }
	w, err := NewWorker(pool, opts)
	require.NoError(t, err)
	require.NoError(t, w.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, w.Stop(context.Background())) })
	return w
}

// scene is a database with a client, a worker and its metrics.
type scene struct {
	t      *testing.T
	pool   *pgxpool.Pool
	client *Client
	worker *Worker
	reg    *prometheus.Registry
}

func play(t *testing.T, works map[string]Work) scene {
	t.Helper()
	s := scene{t: t, pool: postgrestest.New(t), reg: prometheus.NewRegistry()}
	s.client = newTestClient(t, s.pool, all)
	s.worker = startWorker(t, s.pool, Options{Works: works, Registerer: s.reg})
	s.ready(s.worker)
	return s
}

func (s scene) ready(w *Worker) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return w.Ready() == nil }, patience, fast)
}

// request asks for one run and gives its id.
func (s scene) request(name string) int64 {
	s.t.Helper()
	records, err := s.client.Request(s.t.Context(), name, "test")
	require.NoError(s.t, err)
	require.Len(s.t, records, 1)
	return records[0].ID
}

// until waits for a run to be as wanted.
func (s scene) until(id int64, wanted func(Record) bool) (r Record) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		var err error
		r, err = s.client.Run(s.t.Context(), id)
		require.NoError(s.t, err)
		return wanted(r)
	}, patience, fast)
	return r
}

func (s scene) ended(id int64) Record {
	s.t.Helper()
	return s.until(id, func(r Record) bool { return r.Status.Ended() })
}

// cancelled has somebody cancel a run under way and gives it when it has ended.
func (s scene) cancelled(id int64) Record {
	s.t.Helper()
	s.until(id, is(Running))
	_, err := s.client.Cancel(s.t.Context(), id, "ann")
	require.NoError(s.t, err)
	return s.ended(id)
}

func is(status Status) func(Record) bool { return func(r Record) bool { return r.Status == status } }

// counted gives script_ohio_job_runs_total of a job by result, without zeros.
func (s scene) counted(job string) map[string]int {
	s.t.Helper()
	counts := map[string]int{}
	for _, result := range results {
		if n := testutil.ToFloat64(s.worker.metrics.runs.WithLabelValues(job, result)); n > 0 {
			counts[result] = int(n)
		}
	}
	return counts
}

// nothing succeeds.
func nothing(context.Context, *Run) (any, error) { return nil, nil }

// untilCut works until its context ends.
func untilCut(ctx context.Context, _ *Run) (any, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// asWorker, when set, makes the test binary a worker on that database, whose
// work never ends.
const asWorker = "JOBS_TEST_AS_WORKER"

func beAWorker() {
	url := os.Getenv(asWorker)
	if url == "" {
		return
	}
	pool, err := postgres.Open(context.Background(), url, postgres.Options{})
	if err != nil {
		panic(err)
	}
	w, err := NewWorker(pool, Options{
		Works: map[string]Work{alone.Name: untilCut}, Logger: discard(), Jobs: all, Every: 100 * time.Millisecond, Lease: 2 * time.Second,
	})
	if err != nil {
		panic(err)
	}
	_ = w.Start(context.Background())
	select {}
}
