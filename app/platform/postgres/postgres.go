// Package postgres opens the PostgreSQL pool, runs transactions and migrates
// the schema. Domain packages keep their SQL beside their types; only what
// they share stands here.
package postgres

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/script-ohio/platform/app/fault"
)

// Options tunes a pool. The zero value serves.
type Options struct {
	MaxConns         int32         // most connections at once; 0 means 16
	StatementTimeout time.Duration // the server stops a statement after this long; 0 means 30 s
	AppName          string        // shown in pg_stat_activity; "" means "ohio"
	Traced           bool          // a span for every query inside a recorded span, through the global tracer provider
}

// Limits every pool shares.
const (
	defaultMaxConns         = 16
	defaultStatementTimeout = 30 * time.Second
	connectTimeout          = 5 * time.Second
	pingTimeout             = 2 * time.Second
	// A transaction left open holds locks and keeps vacuum from its work.
	idleInTransactionTimeout = time.Minute
	// Connections are renewed so that a failover or a new replica is noticed.
	maxConnLifetime       = 30 * time.Minute
	maxConnLifetimeJitter = 5 * time.Minute
	maxConnIdleTime       = 5 * time.Minute
)

// Open makes a pool for a URL (postgres://user:password@host:port/database) or
// a keyword/value string. It does not connect, so that a service can start
// while its server is away; Ping tells whether the server answers. A url that
// cannot be read is fault.Invalid; no error shows the password. The caller
// closes the pool.
func Open(ctx context.Context, url string, opts Options) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, unreadable(url)
	}
	config.MaxConns = orDefault(opts.MaxConns, defaultMaxConns)
	config.MaxConnLifetime = maxConnLifetime
	config.MaxConnLifetimeJitter = maxConnLifetimeJitter
	config.MaxConnIdleTime = maxConnIdleTime
	config.PingTimeout = pingTimeout
	setSession(config.ConnConfig, orDefault(opts.AppName, "ohio"))
	config.ConnConfig.RuntimeParams["statement_timeout"] =
		milliseconds(orDefault(opts.StatementTimeout, defaultStatementTimeout))
	if opts.Traced {
		config.ConnConfig.Tracer = otelpgx.NewTracer()
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the PostgreSQL pool settings are not usable")
	}
	return pool, nil
}

// Ping asks the server for an answer, within ctx. Its error is
// fault.Unavailable and names the host and database.
func Ping(ctx context.Context, pool *pgxpool.Pool) error {
	if err := pool.Ping(ctx); err != nil {
		return away(pool.Config().ConnConfig, err)
	}
	return nil
}

// setSession gives every session the same timeouts and UTC.
func setSession(config *pgx.ConnConfig, appName string) {
	if config.ConnectTimeout == 0 || config.ConnectTimeout > connectTimeout {
		config.ConnectTimeout = connectTimeout
	}
	config.RuntimeParams["application_name"] = appName
	config.RuntimeParams["timezone"] = "UTC"
	config.RuntimeParams["idle_in_transaction_session_timeout"] = milliseconds(idleInTransactionTimeout)
}

// away is the fault of a server that cannot be reached. pgconn names user and
// database in its errors, never the password.
func away(config *pgx.ConnConfig, cause error) error {
	return fault.Wrap(fault.Unavailable, cause, "PostgreSQL does not answer at %s:%d/%s",
		config.Host, config.Port, config.Database)
}

// unreadable is the fault of a connection string that does not parse. Not even
// the parser's reason is told: it may quote any part, and in a malformed URL
// any part may be the password's.
func unreadable(conn string) error {
	const want = "the database URL cannot be read; want postgres://user:password@host:port/database"
	isURL := strings.HasPrefix(conn, "postgres://") || strings.HasPrefix(conn, "postgresql://")
	if _, err := url.Parse(conn); isURL && err != nil {
		return fault.New(fault.Invalid, "%s, with special characters of the password percent-encoded", want)
	} else if isURL {
		return fault.New(fault.Invalid, "%s; the parameters after the question mark may be wrong", want)
	}
	return fault.New(fault.Invalid, want)
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%d", d.Milliseconds()) }

func orDefault[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}
