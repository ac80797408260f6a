package source

// postgres_exporter, with the collectors stat_checkpointer,
// long_running_transactions and database_wraparound switched on.
var (
	PgUp                    = gauge("pg_up", "1 while the exporter reaches PostgreSQL.")
	PgExporterError         = gauge("pg_exporter_last_scrape_error", "1 when the last scrape of PostgreSQL failed.")
	PgActivity              = gauge("pg_stat_activity_count", "Sessions, by what they do.", "datname", "state", "usename", "application_name", "backend_type", "wait_event_type", "wait_event")
	PgActivityMaxTx         = gauge("pg_stat_activity_max_tx_duration", "Seconds that the longest open transaction has lasted.", "datname", "state", "usename", "application_name", "backend_type", "wait_event_type", "wait_event")
	PgMaxConnections        = gauge("pg_settings_max_connections", "Sessions that the server takes.")
	PgBackends              = gauge("pg_stat_database_numbackends", "Sessions of a database.", "datid", "datname")
	PgCommits               = counter("pg_stat_database_xact_commit", "Transactions committed.", "datid", "datname")
	PgRollbacks             = counter("pg_stat_database_xact_rollback", "Transactions rolled back.", "datid", "datname")
	PgBlocksRead            = counter("pg_stat_database_blks_read", "Blocks read from disk.", "datid", "datname")
	PgBlocksHit             = counter("pg_stat_database_blks_hit", "Blocks found in the buffer cache.", "datid", "datname")
	PgDeadlocks             = counter("pg_stat_database_deadlocks", "Deadlocks broken.", "datid", "datname")
	PgConflicts             = counter("pg_stat_database_conflicts", "Queries cancelled by recovery, on replicas.", "datid", "datname")
	PgTempBytes             = counter("pg_stat_database_temp_bytes", "Bytes written to temporary files.", "datid", "datname")
	PgTuplesReturned        = counter("pg_stat_database_tup_returned", "Rows scanned.", "datid", "datname")
	PgTuplesFetched         = counter("pg_stat_database_tup_fetched", "Rows fetched by index.", "datid", "datname")
	PgTuplesInserted        = counter("pg_stat_database_tup_inserted", "Rows inserted.", "datid", "datname")
	PgTuplesUpdated         = counter("pg_stat_database_tup_updated", "Rows updated.", "datid", "datname")
	PgTuplesDeleted         = counter("pg_stat_database_tup_deleted", "Rows deleted.", "datid", "datname")
	PgDatabaseSize          = gauge("pg_database_size_bytes", "Bytes on disk of a database.", "datname")
	PgLocks                 = gauge("pg_locks_count", "Locks held, by mode.", "datname", "mode")
	PgReplicationLag        = gauge("pg_replication_lag_seconds", "Seconds that a replica is behind its primary.")
	PgIsReplica             = gauge("pg_replication_is_replica", "1 on a replica.")
	PgDeadRows              = gauge("pg_stat_user_tables_n_dead_tup", "Dead rows of a table, estimated.", "datname", "schemaname", "relname")
	PgLiveRows              = gauge("pg_stat_user_tables_n_live_tup", "Live rows of a table, estimated.", "datname", "schemaname", "relname")
	PgSequentialScans       = counter("pg_stat_user_tables_seq_scan", "Sequential scans of a table.", "datname", "schemaname", "relname")
	PgIndexScans            = counter("pg_stat_user_tables_idx_scan", "Index scans of a table.", "datname", "schemaname", "relname")
	PgLastAutovacuum        = gauge("pg_stat_user_tables_last_autovacuum", "Unix time of the last automatic vacuum of a table.", "datname", "schemaname", "relname")
	PgCheckpointsTimed      = counter("pg_stat_checkpointer_num_timed_total", "Checkpoints that were due.")
	PgCheckpointsRequested  = counter("pg_stat_checkpointer_num_requested_total", "Checkpoints that were asked for.")
	PgLongTransactions      = gauge("pg_long_running_transactions", "Transactions that have been open for long.")
	PgLongTransactionOldest = gauge("pg_long_running_transactions_oldest_timestamp_seconds", "Age in seconds of the oldest transaction open for long.")
	PgWraparoundAge         = gauge("pg_database_wraparound_age_datfrozenxid_seconds", "Transactions since the oldest unfrozen row of a database; the name says seconds, the value is a count.", "datname")
)

func postgresExporter() Exporter {
	return Exporter{Name: "postgres_exporter", Version: "0.20.1", Jobs: []string{JobPostgres}, Metrics: all(
		PgUp, PgExporterError, PgActivity, PgActivityMaxTx, PgMaxConnections, PgBackends, PgCommits, PgRollbacks,
		PgBlocksRead, PgBlocksHit, PgDeadlocks, PgConflicts, PgTempBytes,
		PgTuplesReturned, PgTuplesFetched, PgTuplesInserted, PgTuplesUpdated, PgTuplesDeleted,
		PgDatabaseSize, PgLocks, PgReplicationLag, PgIsReplica, PgDeadRows, PgLiveRows, PgSequentialScans, PgIndexScans, PgLastAutovacuum,
		PgCheckpointsTimed, PgCheckpointsRequested, PgLongTransactions, PgLongTransactionOldest, PgWraparoundAge,
	)}
}
