package run

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/ops/backup"
	"github.com/script-ohio/platform/app/ops/maintenance"
	"github.com/script-ohio/platform/app/platform/jobs"
	"github.com/script-ohio/platform/app/platform/notify"
	"github.com/script-ohio/platform/app/predict/cfbd"
)

// openScheduled prepares the jobs of the queues that need more than the
// database: each worker opens what its own queues touch and nothing else.
func (s *Service) openScheduled(ctx context.Context) error {
	s.scheduled = map[string]jobs.Work{}
	for queue, open := range map[contract.Queue]func(context.Context) error{
		contract.QueueDefault: s.openSyncAndValidation, contract.QueueBackup: s.openBackups, contract.QueueSecurity: s.openSecurityAudit,
	} {
		if !slices.Contains(s.queues, queue) {
			continue
		}
		if err := open(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) openSyncAndValidation(ctx context.Context) error {
	sync, err := gamesSync(ctx, s.config, s.pool, s.registry, s.logger, cfbd.Options{})
	if err != nil {
		return err
	}
	validator, err := newValidator(s.engine, s.pool, s.packs.Follow, s.registry)
	if err != nil {
		return err
	}
	if err := validator.Restore(ctx, lastReport(s.jobs, contract.JobModelValidation)); err != nil {
		s.logger.WarnContext(ctx, "the last model validation is not known", "error", err)
	}
	s.scheduled[contract.JobGamesSync.Name] = sync
	s.scheduled[contract.JobModelValidation.Name] = validator.Work
	return nil
}

func (s *Service) openBackups(ctx context.Context) error {
	var backups *Backups
	if s.config.BackupBucket != "" {
		opened, err := OpenBackups(ctx, s.config, s.build, s.logger)
		if err != nil {
			return err
		}
		s.onClose(func(context.Context) { opened.Close() })
		backups = opened
	}
	s.backups = backups
	maps.Copy(s.scheduled, backupWorks(backups))
	maps.Copy(s.scheduled, s.backupTasks(backups))
	daily := contract.JobDatabaseBackup.Name
	s.scheduled[daily] = s.audited(s.scheduled[daily]) // it deletes old backups
	return s.registry.Register(backup.NewCollector(s.pool, s.logger))
}

func (s *Service) openSecurityAudit(context.Context) error {
	s.scheduled[contract.JobSecurityAudit.Name] = newSecurityAudit(s.config, s.pool, s.registry).Work
	return nil
}

// reportMade tells of a maintenance run: when something is wrong, and every
// week. People hear of it exactly if the report stands.
func (s *Service) reportMade(ctx context.Context, tx pgx.Tx, r maintenance.Report) error {
	level, severity := slog.LevelInfo, contract.Info
	switch {
	case r.Verdict == maintenance.Critical:
		level, severity = slog.LevelError, contract.Critical
	case r.Verdict == maintenance.Warning:
		level, severity = slog.LevelWarn, contract.Warning
	case r.Run == contract.Weekly.Name:
		severity = contract.Ticket
	}
	s.logger.Log(ctx, level, "a maintenance run has ended", "run", r.Run, "scheduled_for", r.ScheduledFor, "verdict", r.Verdict, "summary", r.Summary)
	if severity == contract.Info {
		return nil
	}
	page, err := r.HTML()
	if err != nil {
		return err
	}
	return notify.NewOutbox(s.pool, notify.OutboxOptions{}).Enqueue(ctx, tx, notify.Notification{
		Key: "maintenance-" + r.Run + "-" + strconv.FormatInt(r.ScheduledFor.Unix(), 10), Kind: notify.KindReport,
		Severity: severity, Title: r.Summary, Body: r.Brief(), HTML: page, At: r.MadeAt,
	})
}
