package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/ops/backup"
	"github.com/script-ohio/platform/app/ops/maintenance"
	"github.com/script-ohio/platform/app/platform/jobs"
	"github.com/script-ohio/platform/app/platform/local"
)

// What a local service logs is in its folder, in a backup and in what is
// restored from it, line for line; and no secret is among it.
func TestLogsOfALocalServiceComeBack(t *testing.T) {
	for _, name := range []string{"DATABASE_URL", "BACKUP_BUCKET", "BACKUP_RECIPIENT", "BACKUP_IDENTITY", "MODELS_BUCKET", "LOG_STORE"} {
		t.Setenv(name, "")
	}
	dir := passable(t)
	const secret = "hunter2-hunter2-hunter2-hunter2-hunter2"
	p := serveLocal(t, self(t), dir, nil, "SECRET_KEY="+secret, "ALERT_TOKEN="+secret, "CFBD_API_KEY="+secret, "PAGERDUTY_ROUTING_KEY="+secret,
		"SLACK_WEBHOOK_URL=http://127.0.0.1:1/"+secret, "SMTP_URL=smtp://user:"+secret+"@127.0.0.1:1", "MAIL_FROM=a@example.com", "MAIL_TO=b@example.com")
	operator, _ := ohio(t, 0, "keys", "create", "--role", "operator", "--name", "x", "--data-dir", dir)
	operator = strings.TrimSpace(operator)
	require.Equal(t, http.StatusOK, p.predict(operator))
	require.Equal(t, http.StatusUnauthorized, p.predict("ohio_"+secret))
	require.Equal(t, http.StatusUnauthorized, p.ask(http.MethodPost, "/v1/ops/alerts", secret+"x", map[string]any{}))

	stale := filepath.Join(dir, "logs", "ohio-20200101.ndjson")
	require.NoError(t, os.WriteFile(stale, []byte("{}\n"), 0o600))
	runs := decoded[[]jobs.Record](t, "maintenance", "run", "log-retention", "--wait", "--data-dir", dir, "-o", "json")
	var tidied maintenance.RetentionReport
	require.NoError(t, json.Unmarshal(runs[0].Report, &tidied))
	require.Equal(t, &maintenance.LogsDeleted{Files: 1, Bytes: 3, Kept: 30}, tidied.Logs)
	require.NoFileExists(t, stale)

	made := decoded[shown](t, "backup", "create", "--data-dir", dir, "-o", "json")
	_, held := made.Manifest.Part(backup.Logs)
	require.True(t, held)
	instance, err := local.ReadInstance(dir)
	require.NoError(t, err)
	p.stop(t, syscall.SIGTERM)
	require.Equal(t, p.said.String(), logsIn(t, dir))

	// Nothing runs there any more, as when it is the logs that tell why.
	back, _ := ohio(t, 0, "backup", "restore", made.Name, "--component", "logs", "--directory", t.TempDir(), "--data-dir", dir, "-o", "json")
	var r backup.Restored
	require.NoError(t, json.Unmarshal([]byte(back), &r))
	require.Len(t, r.Files, 1)
	text, err := os.ReadFile(r.Files[0])
	require.NoError(t, err)
	restored := string(text)
	require.True(t, strings.HasPrefix(p.said.String(), restored), "what was said before the backup, from the first line on")
	for _, line := range strings.Split(strings.TrimSpace(restored), "\n") {
		require.True(t, json.Valid([]byte(line)), line)
	}
	require.Contains(t, restored, `"route":"/v1/predictions"`)
	require.Contains(t, restored, `"job":"log-retention"`)

	u, err := url.Parse(instance.DatabaseURL)
	require.NoError(t, err)
	password, has := u.User.Password()
	require.True(t, has)
	for what, secret := range map[string]string{"a secret": secret, "the password of the database": password, "an operator's key": operator, "the development key": p.key} {
		require.NotEmpty(t, secret)
		require.NotContains(t, p.said.String(), secret, what)
		require.NotContains(t, restored, secret, what)
	}
}

// logsIn gives what is in the folder of logs of a data directory.
func logsIn(t *testing.T, dir string) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "logs", "ohio-*.ndjson"))
	require.NoError(t, err)
	var all strings.Builder
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		all.Write(text)
	}
	return all.String()
}
