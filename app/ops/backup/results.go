package backup

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// The kinds of results.
const (
	resultBackup       = "backup"
	resultVerification = "verification"
	resultDrill        = "drill"
	resultRestore      = "restore"
)

// result is what backup_results remembers of a run. It feeds metrics and
// reports; what may be deleted is decided by the bucket alone.
type result struct {
	kind, backup string
	ok           bool
	began        time.Time
	digest       string // of the manifest
	report       any
}

const (
	recordSQL = `insert into public.backup_results (kind, backup, ok, started_at, finished_at, manifest_sha256, report) values ($1, $2, $3, $4, $5, $6, $7)`
	// What a newer backup of the same name would say does not count: there is none.
	digestSQL = `select manifest_sha256 from public.backup_results where kind = 'backup' and backup = $1 and manifest_sha256 <> '' order by id desc limit 1`
)

// record remembers a result. That it cannot must not undo what was done, so
// trouble is only logged.
func (s *Service) record(ctx context.Context, r result) {
	if s.DatabaseURL == "" || s.Elsewhere {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectTimeout)
	defer cancel()
	report, err := json.Marshal(r.report)
	if err == nil {
		var conn *pgx.Conn
		if conn, err = s.connect(ctx, "", "record"); err == nil {
			defer disconnect(ctx, conn)
			_, err = conn.Exec(ctx, recordSQL, r.kind, r.backup, r.ok, r.began, s.Clock(), r.digest, report)
		}
	}
	if err == nil && r.kind != resultDrill {
		s.published(ctx)
	}
	if err != nil {
		s.Logger.WarnContext(ctx, "a result was not recorded; metrics will not show it", "kind", r.kind, "backup", r.backup, "error", err)
	}
}

// recordedDigest is the checksum of a manifest as the database remembers it;
// "" when it does not, or is away.
func (s *Service) recordedDigest(ctx context.Context, name string) (digest string) {
	conn, err := s.connect(ctx, "", "verify")
	if err != nil {
		return ""
	}
	defer disconnect(ctx, conn)
	if err := conn.QueryRow(ctx, digestSQL, name).Scan(&digest); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		s.Logger.WarnContext(ctx, "the manifest is not compared with the database's record", "backup", name, "error", err)
	}
	return digest
}

// sizes is what a backup's result tells of it.
type sizes struct {
	Status Status              `json:"status"`
	Sizes  map[Component]int64 `json:"sizes"`
	Issues []string            `json:"issues"`
}

func backupResult(m Manifest) sizes {
	r := sizes{m.Status, map[Component]int64{}, m.Issues}
	for _, p := range m.Parts {
		if p.Status == Complete {
			r.Sizes[p.Name] = p.Size()
		}
	}
	return r
}
