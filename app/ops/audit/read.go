package audit

import (
	"context"
	"iter"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/script-ohio/platform/app/fault"
)

// Filter of List; the zero value is the newest page of everything. Its JSON is
// what the record of the read says of it.
type Filter struct {
	Actor       string    `json:"actor,omitempty"`  // id
	Action      string    `json:"action,omitempty"` // itself, or with a dot at its end what begins with it
	SubjectType string    `json:"subject_type,omitempty"`
	SubjectID   string    `json:"subject_id,omitempty"`
	RequestID   string    `json:"request_id,omitempty"`
	Since       time.Time `json:"since,omitzero"`
	Until       time.Time `json:"until,omitzero"`  // before
	Before      int64     `json:"before,omitzero"` // number; only rows below it, for the next page
	Limit       int       `json:"limit,omitzero"`  // default 100, MaxPage at most
}

// MaxPage is the most that List gives.
const MaxPage = 1000

const (
	columns = `seq, at, actor_id, actor_name, actor_role, client_ip, action, subject_type, subject_id, before, after, request_id, prev, hash`
	listSQL = `select ` + columns + ` from audit_log
		where ($1 = '' or actor_id = $1) and ($2 = '' or action = $2 or right($2, 1) = '.' and starts_with(action, $2))
			and ($3 = '' or subject_type = $3) and ($4 = '' or subject_id = $4) and ($5 = '' or request_id = $5)
			and ($6::timestamptz is null or at >= $6) and ($7::timestamptz is null or at < $7) and ($8 = 0 or seq < $8)
		order by seq desc limit $9`
	pageSQL = `select ` + columns + ` from audit_log where seq > $1 order by seq limit $2`
)

// List gives the rows that pass a filter, the newest first, and records that
// somebody looked, in the same transaction.
func (l *Log) List(ctx context.Context, f Filter) (rows []Row, err error) {
	if f.Limit <= 0 {
		f.Limit = 100
	}
	f.Limit = min(f.Limit, MaxPage)
	optional := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		return &t
	}
	err = inTx(ctx, l.pool, func(tx pgx.Tx) error {
		found, err := tx.Query(ctx, listSQL, f.Actor, f.Action, f.SubjectType, f.SubjectID, f.RequestID,
			optional(f.Since), optional(f.Until), f.Before, f.Limit)
		if err != nil {
			return err
		}
		if rows, err = pgx.CollectRows(found, scan); err != nil {
			return err
		}
		return l.Record(ctx, tx, Entry{Action: "audit.read", SubjectType: "audit_log", SubjectID: "entries", After: map[string]any{"filter": f, "rows": len(rows)}})
	})
	return rows, err
}

// pageSize bounds how much of the log is in memory at once.
const pageSize = 500

// Rows walks the log in order, page by page. What is appended meanwhile comes
// too.
func (l *Log) Rows(ctx context.Context) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		last := int64(math.MinInt64)
		for {
			found, err := l.pool.Query(ctx, pageSQL, last, pageSize)
			var page []Row
			if err == nil {
				page, err = pgx.CollectRows(found, scan)
			}
			if err != nil {
				yield(Row{}, fault.Wrap(fault.Unavailable, err, "the audit log could not be read on from row %d", last))
				return
			}
			for _, row := range page {
				if last = row.Seq; !yield(row, nil) {
					return
				}
			}
			if len(page) < pageSize {
				return
			}
		}
	}
}

func scan(from pgx.CollectableRow) (Row, error) {
	var r Row
	var prev, hash []byte
	err := from.Scan(&r.Seq, &r.At, &r.Actor.ID, &r.Actor.Name, &r.Actor.Role, &r.Actor.ClientIP, &r.Action, &r.SubjectType, &r.SubjectID,
		&r.Before, &r.After, &r.Actor.RequestID, &prev, &hash)
	r.At = r.At.UTC()
	copy(r.Prev[:], prev)
	copy(r.Hash[:], hash)
	return r, err
}
