package source

// Prometheus on itself.
var (
	PrometheusReloadOK          = gauge("prometheus_config_last_reload_successful", "1 when the last reload of the configuration succeeded.")
	PrometheusRuleFailures      = counter("prometheus_rule_evaluation_failures_total", "Evaluations of a rule that failed.", "rule_group")
	PrometheusRuleMissed        = counter("prometheus_rule_group_iterations_missed_total", "Evaluations of a group that came too late to happen.", "rule_group")
	PrometheusRuleDuration      = gauge("prometheus_rule_group_last_duration_seconds", "Seconds of the last evaluation of a group.", "rule_group")
	PrometheusRuleInterval      = gauge("prometheus_rule_group_interval_seconds", "Seconds between evaluations of a group.", "rule_group")
	PrometheusCompactionsFailed = counter("prometheus_tsdb_compactions_failed_total", "Compactions of the database that failed.")
	PrometheusReloadsFailed     = counter("prometheus_tsdb_reloads_failures_total", "Times that blocks could not be loaded from disk.")
	PrometheusWALCorruptions    = counter("prometheus_tsdb_wal_corruptions_total", "Corruptions of the write-ahead log.")
	PrometheusHeadSeries        = gauge("prometheus_tsdb_head_series", "Series in memory.")
	PrometheusSamplesAppended   = counter("prometheus_tsdb_head_samples_appended_total", "Samples stored.", "type")
	PrometheusBlockBytes        = gauge("prometheus_tsdb_storage_blocks_bytes", "Bytes of blocks on disk.")
	PrometheusSampleLimit       = counter("prometheus_target_scrapes_exceeded_sample_limit_total", "Scrapes refused for too many samples.")
	PrometheusBodyLimit         = counter("prometheus_target_scrapes_exceeded_body_size_limit_total", "Scrapes refused for too long an answer.")
	PrometheusTargetLimit       = counter("prometheus_target_scrape_pool_exceeded_target_limit_total", "Scrape pools refused for too many targets.")
	PrometheusDuplicates        = counter("prometheus_target_scrapes_sample_duplicate_timestamp_total", "Samples refused as duplicates.")
	PrometheusAlertsSent        = counter("prometheus_notifications_sent_total", "Alerts sent to an Alertmanager.", "alertmanager")
	PrometheusAlertErrors       = counter("prometheus_notifications_errors_total", "Alerts that could not be sent to an Alertmanager.", "alertmanager")
	PrometheusAlertsDropped     = counter("prometheus_notifications_dropped_total", "Alerts given up before any Alertmanager had them.")
	PrometheusAlertmanagers     = gauge("prometheus_notifications_alertmanagers_discovered", "Alertmanagers known.")
)

func prometheus() Exporter {
	return Exporter{Name: "prometheus", Version: "3.14.0", Jobs: []string{JobPrometheus}, Metrics: all(
		PrometheusReloadOK, PrometheusRuleFailures, PrometheusRuleMissed, PrometheusRuleDuration, PrometheusRuleInterval,
		PrometheusCompactionsFailed, PrometheusReloadsFailed, PrometheusWALCorruptions, PrometheusHeadSeries, PrometheusSamplesAppended, PrometheusBlockBytes,
		PrometheusSampleLimit, PrometheusBodyLimit, PrometheusTargetLimit, PrometheusDuplicates,
		PrometheusAlertsSent, PrometheusAlertErrors, PrometheusAlertsDropped, PrometheusAlertmanagers,
	)}
}

// Alertmanager on itself.
var (
	AlertmanagerReloadOK            = gauge("alertmanager_config_last_reload_successful", "1 when the last reload of the configuration succeeded.")
	AlertmanagerConfigHash          = gauge("alertmanager_config_hash", "Hash of the configuration in use.")
	AlertmanagerNotifications       = counter("alertmanager_notifications_total", "Notifications tried, by integration.", "integration")
	AlertmanagerNotificationsFailed = counter("alertmanager_notifications_failed_total", "Notifications that failed, by integration and reason.", "integration", "reason")
	AlertmanagerAlerts              = gauge("alertmanager_alerts", "Alerts known, by state.", "state")
	AlertmanagerMembers             = gauge("alertmanager_cluster_members", "Alertmanagers that see each other.")
	AlertmanagerSilences            = gauge("alertmanager_silences", "Silences, by state.", "state")
)

func alertmanager() Exporter {
	return Exporter{Name: "alertmanager", Version: "0.34.0", Jobs: []string{JobAlertmanager}, Metrics: all(
		AlertmanagerReloadOK, AlertmanagerConfigHash, AlertmanagerNotifications, AlertmanagerNotificationsFailed,
		AlertmanagerAlerts, AlertmanagerMembers, AlertmanagerSilences,
	)}
}

// Loki and Tempo: whether logs and traces arrive.
var (
	LokiLines      = counter("loki_distributor_lines_received_total", "Log lines received.")
	LokiBytes      = counter("loki_distributor_bytes_received_total", "Bytes of logs received.")
	LokiDiscarded  = counter("loki_discarded_samples_total", "Log lines refused, by reason.", "reason")
	TempoSpans     = counter("tempo_distributor_spans_received_total", "Spans received.")
	TempoDiscarded = counter("tempo_discarded_spans_total", "Spans refused, by reason.", "reason")
)

func loki() Exporter {
	return Exporter{Name: "loki", Version: "3.7.6", Jobs: []string{JobLoki}, Metrics: all(LokiLines, LokiBytes, LokiDiscarded)}
}

func tempo() Exporter {
	return Exporter{Name: "tempo", Version: "2.10.8", Jobs: []string{JobTempo}, Metrics: all(TempoSpans, TempoDiscarded)}
}
