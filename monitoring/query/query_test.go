package query_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	. "github.com/script-ohio/platform/monitoring/query"
	"github.com/script-ohio/platform/monitoring/source"
)

func parse(t require.TestingT, e Expr) parser.Expr {
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(e.Plain())
	require.NoError(t, err, "%s", e)
	return parsed
}

var (
	fiveMinutes = Over(5 * time.Minute)
	requests    = Sum(Rate(Of(contract.HTTPRequests), fiveMinutes), By("route"))
	failed      = Sum(Rate(Of(contract.HTTPRequests, Match("status", "5..")), fiveMinutes), By("route"))
	p95         = Record("script_ohio:route:p95", "Seconds.", Quantile(.95, contract.HTTPRequestDuration, fiveMinutes, []string{"route"}))
	lastBackup  = Of(contract.JobLastSuccess, Eq("task", contract.JobDatabaseBackup.Name))
)

func TestExpressionsReadAsWritten(t *testing.T) {
	with := func(m contract.Metric) []string { return Of(m).Labels() }
	for _, c := range []struct {
		want   string
		is     Expr
		labels []string
	}{
		{`sum by (route) (rate(http_requests_total{status=~"5.."}[5m]))`, failed, []string{"route"}},
		{`sum(rate(http_requests_total[$__rate_interval]))`, Sum(Rate(Of(contract.HTTPRequests), DashboardRate)), nil},
		{`histogram_quantile(0.95, sum by (le, route) (rate(http_request_duration_seconds_bucket{job="script-ohio"}[5m])))`,
			Quantile(.95, contract.HTTPRequestDuration, fiveMinutes, []string{"route"}, Eq("job", source.JobServe)), []string{"route"}},
		{`sum(rate(http_request_duration_seconds_bucket{le="0.3"}[1h]))`, Sum(Rate(Within(contract.HTTPRequestDuration, .3), Over(time.Hour))), nil},
		{`sum(rate(http_request_duration_seconds_bucket{le=~"2(\\.0)?"}[1h]))`, Sum(Rate(Within(contract.HTTPRequestDuration, 2), Over(time.Hour))), nil},
		{`(sum(redis_keyspace_hits_total) or (sum(redis_commands_processed_total) * 0)) / (sum(redis_commands_processed_total) > 0)`,
			Ratio(Sum(Of(source.RedisHits)), Sum(Of(source.RedisCommandsProcessed))), nil},
		{`kube_horizontalpodautoscaler_status_current_replicas >= on (namespace, horizontalpodautoscaler) kube_horizontalpodautoscaler_spec_max_replicas`,
			Of(source.KubeHPACurrent).Ge(Of(source.KubeHPAMax), On("namespace", "horizontalpodautoscaler")), []string{"horizontalpodautoscaler", "namespace"}},
		{`(time() - script_ohio_job_last_success_timestamp_seconds{task="database-backup"}) > 95400`,
			Time().Sub(lastBackup).Gt(Seconds(contract.JobDatabaseBackup.DeadMan())), with(contract.JobLastSuccess)},
		{`absent(up{job="script-ohio",namespace!="x"})`, Absent(Of(source.Up, Eq("job", source.JobServe), Not("namespace", "x"))), []string{"job"}},
		{`predict_linear(kubelet_volume_stats_available_bytes[6h], 345600) < 0`,
			PredictLinear(Of(source.VolumeAvailable), Over(6*time.Hour), 96*time.Hour).Lt(Num(0)), with(source.VolumeAvailable)},
		{`max_over_time((sum(up) > 1)[1h:1m])`, MaxOver(Every(time.Minute, Sum(Of(source.Up)).Gt(Num(1))), Over(time.Hour)), nil},
		{`redis_up offset 1d`, Of(source.RedisUp).Offset(24 * time.Hour).Expr, with(source.RedisUp)},
		{`avg_over_time(redis_up[1h] offset 1d)`, AvgOver(Of(source.RedisUp).Offset(24*time.Hour), Over(time.Hour)), with(source.RedisUp)},
		{`http_requests_in_flight{pod=~"$pod"} > bool 3`, Of(contract.HTTPInFlight, Var("pod")).Gt(Num(3), Bool()), with(contract.HTTPInFlight)},
		{`up{job=~"a\\.b|c"}`, Of(source.Up, OneOf("job", "a.b", "c")).Expr, with(source.Up)},
		{`script_ohio:route:p95{route="/v1/games"} > 2`, p95.Of(Eq("route", "/v1/games")).Gt(Num(2)), []string{"route"}},
		{`topk(3, script_ohio:route:p95)`, TopK(3, p95), []string{"route"}},
		{`sum by (pod, namespace) (kube_pod_info) * on (pod, namespace) group_left (owner_kind) max by (pod, namespace, owner_kind) (kube_pod_owner)`,
			Sum(Of(source.KubePodInfo), By("pod", "namespace")).Mul(Max(Of(source.KubePodOwner), By("pod", "namespace", "owner_kind")), On("pod", "namespace").GroupLeft("owner_kind")),
			[]string{"namespace", "owner_kind", "pod"}},
		{`label_replace(node_load5, "host", "$1", "instance", "(.*):.*")`, LabelReplace(Of(source.NodeLoad5), "host", "$1", "instance", "(.*):.*"), append([]string{"host"}, with(source.NodeLoad5)...)},
		{`(month() >= 8) or (month() <= 1)`, Month().Ge(Num(8)).Or(Month().Le(Num(1))), nil},
		{`clamp_min(vector(1), 0)`, ClampMin(Vector(1), 0), nil},
	} {
		require.Equal(t, c.want, c.is.String())
		require.ElementsMatch(t, c.labels, c.is.Labels(), c.want)
		parse(t, c.is)
	}
}

