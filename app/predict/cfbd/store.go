package cfbd

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/script-ohio/platform/app/fault"
)

// Store keeps answers in PostgreSQL, for all replicas. What nobody has asked
// for in keepDays goes when something new comes.
type Store struct{ pool *pgxpool.Pool }

// NewStore keeps answers through a pool.
func NewStore(pool *pgxpool.Pool) *Store { return &Store{pool} }

const (
	findSQL = `update cfbd_answers set used_at = now() where question = $1 returning etag, body`
	keepSQL = `insert into cfbd_answers (question, etag, body) values ($1, $2, $3)
		on conflict (question) do update set etag = excluded.etag, body = excluded.body, used_at = now()`
	sweepSQL = `delete from cfbd_answers where used_at < now() - make_interval(days => $1)`
)

const keepDays = 40

// Get implements Cache.
func (s *Store) Get(ctx context.Context, key string) (Entry, error) {
	var e Entry
	err := s.pool.QueryRow(ctx, findSQL, key).Scan(&e.ETag, &e.Body)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return Entry{}, fault.Wrap(fault.Unavailable, err, "the stored answers of the College Football Data API cannot be read")
	}
	return e, nil
}

// Put implements Cache.
func (s *Store) Put(ctx context.Context, key string, e Entry) error {
	batch := &pgx.Batch{}
	batch.Queue(keepSQL, key, e.ETag, e.Body)
	batch.Queue(sweepSQL, keepDays)
	if err := s.pool.SendBatch(ctx, batch).Close(); err != nil {
		return fault.Wrap(fault.Unavailable, err, "the answer cannot be stored")
	}
	return nil
}
