package backup

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/script-ohio/platform/app/fault"
)

const (
	clearCatalogSQL = `delete from public.backup_catalog where name <> all($1)`
	putCatalogSQL   = `insert into public.backup_catalog (name, began_at, entry, manifest) values ($1, $2, $3, $4)
		on conflict (name) do update set entry = excluded.entry, manifest = excluded.manifest`
	seenCatalogSQL = `insert into public.backup_catalog_seen (at) values ($1) on conflict (only_one) do update set at = excluded.at where backup_catalog_seen.at < excluded.at`
	listCatalogSQL = `select entry from public.backup_catalog where $1::timestamptz is null or began_at < $1 order by began_at desc limit $2`
	getCatalogSQL  = `select entry, manifest from public.backup_catalog where name = $1`
	whenCatalogSQL = `select at from public.backup_catalog_seen`
)

// Publish writes into the database what lies in the bucket, for those that may
// not look there themselves; see Catalog.
func (s *Service) Publish(ctx context.Context) error {
	seen := s.Clock().UTC()
	entries, err := s.List(ctx)
	if err != nil {
		return err
	}
	var batch pgx.Batch
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name)
		batch.Queue(putCatalogSQL, e.Name, e.At, e, e.manifest)
	}
	batch.Queue(clearCatalogSQL, names)
	batch.Queue(seenCatalogSQL, seen)
	conn, err := s.connect(ctx, "", "publish")
	if err != nil {
		return err
	}
	defer disconnect(ctx, conn)
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return tx.SendBatch(ctx, &batch).Close() })
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "the list of backups cannot be published")
	}
	return nil
}

// published is Publish after a change that stands whatever becomes of it.
func (s *Service) published(ctx context.Context) {
	if s.DatabaseURL == "" || s.Elsewhere {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), publishTimeout)
	defer cancel()
	if err := s.Publish(ctx); err != nil {
		s.Logger.WarnContext(ctx, "the list of backups in the database is not up to date", "error", err)
	}
}

const publishTimeout = time.Minute

// Catalog tells from the database which backups there are, as Publish last saw
// them.
type Catalog struct{ pool *pgxpool.Pool }

// NewCatalog makes a Catalog of a migrated database.
func NewCatalog(pool *pgxpool.Pool) Catalog { return Catalog{pool} }

// List gives backups, the newest first; before, if not zero, is the time of
// the one after which to go on.
func (c Catalog) List(ctx context.Context, before time.Time, limit int) ([]Entry, error) {
	var after *time.Time
	if !before.IsZero() {
		after = &before
	}
	rows, err := c.pool.Query(ctx, listCatalogSQL, after, limit)
	var entries []Entry
	if err == nil {
		entries, err = pgx.CollectRows(rows, pgx.RowTo[Entry])
	}
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the list of backups cannot be read")
	}
	return entries, nil
}

// Seen is when the backups were last looked at; zero when they never were.
func (c Catalog) Seen(ctx context.Context) (at time.Time, err error) {
	err = c.pool.QueryRow(ctx, whenCatalogSQL).Scan(&at)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return at, fault.Wrap(fault.Unavailable, err, "the list of backups cannot be read")
	}
	return at, nil
}

// Get gives one backup and its manifest, which is nil when there is none that
// can be trusted; fault.NotFound when the bucket did not hold the backup.
func (c Catalog) Get(ctx context.Context, name string) (e Entry, m json.RawMessage, err error) {
	err = c.pool.QueryRow(ctx, getCatalogSQL, name).Scan(&e, &m)
	if errors.Is(err, pgx.ErrNoRows) {
		return e, nil, fault.New(fault.NotFound, "there is no backup %q", name)
	}
	if err != nil {
		return e, nil, fault.Wrap(fault.Unavailable, err, "the backup cannot be read")
	}
	return e, m, nil
}
