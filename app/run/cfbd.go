package run

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/jobs"
	"github.com/script-ohio/platform/app/platform/telemetry"
	"github.com/script-ohio/platform/app/predict/cfbd"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/pack"
)

// NewSyncer makes the sync with the College Football Data API as configured;
// without a key it is fault.Invalid. The options may bring another address and
// hooks; rate and budget are the configuration's. record is told, as whoever
// acts, of what changed.
func NewSyncer(config contract.Config, pool *pgxpool.Pool, record football.Recorder, logger *slog.Logger, o cfbd.Options) (*cfbd.Syncer, error) {
	o.PerSecond = config.APIRateLimit
	client, err := cfbd.New(cfbd.Deps{
		Key:    config.CFBDAPIKey,
		Ledger: cfbd.NewBudget(pool, config.CFBDMonthlyBudget, time.Now),
		Cache:  cfbd.NewStore(pool),
		Logger: logger,
	}, o)
	if err != nil {
		return nil, err
	}
	known, err := pack.Default()
	if err != nil {
		return nil, err
	}
	return cfbd.NewSyncer(client, football.NewStore(pool).Recording(record), football.NewDirectory(known.State.View().Names())), nil
}

// gamesSync is contract.JobGamesSync and its metrics, which are there without
// a key too.
func gamesSync(ctx context.Context, config contract.Config, pool *pgxpool.Pool, reg prometheus.Registerer, logger *slog.Logger, o cfbd.Options) (jobs.Work, error) {
	requests, err := telemetry.Counter(reg, contract.CFBDRequests)
	if err != nil {
		return nil, err
	}
	results := map[string]prometheus.Counter{}
	for _, result := range cfbd.Results() {
		results[result] = requests.WithLabelValues(result)
	}
	budget, err := telemetry.Gauge(reg, contract.CFBDBudget)
	if err != nil {
		return nil, err
	}
	asking, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	left, err := cfbd.NewBudget(pool, config.CFBDMonthlyBudget, time.Now).Left(asking)
	if err != nil {
		left = config.CFBDMonthlyBudget // the database is away; the first request tells
	}
	budget.WithLabelValues().Set(float64(left))
	if config.CFBDAPIKey == "" {
		return cfbd.Work(nil, time.Now), nil
	}
	o.Requested = func(result string) { results[result].Inc() }
	o.BudgetLeft = func(left int) { budget.WithLabelValues().Set(float64(left)) }
	syncer, err := NewSyncer(config, pool, NewAudit(pool, "games sync").Change, logger, o)
	if err != nil {
		return nil, err
	}
	return cfbd.Work(syncer, time.Now), nil
}
