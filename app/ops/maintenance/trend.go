package maintenance

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
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
	Days   int        `json:"days"` // in UTC, with figures
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

// sample is a day's figures, the last that were taken.
type sample struct {
	at   time.Time // in UTC
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
		records, err := history.Runs(ctx, jobs.Filter{Job: contract.JobPerformanceMetrics.Name, Status: jobs.Succeeded, Limit: 200})
		if err != nil {
			return nil, err
		}
		samples := daily(records, clock().Add(-trendWindow))
		run.Progress(1, 1, "")
		none := TrendReport{Days: len(samples), Trends: []Trend{}, Issues: []Issue{}}
		switch n := len(samples); {
		case n == 1:
			return none, jobs.Skip("there is 1 day of figures; a trend needs two")
		case n == 0:
			return none, jobs.Skip("there are no figures; a trend needs two days of them")
		case !apart(samples[0].at, samples[n-1].at):
			return none, jobs.Skip("all figures are of within %s; a trend needs a day between them", samples[n-1].at.Sub(samples[0].at).Round(time.Second))
		}
		return trendOf(samples), nil
	}
}

// daily gives the figures taken since a time, the last of each day in UTC, the
// oldest first.
func daily(records []jobs.Record, since time.Time) (samples []sample) {
	for _, r := range records {
		s := sample{at: r.ScheduledFor.UTC()}
		if r.EndedAt != nil {
			s.at = r.EndedAt.UTC()
		}
		if !s.at.Before(since) && json.Unmarshal(r.Report, &s.data) == nil && s.data.Database.Bytes > 0 {
			samples = append(samples, s)
		}
	}
	slices.SortStableFunc(samples, func(a, b sample) int { return b.at.Compare(a.at) })
	samples = slices.CompactFunc(samples, func(a, b sample) bool {
		return a.at.Format(time.DateOnly) == b.at.Format(time.DateOnly)
	})
	slices.Reverse(samples)
	return samples
}

// apart tells whether a growth between two times may be told by the day. What
// is done daily is done a little earlier or later.
func apart(from, to time.Time) bool { return to.Sub(from).Round(time.Hour) >= day }

func trendOf(samples []sample) TrendReport {
	from, to := samples[0].at, samples[len(samples)-1].at
	r := TrendReport{From: &from, To: &to, Days: len(samples), Trends: []Trend{}, Issues: []Issue{}}
	for _, f := range figures() {
		var days, values []float64
		var first, last time.Time
		for _, s := range samples {
			if v, ok := f.value(s.data); ok {
				if len(days) == 0 {
					first = s.at
				}
				last = s.at
				days = append(days, s.at.Sub(from).Hours()/24)
				values = append(values, v)
			}
		}
		slope, intercept, ok := line(days, values)
		if !ok || !apart(first, last) {
			continue
		}
		t := Trend{Figure: f.name, Unit: f.unit, Values: values, PerDay: slope}
		began, ended := intercept+slope*days[0], intercept+slope*days[len(days)-1]
		if began > 0 {
			t.Change = (ended - began) / began
		}
		r.Trends = append(r.Trends, t)
		if f.notable > 0 && t.Change >= f.notable && len(values) >= 3 {
			r.Issues = append(r.Issues, issue(contract.Ticket, "%s grew by %.0f %% within %s", f.name, 100*t.Change, inDays(last.Sub(first))))
		}
	}
	return r
}

func inDays(d time.Duration) string {
	if n := math.Round(d.Hours() / 24); n != 1 {
		return fmt.Sprintf("%.0f days", n)
	}
	return "1 day"
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
