package backup

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/script-ohio/platform/app/fault"
)

// Outcome is what became of a backup, a verification, a drill or a restore.
type Outcome struct {
	ID       int64           `json:"id" db:"id"`
	Kind     string          `json:"kind" db:"kind" enum:"backup,verification,drill,restore"`
	Backup   string          `json:"backup" db:"backup"`
	OK       bool            `json:"ok" db:"ok"`
	Started  time.Time       `json:"started_at" db:"started_at"`
	Finished time.Time       `json:"finished_at" db:"finished_at"`
	Report   json.RawMessage `json:"report" db:"report"`
}

// HistoryFilter narrows a list; the zero value does not.
type HistoryFilter struct {
	Kind   string
	Backup string
	Before int64 // id; 0 begins with the newest
	Limit  int
}

// History tells from the database what was done, for those that may not look
// into the bucket. It begins anew with a restored database.
type History struct{ pool *pgxpool.Pool }

// NewHistory makes a History of a migrated database.
func NewHistory(pool *pgxpool.Pool) History { return History{pool} }

const historySQL = `select id, kind, backup, ok, started_at, finished_at, report from public.backup_results
	where ($1 = '' or kind = $1) and ($2 = '' or backup = $2) and ($3 = 0 or id < $3) order by id desc limit $4`

// List gives outcomes, the newest first.
func (h History) List(ctx context.Context, f HistoryFilter) ([]Outcome, error) {
	rows, err := h.pool.Query(ctx, historySQL, f.Kind, f.Backup, f.Before, f.Limit)
	var found []Outcome
	if err == nil {
		found, err = pgx.CollectRows(rows, pgx.RowToStructByName[Outcome])
	}
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the history of backups cannot be read")
	}
	return found, nil
}
