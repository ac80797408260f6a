package contract

import "time"

// Run is a maintenance run: its jobs are due together, in UTC.
type Run struct {
	Name  string
	Cron  string        // minute hour day month weekday
	Every time.Duration // longest time between two due times
}

// The runs. The weekly one keeps clear of game days.
var (
	Daily  = Run{Name: "daily", Cron: "0 2 * * *", Every: 24 * time.Hour}
	Weekly = Run{Name: "weekly", Cron: "0 4 * * 2", Every: 7 * 24 * time.Hour}
)

// Runs lists every run.
func Runs() []Run { return []Run{Daily, Weekly} }

// Job is work that happens on schedule and that nobody looks at: it leaves a
// row in job_runs and metrics by its name.
type Job struct {
	Name    string
	Summary string
	Run     Run    // zero for a task
	After   string // the job of the same run that must have ended before this one begins
	Timeout time.Duration
	Queue   Queue
	// Retries is how often a failed job is tried again; zero where doing it
	// twice costs more than waiting for the next run.
	Retries int
	// Severity is that of its failure and of its silence.
	Severity Severity
}

// Scheduled tells a job with a schedule from a task.
func (j Job) Scheduled() bool { return j.Run.Cron != "" }

// DeadMan is the age of the last success at which someone is told that the
// job does not run: its period, its timeout and two hours.
func (j Job) DeadMan() time.Duration { return j.Run.Every + j.Timeout + 2*time.Hour }

// The jobs.
var (
	JobDatabaseBackup     = Job{"database-backup", "Back up the database and prove that the copy can be read", Daily, "", 30 * time.Minute, QueueBackup, 1, Critical}
	JobRestoreDrill       = Job{"restore-drill", "Restore the newest backup into a throw-away database and compare it", Daily, "database-backup", 30 * time.Minute, QueueBackup, 0, Critical}
	JobLogRetention       = Job{"log-retention", "Delete rows and files past their retention", Daily, "", 5 * time.Minute, QueueDefault, 2, Ticket}
	JobCacheCleanup       = Job{"cache-cleanup", "Remove cache entries that nobody reads", Daily, "", 10 * time.Minute, QueueDefault, 2, Ticket}
	JobHealthCheck        = Job{"health-check", "Ask every dependency whether it serves", Daily, "", 2 * time.Minute, QueueDefault, 2, Warning}
	JobPerformanceMetrics = Job{"performance-metrics", "Collect the day's figures", Daily, "", 5 * time.Minute, QueueDefault, 2, Ticket}
	JobGamesSync          = Job{"games-sync", "Fetch games and lines of the current week", Daily, "", 10 * time.Minute, QueueDefault, 2, Warning}

	JobDatabaseOptimization = Job{"database-optimization", "Refresh statistics, find bloat and unused indexes, reindex what needs it", Weekly, "", time.Hour, QueueDefault, 0, Ticket}
	JobModelValidation      = Job{"model-validation", "Compare the active models on finished games with their cards", Weekly, "", 30 * time.Minute, QueueDefault, 1, Warning}
	JobSecurityAudit        = Job{"security-audit", "Look at vulnerabilities, certificates, keys and accesses", Weekly, "", 15 * time.Minute, QueueSecurity, 1, Warning}
	JobPerformanceAnalysis  = Job{"performance-analysis", "Tell the trend of the week", Weekly, "", 10 * time.Minute, QueueDefault, 1, Ticket}
	JobBackupVerification   = Job{"backup-verification", "Read every backup of the week in full", Weekly, "", 2 * time.Hour, QueueBackup, 0, Critical}
	JobCacheAnalysis        = Job{"cache-analysis", "Look at hit ratio, evictions, big keys and lifetimes", Weekly, "", 10 * time.Minute, QueueDefault, 1, Ticket}
)

// TaskExpiry is how long a task may wait for somebody to begin it: what was
// asked for is not done when nobody thinks of it any more.
const TaskExpiry = time.Hour

// The tasks: jobs without a schedule, which are done when somebody asks for
// them and says with what.
var (
	TaskBackupVerify  = Job{"backup-verify", "Read a backup in full", Run{}, "", 2 * time.Hour, QueueBackup, 0, Warning}
	TaskBackupRestore = Job{"backup-restore", "Restore a backup", Run{}, "", 2 * time.Hour, QueueBackup, 0, Warning}
	TaskBackupPrune   = Job{"backup-prune", "Delete the backups that are past their retention", Run{}, "", 30 * time.Minute, QueueBackup, 0, Warning}
	TaskBackupMark    = Job{"backup-mark", "Keep a backup whatever its age, or no longer", Run{}, "", 5 * time.Minute, QueueBackup, 0, Warning}
)

// Tasks lists every task.
func Tasks() []Job {
	return []Job{TaskBackupVerify, TaskBackupRestore, TaskBackupPrune, TaskBackupMark}
}

// Jobs lists every job that has a schedule.
func Jobs() []Job {
	return []Job{
		JobDatabaseBackup, JobRestoreDrill, JobLogRetention, JobCacheCleanup, JobHealthCheck, JobPerformanceMetrics, JobGamesSync,
		JobDatabaseOptimization, JobModelValidation, JobSecurityAudit, JobPerformanceAnalysis, JobBackupVerification, JobCacheAnalysis,
	}
}
