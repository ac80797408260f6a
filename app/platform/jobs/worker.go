package jobs

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
)

// Options of NewWorker. Works and Logger are required.
type Options struct {
	// Works by the name of their job, at least those of Queues. A job of theirs
	// without one is not scheduled, which the log says at every start.
	Works  map[string]Work
	Logger *slog.Logger

	Queues      []contract.Queue       // default all
	Concurrency map[contract.Queue]int // runs of a queue at the same time; default 2 of the default queue, 1 of the others
	Registerer  prometheus.Registerer  // gets contract.JobRuns and JobDuration; default none
	Drain       time.Duration          // what is under way at Stop may go on for this long; default contract.ShutdownDrain
	// Also runs after each look at the schedule, with its time.
	Also func(ctx context.Context, now time.Time) error

	Jobs  []contract.Job            // default contract.Jobs() and contract.Tasks()
	Clock func() time.Time          // of the schedule; default time.Now
	Every time.Duration             // between looks at the schedule; default 30 s
	Lease time.Duration             // after which a silent worker's runs are taken over; default 90 s
	Poll  time.Duration             // between looks of a run that waits for another; default 15 s
	After func(n int) time.Duration // wait after the nth failure of a run; default 1, 4, 16, ... minutes

	grace time.Duration // for which work may go on after its timeout or a cancel; default 1 min
}

const (
	defaultLease = 90 * time.Second
	defaultEvery = 30 * time.Second
	defaultPoll  = 15 * time.Second
	defaultGrace = time.Minute
	// reopen is how soon a database that is away or not migrated is tried again.
	reopen = 5 * time.Second
	// look bounds one look at the schedule.
	look = 20 * time.Second
)

func (o Options) withDefaults() Options {
	if o.Queues == nil {
		o.Queues = contract.Queues()
	}
	if o.Drain <= 0 {
		o.Drain = contract.ShutdownDrain
	}
	if o.Also == nil {
		o.Also = func(context.Context, time.Time) error { return nil }
	}
	if o.Jobs == nil {
		o.Jobs = slices.Concat(contract.Jobs(), contract.Tasks())
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Registerer == nil {
		o.Registerer = prometheus.NewRegistry()
	}
	o.Every = positive(o.Every, defaultEvery)
	o.Lease = positive(o.Lease, defaultLease)
	o.Poll = positive(o.Poll, defaultPoll)
	o.grace = positive(o.grace, defaultGrace)
	if o.After == nil {
		o.After = func(n int) time.Duration { return time.Minute << (2 * min(max(n-1, 0), 4)) }
	}
	return o
}

func positive(d, otherwise time.Duration) time.Duration {
	if d <= 0 {
		return otherwise
	}
	return d
}

// Worker schedules all jobs and runs those of its queues. Any number of
// workers may share a database.
type Worker struct {
	opts      Options
	id        string
	pool      *pgxpool.Pool
	store     store
	scheduler scheduler
	metrics   metrics
	log       *slog.Logger

	starting sync.Once
	stopping sync.Once
	cancel   context.CancelFunc
	loop     sync.WaitGroup
	stopErr  error

	mu      sync.Mutex // guards what follows
	river   *river.Client[pgx.Tx]
	trouble error // of the last look at the schedule; errOpening before the first
	ahead   bool  // whether our clock was at the last look
}

var errOpening = errors.New("the worker has not reached the database yet")

// NewWorker makes a worker; Start starts it. Options that cannot be are
// fault.Invalid.
func NewWorker(pool *pgxpool.Pool, opts Options) (*Worker, error) {
	opts = opts.withDefaults()
	if opts.Logger == nil || opts.Works == nil {
		return nil, fault.New(fault.Internal, "jobs.Options.Works and Logger are required")
	}
	for _, q := range opts.Queues {
		if !slices.Contains(contract.Queues(), q) {
			return nil, fault.New(fault.Invalid, "there is no queue %q: use some of %v", q, contract.Queues())
		}
	}
	for name := range opts.Works {
		if !slices.Contains(namesOf(opts.Jobs), name) {
			return nil, fault.New(fault.Internal, "there is no job %q to do", name)
		}
	}
	q, err := newQueue(pool)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the job queue cannot be set up")
	}
	w := &Worker{opts: opts, id: workerID(), pool: pool, store: store{pool, q, opts.Lease}, log: opts.Logger, trouble: errOpening}
	if w.metrics, err = newMetrics(opts.Registerer, opts.Jobs); err != nil {
		return nil, err
	}
	w.scheduler, err = newScheduler(scheduled(w.doable()), &w.store)
	return w, err
}

