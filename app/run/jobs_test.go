package run_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
	"github.com/script-ohio/platform/app/run"
)

// runJob asks for a job once a worker can do it, follows it to its end and
// gives the id of the run.
func runJob(t *testing.T, c caller, name string) int64 {
	t.Helper()
	id, status := runJobTo(t, c, name)
	require.Equal(t, "succeeded", status, name)
	return id
}

// runJobTo runs a job to its end, whatever that is.
func runJobTo(t *testing.T, c caller, name string) (id int64, ended string) {
	t.Helper()
	var asked struct{ ID int64 }
	require.Eventually(t, func() bool {
		status, text := c.send(t, http.MethodPost, "/v1/ops/jobs/"+name+"/run", map[string]any{"reason": "a test"})
		if status != http.StatusAccepted {
			require.Contains(t, []int{http.StatusConflict, http.StatusTooManyRequests}, status, text)
			return false
		}
		require.NoError(t, json.Unmarshal([]byte(text), &asked))
		return true
	}, patience, 20*time.Millisecond)
	for {
		status, events := c.send(t, http.MethodGet, fmt.Sprintf("/v1/ops/runs/%d/events", asked.ID), nil)
		require.Equal(t, http.StatusOK, status, events)
		if i := strings.Index(events, "event: end"); i >= 0 {
			found := regexp.MustCompile(`"status":"(\w+)"`).FindStringSubmatch(events[i:])
			require.NotNil(t, found, events)
			return asked.ID, found[1]
		}
	}
}

// alertmanager tells of one alert, twice.
func alertmanager(t *testing.T, url, token string) {
	t.Helper()
	alert := map[string]any{"status": "firing", "fingerprint": "f", "startsAt": "2026-11-02T02:00:00Z", "labels": map[string]any{"alertname": "A"}}
	for range 2 {
		newCaller(t, url, token).ask(t, http.MethodPost, contract.RouteAlerts.Path, map[string]any{"version": "4", "alerts": []any{alert}})
	}
}

// A worker serves no API, is probed on the internal port and does what another
// process asks for.
func TestAWorkerOfItsOwn(t *testing.T) {
	database := postgrestest.URL(t)
	service := start(t, database)
	worker := run.NewWorker(configure(t, "DATABASE_URL="+database), build(), discard(), []contract.Queue{contract.QueueDefault})
	require.NoError(t, worker.Start(t.Context()))
	defer func() { require.NoError(t, worker.Stop(context.Background())) }()
	probes := newCaller(t, worker.InternalURL(), "")
	require.Equal(t, "v1-test", probes.ask(t, http.MethodGet, contract.HealthPath, nil)["version"])
	require.Eventually(t, func() bool {
		status, _ := probes.send(t, http.MethodGet, contract.ReadyPath, nil)
		return status == http.StatusOK
	}, patience, 20*time.Millisecond)
	require.Contains(t, metrics(t, worker.InternalURL()), "script_ohio_job_runs_total")
	require.NotContains(t, metrics(t, service.InternalURL()), "script_ohio_job_runs_total", "it runs none")

	operator := newCaller(t, service.PublicURL(), newKey(t, database, contract.Operator))
	for name, says := range map[string]string{
		"log-retention": "deleted", "cache-cleanup": "", "health-check": "predictions", "performance-metrics": "connections",
		"database-optimization": "analyzed", "performance-analysis": "", "cache-analysis": "",
	} {
		if says == "" {
			continue // they have nothing to do here, see below
		}
		got := operator.ask(t, http.MethodGet, fmt.Sprintf("/v1/ops/runs/%d", runJob(t, operator, name)), nil)
		text, err := json.Marshal(got["report"])
		require.NoError(t, err)
		require.Contains(t, string(text), says, name)
		require.Contains(t, got["requested_by"], "a test")
	}
	status, text := operator.send(t, http.MethodPost, "/v1/ops/jobs/cache-cleanup/run", nil)
	require.Equal(t, http.StatusAccepted, status, text)
	require.Eventually(t, func() bool {
		_, text := operator.send(t, http.MethodGet, "/v1/ops/runs?job=cache-cleanup&status=skipped", nil)
		return strings.Contains(text, "REDIS_URL is not set")
	}, patience, 20*time.Millisecond)
	require.Contains(t, operator.ask(t, http.MethodGet, "/v1/ops/audit?action=job.run&limit=1", nil)["entries"].([]any)[0].(map[string]any)["subject"], "id")
	require.NoError(t, worker.Stop(t.Context()))
	requireClosed(t, worker.InternalURL())
}

// A worker waits for its database, lives meanwhile and says so.
func TestAWorkerWithoutPostgres(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, nobody.Close())
	worker := run.NewWorker(configure(t, "DATABASE_URL=postgres://u:hunter2@"+nobody.Addr().String()+"/d"), build(), discard(), contract.Queues())
	require.NoError(t, worker.Start(t.Context()))
	defer func() { require.NoError(t, worker.Stop(context.Background())) }()
	probes := newCaller(t, worker.InternalURL(), "")
	probes.ask(t, http.MethodGet, contract.HealthPath, nil)
	require.Eventually(t, func() bool {
		status, text := probes.send(t, http.MethodGet, contract.ReadyPath, nil)
		require.Equal(t, http.StatusServiceUnavailable, status)
		require.NotContains(t, text, "hunter2")
		return strings.Contains(text, "cannot be registered")
	}, patience, 20*time.Millisecond)
	require.NotContains(t, metrics(t, worker.InternalURL()), "script_ohio_job_last_success")
}
