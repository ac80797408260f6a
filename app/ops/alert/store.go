package alert

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/postgres"
)

// Options of NewStore; the zero value is ready for use.
type Options struct {
	Clock func() time.Time // default time.Now
	// Received is told of every alert that begins or ends, not of repetitions.
	Received func(Status)
}

// Store keeps alerts in PostgreSQL. Its errors are faults.
type Store struct {
	pool *pgxpool.Pool
	opts Options
}

// NewStore makes a Store on a migrated database.
func NewStore(pool *pgxpool.Pool, opts Options) *Store {
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	if opts.Received == nil {
		opts.Received = func(Status) {}
	}
	return &Store{pool, opts}
}

// Counts tells what notices were.
type Counts struct {
	Firing    int `json:"firing" doc:"New alerts"`
	Resolved  int `json:"resolved" doc:"Alerts that ended"`
	Unchanged int `json:"unchanged" doc:"Repetitions"`
}

const columns = `id, fingerprint, status, name, severity, starts_at, ends_at, labels, annotations, generator_url, received_at, updated_at`

const (
	// Messages may come twice, and a late one that it fires after the one that
	// it has been resolved.
	keepAlert = `with before as (
			select status from alerts where fingerprint = $1 and starts_at = $2 for update
		), kept as (
			insert into alerts (fingerprint, starts_at, status, ends_at, name, severity, labels, annotations, generator_url)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			on conflict (fingerprint, starts_at) do update set
				status = excluded.status, ends_at = excluded.ends_at, annotations = excluded.annotations, updated_at = now()
			where alerts.status = 'firing'
				and (alerts.status, alerts.annotations) is distinct from (excluded.status, excluded.annotations)
			returning status
		)
		select coalesce((select status from before), ''), coalesce((select status from kept), '')`
	listAlerts = `select ` + columns + ` from alerts
		where ($1 = '' or status = $1) and ($2 = '' or severity = $2) and ($3 = 0 or id < $3)
		order by id desc limit $4`
)

// Receive keeps notices, all of them or none; the same again changes nothing.
// More than MaxNotices, or one without a fingerprint, a start or a known
// status, are fault.Invalid.
func (s *Store) Receive(ctx context.Context, notices []Notice) (Counts, error) {
	if len(notices) > MaxNotices {
		return Counts{}, fault.New(fault.Invalid, "%d alerts in one message: %d at most", len(notices), MaxNotices)
	}
	now := s.opts.Clock()
	normal := make([]Notice, len(notices))
	for i, n := range notices {
		var err error
		if normal[i], err = n.normal(now); err != nil {
			return Counts{}, err
		}
	}
	var changes []Status
	err := postgres.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		changes = changes[:0]
		for _, n := range normal {
			var ends *time.Time
			if n.Status == Resolved {
				ends = &n.EndsAt
			}
			var before, after Status
			err := tx.QueryRow(ctx, keepAlert, n.Fingerprint, n.StartsAt, n.Status, ends,
				cut(n.name(), maxKey), cut(n.Labels["severity"], maxKey), n.Labels, n.Annotations, n.GeneratorURL).Scan(&before, &after)
			if err != nil {
				return err
			}
			if after != "" && after != before {
				changes = append(changes, after)
			}
		}
		return nil
	})
	if err != nil {
		return Counts{}, broken(err, "the alerts could not be stored")
	}
	counts := Counts{Unchanged: len(normal) - len(changes)}
	for _, status := range changes {
		if status == Firing {
			counts.Firing++
		} else {
			counts.Resolved++
		}
		s.opts.Received(status)
	}
	return counts, nil
}

// Filter selects alerts; zero fields select all.
type Filter struct {
	Status   Status
	Severity string
	Before   int64 // only alerts with a smaller id
	Limit    int   // most alerts; 0 means 100
}

// List gives alerts, those told last first.
func (s *Store) List(ctx context.Context, f Filter) ([]Alert, error) {
	if f.Limit <= 0 {
		f.Limit = 100
	}
	rows, err := s.pool.Query(ctx, listAlerts, f.Status, f.Severity, f.Before, f.Limit)
	if err != nil {
		return nil, broken(err, "the alerts cannot be listed")
	}
	alerts, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (a Alert, err error) {
		return a, row.Scan(&a.ID, &a.Fingerprint, &a.Status, &a.Name, &a.Severity, &a.StartsAt, &a.EndsAt,
			&a.Labels, &a.Annotations, &a.GeneratorURL, &a.ReceivedAt, &a.UpdatedAt)
	})
	if err != nil {
		return nil, broken(err, "the alerts cannot be listed")
	}
	return alerts, nil
}

// broken words an error of the database: what the server refused is our
// mistake, unless it comes from its condition or from a schema that is not
// migrated yet.
func broken(err error, message string) error {
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	code := fault.Unavailable
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok && refused.Code != "42P01" {
		switch refused.Code[:min(2, len(refused.Code))] {
		case "08", "53", "57", "58":
		default:
			code = fault.Internal
		}
	}
	return fault.Wrap(code, err, "%s", message)
}
