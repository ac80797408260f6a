package maintenance

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/jobs"
)

func TestEveryDependencyIsAsked(t *testing.T) {
	check := func(name string, severity contract.Severity, err error) Check {
		return Check{name, severity, func(context.Context) error { return err }}
	}
	secret := fault.Wrap(fault.Unavailable, errors.New("password hunter2"), "the bucket does not answer")
	report := do[HealthReport](t, contract.JobHealthCheck, HealthCheck([]Check{
		check("database", contract.Critical, nil), check("redis", contract.Warning, ErrAbsent), check("bucket", contract.Warning, secret),
	}))
	require.Len(t, report.Checks, 3)
	require.Equal(t, []string{statusOK, statusAbsent, statusFailed}, []string{report.Checks[0].Status, report.Checks[1].Status, report.Checks[2].Status})
	require.Equal(t, []Issue{{Severity: contract.Warning, Text: "bucket does not serve: the bucket does not answer"}}, report.Issues)

	got, err := HealthCheck([]Check{check("database", contract.Critical, secret), check("model", contract.Critical, nil)})(t.Context(), newRun(contract.JobHealthCheck))
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	require.ErrorContains(t, err, "database: does not serve")
	require.Len(t, got.(HealthReport).Checks, 2, "the others are asked all the same")

	ctx, cancel := context.WithCancel(t.Context())
	_, err = HealthCheck([]Check{{"stop", contract.Info, func(context.Context) error { cancel(); return nil }}})(ctx, newRun(contract.JobHealthCheck))
	require.ErrorIs(t, err, context.Canceled)
}

// past is a history in memory.
type past []jobs.Record

func (p past) Runs(_ context.Context, f jobs.Filter) ([]jobs.Record, error) {
	if f.Job != contract.JobPerformanceMetrics.Name || f.Status != jobs.Succeeded || f.Brief {
		return nil, errors.New("asked for something else")
	}
	return p, nil
}

func TestTheTrendOfTheWeek(t *testing.T) {
	var history past
	for i := range 12 { // newest first, some too old
		report, err := json.Marshal(FiguresReport{Database: DatabaseFigures{
			Bytes: int64(1000 - 80*i), Connections: map[string]int{"idle": 5}, Tables: []TableFigures{{Dead: 7}},
		}})
		require.NoError(t, err)
		history = append(history, jobs.Record{ScheduledFor: noon.AddDate(0, 0, -i), Report: report})
	}
	history[3].Report = json.RawMessage(`{"unstorable":"too large"}`)
	clock := func() time.Time { return noon }
	report := do[TrendReport](t, contract.JobPerformanceAnalysis, PerformanceAnalysis(history, clock))
	require.Equal(t, 8, report.Days)
	require.Equal(t, "database size", report.Trends[0].Figure)
	require.InDelta(t, 80, report.Trends[0].PerDay, 1e-6)
	require.Equal(t, []float64{360, 440, 520, 600, 680, 840, 920, 1000}, report.Trends[0].Values)
	require.Len(t, report.Issues, 1)
	require.Contains(t, report.Issues[0].Text, "database size grew by 178 % within 8 days")
	for _, trend := range report.Trends {
		require.NotContains(t, trend.Figure, "latency", "nobody served")
	}
	skips(t, PerformanceAnalysis(history[:1], clock), "there is 1 day of figures")
	skips(t, PerformanceAnalysis(past{}, clock), "there are no figures")
}

// grown is a history of databases of so many bytes, so long after noon; the
// newest comes last.
func grown(t *testing.T, sizes map[time.Duration]int64) (history past) {
	t.Helper()
	for after, bytes := range sizes {
		report, err := json.Marshal(FiguresReport{Database: DatabaseFigures{Bytes: bytes}})
		require.NoError(t, err)
		ended := noon.Add(after)
		history = append(history, jobs.Record{ScheduledFor: noon, EndedAt: &ended, Report: report})
	}
	return history
}

// A trend is over the time that went by, however often somebody looked.
func TestRunsAreNoDays(t *testing.T) {
	analysis := func(sizes map[time.Duration]int64) jobs.Work {
		return PerformanceAnalysis(grown(t, sizes), func() time.Time { return noon.Add(4 * day) })
	}
	skips(t, analysis(map[time.Duration]int64{0: 1000, 93 * time.Second: 1400}), "there is 1 day of figures")
	skips(t, analysis(map[time.Duration]int64{12*time.Hour - time.Minute: 1000, 12*time.Hour + time.Minute: 9000}), "all figures are of within 2m0s")

	// A daily run that is some minutes early, after others of the day before.
	report := do[TrendReport](t, contract.JobPerformanceAnalysis, analysis(map[time.Duration]int64{
		0: 10, time.Minute: 500, time.Hour: 1000, day + 55*time.Minute: 1100,
	}))
	require.Equal(t, 2, report.Days)
	require.Equal(t, []float64{1000, 1100}, report.Trends[0].Values)
	require.InDelta(t, 100*24/(24-5./60), report.Trends[0].PerDay, 1e-6)
	require.Empty(t, report.Issues)

	// Looks on three days that are hardly more than one apart.
	report = do[TrendReport](t, contract.JobPerformanceAnalysis, analysis(map[time.Duration]int64{
		11*time.Hour + 50*time.Minute: 1000, day: 1500, day + 12*time.Hour: 2000,
	}))
	require.Equal(t, 3, report.Days)
	require.Len(t, report.Issues, 1)
	require.Contains(t, report.Issues[0].Text, "within 1 day")
	require.NotContains(t, report.Issues[0].Text, "days")
}

// A line through points on a line is that line.
func TestLineFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slope, intercept := rapid.Float64Range(-1e3, 1e3).Draw(t, "slope"), rapid.Float64Range(-1e3, 1e3).Draw(t, "intercept")
		n := rapid.IntRange(2, 20).Draw(t, "points")
		var x, y []float64
		for i := range n {
			x = append(x, float64(i))
			y = append(y, intercept+slope*float64(i))
		}
		a, b, ok := line(x, y)
		if !ok || math.Abs(a-slope) > 1e-6 || math.Abs(b-intercept) > 1e-6 {
			t.Fatalf("%v x + %v", a, b)
		}
	})
	_, _, ok := line([]float64{1, 1}, []float64{2, 3})
	require.False(t, ok)
}
