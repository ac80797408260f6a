package dashboards

// The alerts whose runbooks panels lead to, by their name in package alerts.
const (
	alertWatchdog = "Watchdog" // always fires, to show that alerts arrive

	alertErrorRate   = "HighErrorRate"
	alertLatency     = "HighResponseTime"
	alertPredictions = "SlowPredictions"
	alertBurnFast    = "ErrorBudgetBurnFast"
	alertBurnSlow    = "ErrorBudgetBurnSlow"
	alertBudget      = "ErrorBudgetLow"
	alertFlapping    = "ReadinessFlapping"
	alertTargetDown  = "TargetDown"
	alertEndpoint    = "EndpointUnreachable"
	alertCertificate = "CertificateExpiring"
	alertRenewal     = "CertificateNotRenewed"

	alertPostgresDown    = "PostgresDown"
	alertConnections     = "DatabaseConnectionsHigh"
	alertPool            = "DatabasePoolExhausted"
	alertReplicationLag  = "ReplicationLag"
	alertLongTransaction = "DatabaseTransactionLong"
	alertDeadlocks       = "DatabaseDeadlocks"
	alertWraparound      = "DatabaseWraparound"

	alertRedisDown      = "RedisDown"
	alertRedisMemory    = "RedisMemoryHigh"
	alertRedisEvictions = "CacheEvictions"
	alertLimitsInMemory = "RateLimitInMemory"
	alertCacheHits      = "CacheHitRatioLow"

	alertModelDrift  = "ModelDrift"
	alertRatings     = "RatingsStale"
	alertPackRefused = "ModelPackRefused"
	alertCFBDFailing = "CFBDFailing"
	alertCFBDBudget  = "CFBDBudgetLow"

	alertJobFailed     = "JobFailing"
	alertJobSilent     = "JobOverdue"
	alertQueue         = "JobsStuck"
	alertBackupOld     = "BackupTooOld"
	alertDrill         = "RestoreDrillOverdue"
	alertBackupPartial = "BackupPartial"
	alertBackupMissed  = "BackupObjectiveMissed"
	alertDeadLetters   = "NotificationDeadLetters"

	alertExporter            = "ExporterFailing"
	alertWithoutAlertmanager = "PrometheusWithoutAlertmanager"
	alertReload              = "PrometheusConfigReloadFailed"
	alertRules               = "PrometheusRuleFailures"
	alertStorage             = "PrometheusStorageFailing"
	alertUndelivered         = "AlertmanagerNotificationsFailing"

	alertReplicas   = "DeploymentReplicasMismatch"
	alertCrashLoop  = "PodCrashLooping"
	alertOOM        = "ContainerOOMKilled"
	alertMemory     = "ContainerMemoryHigh"
	alertHPA        = "AutoscalerAtMaximum"
	alertVolume     = "VolumeFillingUp"
	alertNode       = "NodeNotReady"
	alertNodeMemory = "MemoryUsageHigh"
	alertNodeDisk   = "DiskSpaceUsage"
)
