// Package backup makes copies of everything a deployment could not make again,
// proves that they can be read and restored, and lets them go when they are
// old. A backup is a folder in a bucket:
//
//	backup-20260102-150405/
//	  database.dump.zst.age   pg_dump's custom format, from one snapshot
//	  models.tar.zst.age      the model packs
//	  configuration.json...   what was configured, without secrets
//	  logs.ndjson...          the last day, where a source of logs is known
//	  manifest.sha256         checksum of the manifest
//	  manifest.json           written last: without it there is no backup
//	  verification.json       what the newest verification found
//	  begun-*.json            who makes it; there only while it is being made
//	  keep.json               there when somebody marked the backup to be kept
//
// All that is needed to judge a backup lies in the bucket, so that it can be
// judged when the database is lost.
package backup

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"gocloud.dev/blob"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/ops/backup/envelope"
	"github.com/script-ohio/platform/app/ops/backup/pgclient"
)

// Component is a part of a backup that can fail, and be restored, alone.
type Component string

// The components.
const (
	Database      Component = "database"
	Models        Component = "models"
	Configuration Component = "configuration"
	Logs          Component = "logs"
)

// Components lists them in the order they are backed up.
func Components() []Component { return []Component{Database, Models, Configuration, Logs} }

// Progress is told how far something is, in bytes or whatever total counts;
// total is 0 while that is unknown.
type Progress func(done, total int64, note string)

// Deps are what a Service cannot do without.
type Deps struct {
	DatabaseURL string       // "" where only the bucket is there: what needs the database is then fault.Unavailable
	Bucket      *blob.Bucket // of the backups
	Logger      *slog.Logger
	Clock       func() time.Time // nil means time.Now
}

// Options of a Service. The zero value backs up the database alone, in the
// clear.
type Options struct {
	Keys envelope.Keys
	// Program is the version of this program.
	Program string
	// Models is where the model packs lie, below contract.PrefixPacks; nil
	// when there is only the one that EmbeddedPack describes.
	Models       *blob.Bucket
	EmbeddedPack func() ([]byte, error)
	// Config is the effective configuration; its secrets are not backed up.
	Config contract.Config
	// Logs is nil where no source of logs is known.
	Logs LogSource
	// Predict makes a prediction from a restored database and says what it
	// was; drills do without when it is nil.
	Predict func(ctx context.Context, restored *pgxpool.Pool) (string, error)
	// Elsewhere says that the bucket is another than the deployment's: what
	// becomes of backups there is not recorded as if they were its own.
	Elsewhere bool
	// Retention is how long backups are kept; 0 means contract.BackupRetention.
	Retention time.Duration
}

// Service makes, checks, restores and retires backups of one database. It is
// safe for concurrent use, also by several programs: what must not happen
// twice at a time is refused with fault.Conflict.
type Service struct {
	Deps
	Options
	target pgclient.Target
}

// New makes a service; it asks neither the database nor the bucket.
func New(deps Deps, options Options) (*Service, error) {
	var target pgclient.Target
	if deps.DatabaseURL != "" {
		var err error
		if target, err = pgclient.ParseTarget(deps.DatabaseURL); err != nil {
			return nil, err
		}
	}
	if deps.Clock == nil {
		deps.Clock = time.Now
	}
	if options.Retention == 0 {
		options.Retention = contract.BackupRetention
	}
	return &Service{Deps: deps, Options: options, target: target}, nil
}

// connect opens a session of its own, without the limits that others have:
// dumping and counting take as long as they take. database "" means ours.
func (s *Service) connect(ctx context.Context, database, what string) (*pgx.Conn, error) {
	if s.DatabaseURL == "" { // which pgx would fill in from PGHOST and its like
		return nil, fault.New(fault.Unavailable, "there is no database")
	}
	config, err := pgx.ParseConfig(s.DatabaseURL)
	if err != nil {
		return nil, fault.New(fault.Invalid, "the database URL cannot be read")
	}
	if database != "" {
		config.Database = database
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	for name, value := range map[string]string{
		"application_name": sessionName + what, "timezone": "UTC", "search_path": "",
		"statement_timeout": "0", "idle_in_transaction_session_timeout": "0", "lock_timeout": "60000",
	} {
		config.RuntimeParams[name] = value
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "PostgreSQL does not answer at %s:%d/%s", config.Host, config.Port, config.Database)
	}
	return conn, nil
}

const (
	connectTimeout = 10 * time.Second
	// sessionName begins the names of our sessions in pg_stat_activity.
	sessionName = "ohio backup: "
)

// disconnect closes a session, also when the caller's context is over.
func disconnect(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectTimeout)
	defer cancel()
	_ = conn.Close(ctx)
}
