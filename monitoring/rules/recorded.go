package rules

import (
	"time"

	"github.com/script-ohio/platform/app/contract"
	q "github.com/script-ohio/platform/monitoring/query"
	"github.com/script-ohio/platform/monitoring/source"
)

// Names are script_ohio:what for the whole service and
// script_ohio:label:what for each value of a label. Rates are over five
// minutes and a second; probes are not requests.
var (
	window = q.Over(5 * time.Minute)
	asked  = []q.Matcher{q.Eq("job", source.JobServe), q.NoneOf("route", contract.HealthPath, contract.ReadyPath)}
	failed = append([]q.Matcher{q.Match("status", "5..")}, asked...)
)

// Requests.
var (
	RequestRate     = q.Record("script_ohio:request_rate", "Requests a second.", requests(asked))
	FailedRate      = q.Record("script_ohio:failed_request_rate", "Requests answered by a 5xx, a second.", requests(failed))
	ErrorRate       = q.Record("script_ohio:error_rate", "Share of requests answered by a 5xx.", q.Ratio(FailedRate, RequestRate))
	ResponseTimeP50 = q.Record("script_ohio:response_time_p50", "Median time to answer, in seconds.", responseTime(.5))
	ResponseTimeP95 = q.Record("script_ohio:response_time_p95", "95th percentile of the time to answer, in seconds.", responseTime(.95))
	ResponseTimeP99 = q.Record("script_ohio:response_time_p99", "99th percentile of the time to answer, in seconds.", responseTime(.99))

	RouteRequestRate     = q.Record("script_ohio:route:request_rate", "Requests a second, by route.", requests(asked, "route"))
	RouteFailedRate      = q.Record("script_ohio:route:failed_request_rate", "Requests answered by a 5xx, a second, by route.", requests(failed, "route"))
	RouteErrorRate       = q.Record("script_ohio:route:error_rate", "Share of requests answered by a 5xx, by route.", q.Ratio(RouteFailedRate, RouteRequestRate))
	RouteResponseTimeP50 = q.Record("script_ohio:route:response_time_p50", "Median time to answer, in seconds, by route.", responseTime(.5, "route"))
	RouteResponseTimeP95 = q.Record("script_ohio:route:response_time_p95", "95th percentile of the time to answer, in seconds, by route.", responseTime(.95, "route"))
	RouteResponseTimeP99 = q.Record("script_ohio:route:response_time_p99", "99th percentile of the time to answer, in seconds, by route.", responseTime(.99, "route"))
)

// Predictions and caches.
var (
	PredictionRate         = q.Record("script_ohio:prediction_rate", "Predictions a second.", predictions())
	ModelPredictionRate    = q.Record("script_ohio:model:prediction_rate", "Predictions a second, by model.", predictions("model"))
	ModelPredictionTimeP50 = q.Record("script_ohio:model:prediction_time_p50", "Median time to compute a prediction, in seconds, by model.", predictionTime(.5))
	ModelPredictionTimeP95 = q.Record("script_ohio:model:prediction_time_p95", "95th percentile of the time to compute a prediction, in seconds, by model.", predictionTime(.95))
	ModelPredictionTimeP99 = q.Record("script_ohio:model:prediction_time_p99", "99th percentile of the time to compute a prediction, in seconds, by model.", predictionTime(.99))

	CacheLookupRate   = q.Record("script_ohio:cache:lookup_rate", "Cache look-ups a second, by cache.", lookups())
	CacheHitRate      = q.Record("script_ohio:cache:hit_rate", "Cache look-ups that hit, a second, by cache.", lookups(q.Eq("result", "hit")))
	CacheHitRatio     = q.Record("script_ohio:cache_hit_ratio", "Share of cache look-ups that hit.", q.Ratio(q.Sum(CacheHitRate), q.Sum(CacheLookupRate)))
	EachCacheHitRatio = q.Record("script_ohio:cache:cache_hit_ratio", "Share of cache look-ups that hit, by cache.", q.Ratio(CacheHitRate, CacheLookupRate))

	RateLimitDecisionRate = q.Record("script_ohio:class:rate_limit_decision_rate", "Rate limit decisions a second, by class.", decisions())
	RateLimitDeniedRate   = q.Record("script_ohio:class:rate_limit_denied_rate", "Requests that rate limits denied, a second, by class.", decisions(q.Eq("result", "denied")))
	RateLimitDeniedRatio  = q.Record("script_ohio:class:rate_limit_denied_ratio", "Share of requests that rate limits denied, by class.", q.Ratio(RateLimitDeniedRate, RateLimitDecisionRate))
)

