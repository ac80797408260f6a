package maintenance

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/jobs"
	"github.com/script-ohio/platform/app/platform/logstore"
)

const day = 24 * time.Hour

// Retention says how long the rows of a table are kept.
type Retention struct {
	Table  string
	Column string // their age
	Where  string // which rows; "": all
	Keep   time.Duration
}

// Retentions lists what contract.JobLogRetention deletes. What is not here
// stays for good, such as the audit log, or is tidied by whose it is, such as
// notifications. Log files have contract.LogRetention.
func Retentions() []Retention {
	return []Retention{
		{"job_runs", "ended_at", "", 90 * day},
		{"alerts", "updated_at", "status = 'resolved'", 180 * day},
		{"maintenance_reports", "created_at", "", 400 * day},
		{"backup_results", "finished_at", "", 400 * day},
		// River tidies this itself within a week; more is what it has missed.
		{"river_job", "finalized_at", "", 14 * day},
	}
}

// deleteBatch keeps transactions, and the locks they hold, short.
const deleteBatch = 5000

func (r Retention) deleteSQL() string {
	where := ""
	if r.Where != "" {
		where = " and " + r.Where
	}
	table, column := pgx.Identifier{r.Table}.Sanitize(), pgx.Identifier{r.Column}.Sanitize()
	return fmt.Sprintf("delete from %[1]s where ctid = any(array(select ctid from %[1]s where %[2]s < $1%[3]s limit %[4]d for update skip locked))",
		table, column, where, deleteBatch)
}

// RetentionReport is what a retention run deleted.
type RetentionReport struct {
	Deleted map[string]int64 `json:"deleted"` // rows, by table
	Kept    map[string]int   `json:"keep_days"`
	Logs    *LogsDeleted     `json:"logs,omitempty"` // nil: they are in no folder
}

// LogsDeleted is what a retention run deleted of log files.
type LogsDeleted struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
	Kept  int   `json:"keep_days"`
}

// LogRetention is the Work of contract.JobLogRetention. logs is nil where they
// are in no folder.
func LogRetention(pool *pgxpool.Pool, logs *logstore.Folder, clock func() time.Time) jobs.Work {
	return func(ctx context.Context, run *jobs.Run) (any, error) {
		report := RetentionReport{Deleted: map[string]int64{}, Kept: map[string]int{}}
		var filesLeft error
		if logs != nil { // first: a database that is away lets no disk fill
			var pruned logstore.Pruned
			pruned, filesLeft = logs.Prune(clock().Add(-contract.LogRetention))
			report.Logs = &LogsDeleted{pruned.Files, pruned.Bytes, int(contract.LogRetention / day)}
		}
		all := Retentions()
		for i, r := range all {
			run.Progress(int64(i), int64(len(all)), "deleting from "+r.Table)
			report.Kept[r.Table] = int(r.Keep / day)
			before := clock().Add(-r.Keep)
			for {
				tag, err := pool.Exec(ctx, r.deleteSQL(), before)
				if err != nil {
					return report, broken(err, "rows past their retention could not be deleted from "+r.Table)
				}
				report.Deleted[r.Table] += tag.RowsAffected()
				if tag.RowsAffected() < deleteBatch {
					break
				}
			}
		}
		run.Progress(int64(len(all)), int64(len(all)), "")
		return report, filesLeft
	}
}
