package telemetry_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
	"github.com/script-ohio/platform/app/platform/redis"
	"github.com/script-ohio/platform/app/platform/telemetry"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// register registers a metric as its own declared type.
func register(reg prometheus.Registerer, m contract.Metric) (err error) {
	switch m.Type {
	case contract.Counter:
		_, err = telemetry.Counter(reg, m)
	case contract.Gauge:
		_, err = telemetry.Gauge(reg, m)
	case contract.Histogram:
		_, err = telemetry.Histogram(reg, m)
	}
	return err
}

func TestEveryDeclaredMetricCanBeRegisteredOnceAsItsTypeOnly(t *testing.T) {
	reg := telemetry.NewRegistry()
	for _, m := range contract.Metrics() {
		require.NoError(t, register(reg, m), m.Name)
		require.ErrorContains(t, register(reg, m), m.Name)

		other := m
		other.Type = contract.Counter
		if m.Type == contract.Counter {
			other.Type = contract.Gauge
		}
		require.ErrorContains(t, register(prometheus.NewRegistry(), other), "not declared")
	}
	_, err := telemetry.Counter(reg, contract.HTTPInFlight)
	require.ErrorContains(t, err, "declared as a gauge")
	_, err = telemetry.Histogram(reg, contract.HTTPRequests)
	require.ErrorContains(t, err, "declared as a counter")
	_, err = telemetry.Gauge(reg, contract.HTTPRequestDuration)
	require.ErrorContains(t, err, "declared as a histogram")
}

func TestUndeclaredMetricsAreRefusedAndFound(t *testing.T) {
	reg := telemetry.NewRegistry()
	stray := contract.Metric{Name: "stray_total", Type: contract.Counter, Help: "Nobody declared this."}
	require.ErrorContains(t, register(reg, stray), "contract.Metrics")
	relabelled := contract.HTTPRequests
	relabelled.Labels = []string{"method"}
	require.ErrorContains(t, register(reg, relabelled), "contract.Metrics")
	require.ErrorContains(t, telemetry.GaugeFunc(reg, contract.BuildInfo, func() float64 { return 1 }), "labels")

	require.NoError(t, telemetry.GaugeFunc(reg, contract.ActiveUsers, func() float64 { return 3 }))
	names, err := telemetry.Undeclared(reg)
	require.NoError(t, err)
	require.Empty(t, names)

	reg.MustRegister(prometheus.NewGauge(prometheus.GaugeOpts{Name: "stray", Help: "x"}))
	names, err = telemetry.Undeclared(reg)
	require.NoError(t, err)
	require.Equal(t, []string{"stray"}, names)
}

func TestMetricsWithoutLabelsAreExportedFromTheStart(t *testing.T) {
	reg := prometheus.NewRegistry()
	_, err := telemetry.Gauge(reg, contract.HTTPInFlight)
	require.NoError(t, err)
	require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP http_requests_in_flight Requests being answered now.
# TYPE http_requests_in_flight gauge
http_requests_in_flight 0
`)))
}

func TestPoolCollectorReportsThePool(t *testing.T) {
	pool := postgrestest.New(t)
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(telemetry.PoolCollector(pool))
	conn, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()

	require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP script_ohio_database_acquires_total Connections handed out by the PostgreSQL pool, by result (acquired, canceled).
# TYPE script_ohio_database_acquires_total counter
script_ohio_database_acquires_total{result="acquired"} 1
script_ohio_database_acquires_total{result="canceled"} 0
# HELP script_ohio_database_connections Connections of the PostgreSQL pool, by state (acquired, idle, constructing).
# TYPE script_ohio_database_connections gauge
script_ohio_database_connections{state="acquired"} 1
script_ohio_database_connections{state="constructing"} 0
script_ohio_database_connections{state="idle"} 0
# HELP script_ohio_database_connections_max Most connections that the PostgreSQL pool may open.
# TYPE script_ohio_database_connections_max gauge
script_ohio_database_connections_max 8
`)))
}

func TestRedisCollectorReportsThePool(t *testing.T) {
	local, err := redis.StartLocal()
	require.NoError(t, err)
	defer local.Close()
	client, err := redis.Open(local.URL(), redis.Options{})
	require.NoError(t, err)
	defer client.Close()
	conn := client.Conn()
	defer conn.Close()
	require.NoError(t, conn.Ping(t.Context()).Err())

	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(telemetry.RedisCollector(client))
	require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP script_ohio_redis_connections Connections of the Redis pool, by state (active, idle).
# TYPE script_ohio_redis_connections gauge
script_ohio_redis_connections{state="active"} 1
script_ohio_redis_connections{state="idle"} 0
`)))
}

func TestInternalHandlerServesMetricsAndProfiles(t *testing.T) {
	reg := telemetry.NewRegistry()
	_, err := telemetry.Gauge(reg, contract.HTTPInFlight)
	require.NoError(t, err)
	handler := telemetry.InternalHandler(reg)
	get := func(path string) (int, string) {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		body, err := io.ReadAll(w.Body)
		require.NoError(t, err)
		return w.Code, string(body)
	}
	for path, want := range map[string]string{
		contract.MetricsPath:                       "http_requests_in_flight 0",
		contract.ProfilePath:                       "goroutine",
		contract.ProfilePath + "goroutine?debug=1": "goroutine profile",
		contract.ProfilePath + "cmdline":           ".test",
		contract.ProfilePath + "symbol":            "num_symbols",
	} {
		code, body := get(path)
		require.Equal(t, http.StatusOK, code, path)
		require.Contains(t, body, want, path)
	}
	code, _ := get("/")
	require.Equal(t, http.StatusNotFound, code)
}
