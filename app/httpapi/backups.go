package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/script-ohio/platform/app/ops/backup"
)

// Backups tells from the database which backups there are; backup.Catalog is
// one.
type Backups interface {
	List(ctx context.Context, before time.Time, limit int) ([]backup.Entry, error)
	Seen(ctx context.Context) (time.Time, error)
	Get(ctx context.Context, name string) (backup.Entry, json.RawMessage, error)
}

// Outcomes tells what became of backups; backup.History is one.
type Outcomes interface {
	List(ctx context.Context, filter backup.HistoryFilter) ([]backup.Outcome, error)
}

// BackupPage is one page of backups, the newest first.
type BackupPage struct {
	Backups    []backup.Entry `json:"backups" nullable:"false"`
	SeenAt     *time.Time     `json:"seen_at,omitempty" doc:"When a worker last looked into the bucket; absent when none ever did"`
	NextCursor string         `json:"next_cursor,omitempty" doc:"Ask again with this for the next page; absent on the last"`
}

type backupsInput struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
	Cursor string `query:"cursor" maxLength:"200" doc:"next_cursor of the page before"`
}

func (a *API) backups(ctx context.Context, in *backupsInput) (*reply[BackupPage], error) {
	seen, err := a.deps.Backups.Seen(ctx)
	if err != nil {
		return nil, err
	}
	rows, next, err := page(a.cursors, "backups", in.Cursor, in.Limit,
		func(one backup.Entry) int64 { return one.At.Unix() },
		func(before int64, limit int) ([]backup.Entry, error) {
			var at time.Time
			if before > 0 {
				at = time.Unix(before, 0)
			}
			return a.deps.Backups.List(ctx, at, limit)
		})
	if err != nil {
		return nil, err
	}
	answer := BackupPage{Backups: rows, NextCursor: next}
	if !seen.IsZero() {
		answer.SeenAt = &seen
	}
	return &reply[BackupPage]{answer}, nil
}

// Backup is one backup with what it holds.
type Backup struct {
	backup.Entry
	Manifest json.RawMessage `json:"manifest,omitempty" doc:"Absent when there is none that can be trusted"`
}

type backupInput struct {
	Name string `path:"name" maxLength:"40" example:"backup-20261101-020000"`
}

func (a *API) backup(ctx context.Context, in *backupInput) (*reply[Backup], error) {
	entry, manifest, err := a.deps.Backups.Get(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	return &reply[Backup]{Backup{entry, manifest}}, nil
}

// OutcomePage is one page of what was done, the newest first.
type OutcomePage struct {
	Outcomes   []backup.Outcome `json:"outcomes" nullable:"false"`
	NextCursor string           `json:"next_cursor,omitempty" doc:"Ask again with this for the next page; absent on the last"`
}

type outcomesInput struct {
	Kind   string `query:"kind" enum:"backup,verification,drill,restore"`
	Backup string `query:"backup" maxLength:"40" doc:"Name of a backup"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
	Cursor string `query:"cursor" maxLength:"200" doc:"next_cursor of the page before, with the same filters"`
}

func (a *API) outcomes(ctx context.Context, in *outcomesInput) (*reply[OutcomePage], error) {
	rows, next, err := page(a.cursors, fmt.Sprintf("outcomes %q %q", in.Kind, in.Backup), in.Cursor, in.Limit,
		func(one backup.Outcome) int64 { return one.ID },
		func(before int64, limit int) ([]backup.Outcome, error) {
			return a.deps.Outcomes.List(ctx, backup.HistoryFilter{Kind: in.Kind, Backup: in.Backup, Before: before, Limit: limit})
		})
	if err != nil {
		return nil, err
	}
	return &reply[OutcomePage]{OutcomePage{rows, next}}, nil
}
