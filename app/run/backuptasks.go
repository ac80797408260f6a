package run

import (
	"context"
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/ops/audit"
	"github.com/script-ohio/platform/app/ops/backup"
	"github.com/script-ohio/platform/app/platform/jobs"
)

// backupTasks are the works of the tasks that concern backups.
func (s *Service) backupTasks(b *Backups) map[string]jobs.Work {
	if b == nil {
		works := map[string]jobs.Work{}
		for _, task := range contract.Tasks() {
			works[task.Name] = func(context.Context, *jobs.Run) (any, error) {
				return nil, fault.New(fault.Invalid, "BACKUP_BUCKET is not set: there are no backups")
			}
		}
		return works
	}
	return map[string]jobs.Work{
		contract.TaskBackupVerify.Name:  b.VerifyWork,
		contract.TaskBackupRestore.Name: s.audited(b.RestoreWork),
		contract.TaskBackupPrune.Name:   s.audited(b.PruneWork),
		contract.TaskBackupMark.Name:    s.audited(b.MarkWork),
	}
}

// auditWithin bounds how long the audit log is tried; the change stands.
const auditWithin = 10 * time.Second

// audited has the audit log tell what a work changed of the backups, in which
// run and for whom, also when it failed in the end. Who cannot record it only
// says so.
func (s *Service) audited(work jobs.Work) jobs.Work {
	return func(ctx context.Context, run *jobs.Run) (any, error) {
		report, failed := work(ctx, run)
		if r, ok := report.(backup.Restored); ok && r.Replaced != "" {
			s.pool.Reset() // the database of its connections is no longer the live one
		}
		recording, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditWithin)
		defer cancel()
		for _, entry := range changesOf(report) {
			after := map[string]any{"run": run.ID, "requested_by": run.RequestedBy, "change": entry.After}
			if failed != nil {
				after["error"] = failed.Error()
			}
			entry.SubjectType, entry.After = "backup", after
			if err := s.audit().Append(recording, entry); err != nil {
				s.logger.ErrorContext(ctx, "what a run did is not in the audit log", "action", entry.Action, "run", run.ID, "error", err)
			}
		}
		return report, failed
	}
}

// changesOf is what a report tells of changes; the whole of it stands in its
// run.
func changesOf(report any) (changes []audit.Entry) {
	switch r := report.(type) {
	case backup.Restored:
		if r.Database != "" || r.Safety != "" || len(r.Files) > 0 {
			changes = append(changes, audit.Entry{Action: "backup.restore", SubjectID: r.Backup, After: map[string]any{
				"database": r.Database, "replaced": r.Replaced, "safety_backup": r.Safety, "files": len(r.Files),
			}})
		}
	case backup.Entry:
		action := "backup.mark"
		if r.Mark == nil {
			action = "backup.unmark"
		}
		changes = append(changes, audit.Entry{Action: action, SubjectID: r.Name, After: r.Mark})
	case backup.PruneReport:
		changes = retired(r.Retired())
	case backup.Daily:
		changes = retired(r.Retired)
	}
	return changes
}

func retired(decisions []backup.Decision) (changes []audit.Entry) {
	for _, d := range decisions {
		changes = append(changes, audit.Entry{Action: "backup.delete", SubjectID: d.Name, After: d.Reason})
	}
	return changes
}

const (
	// publishEvery is how soon the API knows a backup that was made or deleted
	// past the database, as by somebody at the bucket.
	publishEvery  = 15 * time.Minute
	publishWithin = time.Minute
)

// publishBackups keeps the list of backups in the database true, also after
// that database was lost.
func (s *Service) publishBackups(ctx context.Context) {
	wait := time.NewTimer(0)
	defer wait.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-wait.C:
		}
		bounded, cancel := context.WithTimeout(ctx, publishWithin)
		err := s.backups.Publish(bounded)
		cancel()
		next := publishEvery
		if err != nil && ctx.Err() == nil {
			s.logger.WarnContext(ctx, "the list of backups in the database is not up to date", "error", err)
			next = registerEvery
		}
		wait.Reset(next)
	}
}
