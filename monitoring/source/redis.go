package source

// redis_exporter.
var (
	RedisUp                  = gauge("redis_up", "1 while the exporter reaches Redis.")
	RedisExporterError       = gauge("redis_exporter_last_scrape_error", "1 when the last scrape of Redis failed.", "err")
	RedisMemoryUsed          = gauge("redis_memory_used_bytes", "Bytes that Redis has allocated.")
	RedisMemoryMax           = gauge("redis_memory_max_bytes", "Bytes that Redis may allocate, 0 without a limit.")
	RedisFragmentation       = gauge("redis_mem_fragmentation_ratio", "Resident memory to allocated memory.")
	RedisHits                = counter("redis_keyspace_hits_total", "Look-ups that found their key.")
	RedisMisses              = counter("redis_keyspace_misses_total", "Look-ups that did not.")
	RedisClients             = gauge("redis_connected_clients", "Clients connected.")
	RedisBlockedClients      = gauge("redis_blocked_clients", "Clients that wait in a blocking call.")
	RedisEvicted             = counter("redis_evicted_keys_total", "Keys dropped for want of memory.")
	RedisExpired             = counter("redis_expired_keys_total", "Keys whose lifetime ended.")
	RedisRejected            = counter("redis_rejected_connections_total", "Connections refused at the limit of clients.")
	RedisConnectionsReceived = counter("redis_connections_received_total", "Connections accepted.")
	RedisCommands            = counter("redis_commands_total", "Commands processed, by command.", "cmd")
	RedisCommandsProcessed   = counter("redis_commands_processed_total", "Commands processed.")
	RedisCommandSeconds      = counter("redis_commands_duration_seconds_total", "Seconds spent, by command.", "cmd")
	RedisKeys                = gauge("redis_db_keys", "Keys of a database.", "db")
	RedisExpiringKeys        = gauge("redis_db_keys_expiring", "Keys of a database that have a lifetime.", "db")
	RedisReplicas            = gauge("redis_connected_slaves", "Replicas connected to the primary.")
	RedisReplicaLag          = gauge("redis_connected_slave_lag_seconds", "Seconds that a replica is behind.", "slave_ip", "slave_port", "slave_state")
	RedisPrimaryLink         = gauge("redis_master_link_up", "1 while a replica hears its primary.", "master_host", "master_port")
	RedisSlowlog             = gauge("redis_slowlog_length", "Entries of the slow log.")
	RedisNetworkIn           = counter("redis_net_input_bytes_total", "Bytes received.")
	RedisNetworkOut          = counter("redis_net_output_bytes_total", "Bytes sent.")
	RedisUptime              = gauge("redis_uptime_in_seconds", "Seconds since Redis began.")
)

func redisExporter() Exporter {
	return Exporter{Name: "redis_exporter", Version: "1.89.0", Jobs: []string{JobRedis}, Metrics: all(
		RedisUp, RedisExporterError, RedisMemoryUsed, RedisMemoryMax, RedisFragmentation, RedisHits, RedisMisses,
		RedisClients, RedisBlockedClients, RedisEvicted, RedisExpired, RedisRejected, RedisConnectionsReceived,
		RedisCommands, RedisCommandsProcessed, RedisCommandSeconds, RedisKeys, RedisExpiringKeys,
		RedisReplicas, RedisReplicaLag, RedisPrimaryLink, RedisSlowlog, RedisNetworkIn, RedisNetworkOut, RedisUptime,
	)}
}
