package auth

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/postgres"
)

// Store keeps API keys in the table api_keys. Its errors are faults:
// Unavailable when PostgreSQL cannot be asked, and what the methods name.
type Store struct {
	pool   *pgxpool.Pool
	record Recorder
}

// Recorder notes a change in the transaction that makes it; subject is
// api_key/ID. Its error undoes the change.
type Recorder func(ctx context.Context, tx pgx.Tx, action, subject string, before, after any) error

// NewStore makes a Store on a migrated database.
func NewStore(pool *pgxpool.Pool) *Store {
	return &Store{pool: pool, record: func(context.Context, pgx.Tx, string, string, any, any) error { return nil }}
}

// Recording is the Store with a Recorder that is told of keys made and
// revoked.
func (s *Store) Recording(record Recorder) *Store { return &Store{pool: s.pool, record: record} }

const keyColumns = `id, name, role, rate, created_at, created_by, revoked_at, last_used_at`

// The statements of the Store.
const (
	insertKey = `insert into api_keys (id, name, role, hash, rate, created_by)
		values ($1, $2, $3, $4, $5, $6) on conflict (id) do nothing returning ` + keyColumns
	listKeys  = `select ` + keyColumns + ` from api_keys order by created_at desc, id`
	findKey   = `select ` + keyColumns + ` from api_keys where hash = $1`
	lockKey   = `select ` + keyColumns + ` from api_keys where id = $1 for update`
	revokeKey = `update api_keys set revoked_at = now() where id = $1 returning ` + keyColumns
	touchKeys = `update api_keys k set last_used_at = u.at
		from unnest($1::text[], $2::timestamptz[]) as u (id, at)
		where k.id = u.id and (k.last_used_at is null or k.last_used_at <= u.at - interval '1 minute')`
)

// Create makes a key and returns it with its secret, which cannot be had
// again. rate is in requests a second, nil for the role's own; by says who
// asked. Bad values are fault.Invalid.
func (s *Store) Create(ctx context.Context, name string, role contract.Role, rate *float64, by string) (Key, string, error) {
	if err := validate(name, role, rate); err != nil {
		return Key{}, "", err
	}
	for range 3 { // an id of 40 random bits may be taken, though hardly ever
		id, secret := newSecret()
		h := hashOf(secret)
		var key Key
		err := postgres.InTx(ctx, s.pool, func(tx pgx.Tx) (err error) {
			if key, err = one(ctx, tx, insertKey, id, name, role.String(), h[:], rate, by); err != nil {
				return err
			}
			return s.record(ctx, tx, "key.create", subject(key), nil, stateOf(key))
		})
		if errors.Is(err, pgx.ErrNoRows) {
			continue
		}
		if err != nil {
			return Key{}, "", broken(err, "the API key could not be stored")
		}
		return key, secret, nil
	}
	return Key{}, "", fault.New(fault.Conflict, "three random key ids in a row were taken; try again")
}

// List gives all keys, revoked ones too, newest first.
func (s *Store) List(ctx context.Context) ([]Key, error) {
	rows, err := s.pool.Query(ctx, listKeys)
	if err != nil {
		return nil, broken(err, "the API keys could not be listed")
	}
	keys, err := pgx.CollectRows(rows, scanKey)
	if err != nil {
		return nil, broken(err, "the API keys could not be listed")
	}
	return keys, nil
}

// Revoke ends a key within ten seconds on every replica. Revoking it again
// changes nothing; an id that never was is fault.NotFound.
func (s *Store) Revoke(ctx context.Context, id string) error {
	err := postgres.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		before, err := one(ctx, tx, lockKey, id)
		if err != nil || before.RevokedAt != nil {
			return err
		}
		after, err := one(ctx, tx, revokeKey, id)
		if err != nil {
			return err
		}
		return s.record(ctx, tx, "key.revoke", subject(after), stateOf(before), stateOf(after))
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return fault.New(fault.NotFound, "there is no API key with the id %q: list the keys to see theirs", id)
	}
	if err != nil {
		return broken(err, "the API key could not be revoked")
	}
	return nil
}

func subject(k Key) string { return "api_key/" + k.ID }

// state is what a Recorder is told of a key: nothing that opens anything.
type state struct {
	Name      string     `json:"name"`
	Role      string     `json:"role"`
	Rate      *float64   `json:"rate,omitempty"`
	CreatedBy string     `json:"created_by"`
	RevokedAt *time.Time `json:"revoked_at,omitempty"`
}

func stateOf(k Key) state { return state{k.Name, k.Role.String(), k.Rate, k.CreatedBy, k.RevokedAt} }

// Find gives the key with this SHA-256 of its secret, revoked or not;
// fault.NotFound when there is none.
func (s *Store) Find(ctx context.Context, sha256 []byte) (Key, error) {
	key, err := one(ctx, s.pool, findKey, sha256)
	if errors.Is(err, pgx.ErrNoRows) {
		return Key{}, fault.New(fault.NotFound, "there is no such API key")
	}
	if err != nil {
		return Key{}, broken(err, "the API key could not be looked up")
	}
	return key, nil
}

// Touch notes when keys were last used; times less than a minute after the
// noted one are left out. ids and at run in parallel.
func (s *Store) Touch(ctx context.Context, ids []string, at []time.Time) error {
	if _, err := s.pool.Exec(ctx, touchKeys, ids, at); err != nil {
		return broken(err, "the last use of API keys could not be noted")
	}
	return nil
}

func one(ctx context.Context, from interface {
	Query(context.Context, string, ...any) (pgx.Rows, error)
}, sql string, args ...any) (Key, error) {
	rows, err := from.Query(ctx, sql, args...)
	if err != nil {
		return Key{}, err
	}
	return pgx.CollectExactlyOneRow(rows, scanKey)
}

func scanKey(row pgx.CollectableRow) (Key, error) {
	var k Key
	var role string
	err := row.Scan(&k.ID, &k.Name, &role, &k.Rate, &k.CreatedAt, &k.CreatedBy, &k.RevokedAt, &k.LastUsedAt)
	if err != nil {
		return Key{}, err
	}
	k.Role, err = contract.ParseRole(role)
	return k, err
}

// broken words an error of the database: what the server itself refused is our
// mistake, all else means that it could not be asked.
func broken(err error, message string) error {
	code := fault.Unavailable
	if known, ok := errors.AsType[*fault.Error](err); ok {
		code = known.Code
	} else if refused, ok := errors.AsType[*pgconn.PgError](err); ok && !transient(refused.Code) {
		code = fault.Internal
	}
	return fault.Wrap(code, err, "%s", message)
}

// transient says whether an SQLSTATE comes from the server's condition, not
// from the statement: connection, resources, operator intervention, system.
func transient(state string) bool {
	switch state[:min(2, len(state))] {
	case "08", "53", "57", "58":
		return true
	}
	return false
}
