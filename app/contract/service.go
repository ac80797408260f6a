// Package contract declares, once, everything that two parts of the platform
// must agree on. The app serves from it, the infrastructure deploys from it,
// the monitoring watches from it, and tests hold all three to it. It imports
// the standard library only.
package contract

import "time"

// The service and its two listeners. The internal one never faces callers.
const (
	ServiceName  = "script-ohio"
	PublicPort   = 8000
	InternalPort = 9000

	// HealthPath answers 200 while the process lives.
	HealthPath = "/health"
	// ReadyPath answers 200 while the process may take traffic.
	ReadyPath = "/ready"
	// MetricsPath is served on the internal port only.
	MetricsPath = "/metrics"
	// ProfilePath is the root of net/http/pprof, on the internal port only.
	ProfilePath = "/debug/pprof/"
)

// The steps of a graceful stop: readiness goes off, the process waits until
// load balancers have noticed, then it drains what is in flight.
const (
	ShutdownPause = 5 * time.Second
	ShutdownDrain = 25 * time.Second
	// ShutdownGrace is what the orchestrator must allow in total.
	ShutdownGrace = ShutdownPause + ShutdownDrain + 10*time.Second
	// WorkDrain is how long a worker goes on with the jobs that it runs, before
	// it hands them over; WorkGrace is what the orchestrator must allow it.
	WorkDrain = 90 * time.Second
	WorkGrace = WorkDrain + 30*time.Second
)

// Limits of what the service accepts.
const (
	MaxBodyBytes  = 1 << 20 // request body
	MaxBatchGames = 1000    // games in one batch prediction
	MaxPageSize   = 500     // rows of one page
)

// Buckets of object storage and the key prefixes inside them.
const (
	BucketModels  = "models"
	BucketBackups = "backups"
	// PrefixPacks holds one folder per model pack version.
	PrefixPacks = "packs/"
)