// own are the jobs of the worker's queues.
func (w *Worker) own() (jobs []contract.Job) {
	for _, job := range w.opts.Jobs {
		if slices.Contains(w.opts.Queues, job.Queue) {
			jobs = append(jobs, job)
		}
	}
	return jobs
}

// doable are the jobs that have a Work; the worker schedules those that have a
// schedule, whoever runs them.
func (w *Worker) doable() (jobs []contract.Job) {
	for _, job := range w.opts.Jobs {
		if w.opts.Works[job.Name] != nil {
			jobs = append(jobs, job)
		}
	}
	return jobs
}

// workerID names a worker in the rows that it writes: unlike its host or
// process, nothing else ever has the same.
func workerID() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "unknown"
	}
	return fmt.Sprintf("%s-%d-%s", clean(Line(host), 60), os.Getpid(), rand.Text()[:6])
}

// Start begins to work, once the database answers and is migrated. A second
// call does nothing.
func (w *Worker) Start(ctx context.Context) error {
	w.starting.Do(func() {
		for _, job := range w.own() {
			if w.opts.Works[job.Name] == nil {
				w.log.WarnContext(ctx, "nobody does a job: it is declared, but this program has no work for it", "job", job.Name)
			}
		}
		var background context.Context
		background, w.cancel = context.WithCancel(context.WithoutCancel(ctx))
		w.loop.Go(func() { w.run(background) })
	})
	return nil
}

// run opens and then looks at the schedule until ctx ends.
func (w *Worker) run(ctx context.Context) {
	every := time.NewTicker(w.opts.Every)
	defer every.Stop()
	for {
		err := w.look(ctx)
		if ctx.Err() != nil {
			return
		}
		w.note(ctx, err)
		again := every.C
		if w.client() == nil {
			again = time.After(min(reopen, w.opts.Every))
		}
		select {
		case <-ctx.Done():
			return
		case <-again:
		}
	}
}

// note keeps what a look came to, and logs trouble when it begins and ends.
func (w *Worker) note(ctx context.Context, err error) {
	w.mu.Lock()
	before := w.trouble
	w.trouble = err
	w.mu.Unlock()
	switch {
	case err != nil && (before == nil || errors.Is(before, errOpening)):
		w.log.WarnContext(ctx, "the schedule cannot be followed; it is caught up later", "error", err)
	case err == nil && before != nil:
		w.log.InfoContext(ctx, "the schedule is followed", "worker", w.id, "queues", w.opts.Queues)
	}
}

func (w *Worker) client() *river.Client[pgx.Tx] {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.river
}

// look opens the queues if they are not open, schedules what is due and takes
// over what was lost.
func (w *Worker) look(ctx context.Context) error {
	now := w.opts.Clock()
	bounded, cancel := context.WithTimeout(ctx, look)
	defer cancel()
	if w.client() == nil {
		if err := w.open(bounded); err != nil {
			return err
		}
	}
	now, err := w.believed(bounded, now)
	if err != nil {
		return err
	}
	scheduled, err := w.scheduler.tick(bounded, now)
	for _, p := range scheduled {
		w.log.InfoContext(ctx, "a job is due", "job", p.job.Name, "scheduled_for", p.at, "late", now.Sub(p.at).Round(time.Second).String())
	}
	if err != nil {
		return err
	}
	if expired, err := w.store.expire(bounded, 0); err != nil {
		return broken(err, "tasks that nobody began cannot be ended")
	} else if expired {
		w.log.WarnContext(ctx, "tasks that nobody began in time are not done", "within", contract.TaskExpiry.String())
	}
	lost, err := w.store.rescue(bounded, w.retries)
	for _, r := range lost {
		w.log.WarnContext(ctx, "a run was taken from a worker that stopped answering", "run", r.id, "job", r.job, "from", r.worker, "status", r.status)
		if job, known := w.job(r.job); known && r.status.Ended() {
			w.metrics.ended(job, r.status)
		}
	}
	if err != nil {
		return err
	}
	also, cancel := context.WithTimeout(ctx, look)
	defer cancel()
	return w.opts.Also(also, now)
}

