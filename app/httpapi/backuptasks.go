package httpapi

import (
	"context"
	"fmt"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/ops/backup"
	"github.com/script-ohio/platform/app/platform/jobs"
)

// What is done with backups is done by the worker that may touch their bucket:
// the API asks it to and says where its run can be followed.

type backupRunInput struct {
	Body *RunRequest
}

func (a *API) createBackup(ctx context.Context, in *backupRunInput) (*accepting, error) {
	return a.request(ctx, contract.JobDatabaseBackup.Name, in.Body)
}

func (a *API) drillBackup(ctx context.Context, in *backupRunInput) (*accepting, error) {
	return a.request(ctx, contract.JobRestoreDrill.Name, in.Body)
}

// requestTask asks for a task.
func (a *API) requestTask(ctx context.Context, task contract.Job, arguments any, why *RunRequest) (*accepting, error) {
	run, err := a.deps.Jobs.RequestTask(ctx, task, arguments, why.by(ctx))
	if err != nil {
		return nil, err
	}
	return accept([]jobs.Record{run}), nil
}

// known refuses what is no backup while somebody waits for the answer. Which
// one is the latest is found when the run begins.
func (a *API) known(ctx context.Context, name string) error {
	if name == backup.Latest {
		return nil
	}
	_, _, err := a.deps.Backups.Get(ctx, name)
	return err
}

type verifyInput struct {
	Name string `path:"name" maxLength:"40" example:"latest" doc:"A backup, or latest for the newest complete one"`
	Body *RunRequest
}

func (a *API) verifyBackup(ctx context.Context, in *verifyInput) (*accepting, error) {
	if err := a.known(ctx, in.Name); err != nil {
		return nil, err
	}
	return a.requestTask(ctx, contract.TaskBackupVerify, backup.VerifyTask{Backup: in.Name}, in.Body)
}

// RestoreRequest says what to restore and where to.
type RestoreRequest struct {
	RunRequest
	Components []backup.Component `json:"components,omitempty" enum:"database,models" doc:"Default: the database. Models can only go live; other components hold files, which the command line restores into a folder"`
	Database   string             `json:"database,omitempty" pattern:"^[a-z_][a-z0-9_]{0,62}$" doc:"Name of the fresh database; one with the time in it if left out"`
	IntoLive   bool               `json:"into_live,omitempty" doc:"Put it in the place of what is live, which is backed up first and kept under another name"`
	Confirm    string             `json:"confirm,omitempty" doc:"With into_live: the name in the path once more"`
}

type restoreInput struct {
	Name string `path:"name" maxLength:"40" example:"latest" doc:"A backup, or latest for the newest complete one"`
	Body *RestoreRequest
}

func (a *API) restoreBackup(ctx context.Context, in *restoreInput) (*accepting, error) {
	asked := in.Body
	if asked == nil {
		asked = &RestoreRequest{}
	}
	if err := asked.check(in.Name); err != nil {
		return nil, err
	}
	if err := a.known(ctx, in.Name); err != nil {
		return nil, err
	}
	return a.requestTask(ctx, contract.TaskBackupRestore, backup.RestoreTask{
		Backup: in.Name, Components: asked.Components, Database: asked.Database, IntoLive: asked.IntoLive,
	}, &asked.RunRequest)
}

func (r *RestoreRequest) check(name string) error {
	wrong := func(field, message string) error {
		return fault.New(fault.Invalid, "%s %s", field, message).With(fault.Detail{Location: "body." + field, Message: message})
	}
	switch {
	case r.IntoLive && r.Database != "":
		return wrong("database", "names a fresh database, which does not go with into_live")
	case r.IntoLive && r.Confirm != name:
		return wrong("confirm", fmt.Sprintf("must be %q: this puts the backup in the place of what is live", name))
	case !r.IntoLive && r.Confirm != "":
		return wrong("confirm", "goes with into_live only")
	}
	for _, c := range r.Components {
		if c == backup.Models && !r.IntoLive {
			return wrong("components", "has models, which can only go live")
		}
	}
	return nil
}

// MarkRequest keeps a backup from retention, or gives it back.
type MarkRequest struct {
	Keep   bool   `json:"keep" doc:"Whether to keep it whatever its age"`
	Reason string `json:"reason,omitempty" maxLength:"500" doc:"Why; required to keep one"`
}

type markInput struct {
	Name string `path:"name" maxLength:"40" example:"latest" doc:"A backup, or latest for the newest complete one"`
	Body MarkRequest
}

func (a *API) markBackup(ctx context.Context, in *markInput) (*accepting, error) {
	if in.Body.Keep {
		reason, err := backup.Reason(in.Body.Reason)
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "the backup is not marked").With(fault.Detail{Location: "body.reason", Message: "must be one line of text", Value: in.Body.Reason})
		}
		in.Body.Reason = reason
	}
	if err := a.known(ctx, in.Name); err != nil {
		return nil, err
	}
	var nobody *RunRequest
	return a.requestTask(ctx, contract.TaskBackupMark, backup.MarkTask{
		Backup: in.Name, Keep: in.Body.Keep, By: nobody.by(ctx), Reason: in.Body.Reason,
	}, nobody)
}

// PruneRequest says whether to delete.
type PruneRequest struct {
	RunRequest
	DryRun bool `json:"dry_run" doc:"Only tell in the run's report what would go"`
}

type pruneInput struct{ Body PruneRequest }

func (a *API) pruneBackups(ctx context.Context, in *pruneInput) (*accepting, error) {
	return a.requestTask(ctx, contract.TaskBackupPrune, backup.PruneTask{DryRun: in.Body.DryRun}, &in.Body.RunRequest)
}
