package contract

import "time"

// Severity says who is told, and how soon: it is a label of every alert and
// the key of every routing.
type Severity string

// The severities.
const (
	Critical Severity = "critical" // wakes somebody
	Warning  Severity = "warning"  // read within the working day
	Ticket   Severity = "ticket"   // done within the week
	Info     Severity = "info"     // kept, sent to nobody
)

// Severities lists them, most urgent first.
func Severities() []Severity { return []Severity{Critical, Warning, Ticket, Info} }

// Objectives of the service over SLOWindow.
const (
	SLOWindow          = 30 * 24 * time.Hour
	SLOAvailability    = 0.999 // share of requests not answered by a 5xx
	SLOLatency         = 0.99  // share of requests within LatencyTarget of their class
	MaxErrorRate       = 0.01  // 5xx among all requests
	MinBackupSuccess   = 1.0   // backups that succeed
	MinCacheHitRatio   = 0.8
	BackupRetention    = 30 * 24 * time.Hour
	LogRetention       = 30 * 24 * time.Hour // of the files of LOG_STORE
	ConnectionsWarning = 0.8                 // of the most that the database takes
)

// RoutesWithoutMail is NOTIFY_ROUTES where nothing goes by mail: what would
// ends in Slack instead of a log.
const RoutesWithoutMail = "report/critical=pagerduty+slack,report=slack,ticket=slack"
