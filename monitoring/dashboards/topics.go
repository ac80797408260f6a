package dashboards

// What rows lead to in logs and traces. Attributes of spans are those that the
// app's instrumentation writes: of HTTP and PostgreSQL by the stable semantic
// conventions, of Redis by earlier ones.
var (
	aboutRequests = Topic{
		Logs:   lines([]string{containerServe}, atLeastStatus(500)),
		Traces: Traces{"span.http.route != nil"},
	}
	aboutLatency = Topic{
		Logs:   lines([]string{containerServe}, Field{"duration_ms", ">", "300"}),
		Traces: Traces{"span.http.route != nil", "duration > 300ms"},
	}
	aboutPredictions = Topic{
		Logs:   lines([]string{containerServe}, texts("route", "/v1/predictions.*")),
		Traces: Traces{`span.http.route =~ "/v1/predictions.*"`},
	}
	aboutPacks = Topic{
		Logs:   lines([]string{containerServe, containerWorker}, texts("msg", ".*pack.*")),
		Traces: Traces{`span.http.route = "/v1/admin/pack"`},
	}
	aboutJobs = Topic{
		Logs:   lines([]string{containerWorker}),
		Traces: Traces{"status = error"},
	}
	aboutDatabase = Topic{
		Logs:   lines([]string{containerServe, containerWorker}, texts("level", "WARN|ERROR")),
		Traces: Traces{`span.db.system.name = "postgresql"`},
	}
	aboutCache = Topic{
		Logs:   lines([]string{containerServe, containerWorker}, texts("msg", "(?i).*redis.*")),
		Traces: Traces{`span.db.system = "redis"`},
	}
	aboutPods   = Topic{Logs: lines(nil), Traces: Traces{"status = error"}}
	aboutDenied = Topic{
		Logs:   denials(),
		Traces: Traces{"span.http.response.status_code >= 400", "span.http.response.status_code < 500"},
	}
)
