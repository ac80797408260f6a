package maintenance

import (
	"context"
	"encoding/json"
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/jobs"
)

// History is where the reports of past runs are looked up; jobs.Client is one.
type History interface {
	Runs(ctx context.Context, f jobs.Filter) ([]jobs.Record, error)
}

// TrendReport tells how figures moved over the last days.
type TrendReport struct {
	From   *time.Time `json:"from,omitempty"`
	To     *time.Time `json:"to,omitempty"`
	Days   int        `json:"days"` // with figures
	Trends []Trend    `json:"trends"`
	Issues []Issue    `json:"issues"`
}

// Trend is the line through a figure's values by least squares.
type Trend struct {
	Figure string    `json:"figure"`
	Unit   string    `json:"unit"`
	Values []float64 `json:"values"` // oldest first
	PerDay float64   `json:"per_day"`
	Change float64   `json:"change_ratio"` // over the whole time, of the first value on the line; 0 when that is 0
}

// trendWindow is how far back the trend looks.
const trendWindow = 8 * day

// sample is a day's figures.
type sample struct {
	at   time.Time
	data FiguresReport
}

// followed are the figures that the trend tells, with the growth over the
// window from which a person should know; 0: never.
type followed struct {
	name, unit string
	notable    float64
	value      func(FiguresReport) (float64, bool)
}

func figures() []followed {
	latency := func(q func(LatencyFigures) float64) func(FiguresReport) (float64, bool) {
		return func(r FiguresReport) (float64, bool) {
			if r.Requests == nil {
				return 0, false
			}
			var sum, n float64
			for _, l := range r.Requests.Latency {
				sum += q(l) * float64(l.Count)
				n += float64(l.Count)
			}
			return sum / max(n, 1), n > 0
		}
	}
	return []followed{
		{"database size", "bytes", .5, func(r FiguresReport) (float64, bool) { return float64(r.Database.Bytes), true }},
		{"database cache hits", "ratio", 0, func(r FiguresReport) (float64, bool) {
			if r.Database.CacheHitRatio == nil {
				return 0, false
			}
			return *r.Database.CacheHitRatio, true
		}},
		{"connections", "count", 1, func(r FiguresReport) (float64, bool) {
			used := 0
			for _, n := range r.Database.Connections {
				used += n
			}
			return float64(used), true
		}},
		{"dead rows of the largest tables", "rows", 2, func(r FiguresReport) (float64, bool) {
			dead := int64(0)
			for _, t := range r.Database.Tables {
				dead += t.Dead
			}
			return float64(dead), true
		}},
		{"request latency, median", "seconds", .5, latency(func(l LatencyFigures) float64 { return l.P50 })},
		{"request latency, 99th percentile", "seconds", .5, latency(func(l LatencyFigures) float64 { return l.P99 })},
		{"server errors", "ratio", 0, func(r FiguresReport) (float64, bool) {
			if r.Requests == nil {
				return 0, false
			}
			return r.Requests.ErrorRatio, true
		}},
	}
}

// PerformanceAnalysis is the Work of contract.JobPerformanceAnalysis: it looks
// at what contract.JobPerformanceMetrics has reported.
func PerformanceAnalysis(history History, clock func() time.Time) jobs.Work {
	return func(ctx context.Context, run *jobs.Run) (any, error) {
		records, err := history.Runs(ctx, jobs.Filter{Job: contract.JobPerformanceMetrics.Name, Status: jobs.Succeeded, Limit: 50})
		if err != nil {
			return nil, err
		}
		var samples []sample
		since := clock().Add(-trendWindow)
		for i := len(records) - 1; i >= 0; i-- { // oldest first
			s := sample{at: records[i].ScheduledFor}
			if s.at.Before(since) || json.Unmarshal(records[i].Report, &s.data) != nil || s.data.Database.Bytes == 0 {
				continue
			}
			samples = append(samples, s)
		}
		run.Progress(1, 1, "")
		if len(samples) < 2 {
			return TrendReport{Days: len(samples), Trends: []Trend{}, Issues: []Issue{}},
				jobs.Skip("there are %d days of figures; a trend needs two", len(samples))
		}
		return trendOf(samples), nil
	}
}

func trendOf(samples []sample) TrendReport {
	from, to := samples[0].at, samples[len(samples)-1].at
	r := TrendReport{From: &from, To: &to, Days: len(samples), Trends: []Trend{}, Issues: []Issue{}}
	for _, f := range figures() {
		var days, values []float64
		for _, s := range samples {
			if v, ok := f.value(s.data); ok {
				days = append(days, s.at.Sub(from).Hours()/24)
				values = append(values, v)
			}
		}
		slope, intercept, ok := line(days, values)
		if !ok {
			continue
		}
		t := Trend{Figure: f.name, Unit: f.unit, Values: values, PerDay: slope}
		first, last := intercept+slope*days[0], intercept+slope*days[len(days)-1]
		if first > 0 {
			t.Change = (last - first) / first
		}
		r.Trends = append(r.Trends, t)
		if f.notable > 0 && t.Change >= f.notable && len(values) >= 3 {
			r.Issues = append(r.Issues, issue(contract.Ticket, "%s grew by %.0f %% within %.0f days", f.name, 100*t.Change, days[len(days)-1]-days[0]))
		}
	}
	return r
}

// line fits y = slope x + intercept by least squares; false without two
// different x.
func line(x, y []float64) (slope, intercept float64, ok bool) {
	n := float64(len(x))
	var sx, sy float64
	for i := range x {
		sx += x[i]
		sy += y[i]
	}
	var sxx, sxy float64
	for i := range x {
		sxx += (x[i] - sx/n) * (x[i] - sx/n)
		sxy += (x[i] - sx/n) * (y[i] - sy/n)
	}
	if len(x) < 2 || sxx == 0 {
		return 0, 0, false
	}
	slope = sxy / sxx
	return slope, sy/n - slope*sx/n, true
}
