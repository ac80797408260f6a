package httpapi

import (
	"context"
	"fmt"

	"github.com/script-ohio/platform/app/ops/backup"
)

// Backups tells what became of backups; backup.History is one.
type Backups interface {
	List(ctx context.Context, filter backup.HistoryFilter) ([]backup.Outcome, error)
}

// BackupPage is one page of what was done, the newest first.
type BackupPage struct {
	Outcomes   []backup.Outcome `json:"outcomes" nullable:"false"`
	NextCursor string           `json:"next_cursor,omitempty" doc:"Ask again with this for the next page; absent on the last"`
}

type backupsInput struct {
	Kind   string `query:"kind" enum:"backup,verification,drill,restore"`
	Backup string `query:"backup" maxLength:"40" doc:"Name of a backup"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
	Cursor string `query:"cursor" maxLength:"200" doc:"next_cursor of the page before, with the same filters"`
}

func (a *API) backups(ctx context.Context, in *backupsInput) (*reply[BackupPage], error) {
	rows, next, err := page(a.cursors, fmt.Sprintf("backups %q %q", in.Kind, in.Backup), in.Cursor, in.Limit,
		func(one backup.Outcome) int64 { return one.ID },
		func(before int64, limit int) ([]backup.Outcome, error) {
			return a.deps.Backups.List(ctx, backup.HistoryFilter{Kind: in.Kind, Backup: in.Backup, Before: before, Limit: limit})
		})
	if err != nil {
		return nil, err
	}
	return &reply[BackupPage]{BackupPage{rows, next}}, nil
}