// maxAhead is how far our clock may be ahead of the database's.
const maxAhead = time.Minute

// believed is now, unless our clock is far ahead: then it is the database's,
// lest what is scheduled for the future keep the schedule from going on.
func (w *Worker) believed(ctx context.Context, now time.Time) (time.Time, error) {
	theirs, err := w.store.now(ctx)
	if err != nil {
		return now, err
	}
	ahead := now.Sub(theirs) > maxAhead
	w.mu.Lock()
	before := w.ahead
	w.ahead = ahead
	w.mu.Unlock()
	if !ahead {
		return now, nil
	}
	if !before {
		w.log.WarnContext(ctx, "this clock is ahead of the database's, by which the schedule goes", "ahead", now.Sub(theirs).Round(time.Second).String())
	}
	return theirs, nil
}

func (w *Worker) retries(name string) int {
	job, _ := w.job(name)
	return job.Retries
}

func (w *Worker) job(name string) (contract.Job, bool) {
	for _, job := range w.opts.Jobs {
		if job.Name == name {
			return job, true
		}
	}
	return contract.Job{}, false
}

// open registers the jobs and starts River.
func (w *Worker) open(ctx context.Context) error {
	if _, err := w.pool.Exec(ctx, offerJobs, namesOf(w.opts.Jobs), namesOf(w.own()), namesOf(w.doable())); err != nil {
		return broken(err, "the jobs cannot be registered")
	}
	queues := map[string]river.QueueConfig{}
	for _, q := range w.opts.Queues {
		queues[string(q)] = river.QueueConfig{MaxWorkers: w.atOnce(q)}
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &executor{Worker: w})
	client, err := river.NewClient(riverpgxv5.New(w.pool), &river.Config{
		ID: w.id, Queues: queues, Workers: workers, Logger: slog.New(newSeldom(w.log.Handler(), slog.LevelWarn, time.Minute)),
		JobTimeout: -1, SoftStopTimeout: w.opts.Drain,
		// Leases find dead workers sooner; this tidies what they leave in River.
		RescueStuckJobsAfter: w.longest() + time.Hour,
	})
	if err != nil {
		return fault.Wrap(fault.Internal, err, "the job queue cannot be set up")
	}
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return fault.Wrap(fault.Unavailable, err, "the job queue cannot be opened")
	}
	w.mu.Lock()
	w.river = client
	w.mu.Unlock()
	return nil
}

func (w *Worker) atOnce(q contract.Queue) int {
	if n := w.opts.Concurrency[q]; n > 0 {
		return n
	}
	if q == contract.QueueDefault {
		return 2
	}
	return 1
}

func (w *Worker) longest() (longest time.Duration) {
	for _, job := range w.opts.Jobs {
		longest = max(longest, job.Timeout)
	}
	return longest
}

// Ready says why the worker cannot work, nil when it does.
func (w *Worker) Ready() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.trouble
}

// Stop takes no more runs, lets those under way go on for the drain time and
// then cuts them off, so that another worker takes them over. ctx bounds all
// of it. A second call does nothing; a stopped worker does not start.
func (w *Worker) Stop(ctx context.Context) error {
	w.starting.Do(func() {})
	w.stopping.Do(func() {
		if w.cancel != nil {
			w.cancel()
		}
		w.loop.Wait()
		if client := w.client(); client != nil {
			w.stopErr = client.Stop(ctx)
		}
	})
	return w.stopErr
}
