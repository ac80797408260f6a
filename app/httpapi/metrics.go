package httpapi

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/ratelimit"
	"github.com/script-ohio/platform/app/platform/telemetry"
	"github.com/script-ohio/platform/app/predict/serving"
)

// metrics are the collectors that the API feeds.
type metrics struct {
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	inFlight  prometheus.Gauge
	limited   *prometheus.CounterVec
	models    map[string]modelMetrics
}

// modelMetrics are resolved once, since looking collectors up by label costs
// more than counting.
type modelMetrics struct {
	withSpread, withoutSpread prometheus.Counter
	duration                  prometheus.Observer
}

func newMetrics(reg prometheus.Registerer, users ActiveUsers) (*metrics, error) {
	var (
		m   metrics
		err error
	)
	must := func(failed error) { err = errors.Join(err, failed) }
	counter := func(d contract.Metric) *prometheus.CounterVec {
		vec, failed := telemetry.Counter(reg, d)
		must(failed)
		return vec
	}
	histogram := func(d contract.Metric) *prometheus.HistogramVec {
		vec, failed := telemetry.Histogram(reg, d)
		must(failed)
		return vec
	}
	m.requests, m.durations = counter(contract.HTTPRequests), histogram(contract.HTTPRequestDuration)
	m.limited = counter(contract.RateLimited)
	inFlight, failed := telemetry.Gauge(reg, contract.HTTPInFlight)
	must(failed)
	must(telemetry.GaugeFunc(reg, contract.ActiveUsers, func() float64 { return float64(users.Count()) }))
	predictions, times := counter(contract.Predictions), histogram(contract.PredictionDuration)
	if err != nil {
		return nil, err
	}
	m.inFlight = inFlight.WithLabelValues()
	m.models = map[string]modelMetrics{}
	for _, name := range serving.Models() {
		m.models[name] = modelMetrics{
			withSpread: predictions.WithLabelValues(name, "true"), withoutSpread: predictions.WithLabelValues(name, "false"),
			duration: times.WithLabelValues(name),
		}
	}
	return &m, nil
}

// predicted counts one prediction.
func (m *metrics) predicted(p *serving.Prediction) {
	counters, ok := m.models[p.Model]
	switch {
	case !ok: // a label value that is not declared would be a new series
	case p.Spread != nil:
		counters.withSpread.Inc()
	default:
		counters.withoutSpread.Inc()
	}
}

// routeMetrics are the collectors of one route, resolved once.
type routeMetrics struct {
	requests *prometheus.CounterVec // by status
	ok       prometheus.Counter     // those with status 200
	duration prometheus.Observer
	allowed  map[string]prometheus.Counter // by backend of the rate limiter
	denied   map[string]prometheus.Counter
}

func (m *metrics) route(r contract.Route) routeMetrics {
	labels := prometheus.Labels{"method": r.Method, "route": r.Path}
	rm := routeMetrics{
		requests: m.requests.MustCurryWith(labels),
		duration: m.durations.With(labels),
		allowed:  map[string]prometheus.Counter{}, denied: map[string]prometheus.Counter{},
	}
	rm.ok = rm.requests.WithLabelValues("200")
	if r.Rate != contract.RateNone {
		for _, backend := range []string{ratelimit.BackendRedis, ratelimit.BackendMemory} {
			rm.allowed[backend] = m.limited.WithLabelValues(string(r.Rate), "allowed", backend)
			rm.denied[backend] = m.limited.WithLabelValues(string(r.Rate), "denied", backend)
		}
	}
	return rm
}

func (rm *routeMetrics) decided(d ratelimit.Decision) {
	counters := rm.allowed
	if !d.Allowed {
		counters = rm.denied
	}
	if counter, ok := counters[d.Backend]; ok {
		counter.Inc()
	}
}

// measure counts and times every request.
func (a *API) measure(c *gin.Context) {
	a.metrics.inFlight.Inc()
	defer func() {
		a.metrics.inFlight.Dec()
		call := callOf(c.Request.Context())
		rm := &call.route.metrics
		if status := c.Writer.Status(); status == http.StatusOK {
			rm.ok.Inc()
		} else {
			rm.requests.WithLabelValues(strconv.Itoa(status)).Inc()
		}
		rm.duration.Observe(a.opts.Clock().Sub(call.start).Seconds())
	}()
	c.Next()
}