// Jobs and the database.
var (
	TaskJobRuns         = q.Record("script_ohio:task:job_runs", "Runs of a scheduled job that ended in seven days, cancelled ones aside, by task.", runs(q.Not("result", "cancelled")))
	TaskJobSuccesses    = q.Record("script_ohio:task:job_successes", "Runs of a scheduled job that succeeded in seven days, by task.", runs(q.Eq("result", "succeeded")))
	TaskJobSuccessRatio = q.Record("script_ohio:task:job_success_ratio", "Share of runs of a scheduled job that succeeded in seven days, by task.", q.Ratio(TaskJobSuccesses, TaskJobRuns))

	DatabaseConnectionsRatio = q.Record("script_ohio:instance:database_connections_ratio", "Sessions of PostgreSQL to the most that it takes, by server.",
		q.Sum(q.Of(source.PgBackends), q.By("instance")).Div(q.Sum(q.Of(source.PgMaxConnections), q.By("instance"))))
)

func requests(m []q.Matcher, by ...string) q.Expr {
	return q.Sum(q.Rate(q.Of(contract.HTTPRequests, m...), window), q.By(by...))
}

func responseTime(quantile float64, by ...string) q.Expr {
	return q.Quantile(quantile, contract.HTTPRequestDuration, window, by, asked...)
}

func predictions(by ...string) q.Expr {
	return q.Sum(q.Rate(q.Of(contract.Predictions), window), q.By(by...))
}

func predictionTime(quantile float64) q.Expr {
	return q.Quantile(quantile, contract.PredictionDuration, window, []string{"model"})
}

func lookups(m ...q.Matcher) q.Expr {
	return q.Sum(q.Rate(q.Of(contract.CacheRequests, m...), window), q.By("cache"))
}

func decisions(m ...q.Matcher) q.Expr {
	return q.Sum(q.Rate(q.Of(contract.RateLimited, m...), window), q.By("class"))
}

func runs(m ...q.Matcher) q.Expr {
	return q.Sum(q.Increase(q.Of(contract.JobRuns, m...), q.Over(7*24*time.Hour)), q.By("task"))
}

// Groups are the recording rules, but for those of the objectives. A rule
// stands after those it reads.
func Groups() []Group {
	return []Group{
		group("script-ohio-requests", 30*time.Second,
			RequestRate, FailedRate, ErrorRate, ResponseTimeP50, ResponseTimeP95, ResponseTimeP99,
			RouteRequestRate, RouteFailedRate, RouteErrorRate, RouteResponseTimeP50, RouteResponseTimeP95, RouteResponseTimeP99),
		group("script-ohio-predictions", 30*time.Second,
			PredictionRate, ModelPredictionRate, ModelPredictionTimeP50, ModelPredictionTimeP95, ModelPredictionTimeP99,
			CacheLookupRate, CacheHitRate, CacheHitRatio, EachCacheHitRatio,
			RateLimitDecisionRate, RateLimitDeniedRate, RateLimitDeniedRatio),
		group("script-ohio-operations", time.Minute,
			TaskJobRuns, TaskJobSuccesses, TaskJobSuccessRatio, DatabaseConnectionsRatio),
	}
}

func group(name string, interval time.Duration, recorded ...q.Recorded) Group {
	g := Group{Name: name, Interval: interval}
	for _, r := range recorded {
		g.Rules = append(g.Rules, Recording(r))
	}
	return g
}
