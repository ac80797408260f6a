package run

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/ops/maintenance"
	"github.com/script-ohio/platform/app/platform/jobs"
	"github.com/script-ohio/platform/app/platform/logstore"
	"github.com/script-ohio/platform/app/platform/postgres"
	"github.com/script-ohio/platform/app/predict/serving"
)

// NewWorker prepares a service without the public API that runs the jobs of
// some queues.
func NewWorker(config contract.Config, build Build, logger *slog.Logger, queues []contract.Queue) *Service {
	s := New(config, build, logger)
	s.api, s.queues = false, queues
	return s
}

// RunJobs makes the service run the jobs of all queues too. It must come
// before Start.
func (s *Service) RunJobs() { s.queues = contract.Queues() }

// works is what this program does of contract.Jobs; what is not here is not
// scheduled, and said so at every start.
func (s *Service) works(logs *logstore.Folder) map[string]jobs.Work {
	works := map[string]jobs.Work{
		contract.JobLogRetention.Name:         maintenance.LogRetention(s.pool, logs, time.Now),
		contract.JobCacheCleanup.Name:         maintenance.CacheCleanup(s.redis),
		contract.JobHealthCheck.Name:          maintenance.HealthCheck(s.checks()),
		contract.JobPerformanceMetrics.Name:   maintenance.PerformanceMetrics(s.pool, s.registry),
		contract.JobDatabaseOptimization.Name: maintenance.DatabaseOptimization(s.pool, maintenance.OptimizationOptions{History: s.jobs}),
		contract.JobPerformanceAnalysis.Name:  maintenance.PerformanceAnalysis(s.jobs, time.Now),
		contract.JobCacheAnalysis.Name:        maintenance.CacheAnalysis(s.redis),
	}
	maps.Copy(works, s.scheduled)
	return works
}

// openWork starts the worker, if the service is to run jobs.
func (s *Service) openWork(ctx context.Context) error {
	if len(s.queues) == 0 {
		return nil
	}
	logs, err := logFolder(s.config)
	if err != nil {
		return err
	}
	reports := maintenance.NewReports(s.pool, s.jobs, maintenance.Options{Made: s.reportMade})
	worker, err := jobs.NewWorker(s.pool, jobs.Options{
		Works: s.works(logs), Logger: s.logger, Queues: s.queues, Registerer: s.registry, Drain: jobDrain(s.config.ShutdownDrain.Duration()),
		Also: reports.Make,
	})
	if err != nil {
		return err
	}
	s.worker = worker
	return worker.Start(ctx)
}

// jobDrain leaves a quarter of the drain time, or five seconds, to jobs that
// are cut off.
func jobDrain(all time.Duration) time.Duration { return all - min(5*time.Second, all/4) }

// checks are the dependencies that the health check asks.
func (s *Service) checks() []maintenance.Check {
	checks := []maintenance.Check{
		{Name: "database", Severity: contract.Critical, Ask: func(ctx context.Context) error { return postgres.Ping(ctx, s.pool) }},
		{Name: "redis", Severity: contract.Warning, Ask: func(ctx context.Context) error {
			if s.redis == nil {
				return maintenance.ErrAbsent
			}
			if err := s.redis.Ping(ctx).Err(); err != nil {
				return fault.Wrap(fault.Unavailable, err, "Redis does not answer")
			}
			return nil
		}},
		{Name: "models bucket", Severity: contract.Warning, Ask: func(ctx context.Context) error {
			if s.models == nil {
				return maintenance.ErrAbsent
			}
			// Whether there is such an object does not matter, that it can be said does.
			if _, err := s.models.Exists(ctx, contract.PrefixPacks+"health-check"); err != nil {
				return fault.Wrap(fault.Unavailable, err, "the models bucket cannot be read")
			}
			return nil
		}},
		{Name: "predictions", Severity: contract.Critical, Ask: s.predictOnce},
	}
	if s.backups == nil { // only a worker of the backups may touch their bucket
		return checks
	}
	return append(checks, maintenance.Check{Name: "backup bucket", Severity: contract.Warning, Ask: func(ctx context.Context) error {
		switch there, err := s.backups.buckets[0].IsAccessible(ctx); {
		case err != nil:
			return fault.Wrap(fault.Unavailable, err, "the backup bucket cannot be read")
		case !there:
			return fault.New(fault.Unavailable, "the backup bucket is not there, or not for this program")
		}
		return nil
	}})
}

// predictOnce has the engine predict a game of two teams that it knows.
func (s *Service) predictOnce(ctx context.Context) error {
	if err := s.engine.Ready(); err != nil {
		return err
	}
	teams := s.engine.Teams()
	if len(teams) < 2 {
		return errors.New("the active pack knows no two teams")
	}
	p, err := s.engine.Predict(ctx, serving.Request{Home: teams[0].Team, Away: teams[1].Team})
	if err != nil {
		return err
	}
	if sum := p.Probabilities.Home + p.Probabilities.Away; !(math.Abs(sum-1) < 1e-6) || math.IsNaN(p.Margin.Expected) {
		return fmt.Errorf("the probabilities of a game add up to %g", sum)
	}
	return nil
}

// messageOf is an error for those who ask from outside: without its cause.
func messageOf(err error) string {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.Message
	}
	return err.Error()
}
