package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"io/fs"
	"path"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/script-ohio/platform/app/fault"
)

//go:embed migrations/*.sql
var migrations embed.FS

// The advisory lock under which migrations run ("ohio" in ASCII), and how long
// a second replica waits for the first: it asks once a second.
const (
	migrationLock         = 0x6f68696f
	migrationLockAttempts = 300
	// A migration that waits for a table lock makes every later query on that
	// table wait behind it, so it gives up soon and is run again.
	migrationLockTimeout = 10 * time.Second
)

// Report tells what a migration run did.
type Report struct {
	From, To int64  // schema versions before and after
	Ran      []Step // in the order they ran; empty when there was nothing to do
}

// Step is one migration.
type Step struct {
	Version   int64         `json:"version"`
	Name      string        `json:"name"`                // file name
	Took      time.Duration `json:"-"`                   // set in a Report
	Applied   bool          `json:"applied"`             // whether the database has it
	AppliedAt time.Time     `json:"applied_at,omitzero"` // zero when not applied
}

// Migrate brings the schema to the newest version this program knows. Replicas
// that start together take turns. A database that is already further, as
// after a rollback of the program, is left alone.
func Migrate(ctx context.Context, url string) (Report, error) {
	return migrate(ctx, url, func(p *goose.Provider) ([]*goose.MigrationResult, error) { return p.Up(ctx) })
}

// MigrateTo brings the schema up or down to version; 0 removes everything.
// Going down loses the data that only the newer schema could hold.
func MigrateTo(ctx context.Context, url string, version int64) (Report, error) {
	if err := known(version); err != nil {
		return Report{}, err
	}
	return migrate(ctx, url, func(p *goose.Provider) ([]*goose.MigrationResult, error) {
		current, err := p.GetDBVersion(ctx)
		if err != nil {
			return nil, err
		}
		if version < current {
			return p.DownTo(ctx, version)
		}
		return p.UpTo(ctx, version)
	})
}

// Status lists every migration this program knows, oldest first.
func Status(ctx context.Context, url string) ([]Step, error) {
	var steps []Step
	err := withProvider(ctx, url, func(p *goose.Provider) error {
		states, err := p.Status(ctx)
		for _, s := range states {
			steps = append(steps, Step{
				Version: s.Source.Version, Name: path.Base(s.Source.Path),
				Applied: s.State == goose.StateApplied, AppliedAt: s.AppliedAt,
			})
		}
		return err
	})
	return steps, err
}

// Version gives the schema version the database has (0 when it was never
// migrated) and the newest this program knows. It changes nothing.
func Version(ctx context.Context, url string) (current, newest int64, err error) {
	config, err := migrationConfig(url)
	if err != nil {
		return 0, 0, err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return 0, 0, away(config, err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	newest, err = newestVersion()
	if err != nil {
		return 0, 0, err
	}
	err = conn.QueryRow(ctx,
		`select coalesce(max(version_id), 0) from goose_db_version where is_applied`).Scan(&current)
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == "42P01" { // no such table
		return 0, newest, nil
	}
	if err != nil {
		return 0, 0, fault.Wrap(fault.Unavailable, err, "the schema version cannot be read")
	}
	return current, newest, nil
}

func migrate(ctx context.Context, url string, run func(*goose.Provider) ([]*goose.MigrationResult, error)) (Report, error) {
	var report Report
	err := withProvider(ctx, url, func(p *goose.Provider) (err error) {
		if report.From, err = p.GetDBVersion(ctx); err != nil {
			return err
		}
		results, err := run(p)
		if partial, ok := errors.AsType[*goose.PartialError](err); ok {
			results = partial.Applied
			err = fault.Wrap(fault.Internal, partial.Err, "migration %s failed; those before it are applied",
				path.Base(partial.Failed.Source.Path))
		}
		for _, r := range results {
			report.Ran = append(report.Ran, Step{
				Version: r.Source.Version, Name: path.Base(r.Source.Path),
				Took: r.Duration, Applied: r.Direction == "up",
			})
		}
		if err != nil {
			return err
		}
		report.To, err = p.GetDBVersion(ctx)
		return err
	})
	return report, err
}

func withProvider(ctx context.Context, url string, use func(*goose.Provider) error) error {
	config, err := migrationConfig(url)
	if err != nil {
		return err
	}
	db := stdlib.OpenDB(*config)
	defer db.Close()
	if err := db.PingContext(ctx); err != nil {
		return away(config, err)
	}
	provider, err := newProvider(db)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "the embedded migrations cannot be read")
	}
	err = use(provider)
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	return fault.Wrap(fault.Unavailable, err, "migrating the schema stopped")
}

func newProvider(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	locker, err := lock.NewPostgresSessionLocker(
		lock.WithLockID(migrationLock), lock.WithLockTimeout(1, migrationLockAttempts))
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
}

func migrationConfig(url string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, unreadable(url)
	}
	setSession(config, "ohio migrate")
	config.RuntimeParams["lock_timeout"] = milliseconds(migrationLockTimeout)
	return config, nil
}

// versions lists the embedded migrations' versions, oldest first.
func versions() ([]int64, error) {
	names, err := fs.Glob(migrations, "migrations/*.sql") // sorted; the numbers have a fixed width
	if err != nil {
		return nil, err
	}
	all := make([]int64, len(names))
	for i, name := range names {
		if all[i], err = goose.NumericComponent(path.Base(name)); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "migration %s has no number", name)
		}
	}
	return all, nil
}

func newestVersion() (int64, error) {
	all, err := versions()
	if err != nil || len(all) == 0 {
		return 0, err
	}
	return all[len(all)-1], nil
}

// known refuses a version that no migration leads to.
func known(version int64) error {
	all, err := versions()
	if err != nil {
		return err
	}
	if version != 0 && !slices.Contains(all, version) {
		return fault.New(fault.NotFound, "no migration has version %d; `ohio migrate status` lists them", version)
	}
	return nil
}
