package run

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/ops/alert"
	"github.com/script-ohio/platform/app/platform/jobs"
	"github.com/script-ohio/platform/app/platform/telemetry"
)

// openJobs makes what asks for jobs and shows them, with the metrics that the
// database knows, and the store of alerts.
func (s *Service) openJobs(context.Context) (err error) {
	if s.jobs, err = jobs.NewClient(s.pool, jobs.ClientOptions{Record: s.audit().Change}); err != nil {
		return err
	}
	if err := s.registry.Register(jobs.NewCollector(s.pool, jobs.CollectorOptions{Logger: s.logger})); err != nil {
		return err
	}
	received, err := telemetry.Counter(s.registry, contract.AlertsReceived)
	if err != nil {
		return err
	}
	for _, status := range []alert.Status{alert.Firing, alert.Resolved} {
		received.WithLabelValues(string(status))
	}
	s.alerts = alert.NewStore(s.pool, alert.Options{
		Received: func(status alert.Status) { received.WithLabelValues(string(status)).Inc() },
	})
	return nil
}

// registerEvery is how soon a database that is away, or whose schema is older,
// is tried again.
const registerEvery = 30 * time.Second

// registerJobs notes from when on the silence of jobs counts, so that it is
// heard also where no worker has ever started.
func (s *Service) registerJobs(ctx context.Context) {
	told := false
	for {
		bounded, cancel := context.WithTimeout(ctx, registerEvery)
		err := s.jobs.Register(bounded)
		cancel()
		if err == nil || ctx.Err() != nil {
			return
		}
		if !told {
			s.logger.WarnContext(ctx, "the jobs are not registered yet; it is tried again", "error", err)
			told = true
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(registerEvery):
		}
	}
}

// internalHandler serves metrics and profiles; without a public API, also the
// probes.
func (s *Service) internalHandler() http.Handler {
	internal := telemetry.InternalHandler(s.registry)
	if s.api {
		return internal
	}
	mux := http.NewServeMux()
	mux.Handle("/", internal)
	mux.HandleFunc("GET "+contract.HealthPath, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"status": "ok", "version": s.build.Version})
	})
	mux.HandleFunc("GET "+contract.ReadyPath, func(w http.ResponseWriter, _ *http.Request) {
		if err := s.worker.Ready(); err != nil {
			answer(w, http.StatusServiceUnavailable, map[string]string{"status": "unavailable", "detail": messageOf(err)})
			return
		}
		answer(w, http.StatusOK, map[string]string{"status": "ready"})
	})
	return mux
}

func answer(w http.ResponseWriter, status int, body map[string]string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // who hung up does not want it
}
