package run_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/ops/backup"
	"github.com/script-ohio/platform/app/platform/blob"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
	"github.com/script-ohio/platform/app/run"
)

func fileURL(path string) string { return (&url.URL{Scheme: "file", Path: path}).String() }

// everything gives all that is in a folder of logs.
func everything(t *testing.T, dir string) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "ohio-*.ndjson"))
	require.NoError(t, err)
	var all strings.Builder
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		all.Write(text)
	}
	return all.String()
}

func TestLogGoesToStandardErrorAndTheFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "logs")
	var stderr bytes.Buffer
	logger, done, err := run.OpenLog(configure(t, "LOG_STORE="+fileURL(dir), "LOG_LEVEL=warn"), &stderr)
	require.NoError(t, err)
	require.NoDirExists(t, dir, "who only looks leaves nothing behind")
	logger.Info("not worth it")
	logger.With("n", 1).WithGroup("g").Warn("first", "password", "hunter2")
	logger.Error("second")
	require.Equal(t, stderr.String(), everything(t, dir))
	require.Len(t, lines(stderr.String()), 2)
	require.NotContains(t, stderr.String(), "hunter2")
	done()

	for name, environ := range map[string][]string{"no store": nil, "a Loki": {`LOG_STORE=http://loki?query={a="b"}`}} {
		stderr.Reset()
		logger, done, err = run.OpenLog(configure(t, environ...), &stderr)
		require.NoError(t, err, name)
		logger.Info("only here")
		require.Len(t, lines(stderr.String()), 1, name)
		done()
	}
	_, _, err = run.OpenLog(contract.Config{LogStore: "logs"}, io.Discard)
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
	_, _, err = run.OpenLog(contract.Config{LogStore: fileURL(dir), LogLevel: "loud"}, io.Discard)
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
}

// A folder that takes nothing costs no line on standard error, and is told
// once.
func TestLogSurvivesItsFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "logs")
	require.NoError(t, os.WriteFile(dir, nil, 0o600))
	var stderr bytes.Buffer
	logger, done, err := run.OpenLog(configure(t, "LOG_STORE="+fileURL(dir)), &stderr)
	require.NoError(t, err)
	defer done()
	for range 3 {
		logger.Info("line")
	}
	require.NoError(t, os.Remove(dir))
	logger.Info("line")
	logger.Info("line")
	var said []string
	for _, text := range lines(stderr.String()) {
		var line struct{ Msg string }
		require.NoError(t, json.Unmarshal([]byte(text), &line))
		said = append(said, line.Msg)
	}
	require.Equal(t, []string{
		"line", "log lines are on standard error only, and in no backup", "line", "line", "line", "log lines are kept again", "line",
	}, said)
	require.Len(t, lines(everything(t, dir)), 2)
}

// A backup holds the last day of what the store has.
func TestBackupHoldsTheLogs(t *testing.T) {
	now := time.Now().UTC()
	stamped := func(age time.Duration, msg string) string {
		return fmt.Sprintf(`{"time":%q,"level":"INFO","msg":%q}`, now.Add(-age).Format(time.RFC3339Nano), msg)
	}
	loki := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		values := ""
		if start := r.URL.Query().Get("start"); start <= fmt.Sprint(now.Add(-time.Hour).UnixNano()) {
			values = fmt.Sprintf(`["%d", "of a pod"]`, now.Add(-time.Hour).UnixNano())
		}
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"streams","result":[{"stream":{"pod":"p"},"values":[%s]}]}}`, values)
	}))
	defer loki.Close()
	folder := t.TempDir()
	for age, text := range map[time.Duration]string{48 * time.Hour: "too old", 20 * time.Hour: "yesterday", time.Minute: "just now"} {
		file, err := os.OpenFile(filepath.Join(folder, "ohio-"+now.Add(-age).Format("20060102")+".ndjson"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		require.NoError(t, err)
		fmt.Fprintln(file, stamped(age, text))
		require.NoError(t, file.Close())
	}
	for name, tc := range map[string]struct {
		store string
		want  []string // nil: none is held
		fails bool
	}{
		"folder":   {fileURL(folder), []string{stamped(20*time.Hour, "yesterday"), stamped(time.Minute, "just now")}, false},
		"Loki":     {loki.URL + `?query={namespace="x"}`, []string{fmt.Sprintf(`{"time":%q,"labels":{"pod":"p"},"line":"of a pod"}`, now.Add(-time.Hour).Format(time.RFC3339Nano))}, false},
		"none":     {"", nil, false},
		"not one":  {loki.URL + "/x", nil, true},
		"an empty": {fileURL(filepath.Join(folder, "none")), []string{""}, false},
	} {
		t.Run(name, func(t *testing.T) {
			config := contract.Config{DatabaseURL: postgrestest.URL(t), BackupBucket: fileURL(t.TempDir()), LogStore: tc.store}
			backups, err := run.OpenBackups(t.Context(), config, build(), slog.New(slog.DiscardHandler))
			if tc.fails {
				require.Equal(t, fault.Invalid, fault.CodeOf(err))
				return
			}
			require.NoError(t, err)
			defer backups.Close()
			quiet := func(int64, int64, string) {}
			m, err := backups.Create(t.Context(), quiet)
			require.NoError(t, err)
			if _, held := m.Part(backup.Logs); !held {
				require.Nil(t, tc.want)
				return
			}
			require.NotNil(t, tc.want)
			_, err = backups.Verify(t.Context(), m.Name, quiet)
			require.NoError(t, err)
			dir := t.TempDir()
			files, err := blob.Open(t.Context(), fileURL(dir))
			require.NoError(t, err)
			defer files.Close()
			_, err = backups.Restore(t.Context(), m.Name, backup.RestoreOptions{Components: []backup.Component{backup.Logs}, Files: files}, quiet)
			require.NoError(t, err)
			text, err := os.ReadFile(filepath.Join(dir, m.Name, "logs.ndjson"))
			require.NoError(t, err)
			require.Equal(t, tc.want, lines(string(text)))
		})
	}
}
