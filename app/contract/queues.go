package contract

// Queue is a class of jobs that one kind of worker runs, with rights of its
// own.
type Queue string

// The queues.
const (
	QueueDefault  Queue = "default"
	QueueBackup   Queue = "backup" // alone may write backups
	QueueSecurity Queue = "security"
)

// Queues lists all of them.
func Queues() []Queue { return []Queue{QueueDefault, QueueBackup, QueueSecurity} }
