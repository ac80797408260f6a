package local

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// childDir, when set, makes the test binary a program that only runs the
// server of that data directory until it is killed.
const childDir = "OHIO_LOCAL_TEST_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		os.Exit(serve(dir))
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(made.dir)
		os.Exit(code)
	}))
}

// made is a data directory with a cluster, which most tests copy: making one
// takes a second of processor time.
var made struct {
	once sync.Once
	dir  string
}

// clusterDir makes a data directory with a stopped, empty cluster.
func clusterDir(t *testing.T) string {
	t.Helper()
	made.once.Do(func() {
		var err error
		made.dir, err = os.MkdirTemp("", "ohio-local-made-*")
		require.NoError(t, err)
		require.NoError(t, os.Chmod(made.dir, 0o711))
		p, err := Start(t.Context(), quiet(made.dir))
		require.NoError(t, err)
		require.NoError(t, p.Stop(t.Context()))
	})
	dir := newDir(t)
	out, err := exec.Command("cp", "-a", filepath.Join(made.dir, "postgres"), dir).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return dir
}

func serve(dir string) int {
	_, err := Start(context.Background(), Options{DataDir: dir, Durable: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("ready")
	_, _ = io.ReadAll(os.Stdin) // until killed, or the test is gone
	return 0
}

// newDir makes a directory that the server's user can reach also when the
// tests run as root.
func newDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ohio-local-*")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o711))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

func quiet(dir string) Options {
	return Options{DataDir: dir, Logger: slog.New(slog.DiscardHandler)}
}

func start(t *testing.T, opts Options) *Postgres {
	t.Helper()
	p, err := Start(t.Context(), opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Stop(context.Background())) })
	return p
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func execute(t *testing.T, url, sql string) {
	t.Helper()
	_, err := connect(t, url).Exec(t.Context(), sql)
	require.NoError(t, err)
}

func query(t *testing.T, url, sql string) (text string) {
	t.Helper()
	require.NoError(t, connect(t, url).QueryRow(t.Context(), sql).Scan(&text))
	return text
}

// requireNothingLeft checks that a stopped server left no process, socket or
// lock.
func requireNothingLeft(t *testing.T, dir string) {
	t.Helper()
	require.Empty(t, serversIn(filepath.Join(dir, "postgres", "data")))
	require.NoFileExists(t, filepath.Join(dir, "postgres", socketName))
	require.NoFileExists(t, filepath.Join(dir, "postgres", "data", "postmaster.pid"))
	require.NoFileExists(t, instancePath(dir))
	holder, err := lockHolder(dir)
	require.NoError(t, err)
	require.Zero(t, holder)
}

// logBuffer is a log that a test may read while it is written.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
