package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

// asProgram, when set, makes the test binary the program itself, so that tests
// can run it as a process of its own.
const asProgram = "OHIO_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	postgrestest.Main(m)
}

// patience bounds waits for what must happen; no test depends on how long it
// takes.
const patience = time.Minute

// ohio runs a command line and requires its exit status.
func ohio(t *testing.T, status int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	got := execute(t.Context(), args, &out, &err)
	require.Equal(t, status, got, "ohio %s\n%s", strings.Join(args, " "), err.String())
	return out.String(), err.String()
}

// decoded runs a command line that prints JSON.
func decoded[T any](t *testing.T, args ...string) T {
	t.Helper()
	out, _ := ohio(t, 0, args...)
	var value T
	require.NoError(t, json.Unmarshal([]byte(out), &value), out)
	return value
}

// alone keeps commands from every database and instance.
func alone(t *testing.T) {
	t.Helper()
	t.Setenv("DATABASE_URL", "")
	t.Setenv("OHIO_DATA_DIR", t.TempDir())
}

// onDatabase gives commands a fresh database.
func onDatabase(t *testing.T) {
	t.Helper()
	t.Setenv("DATABASE_URL", postgrestest.URL(t))
}

// write makes a file and gives its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}
