package main

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"strings"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/ops/audit"
	"github.com/script-ohio/platform/app/ops/backup"
	"github.com/script-ohio/platform/app/platform/blob"
	"github.com/script-ohio/platform/app/platform/jobs"
	"github.com/script-ohio/platform/app/run"
)

type backupCmd struct {
	Create  backupCreateCmd  `cmd:"" help:"Back up the database, the model packs and the configuration."`
	List    backupListCmd    `cmd:"" help:"List the backups, newest first."`
	Show    backupShowCmd    `cmd:"" help:"Show what a backup holds."`
	Verify  backupVerifyCmd  `cmd:"" help:"Read all of a backup and check it."`
	Restore backupRestoreCmd `cmd:"" help:"Restore a backup, into a fresh database unless told otherwise."`
	Drill   backupDrillCmd   `cmd:"" help:"Restore the newest backup for practice and compare it."`
	Prune   backupPruneCmd   `cmd:"" help:"Delete the backups that are past their retention."`
	Mark    backupMarkCmd    `cmd:"" help:"Keep a backup whatever its age, or no longer."`
}

// backups is where backups lie and what they are of.
type backups struct {
	instance
	output
	Bucket string `placeholder:"URL" help:"Bucket of the backups (BACKUP_BUCKET); with a local instance, a folder of its data directory if neither is given."`
}

// vault is the service of backups as a command uses it.
type vault struct {
	*run.Backups
	alone bool // there is no database
}

// needs is what a command cannot do without, besides reading backups.
type needs struct {
	database bool
	bucket   bool // made if it is not there
	models   bool // likewise
}

// open opens the service. What only reads backups does without a database,
// which may be why somebody asks; that is told, and nothing else is asked
// instead. Neither does it make a folder.
func (b backups) open(ctx context.Context, out *console, n needs) (v vault, err error) {
	config, err := run.LoadConfig(os.Environ())
	if err != nil {
		return v, err
	}
	known := b.Bucket != "" || config.BackupBucket != ""
	if config.DatabaseURL == "" {
		config.DatabaseURL, err = b.databaseURL()
		_, missing := os.Stat(b.DataDir)
		if err != nil && (n.database || !known && missing != nil) {
			return v, err
		}
		if v.alone = err != nil; v.alone {
			config.DatabaseURL = ""
			sentence(out.err, "%v. Without a database the bucket alone is used, and nothing is recorded elsewhere.", err)
		}
		if config, err = run.LocalFolders(config, b.DataDir); err != nil {
			return v, err
		}
	}
	usual := config.BackupBucket
	if b.Bucket != "" {
		config.BackupBucket = b.Bucket
	}
	if err := lasting(config.BackupBucket); err != nil {
		return v, err
	}
	if folder, absent := blob.Absent(config.BackupBucket); absent && !n.bucket {
		return v, fault.New(fault.NotFound, "there is no folder %s, so no backups: is it the right one?", folder)
	}
	if _, absent := blob.Absent(config.ModelsBucket); absent && !n.models {
		config.ModelsBucket = ""
	}
	logger := slog.New(slog.NewTextHandler(out.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if v.Backups, err = run.OpenBackups(ctx, config, build(), logger); err == nil {
		v.Elsewhere = usual != "" && usual != config.BackupBucket
	}
	return v, err
}

// lasting refuses a bucket that would be gone with the command.
func lasting(bucketURL string) error {
	if blob.Fleeting(bucketURL) {
		return fault.New(fault.Invalid, "what is put into mem:// is gone when the command ends: name a bucket such as s3://name?region=us-east-2 or file:///absolute/folder")
	}
	return nil
}

// audited records what was done to a backup. It is done by then: who cannot
// record it says so and goes on.
func (b backups) audited(ctx context.Context, out *console, v vault, action, name string, after any) {
	if v.alone {
		return
	}
	err := func() error {
		ctx, cancel := recording(ctx)
		defer cancel()
		pool, err := b.connect(ctx)
		if err != nil {
			return err
		}
		defer pool.Close()
		return auditLog(pool).Append(ctx, audit.Entry{Action: action, SubjectType: "backup", SubjectID: name, After: after})
	}()
	if err != nil {
		sentence(out.err, "ohio: %s is done and not in the audit log: %v", action, err)
	}
}

// confirm makes sure that something that cannot be undone is meant: by --yes,
// or by asking if there is somebody to ask.
func (c *console) confirm(yes bool, format string, args ...any) error {
	if yes {
		return nil
	}
	what := jobs.Line(fmt.Sprintf(format, args...))
	unasked := fault.New(fault.Conflict, "%s; say --yes if that is meant", what)
	if !isTerminal(os.Stdin) {
		return unasked
	}
	fmt.Fprintf(c.err, "%s. Go on? [y/N] ", what)
	answer, err := bufio.NewReader(c.stdin()).ReadString('\n')
	if err != nil {
		return unasked // nobody was there
	}
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		return fault.New(fault.Conflict, "nothing was done")
	}
	return nil
}

func size(bytes int64) string {
	switch {
	case bytes >= 1<<30:
		return fmt.Sprintf("%.2f GB", float64(bytes)/(1<<30))
	case bytes >= megabyte:
		return fmt.Sprintf("%.1f MB", float64(bytes)/megabyte)
	}
	return fmt.Sprintf("%.1f kB", float64(bytes)/(1<<10))
}

func who() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "ohio backup"
}

func drawChecks(row func(columns ...any), checks backup.Checks) {
	row("CHECK", "RESULT", "DETAIL")
	for _, c := range checks {
		result := "passed"
		if !c.Passed {
			result = "FAILED"
		}
		row(c.Name, result, c.Detail)
	}
}
