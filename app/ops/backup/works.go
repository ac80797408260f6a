package backup

import (
	"context"
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/jobs"
)

// Daily is what contract.JobDatabaseBackup found.
type Daily struct {
	Backup       string       `json:"backup"`
	Status       Status       `json:"status"`
	Bytes        int64        `json:"bytes"`
	Seconds      float64      `json:"seconds"`
	Issues       []Issue      `json:"issues"`
	Verification Verification `json:"verification"`
	Retired      []Decision   `json:"retired"`
}

// Issue is something in a job's report that somebody should look at.
type Issue struct {
	Severity contract.Severity `json:"severity"`
	Text     string            `json:"text"`
}

// DatabaseBackup is the work of contract.JobDatabaseBackup: a backup, the
// proof that it can be read, and then the end of those past their retention.
// Those also end when no backup could be made: maybe there was no room for it.
func (s *Service) DatabaseBackup(ctx context.Context, run *jobs.Run) (any, error) {
	var d Daily
	m, failed := s.Create(ctx, run.Progress)
	d.Backup, d.Status, d.Bytes, d.Seconds = m.Name, m.Status, m.Size(), m.DurationSeconds
	for _, text := range m.Issues {
		d.Issues = append(d.Issues, Issue{contract.Warning, text})
	}
	if failed != nil && ctx.Err() != nil {
		return d, failed
	}
	if failed == nil {
		var err error
		if d.Verification, err = s.Verify(ctx, m.Name, run.Progress); err != nil {
			return d, err
		}
	}
	// The backup stands, or not, whatever becomes of the older ones.
	pruned, err := s.Prune(ctx, false, run.Progress)
	if err != nil {
		d.Issues = append(d.Issues, Issue{contract.Warning, "older backups were not retired: " + err.Error()})
	}
	d.Retired = pruned.Retired()
	return d, failed
}

// RestoreDrill is the work of contract.JobRestoreDrill.
func (s *Service) RestoreDrill(ctx context.Context, run *jobs.Run) (any, error) {
	return s.Drill(ctx, run.Progress)
}

// week is what contract.JobBackupVerification looks back on.
const week = 7 * 24 * time.Hour

// Weekly is what contract.JobBackupVerification found, newest first.
type Weekly struct {
	Verifications []Verification `json:"verifications"`
}

// BackupVerification is the work of contract.JobBackupVerification: it reads
// every backup of the last week in full.
func (s *Service) BackupVerification(ctx context.Context, run *jobs.Run) (any, error) {
	all, err := s.VerifyNewer(ctx, s.Clock().Add(-week), run.Progress)
	return Weekly{all}, err
}
