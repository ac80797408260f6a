package source

// What Prometheus itself adds to every target.
var (
	Up              = gauge("up", "1 while the target answers its scrape.")
	ScrapeDuration  = gauge("scrape_duration_seconds", "Time that the last scrape took.")
	ScrapeSamples   = gauge("scrape_samples_scraped", "Samples that the last scrape brought.")
	FiringAlerts    = gauge("ALERTS", "1 for each alert that is pending or firing.", "alertname", "alertstate", "severity", "component")
	FiringAlertsFor = gauge("ALERTS_FOR_STATE", "Unix time since when an alert is pending or firing.", "alertname", "severity", "component")
)

func scraper() Exporter {
	return Exporter{Name: "prometheus scrape", Version: "3.14.0",
		Metrics: all(Up, ScrapeDuration, ScrapeSamples, FiringAlerts, FiringAlertsFor)}
}

// The Go runtime of our own processes.
var (
	GoGoroutines   = gauge("go_goroutines", "Goroutines that exist.")
	GoHeapAlloc    = gauge("go_memstats_heap_alloc_bytes", "Bytes of heap in use.")
	GoHeapInuse    = gauge("go_memstats_heap_inuse_bytes", "Bytes of heap spans in use.")
	GoNextGC       = gauge("go_memstats_next_gc_bytes", "Size of the heap at which the next collection begins.")
	GoAllocations  = counter("go_memstats_alloc_bytes_total", "Bytes allocated, freed ones included.")
	GoGCPauseSum   = counter("go_gc_duration_seconds_sum", "Seconds that collections paused the program.")
	GoGCPauseCount = counter("go_gc_duration_seconds_count", "Collections that ended.")
	GoInfo         = gauge("go_info", "Always 1; the label says which Go.", "version")
	GoMaxProcs     = gauge("go_sched_gomaxprocs_threads", "Threads that may run Go code at once.")
)

func goRuntime() Exporter {
	return Exporter{Name: "client_golang go collector", Version: "1.25.0", Jobs: ours(),
		Metrics: all(GoGoroutines, GoHeapAlloc, GoHeapInuse, GoNextGC, GoAllocations, GoGCPauseSum, GoGCPauseCount, GoInfo, GoMaxProcs)}
}

// The processes, ours and others'.
var (
	ProcessCPU       = counter("process_cpu_seconds_total", "Processor seconds used.")
	ProcessMemory    = gauge("process_resident_memory_bytes", "Bytes of memory resident.")
	ProcessOpenFiles = gauge("process_open_fds", "File descriptors open.")
	ProcessMaxFiles  = gauge("process_max_fds", "File descriptors that may be open.")
	ProcessStart     = gauge("process_start_time_seconds", "Unix time at which the process began.")
)

func process() Exporter {
	return Exporter{Name: "client_golang process collector", Version: "1.25.0", Jobs: ours(),
		Metrics: all(ProcessCPU, ProcessMemory, ProcessOpenFiles, ProcessMaxFiles, ProcessStart)}
}

func ours() []string { return []string{JobServe, JobWork} }
