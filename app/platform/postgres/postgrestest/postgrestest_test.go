package postgrestest

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/platform/local"
)

func TestMain(m *testing.M) { Main(m) }

func TestEveryTestHasItsOwnDatabase(t *testing.T) {
	for range 3 {
		t.Run("isolated", func(t *testing.T) {
			t.Parallel()
			pool := New(t)
			_, err := pool.Exec(t.Context(), "update games_revision set revision = revision + 1")
			require.NoError(t, err)
			var revision int
			require.NoError(t, pool.QueryRow(t.Context(), "select revision from games_revision").Scan(&revision))
			require.Equal(t, 1, revision)
		})
	}
}

func TestDatabasesGoWithTheirTests(t *testing.T) {
	var url string
	t.Run("inner", func(t *testing.T) {
		url = URL(t)
		require.NotEqual(t, url, URL(t))
		require.NotEqual(t, url, Empty(t))
	})
	var left int
	require.NoError(t, shared.admin.QueryRow(t.Context(),
		"select count(*) from pg_database where datname like 'test_%' and $1 like '%/' || datname || '?%'", url).Scan(&left))
	require.Zero(t, left)
}

// What a killed test binary left goes; what is in use, or only just made, stays.
func TestSweep(t *testing.T) {
	t.Setenv("TMPDIR", passable(t))
	lay := func(name string, age time.Duration) string {
		dir := filepath.Join(os.TempDir(), prefix+name)
		require.NoError(t, os.MkdirAll(dir, 0o711))
		when := time.Now().Add(-age)
		require.NoError(t, os.Chtimes(dir, when, when))
		return dir
	}
	used := lay("used", 0)
	p, err := local.Start(t.Context(), local.Options{DataDir: used, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	defer func() { require.NoError(t, p.Stop(context.Background())) }()
	lay("used", time.Hour)
	left, young := lay("left", time.Hour), lay("young", 0)
	sweep(t.Context())
	require.DirExists(t, used)
	require.NoDirExists(t, left)
	require.DirExists(t, young)
}

// passable is a temporary directory that the server's user can pass through.
func passable(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ohio-sweep-*")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o711))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}
