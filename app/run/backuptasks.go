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

// backupTasks are the works of the tasks that concern backups; what they
// changed goes into the audit log beside who asked for it.
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
		contract.TaskBackupRestore.Name: s.audited("backup.restore", b.RestoreWork),
		contract.TaskBackupPrune.Name:   s.audited("backup.prune", b.PruneWork),
		contract.TaskBackupMark.Name:    s.audited("backup.mark", b.MarkWork),
	}
}

// audited records what a task did. It is done by then, so that who cannot
// record it only says so.
func (s *Service) audited(action string, work jobs.Work) jobs.Work {
	return func(ctx context.Context, run *jobs.Run) (any, error) {
		report, err := work(ctx, run)
		if err != nil {
			return report, err
		}
		if r, ok := report.(backup.Restored); ok && r.Replaced != "" {
			s.pool.Reset() // the database of its connections is no longer the live one
		}
		subject, after := changeOf(report)
		entry := audit.Entry{Action: action, SubjectType: "backup", SubjectID: subject, After: after}
		if err := s.audit().Append(ctx, entry); err != nil {
			s.logger.ErrorContext(ctx, "what a task did is not in the audit log", "action", action, "run", run.ID, "error", err)
		}
		return report, nil
	}
}

// changeOf is what a task's report tells of a change; the whole report stands
// in its run.
func changeOf(report any) (subject string, after any) {
	switch r := report.(type) {
	case backup.Restored:
		return r.Backup, map[string]string{"database": r.Database, "replaced": r.Replaced, "safety_backup": r.Safety}
	case backup.Entry:
		return r.Name, r.Mark
	case backup.PruneReport:
		return "all", map[string]any{"dry_run": r.DryRun, "deleted": r.Names()}
	}
	return "all", report
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
