package maintenance

import (
	"math"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
)

// RequestFigures are those of the API in this process since it began.
type RequestFigures struct {
	Total       int64                     `json:"total"`
	ByStatus    map[string]int64          `json:"by_status"` // 2xx to 5xx
	ErrorRatio  float64                   `json:"error_ratio"`
	Latency     map[string]LatencyFigures `json:"latency"` // by route
	Predictions int64                     `json:"predictions"`
}

// LatencyFigures are quantiles in seconds, estimated from a histogram.
type LatencyFigures struct {
	Count int64   `json:"count"`
	P50   float64 `json:"p50"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
}

// requestsNow reads the figures of a process; nil when it has served nothing.
func requestsNow(from prometheus.Gatherer) (*RequestFigures, error) {
	families, err := from.Gather()
	if err != nil && len(families) == 0 {
		return nil, fault.Wrap(fault.Internal, err, "the metrics of this process cannot be read")
	}
	r := &RequestFigures{ByStatus: map[string]int64{}, Latency: map[string]LatencyFigures{}}
	for _, family := range families {
		switch family.GetName() {
		case contract.HTTPRequests.Name:
			for _, m := range family.GetMetric() {
				n := int64(m.GetCounter().GetValue())
				r.Total += n
				r.ByStatus[statusClass(label(m, "status"))] += n
			}
		case contract.Predictions.Name:
			for _, m := range family.GetMetric() {
				r.Predictions += int64(m.GetCounter().GetValue())
			}
		case contract.HTTPRequestDuration.Name:
			for _, m := range family.GetMetric() {
				if h := m.GetHistogram(); h.GetSampleCount() > 0 {
					r.Latency[label(m, "method")+" "+label(m, "route")] = LatencyFigures{
						int64(h.GetSampleCount()), quantile(.5, h), quantile(.95, h), quantile(.99, h),
					}
				}
			}
		}
	}
	if r.Total == 0 {
		return nil, nil
	}
	r.ErrorRatio = float64(r.ByStatus["5xx"]) / float64(r.Total)
	return r, nil
}

func label(m *dto.Metric, name string) string {
	for _, l := range m.GetLabel() {
		if l.GetName() == name {
			return l.GetValue()
		}
	}
	return ""
}

func statusClass(status string) string {
	if len(status) != 3 {
		return "other"
	}
	return status[:1] + "xx"
}

// quantile interpolates within the bucket that the quantile falls into; in the
// last, open one it is the bucket's lower end.
func quantile(q float64, h *dto.Histogram) float64 {
	if h.GetSampleCount() == 0 {
		return 0
	}
	rank := q * float64(h.GetSampleCount())
	lower, below := 0.0, 0.0
	for _, b := range h.GetBucket() {
		upper, upTo := b.GetUpperBound(), float64(b.GetCumulativeCount())
		if math.IsInf(upper, 1) {
			break
		}
		if upTo >= rank && upTo > below {
			return lower + (upper-lower)*(rank-below)/(upTo-below)
		}
		lower, below = upper, upTo
	}
	return lower
}
