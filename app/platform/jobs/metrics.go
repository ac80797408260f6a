package jobs

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/telemetry"
)

// The results of contract.JobRuns.
const (
	resultSucceeded = "succeeded"
	resultFailed    = "failed"
	resultTimedOut  = "timed_out"
	resultCancelled = "cancelled"
)

var results = map[Status]string{
	Succeeded: resultSucceeded, Failed: resultFailed, TimedOut: resultTimedOut, Cancelled: resultCancelled,
}

// metrics count runs where they end: one that is tried again has not.
type metrics struct {
	runs     *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

// newMetrics registers the metrics with every series at zero, so that the
// first failure is an increase.
func newMetrics(reg prometheus.Registerer, jobs []contract.Job) (m metrics, err error) {
	if m.runs, err = telemetry.Counter(reg, contract.JobRuns); err != nil {
		return m, err
	}
	if m.duration, err = telemetry.Histogram(reg, contract.JobDuration); err != nil {
		return m, err
	}
	for _, job := range jobs {
		for _, result := range results {
			m.runs.WithLabelValues(job.Name, result)
		}
		m.duration.WithLabelValues(job.Name)
	}
	return m, nil
}

// ended counts a run. One that had nothing to do has succeeded, or does not
// count; see successful.
func (m metrics) ended(job contract.Job, status Status) {
	if successful(job, status) {
		status = Succeeded
	}
	if result, ok := results[status]; ok {
		m.runs.WithLabelValues(job.Name, result).Inc()
	}
}

func (m metrics) took(job string, d time.Duration) {
	m.duration.WithLabelValues(job).Observe(d.Seconds())
}
