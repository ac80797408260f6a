package run

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	gocloud "gocloud.dev/blob"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/ops/backup"
	"github.com/script-ohio/platform/app/ops/backup/envelope"
	"github.com/script-ohio/platform/app/platform/blob"
	"github.com/script-ohio/platform/app/platform/jobs"
	"github.com/script-ohio/platform/app/platform/logstore"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/pack"
	"github.com/script-ohio/platform/app/predict/serving"
)

// Backups is the service of backups with what it opened for it.
type Backups struct {
	*backup.Service
	buckets []*gocloud.Bucket
	logs    logstore.Source // nil: there is none
}

// OpenBackups makes the service of backups. Without a bucket for them it is
// fault.Invalid.
func OpenBackups(ctx context.Context, config contract.Config, build Build, logger *slog.Logger) (_ *Backups, err error) {
	if config.BackupBucket == "" {
		return nil, fault.New(fault.Invalid, "BACKUP_BUCKET is not set: backups have nowhere to lie")
	}
	keys, err := envelope.ParseKeys(config.BackupRecipient, config.BackupIdentity)
	if err != nil {
		return nil, err
	}
	b := &Backups{}
	defer func() {
		if err != nil {
			b.Close()
		}
	}()
	bucket, err := b.open(ctx, config.BackupBucket)
	if err != nil {
		return nil, err
	}
	options := backup.Options{
		Keys: keys, Program: build.Version, Config: config, EmbeddedPack: embeddedPack, Predict: predictRestored,
	}
	if config.ModelsBucket != "" {
		if options.Models, err = b.open(ctx, config.ModelsBucket); err != nil {
			return nil, err
		}
	}
	if b.logs, err = openLogs(config); err != nil {
		return nil, err
	}
	if b.logs != nil {
		options.Logs = b.logs
	}
	b.Service, err = backup.New(backup.Deps{
		DatabaseURL: config.DatabaseURL, Bucket: bucket, Logger: logger, Clock: time.Now,
	}, options)
	return b, err
}

func (b *Backups) open(ctx context.Context, bucketURL string) (*gocloud.Bucket, error) {
	bucket, err := blob.Open(ctx, bucketURL)
	if err == nil {
		b.buckets = append(b.buckets, bucket)
	}
	return bucket, err
}

// Close closes what was opened.
func (b *Backups) Close() {
	if b.logs != nil {
		_ = b.logs.Close()
	}
	for _, bucket := range b.buckets {
		_ = bucket.Close()
	}
}

// backupWorks are the works of contract.QueueBackup. Without a bucket they are
// skipped, which for a critical job is no success: its silence is told.
func backupWorks(b *Backups) map[string]jobs.Work {
	works := map[string]jobs.Work{}
	if b == nil {
		for _, job := range []contract.Job{contract.JobDatabaseBackup, contract.JobRestoreDrill, contract.JobBackupVerification} {
			works[job.Name] = func(context.Context, *jobs.Run) (any, error) { return nil, jobs.Skip("BACKUP_BUCKET is not set") }
		}
		return works
	}
	works[contract.JobDatabaseBackup.Name] = b.DatabaseBackup
	works[contract.JobRestoreDrill.Name] = b.RestoreDrill
	works[contract.JobBackupVerification.Name] = b.BackupVerification
	return works
}

// LocalFolders gives a configuration folders of a data directory for the
// buckets and logs that it names no place for.
func LocalFolders(config contract.Config, dataDir string) (contract.Config, error) {
	dir, err := filepath.Abs(dataDir)
	if err != nil {
		return config, fault.Wrap(fault.Invalid, err, "the data directory %q cannot be found", dataDir)
	}
	for place, name := range map[*string]string{
		&config.ModelsBucket: contract.BucketModels, &config.BackupBucket: contract.BucketBackups, &config.LogStore: localLogs,
	} {
		if *place == "" {
			*place = (&url.URL{Scheme: "file", Path: filepath.Join(dir, name)}).String()
		}
	}
	return config, nil
}

// embeddedPack is the manifest of the pack in the program.
func embeddedPack() ([]byte, error) {
	p, err := pack.Default()
	if err != nil {
		return nil, err
	}
	files, err := p.Files()
	return files[pack.ManifestFile], err
}

// predictRestored proves that a restored database serves: the games in it
// continue the ratings, and two teams of them get a prediction.
func predictRestored(ctx context.Context, restored *pgxpool.Pool) (string, error) {
	embedded, err := pack.Default()
	if err != nil {
		return "", err
	}
	engine, err := serving.New(ctx, embedded, serving.Options{Games: football.NewStore(restored), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return "", err
	}
	defer engine.Close()
	// The engine would go on without a database; here it must not.
	if _, err := engine.Refresh(ctx); err != nil {
		return "", err
	}
	teams := engine.Teams()
	if len(teams) < 2 {
		return "", fault.New(fault.Internal, "the ratings know %d teams", len(teams))
	}
	p, err := engine.Predict(ctx, serving.Request{Home: teams[0].Team, Away: teams[1].Team})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s beats %s, %s at home, with probability %.3f, as of %s",
		p.Winner, loser(p), p.HomeTeam, max(p.Probabilities.Home, p.Probabilities.Away), p.AsOf.Format(time.DateOnly)), nil
}

func loser(p serving.Prediction) string {
	if p.Winner == p.HomeTeam {
		return p.AwayTeam
	}
	return p.HomeTeam
}
