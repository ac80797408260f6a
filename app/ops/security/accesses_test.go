package security

import (
	"errors"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/telemetry"
)

func TestRefusedRequestsAreCountedByRoute(t *testing.T) {
	registry := telemetry.NewRegistry()
	requests, err := telemetry.Counter(registry, contract.HTTPRequests)
	require.NoError(t, err)
	count := func(method, route, status string, n float64) { requests.WithLabelValues(method, route, status).Add(n) }
	count("POST", "/v1/admin/pack", "401", 60)
	count("POST", "/v1/admin/pack", "403", 50)
	count("POST", "/v1/admin/pack", "200", 3)
	count("POST", "/v1/predictions", "429", 400) // many, but a small share
	count("POST", "/v1/predictions", "200", 4000)
	count("GET", "/v1/teams", "401", 99) // a large share, but few
	count("GET", "/v1/games", "200", 5)
	count("GET", "/v1/games", "500", 500) // a trouble of another kind

	var report Report
	findings, note, err := NewAuditor(Deps{Metrics: registry}, Options{}).accesses(t.Context(), &report)
	require.NoError(t, err)
	require.Contains(t, note, "this replica only")
	require.Equal(t, []Denied{
		{Route: "POST /v1/predictions", Requests: 4400, RateLimited: 400},
		{Route: "POST /v1/admin/pack", Requests: 113, Unauthenticated: 60, Forbidden: 50},
		{Route: "GET /v1/teams", Requests: 99, Unauthenticated: 99},
	}, report.Denied)
	require.Len(t, findings, 1)
	require.Equal(t, "POST /v1/admin/pack", findings[0].Where)
	require.Contains(t, findings[0].What, "refused 110 of 113 requests: 60 without a valid key, 50 beyond the key's role, 0 over the rate")
}

func TestAProcessWithoutRequestsSaysSo(t *testing.T) {
	var report Report
	_, _, err := NewAuditor(Deps{Metrics: telemetry.NewRegistry()}, Options{}).accesses(t.Context(), &report)
	require.ErrorContains(t, err, "serves no requests")
	broken := prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return nil, errors.New("broken") })
	_, _, err = NewAuditor(Deps{Metrics: broken}, Options{}).accesses(t.Context(), &report)
	require.ErrorContains(t, err, "cannot be read")
}
