package jobs

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/script-ohio/platform/app/contract"
)

// CollectorOptions of NewCollector; the zero value is ready for use.
type CollectorOptions struct {
	Jobs   []contract.Job // default contract.Jobs()
	Fresh  time.Duration  // how long what was read is shown again; default 5 s
	Within time.Duration  // bounds one read; default 2 s
	Logger *slog.Logger   // told when the database goes and comes back; default none
}

// Collector exports contract.JobLastSuccess and JobsQueued as the database has
// them. While it cannot be read there are no such series, rather than old ones.
type Collector struct {
	pool          *pgxpool.Pool
	opts          CollectorOptions
	success       *prometheus.Desc
	queued        *prometheus.Desc
	mu            sync.Mutex
	read          time.Time
	metrics       []prometheus.Metric
	missed, asked bool // whether the last read failed, whether there was one
}

// NewCollector makes a Collector.
func NewCollector(pool *pgxpool.Pool, opts CollectorOptions) *Collector {
	if opts.Jobs == nil {
		opts.Jobs = contract.Jobs()
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	opts.Fresh = positive(opts.Fresh, 5*time.Second)
	opts.Within = positive(opts.Within, 2*time.Second)
	describe := func(m contract.Metric) *prometheus.Desc { return prometheus.NewDesc(m.Name, m.Help, m.Labels, nil) }
	return &Collector{pool: pool, opts: opts, success: describe(contract.JobLastSuccess), queued: describe(contract.JobsQueued)}
}

// Describe implements prometheus.Collector.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.success
	ch <- c.queued
}

// Collect implements prometheus.Collector.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	for _, m := range c.current() {
		ch <- m
	}
}

// current reads at most once in a while, whoever scrapes how often.
func (c *Collector) current() []prometheus.Metric {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asked && time.Since(c.read) < c.opts.Fresh {
		return c.metrics
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.opts.Within)
	defer cancel()
	metrics, err := c.load(ctx)
	if err != nil {
		metrics = nil
	}
	switch {
	case err != nil && !c.missed:
		c.opts.Logger.Warn("the state of the jobs cannot be read; their metrics are left out", "error", err)
	case err == nil && c.missed:
		c.opts.Logger.Info("the state of the jobs is read again")
	}
	c.metrics, c.missed, c.asked, c.read = metrics, err != nil, true, time.Now()
	return metrics
}

const (
	lastSuccesses = `select name, greatest(registered_at, last_success_at) from jobs where name = any($1)`
	// Only entries that count: one whose run was taken over tells nothing.
	countQueued = `select j.queue, j.state::text, count(*) from job_runs r join river_job j on j.id = r.river_job
		where r.ended_at is null and j.state in ('available', 'running', 'retryable', 'scheduled') group by 1, 2`
)

// queuedStates are those that contract.JobsQueued tells of.
var queuedStates = []string{"available", "running", "retryable", "scheduled"}

func (c *Collector) load(ctx context.Context) (metrics []prometheus.Metric, err error) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		metrics = append(metrics, prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...))
	}
	rows, err := c.pool.Query(ctx, lastSuccesses, namesOf(c.opts.Jobs))
	if err != nil {
		return nil, err
	}
	var name string
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&name, &at}, func() error {
		gauge(c.success, float64(at.UnixMilli())/1000, name)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if rows, err = c.pool.Query(ctx, countQueued); err != nil {
		return nil, err
	}
	type series struct{ queue, state string }
	counts := map[series]int64{}
	var s series
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&s.queue, &s.state, &n}, func() error {
		counts[s] = n
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, q := range contract.Queues() {
		for _, state := range queuedStates {
			gauge(c.queued, float64(counts[series{string(q), state}]), string(q), state)
		}
	}
	return metrics, nil
}
