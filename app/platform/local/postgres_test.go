package local

import (
	"context"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
)

func TestDataOutlivesStop(t *testing.T) {
	dir := newDir(t)
	first := start(t, quiet(dir))
	execute(t, first.URL(), "create table seen as select 'once' as what")
	require.NoError(t, first.Stop(t.Context()))
	requireNothingLeft(t, dir)

	second := start(t, quiet(dir))
	require.Equal(t, first.URL(), second.URL())
	require.Equal(t, "once", query(t, second.URL(), "select what from seen"))
	require.Equal(t, "UTF8 off UTC", query(t, second.URL(), "select concat_ws(' ', "+
		"current_setting('server_encoding'), current_setting('fsync'), current_setting('timezone'))"))
	require.NoError(t, second.Stop(t.Context()))
	requireNothingLeft(t, dir)
}

func TestDurableServerSyncs(t *testing.T) {
	opts := quiet(clusterDir(t))
	opts.Durable = true
	p := start(t, opts)
	require.Equal(t, "on on on", query(t, p.URL(), "select concat_ws(' ', current_setting('fsync'), "+
		"current_setting('synchronous_commit'), current_setting('full_page_writes'))"))
}

func TestStopMayBeCalledByMany(t *testing.T) {
	p := start(t, quiet(clusterDir(t)))
	conn := connect(t, p.URL()) // a session does not hold the stop up
	var calls sync.WaitGroup
	for range 4 {
		calls.Go(func() { require.NoError(t, p.Stop(context.Background())) })
	}
	calls.Wait()
	<-p.Done()
	require.NoError(t, p.Err())
	require.Error(t, conn.Ping(t.Context()))
}

func TestStopUsesForceWhenTheContextIsOver(t *testing.T) {
	dir := clusterDir(t)
	p := start(t, quiet(dir))
	over, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, p.Stop(over))
	require.Empty(t, serversIn(p.cluster.data()))
}

func TestInterruptedStartLeavesTheDirectoryFree(t *testing.T) {
	dir := newDir(t)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Start(over, quiet(dir))
	require.Equal(t, fault.Unavailable, fault.CodeOf(err), "%v", err)
	start(t, quiet(dir))
}

func TestTwoServersLiveSideBySide(t *testing.T) {
	one, two := start(t, quiet(clusterDir(t))), start(t, quiet(clusterDir(t)))
	require.NotEqual(t, one.URL(), two.URL())
	execute(t, one.URL(), "create table mine ()")
	require.Equal(t, "0", query(t, two.URL(), "select count(*)::text from pg_tables where tablename = 'mine'"))
}

// A path longer than a socket's address may be.
func TestLongDataDir(t *testing.T) {
	dir := filepath.Join(newDir(t), strings.Repeat("long/", 30))
	p := start(t, quiet(dir))
	require.NotEqual(t, p.cluster.home, p.cluster.socket)
	require.Equal(t, "1", query(t, p.URL(), "select '1'"))
	info, err := os.Stat(p.cluster.socket)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	require.NoError(t, p.Stop(t.Context()))
	require.NoDirExists(t, p.cluster.socket)

	// Somebody else's directory in that place is not used.
	require.NoError(t, os.Mkdir(p.cluster.socket, 0o777))
	require.NoError(t, os.Chmod(p.cluster.socket, 0o777))
	defer os.Remove(p.cluster.socket)
	_, err = Start(t.Context(), quiet(dir))
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
	require.ErrorContains(t, err, p.cluster.socket+" must be a private directory")
}

func TestOnlyThePasswordOpens(t *testing.T) {
	dir := newDir(t)
	p := start(t, quiet(dir))
	u, err := url.Parse(p.URL())
	require.NoError(t, err)
	u.User = url.UserPassword(superuser, "guess")
	_, err = pgx.Connect(t.Context(), u.String())
	var refusal *pgconn.PgError
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, "28P01", refusal.Code)

	for path, mode := range map[string]os.FileMode{"": 0o700, "password": 0o600, socketName: 0o700} {
		info, err := os.Stat(filepath.Join(p.cluster.home, path))
		require.NoError(t, err)
		require.Equal(t, mode, info.Mode().Perm(), path)
	}
}

func TestNoSecretInLogs(t *testing.T) {
	dir := clusterDir(t)
	var log logBuffer
	opts := quiet(dir)
	opts.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	p := start(t, opts)
	_, err := connect(t, p.URL()).Exec(t.Context(), "select 'statement-secret' from nowhere")
	require.Error(t, err)
	require.NoError(t, p.Stop(t.Context()))
	said, err := os.ReadFile(filepath.Join(dir, logName))
	require.NoError(t, err)
	require.Contains(t, string(said), "nowhere", "the log does take errors")
	for _, text := range []string{string(said), log.String()} {
		require.NotContains(t, text, p.cluster.password)
		require.NotContains(t, text, "statement-secret")
	}
}

func TestUnusableClusters(t *testing.T) {
	dir := clusterDir(t)
	p := start(t, quiet(dir))
	require.NoError(t, p.Stop(t.Context()))
	for name, c := range map[string]struct {
		file    string // of the cluster's home
		content string // instead of its own; "" for no file
		code    fault.Code
		says    string
	}{
		"another version": {"data/PG_VERSION", "9\n", fault.Conflict, "was made by PostgreSQL 9"},
		"no password":     {"password", "", fault.Conflict, "lost its password"},
		"wrong password":  {"password", "other\n", fault.Unavailable, "runs but refuses us"},
		"damaged":         {"data/global/pg_control", "", fault.Unavailable, "ended before it was ready"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(p.cluster.home, c.file)
			require.NoError(t, os.Rename(path, path+".kept"))
			if c.content != "" {
				require.NoError(t, os.WriteFile(path, []byte(c.content), 0o600))
			}
			_, err := Start(t.Context(), quiet(dir))
			require.Equal(t, c.code, fault.CodeOf(err), "%v", err)
			require.ErrorContains(t, err, c.says)
			holder, err := lockHolder(dir)
			require.NoError(t, err)
			require.Zero(t, holder, "the lock is free again")
			require.NoError(t, os.Rename(path+".kept", path))
		})
	}
	start(t, quiet(dir)) // as good as before
}

// A killed initdb leaves its unfinished directory and a password.
func TestUnfinishedClusterIsMadeAnew(t *testing.T) {
	dir := newDir(t)
	p := start(t, quiet(dir))
	require.NoError(t, p.Stop(t.Context()))
	require.NoError(t, os.Rename(p.cluster.data(), p.cluster.data()+".new"))
	start(t, quiet(dir))
	require.NoDirExists(t, p.cluster.data()+".new")
}
