package backup

import (
	"context"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/jobs"
)

// Latest names the newest complete backup where the name of one is asked for.
const Latest = "latest"

// Resolve gives the name of the backup that a name means.
func (s *Service) Resolve(ctx context.Context, name string) (string, error) {
	if name != Latest {
		return name, nil
	}
	m, err := s.Newest(ctx)
	return m.Name, err
}

// VerifyTask is what contract.TaskBackupVerify is asked with.
type VerifyTask struct {
	Backup string `json:"backup"` // or Latest
}

// VerifyWork is the work of contract.TaskBackupVerify.
func (s *Service) VerifyWork(ctx context.Context, run *jobs.Run) (any, error) {
	var asked VerifyTask
	if err := run.Decode(&asked); err != nil {
		return nil, err
	}
	name, err := s.Resolve(ctx, asked.Backup)
	if err != nil {
		return nil, err
	}
	return s.Verify(ctx, name, run.Progress)
}

// RestoreTask is what contract.TaskBackupRestore is asked with; see
// RestoreOptions. Files have nowhere to go in a worker, so of the other
// components only models can be restored, and only into what is live.
type RestoreTask struct {
	Backup     string      `json:"backup"` // or Latest
	Components []Component `json:"components,omitempty"`
	Database   string      `json:"database,omitempty"`
	IntoLive   bool        `json:"into_live,omitempty"`
}

// RestoreWork is the work of contract.TaskBackupRestore. What was live is
// replaced at most once, whatever becomes of the worker.
func (s *Service) RestoreWork(ctx context.Context, run *jobs.Run) (any, error) {
	var asked RestoreTask
	if err := run.Decode(&asked); err != nil {
		return nil, err
	}
	if asked.IntoLive && run.Attempt > 1 {
		return nil, fault.New(fault.Conflict, "the restore was cut off, and is not begun again: look what is live, then ask again")
	}
	name, err := s.Resolve(ctx, asked.Backup)
	if err != nil {
		return nil, err
	}
	return s.Restore(ctx, name, RestoreOptions{
		Components: asked.Components, Database: asked.Database, IntoLive: asked.IntoLive, Carry: run.CarryInto,
	}, run.Progress)
}

// PruneTask is what contract.TaskBackupPrune is asked with.
type PruneTask struct {
	DryRun bool `json:"dry_run"`
}

// PruneWork is the work of contract.TaskBackupPrune.
func (s *Service) PruneWork(ctx context.Context, run *jobs.Run) (any, error) {
	var asked PruneTask
	if err := run.Decode(&asked); err != nil {
		return nil, err
	}
	return s.Prune(ctx, asked.DryRun, run.Progress)
}

// MarkTask is what contract.TaskBackupMark is asked with.
type MarkTask struct {
	Backup string `json:"backup"` // or Latest
	Keep   bool   `json:"keep"`
	By     string `json:"by"`
	Reason string `json:"reason"`
}

// MarkWork is the work of contract.TaskBackupMark.
func (s *Service) MarkWork(ctx context.Context, run *jobs.Run) (any, error) {
	var asked MarkTask
	if err := run.Decode(&asked); err != nil {
		return nil, err
	}
	name, err := s.Resolve(ctx, asked.Backup)
	if err != nil {
		return nil, err
	}
	if asked.Keep {
		err = s.Mark(ctx, name, asked.By, asked.Reason)
	} else {
		err = s.Unmark(ctx, name)
	}
	if err != nil {
		return nil, err
	}
	entry, _, err := s.Show(ctx, name)
	return entry, err
}
