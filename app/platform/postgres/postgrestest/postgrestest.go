// Package postgrestest gives every test a migrated database of its own on a
// real PostgreSQL server, which each test binary starts when first asked and
// takes down with it.
package postgrestest

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/script-ohio/platform/app/platform/local"
	"github.com/script-ohio/platform/app/platform/postgres"
)

// Main runs a test binary, stops its server and then looks for leaked
// goroutines. Use it as the body of TestMain:
//
//	func TestMain(m *testing.M) { postgrestest.Main(m) }
//
// Without it the server still dies with the binary, but its files stay until
// the next run of any test sweeps them.
func Main(m *testing.M, options ...goleak.Option) {
	goleak.VerifyTestMain(thenStop{m}, options...)
}

// New gives a pool on a fresh migrated database; both go with the test.
func New(t testing.TB) *pgxpool.Pool {
	t.Helper()
	pool, err := postgres.Open(t.Context(), URL(t), postgres.Options{MaxConns: 8})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// URL gives the connection string of a fresh migrated database, dropped after
// the test with whoever is still connected.
func URL(t testing.TB) string {
	t.Helper()
	return fresh(t, template)
}

// Empty is URL without the schema, for tests of migrations and restores.
func Empty(t testing.TB) string {
	t.Helper()
	return fresh(t, "template0")
}

// template is the migrated database that others are copied from.
const template = "migrated"

// The one server of this test binary.
var (
	shared  server
	numbers atomic.Int64
)

func fresh(t testing.TB, from string) string {
	t.Helper()
	require.NoError(t, shared.start())
	name := fmt.Sprintf("test_%d", numbers.Add(1))
	shared.exec(t, fmt.Sprintf("create database %s template %s", name, from))
	t.Cleanup(func() { shared.exec(t, fmt.Sprintf("drop database if exists %s with (force)", name)) })
	return shared.url(name)
}

// server is a PostgreSQL server in a temporary directory, with a pool for
// making and dropping databases.
type server struct {
	once  sync.Once
	err   error
	dir   string
	local *local.Postgres
	admin *pgxpool.Pool
}

func (s *server) start() error {
	s.once.Do(func() { s.err = s.startOnce(context.Background()) })
	return s.err
}

func (s *server) startOnce(ctx context.Context) (err error) {
	sweep(ctx)
	if s.dir, err = os.MkdirTemp("", prefix+"*"); err != nil {
		return err
	}
	// As root the server runs as another user, who must pass through.
	if err := os.Chmod(s.dir, 0o711); err != nil {
		return err
	}
	s.local, err = local.Start(ctx, local.Options{DataDir: s.dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	if s.admin, err = postgres.Open(ctx, s.local.URL(), postgres.Options{MaxConns: 2}); err != nil {
		return err
	}
	if _, err := s.admin.Exec(ctx, "create database "+template); err != nil {
		return err
	}
	_, err = postgres.Migrate(ctx, s.url(template))
	return err
}

// url gives the connection string of one of the server's databases.
func (s *server) url(database string) string {
	u, err := url.Parse(s.local.URL())
	if err != nil {
		panic(err) // made by url.URL.String
	}
	u.Path = "/" + database
	return u.String()
}

// exec outlives the test's context, which is over when its cleanup runs.
func (s *server) exec(t testing.TB, sql string) {
	t.Helper()
	_, err := s.admin.Exec(context.Background(), sql)
	require.NoError(t, err)
}

func (s *server) stop() error {
	if s.admin != nil {
		s.admin.Close()
	}
	if s.local != nil {
		if err := s.local.Stop(context.Background()); err != nil {
			return err
		}
	}
	if s.dir == "" {
		return nil
	}
	return os.RemoveAll(s.dir)
}

// thenStop runs the tests, then stops the server.
type thenStop struct{ tests *testing.M }

func (r thenStop) Run() int {
	code := r.tests.Run()
	if err := shared.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stopping the test PostgreSQL:", err)
		return max(code, 1)
	}
	return code
}

// prefix starts the names of the servers' directories.
const prefix = "ohio-pgtest-"

// sweep removes what killed test binaries left. A directory without a lock may
// be one that another binary has only just made, so young ones are let be.
func sweep(ctx context.Context) {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*"))
	for _, dir := range dirs {
		info, err := os.Stat(dir)
		if err != nil || time.Since(info.ModTime()) < time.Minute {
			continue
		}
		if local.Remove(ctx, dir, slog.New(slog.DiscardHandler)) == nil {
			_ = os.RemoveAll(dir)
		}
	}
}
