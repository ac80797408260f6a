package contract

// MetricType is a Prometheus metric type.
type MetricType string

// The metric types in use.
const (
	Counter   MetricType = "counter"
	Gauge     MetricType = "gauge"
	Histogram MetricType = "histogram"
)

// Metric declares one metric family of the app. Buckets are upper bounds in
// the metric's unit, for histograms only.
type Metric struct {
	Name    string
	Type    MetricType
	Unit    string
	Help    string
	Labels  []string
	Buckets []float64
}

// The metrics. The app builds its collectors from these, rules and dashboards
// their queries.
var (
	HTTPRequests        = Metric{Name: "http_requests_total", Type: Counter, Help: "Requests answered, by method, route pattern and status code.", Labels: []string{"method", "route", "status"}}
	HTTPRequestDuration = Metric{Name: "http_request_duration_seconds", Type: Histogram, Unit: "seconds", Help: "Time to answer a request, by method and route pattern.", Labels: []string{"method", "route"},
		Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .2, .3, .5, 1, 2, 5, 10}}
	HTTPInFlight = Metric{Name: "http_requests_in_flight", Type: Gauge, Help: "Requests being answered now."}
	ActiveUsers  = Metric{Name: "active_users_total", Type: Gauge, Help: "Distinct API keys seen by this replica in the last 15 minutes."}

	Predictions        = Metric{Name: "script_ohio_predictions_total", Type: Counter, Help: "Predictions made, by model and by whether a betting line was given.", Labels: []string{"model", "spread"}}
	PredictionDuration = Metric{Name: "script_ohio_prediction_duration_seconds", Type: Histogram, Unit: "seconds", Help: "Time to compute one prediction request, by model.", Labels: []string{"model"},
		Buckets: []float64{.000005, .00001, .000025, .00005, .0001, .00025, .0005, .001, .005, .025, .1, 1}}
	CacheRequests   = Metric{Name: "script_ohio_cache_requests_total", Type: Counter, Help: "Cache look-ups, by cache and result (hit, miss).", Labels: []string{"cache", "result"}}
	RateLimited     = Metric{Name: "script_ohio_rate_limit_decisions_total", Type: Counter, Help: "Rate limit decisions, by class, result (allowed, denied) and backend (redis, memory).", Labels: []string{"class", "result", "backend"}}
	PackActivations = Metric{Name: "script_ohio_pack_activations_total", Type: Counter, Help: "Attempts to activate a model pack, by result (activated, refused).", Labels: []string{"result"}}
	RatingsAsOf     = Metric{Name: "script_ohio_ratings_as_of_timestamp_seconds", Type: Gauge, Unit: "seconds", Help: "Day of the last block of games that the ratings include, as Unix time."}

	DatabaseConnections    = Metric{Name: "script_ohio_database_connections", Type: Gauge, Help: "Connections of the PostgreSQL pool, by state (acquired, idle, constructing).", Labels: []string{"state"}}
	DatabaseConnectionsMax = Metric{Name: "script_ohio_database_connections_max", Type: Gauge, Help: "Most connections that the PostgreSQL pool may open."}
	DatabaseAcquires       = Metric{Name: "script_ohio_database_acquires_total", Type: Counter, Help: "Connections handed out by the PostgreSQL pool, by result (acquired, canceled).", Labels: []string{"result"}}
	RedisConnections       = Metric{Name: "script_ohio_redis_connections", Type: Gauge, Help: "Connections of the Redis pool, by state (active, idle).", Labels: []string{"state"}}
	JobRuns                = Metric{Name: "script_ohio_job_runs_total", Type: Counter, Help: "Runs of scheduled jobs that ended, by task and result (succeeded, failed, timed_out, cancelled).", Labels: []string{"task", "result"}}
	JobDuration            = Metric{Name: "script_ohio_job_duration_seconds", Type: Histogram, Unit: "seconds", Help: "Time that a run of a scheduled job took, by task.", Labels: []string{"task"},
		Buckets: []float64{.1, .5, 1, 5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200}}
	JobLastSuccess = Metric{Name: "script_ohio_job_last_success_timestamp_seconds", Type: Gauge, Unit: "seconds", Help: "Unix time of the last success of a scheduled job, or of its first registration, by task.", Labels: []string{"task"}}
	JobsQueued     = Metric{Name: "script_ohio_jobs_queued", Type: Gauge, Help: "Jobs that have not ended, by queue and state (available, running, retryable, scheduled).", Labels: []string{"queue", "state"}}

	BackupSize     = Metric{Name: "script_ohio_backup_size_bytes", Type: Gauge, Unit: "bytes", Help: "Stored size of the newest complete backup, by component.", Labels: []string{"component"}}
	DrillRecovery  = Metric{Name: "script_ohio_restore_drill_recovery_seconds", Type: Gauge, Unit: "seconds", Help: "What the newest restore drill measured, by objective (time, point).", Labels: []string{"objective"}}
	ModelAccuracy  = Metric{Name: "script_ohio_model_accuracy_ratio", Type: Gauge, Unit: "ratio", Help: "Share of winners called right, by model and basis (recent games, card).", Labels: []string{"model", "basis"}}
	ModelLogLoss   = Metric{Name: "script_ohio_model_log_loss", Type: Gauge, Help: "Mean log loss of win probabilities, by model and basis (recent games, card).", Labels: []string{"model", "basis"}}
	Notifications  = Metric{Name: "script_ohio_notifications_total", Type: Counter, Help: "Notifications, by channel and result (sent, digested, duplicate, retried, dead).", Labels: []string{"channel", "result"}}
	DeadLetters    = Metric{Name: "script_ohio_notification_dead_letters", Type: Gauge, Help: "Notifications that could not be delivered and wait for a person."}
	AlertsReceived = Metric{Name: "script_ohio_alerts_received_total", Type: Counter, Help: "Alerts that Alertmanager has told the app of, by status (firing, resolved).", Labels: []string{"status"}}
	CFBDRequests   = Metric{Name: "script_ohio_cfbd_requests_total", Type: Counter, Help: "Requests to the College Football Data API, by result (fetched, unchanged, failed, refused).", Labels: []string{"result"}}
	CFBDBudget     = Metric{Name: "script_ohio_cfbd_budget_remaining", Type: Gauge, Help: "Requests to the College Football Data API left this month."}

	BuildInfo = Metric{Name: "script_ohio_build_info", Type: Gauge, Help: "Always 1; the labels say what runs.", Labels: []string{"version", "commit", "go_version", "pack"}}
)

// Metrics lists every metric of the app.
func Metrics() []Metric {
	return []Metric{
		HTTPRequests, HTTPRequestDuration, HTTPInFlight, ActiveUsers,
		Predictions, PredictionDuration, CacheRequests, RateLimited, PackActivations, RatingsAsOf,
		DatabaseConnections, DatabaseConnectionsMax, DatabaseAcquires, RedisConnections,
		JobRuns, JobDuration, JobLastSuccess, JobsQueued,
		BackupSize, DrillRecovery, ModelAccuracy, ModelLogLoss,
		Notifications, DeadLetters, AlertsReceived, CFBDRequests, CFBDBudget,
		BuildInfo,
	}
}
