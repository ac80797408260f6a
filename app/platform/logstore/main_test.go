package logstore

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(asWriter); dir != "" {
		writeForEver(dir)
	}
	goleak.VerifyTestMain(m)
}

// asWriter, when set, makes the test binary a process that writes lines to a
// folder and says which until it is killed.
const asWriter = "OHIO_TEST_WRITES_LOGS_TO"

func writeForEver(dir string) {
	folder := NewFolder(dir, FolderOptions{})
	for n := 0; ; n++ {
		if _, err := folder.Write([]byte(stamped(time.Now(), fmt.Sprint("line ", n, strings.Repeat("x", n%5000))))); err != nil {
			panic(err)
		}
		fmt.Println(n)
	}
}

// stamped is a line as slog writes it.
func stamped(at time.Time, msg string) string {
	return fmt.Sprintf(`{"time":%q,"level":"INFO","msg":%q}`+"\n", at.Format(time.RFC3339Nano), msg)
}

// clock is one that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at }

func (c *clock) set(at time.Time) { c.mu.Lock(); defer c.mu.Unlock(); c.at = at }

var noon = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)

// folder is one in a directory that is not there yet.
func folder(t *testing.T, o FolderOptions) *Folder {
	t.Helper()
	return folderIn(t, filepath.Join(t.TempDir(), "var", "logs"), o)
}

func folderIn(t *testing.T, dir string, o FolderOptions) *Folder {
	t.Helper()
	f := NewFolder(dir, o)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f
}

func write(t require.TestingT, f io.Writer, line string) {
	n, err := f.Write([]byte(line))
	require.NoError(t, err)
	require.Equal(t, len(line), n)
}

// lines reads a source, and requires that each line is one.
func lines(t require.TestingT, s Source, from, to time.Time) []string {
	var out bytes.Buffer
	require.NoError(t, s.Read(background, from, to, &out))
	if out.Len() == 0 {
		return nil
	}
	require.True(t, bytes.HasSuffix(out.Bytes(), []byte("\n")))
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}

// files lists what is in a folder, by name.
func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// hungUp is a reader of ours that went away.
type hungUp struct{}

var errHungUp = errors.New("hung up")

func (hungUp) Write([]byte) (int, error) { return 0, errHungUp }
