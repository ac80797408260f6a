package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/monitoring/render"
)

func rendered(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, problems bytes.Buffer
	status = execute(args, &out, &problems)
	return status, out.String(), problems.String()
}

// content is every file of a folder.
func content(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		all[path[len(dir)+1:]] = string(text)
		return err
	}))
	return all
}

func TestRenderAndCheck(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	status, out, _ := rendered(t, "--out", dir, "--check")
	require.Equal(t, failed, status)
	require.Contains(t, out, "prometheus.yml is missing")
	require.NoDirExists(t, dir, "--check writes nothing")

	status, out, problems := rendered(t, "--out", dir)
	require.Equal(t, done, status, problems)
	require.Contains(t, out, " files in "+dir)
	first := content(t, dir)
	for _, name := range []string{"prometheus.yml", "alertmanager.yml", "rules/alerts.yml", "templates/slack.tmpl", "dashboards/Script Ohio/overview.json", "grafana/provisioning/datasources/script-ohio.yml"} {
		require.Contains(t, first, name)
	}
	require.Contains(t, first["prometheus.yml"], "['app:9000']", "the defaults fit compose.yaml")

	status, _, problems = rendered(t, "--out", dir, "--check")
	require.Equal(t, done, status, problems)
	status, _, _ = rendered(t, "--out", dir)
	require.Equal(t, done, status)
	require.Equal(t, first, content(t, dir), "the same options, the same bytes")

	status, out, problems = rendered(t, "--out", dir, "--check", "--worker", "worker:9000")
	require.Equal(t, failed, status)
	require.Equal(t, "prometheus.yml differs\n", out)
	require.Contains(t, problems, "differs from what would be rendered")

	require.NoError(t, os.WriteFile(filepath.Join(dir, "rules", "mine.yml"), nil, 0o600))
	status, out, _ = rendered(t, "--out", dir, "--check")
	require.Equal(t, failed, status)
	require.Equal(t, "rules/mine.yml is not rendered, but would be read\n", out)
}

func TestFlagsReachTheFiles(t *testing.T) {
	dir := t.TempDir()
	status, _, problems := rendered(t, "--out", dir, "--app", "a:1,b:2", "--worker", "w:3", "--postgres-exporter", "p:4", "--redis-exporter", "r:5", "--node-exporter", "n:6",
		"--prometheus", "prom:7", "--alertmanager", "am:8", "--interval", "5s",
		"--webhook-url", "https://ohio.example.org", "--webhook-token-file", "/s/token", "--pagerduty-key-file", "/s/pd", "--slack-url-file", "/s/slack", "--slack-channel", "#x",
		"--mail-server", "m:587", "--mail-from", "a@example.org", "--mail-to", "b@example.org,c@example.org", "--mail-user", "u", "--mail-password-file", "/s/mail",
		"--heartbeat-url-file", "/s/beat", "--templates-dir", "/etc/t", "--runbooks", "https://books.example.org", "--grafana-url", "https://grafana.example.org",
		"--loki-url", "http://loki:3100", "--tempo-url", "http://tempo:3200", "--dashboards-dir", "/d")
	require.Zero(t, status, problems)
	all := content(t, dir)
	for file, parts := range map[string][]string{
		"prometheus.yml":   {"['a:1', 'b:2']", "['w:3']", "['p:4']", "['r:5']", "['n:6']", "['prom:7']", "['am:8']", "scrape_interval: 5s"},
		"alertmanager.yml": {"https://ohio.example.org/", "/s/token", "/s/pd", "/s/slack", "#x", "m:587", "a@example.org", "b@example.org, c@example.org", "/s/mail", "/s/beat", "/etc/t/*.tmpl"},
		"rules/alerts.yml": {"https://books.example.org/high-error-rate.md", "https://grafana.example.org/d/"},
		"grafana/provisioning/datasources/script-ohio.yml": {"http://prom:7", "http://am:8", "http://loki:3100", "http://tempo:3200"},
		"grafana/provisioning/dashboards/script-ohio.yml":  {"path: /d"},
		"dashboards/Script Ohio/overview.json":             {"https://books.example.org"},
	} {
		for _, part := range parts {
			require.Contains(t, all[file], part, file)
		}
	}
}

func TestWrongFlags(t *testing.T) {
	for _, args := range [][]string{{}, {"--out", t.TempDir(), "--app", "nowhere"}, {"--out", t.TempDir(), "--webhook-url", ""}, {"--out", t.TempDir(), "--interval", "x"}, {"--unknown"}} {
		status, _, problems := rendered(t, args...)
		require.Equal(t, invalid, status, "%v", args)
		require.Contains(t, problems, "render: ")
	}
	status, out, _ := rendered(t, "--help")
	require.Zero(t, status)
	require.Contains(t, out, "--webhook-token-file")
}

// What is no longer rendered goes, what others put there stays, and a file is
// never half of itself.
func TestFolderFollowsTheFiles(t *testing.T) {
	dir := t.TempDir()
	file := func(path, text string) render.File { return render.File{Path: path, Data: []byte(text)} }
	require.NoError(t, write(dir, []render.File{file("a", "1"), file("sub/b c", "2"), file("sub/d", "3")}))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sub", "mine"), []byte("x"), 0o600))
	before, err := os.Stat(filepath.Join(dir, "a"))
	require.NoError(t, err)
	require.NoError(t, write(dir, []render.File{file("a", "1"), file("sub/d", "4")}))
	require.Equal(t, map[string]string{"a": "1", "sub/d": "4", "sub/mine": "x", ".rendered": "a\nsub/d\n"}, content(t, dir))
	after, err := os.Stat(filepath.Join(dir, "a"))
	require.NoError(t, err)
	require.True(t, os.SameFile(before, after), "what has not changed is not touched")

	// A writer that fails leaves the old file and no litter.
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "folder", "inner"), 0o755))
	require.Error(t, write(dir, []render.File{file("a", "1"), file("folder", "a folder is in its place"), file("sub/d", "4")}))
	require.Equal(t, "4", content(t, dir)["sub/d"])
	for name := range content(t, dir) {
		require.NotContains(t, name, ".rendering-")
	}

	for _, text := range []string{"../outside\n", "/etc/passwd\n"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, manifest), []byte(text), 0o600))
		require.ErrorContains(t, write(dir, nil), "outside of the folder")
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, manifest), nil, 0o600))
	require.NoError(t, write(dir, []render.File{file("a", "5")}))
}