func TestMistakesStopTheProgram(t *testing.T) {
	up := Of(source.Up)
	for _, c := range []struct {
		message string
		mistake func()
	}{
		{`nobody declares the metric "http_requests"`, func() { Of(contract.Metric{Name: "http_requests", Type: contract.Counter}) }},
		{`no label "code" in http_requests_total`, func() { Of(contract.HTTPRequests, Eq("code", "500")) }},
		{`no label "routes" in rate(`, func() { Sum(Rate(Of(contract.HTTPRequests), fiveMinutes), By("routes")) }},
		{`no label "status" in script_ohio:route:p95`, func() { p95.Of(Eq("status", "500")) }},
		{"is a histogram", func() { Of(contract.HTTPRequestDuration) }},
		{"not a histogram", func() { CountOf(contract.HTTPRequests) }},
		{"no bucket that ends at 0.25", func() { Within(contract.HTTPRequestDuration, .25) }},
		{"rate of http_requests_in_flight, which is a gauge", func() { Rate(Of(contract.HTTPInFlight), fiveMinutes) }},
		{"delta of redis_keyspace_hits_total, which is a counter", func() { Delta(Of(source.RedisHits), fiveMinutes) }},
		{`a quantile: no label "le"`, func() { HistogramQuantile(.5, requests) }},
		{"between 0 and 1", func() { HistogramQuantile(95, Buckets(contract.HTTPRequestDuration)) }},
		{"can never match", func() { Sum(up).Div(requests) }},
		{"can never match", func() { requests.And(Sum(up)) }},
		{"can never match", func() { requests.Add(Sum(up, By("job")), Ignoring("route")) }},
		{`ignores "method", which neither side has`, func() { requests.Add(p95, Ignoring("method")) }},
		{"groups without On", func() { requests.Add(p95, Join{}.GroupLeft()) }},
		{"takes one grouping", func() { Sum(up, By("job"), By("pod")) }},
		{"takes one join", func() { requests.Add(p95, On(), On()) }},
		{"labels [], the whole has [route]", func() { Ratio(Sum(up), requests) }},
		{`on the right of /: no label "route"`, func() { requests.Div(Sum(up), On("route")) }},
		{`take over by *: no label "version"`, func() { requests.Mul(p95, On("route").GroupLeft("version")) }},
		{"is no comparison", func() { requests.Add(p95, Bool()) }},
		{"that takes Bool", func() { Time().Gt(Num(3)) }},
		{"takes series on both sides", func() { requests.And(Num(1)) }},
		{"takes no grouping", func() { requests.And(p95, On("route").GroupLeft()) }},
		{"no labels to match", func() { requests.Gt(Num(1), On("route")) }},
		{"sum takes series", func() { Sum(Num(1)) }},
		{"positive whole milliseconds", func() { Over(0) }},
		{"positive whole milliseconds", func() { Over(time.Nanosecond) }},
		{"error parsing regexp", func() { Match("job", "(") }},
		{"no name for a recorded metric", func() { Record("p95", "", requests) }},
		{"whose labels are not known", func() { Record("a:up", "", up) }},
	} {
		require.Contains(t, panicOf(c.mistake), c.message)
	}
}

func panicOf(f func()) (message string) {
	defer func() {
		if p := recover(); p != nil {
			message = fmt.Sprint(p)
		}
	}()
	f()
	return "no panic"
}

func TestAnExpressionNamesWhatItReads(t *testing.T) {
	e := Ratio(failed, requests).And(p95).Unless(Sum(Of(source.Up)), On())
	require.Equal(t, []string{"http_requests_total", "script_ohio:route:p95", "up"}, e.Metrics())
	require.Equal(t, []string{"http_request_duration_seconds"}, p95.From.Metrics())
}

func TestValuesDoNotChange(t *testing.T) {
	before := requests.String()
	_ = requests.Add(Num(1))
	labels := requests.Labels()
	labels[0] = "other"
	s := Of(source.RedisUp)
	_ = s.Offset(time.Hour)
	require.Equal(t, "redis_up", s.String())
	require.Equal(t, before, requests.String())
	require.Equal(t, []string{"route"}, requests.Labels())
}
