package backup

import (
	"context"
	"slices"
	"time"

	"gocloud.dev/gcerrors"
	"golang.org/x/sync/errgroup"

	"github.com/script-ohio/platform/app/platform/blob"
)

// PruneReport tells what retention did, or would do.
type PruneReport struct {
	DryRun    bool       `json:"dry_run"`
	Decisions []Decision `json:"decisions"` // newest first
	Deleted   int        `json:"deleted"`   // backups
	Bytes     int64      `json:"bytes"`     // freed
	Uploads   int        `json:"uploads"`   // unfinished ones that were thrown away
}

// Retired are the backups that were deleted, also of a run that failed before
// it had deleted all; none of a dry run.
func (r PruneReport) Retired() (gone []Decision) {
	for _, d := range r.Decisions {
		if d.Delete && !r.DryRun && len(gone) < r.Deleted {
			gone = append(gone, d)
		}
	}
	return gone
}

// Prune deletes the backups that are past the retention and what was never
// completed. With dryRun it only tells.
func (s *Service) Prune(ctx context.Context, dryRun bool, p Progress) (report PruneReport, err error) {
	if dryRun {
		return s.prune(ctx, true, p)
	}
	err = s.exclusive(ctx, "prune", func(ctx context.Context, _ *lock) error {
		report, err = s.prune(ctx, false, p)
		return err
	})
	return report, err
}

func (s *Service) prune(ctx context.Context, dryRun bool, p Progress) (report PruneReport, err error) {
	report.DryRun = dryRun
	entries, err := s.List(ctx)
	if err != nil {
		return report, err
	}
	now := s.Clock()
	report.Decisions = decide(entries, now, s.Retention)
	locks, err := blob.ReadLocks(ctx, s.Bucket)
	if err != nil {
		return report, err
	}
	for i := range report.Decisions {
		d := &report.Decisions[i]
		p(int64(i), int64(len(report.Decisions)), d.Name)
		if !d.Delete {
			continue
		}
		if err := s.spareLocked(ctx, locks, d, now); err != nil {
			return report, err
		}
		if d.Delete && !dryRun {
			if err := s.remove(ctx, folder{name: d.Name, objects: d.objects}); err != nil {
				return report, err
			}
			s.Logger.InfoContext(ctx, "a backup was retired", "backup", d.Name, "reason", d.Reason)
		}
		if d.Delete {
			report.Deleted++
			report.Bytes += d.Bytes
		}
	}
	if !dryRun {
		if report.Deleted > 0 {
			s.published(ctx)
		}
		report.Uploads, err = blob.AbortUploads(ctx, s.Bucket, "backup-", now.Add(-abandonedAfter))
	}
	return report, err
}

// spareLocked keeps a backup that Object Lock keeps: deleted, it would only be
// hidden.
func (s *Service) spareLocked(ctx context.Context, locks *blob.Locks, d *Decision, now time.Time) error {
	for _, object := range d.objects {
		lock, err := locks.Of(ctx, d.Name+"/"+object)
		if err != nil {
			return err
		}
		if !lock.Holds(now) {
			continue
		}
		d.Delete, d.Reason = false, "it is locked until "+lock.Until.UTC().Format(time.DateOnly)
		if lock.Hold {
			d.Reason = "it is under a legal hold"
		}
		return nil
	}
	return nil
}

// deleters is how many objects are deleted at a time.
const deleters = 8

// remove deletes a folder, the manifest first: from then on there is no
// backup, however the rest goes.
func (s *Service) remove(ctx context.Context, f folder) error {
	if f.has(manifestName) {
		if err := s.delete(ctx, f.name, manifestName); err != nil {
			return err
		}
	}
	group, deleting := errgroup.WithContext(ctx)
	group.SetLimit(deleters)
	for _, object := range slices.DeleteFunc(slices.Clone(f.objects), func(o string) bool { return o == manifestName }) {
		group.Go(func() error { return s.delete(deleting, f.name, object) })
	}
	return group.Wait()
}

func (s *Service) delete(ctx context.Context, name, object string) error {
	err := s.Bucket.Delete(ctx, name+"/"+object)
	if err == nil || gcerrors.Code(err) == gcerrors.NotFound {
		return nil
	}
	return blob.Fault(err, "%s of %s cannot be deleted", object, name)
}
