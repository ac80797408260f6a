package render_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/monitoring/dashboards"
	"github.com/script-ohio/platform/monitoring/render"
	"github.com/script-ohio/platform/monitoring/routing"
	"github.com/script-ohio/platform/monitoring/source"
)

func options() render.Options {
	return render.Options{
		Targets: []render.Target{
			{Job: source.JobServe, Addresses: []string{"app:9000", "other:9000"}},
			{Job: source.JobPostgres, Addresses: []string{"postgres-exporter:9187"}},
		},
		Interval: 15 * time.Second, Prometheus: "prometheus:9090", Alertmanager: "alertmanager:9093",
		Runbooks: dashboards.DefaultRunbooks,
		Routing: routing.Options{
			Webhook: routing.WebhookOptions{URL: "http://app:8000", TokenFile: "/run/secrets/alert_token"},
			Slack:   routing.SlackOptions{URLFile: "/run/secrets/slack"},
		},
		Grafana: render.GrafanaOptions{URL: "http://localhost:3000", Loki: "http://loki:3100", DashboardsDir: "/var/lib/grafana/dashboards"},
	}
}

func files(t *testing.T, o render.Options) map[string]string {
	t.Helper()
	list, err := render.Files(o)
	require.NoError(t, err)
	byPath := map[string]string{}
	for _, f := range list {
		require.NotContains(t, byPath, f.Path)
		byPath[f.Path] = string(f.Data)
	}
	return byPath
}

func written(t *testing.T, o render.Options) string {
	t.Helper()
	dir := t.TempDir()
	for path, text := range files(t, o) {
		path = filepath.Join(dir, filepath.FromSlash(path))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return dir
}

func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	require.NoError(t, err, "install prometheus and prometheus-alertmanager")
	text, err := exec.Command(path, args...).CombinedOutput()
	require.NoError(t, err, "%s", text)
	return string(text)
}

func TestTheProgramsTakeTheFiles(t *testing.T) {
	dir := written(t, options())
	// The configuration's own check reads the rules too.
	said := tool(t, "promtool", "check", "config", filepath.Join(dir, "prometheus.yml"))
	for _, name := range []string{"alerts", "recording", "slo"} {
		require.Contains(t, said, filepath.Join("rules", name+".yml"))
		tool(t, "promtool", "check", "rules", "--lint=none", filepath.Join(dir, "rules", name+".yml"))
	}
	require.Contains(t, tool(t, "amtool", "check-config", filepath.Join(dir, "alertmanager.yml")), "SUCCESS")
}

func TestGrafanaFindsEverything(t *testing.T) {
	byPath := files(t, options())
	found := 0
	for path, text := range byPath {
		if name, ok := strings.CutPrefix(path, "dashboards/"+dashboards.Folder+"/"); ok {
			var d struct {
				UID    string
				Panels []any
			}
			require.NoError(t, json.Unmarshal([]byte(text), &d), path)
			require.Equal(t, strings.TrimSuffix(name, ".json"), d.UID)
			require.NotEmpty(t, d.Panels, path)
			found++
		}
	}
	require.Len(t, dashboards.All(), found)

	require.YAMLEq(t, `
apiVersion: 1
datasources:
  - {name: Prometheus, uid: prometheus, type: prometheus, access: proxy, url: "http://prometheus:9090", isDefault: true, editable: false, jsonData: {httpMethod: POST, timeInterval: 15s}}
  - {name: Alertmanager, uid: alertmanager, type: alertmanager, access: proxy, url: "http://alertmanager:9093", isDefault: false, editable: false, jsonData: {implementation: prometheus}}
  - {name: Loki, uid: loki, type: loki, access: proxy, url: "http://loki:3100", isDefault: false, editable: false}
`, byPath["grafana/provisioning/datasources/script-ohio.yml"])
	require.YAMLEq(t, `
apiVersion: 1
providers:
  - {name: script-ohio, type: file, disableDeletion: false, allowUiUpdates: false, options: {path: /var/lib/grafana/dashboards, foldersFromFilesStructure: true}}
`, byPath["grafana/provisioning/dashboards/script-ohio.yml"])
}

func TestJobsAreScrapedUnderTheNamesThatRulesUse(t *testing.T) {
	require.YAMLEq(t, `
global: {scrape_interval: 15s, scrape_timeout: 10s, evaluation_interval: 15s}
rule_files: [rules/*.yml]
alerting: {alertmanagers: [{static_configs: [{targets: ["alertmanager:9093"]}]}]}
scrape_configs:
  - {job_name: script-ohio, static_configs: [{targets: ["app:9000", "other:9000"]}]}
  - {job_name: postgres, static_configs: [{targets: ["postgres-exporter:9187"]}]}
  - {job_name: kps-prometheus, static_configs: [{targets: ["prometheus:9090"]}]}
  - {job_name: kps-alertmanager, static_configs: [{targets: ["alertmanager:9093"]}]}
`, files(t, options())["prometheus.yml"])
	often := options()
	often.Interval = time.Second
	require.Contains(t, files(t, often)["prometheus.yml"], "scrape_timeout: 1s")
}

func TestSameOptionsSameFiles(t *testing.T) {
	first := files(t, options())
	for range 5 {
		require.Equal(t, first, files(t, options()))
	}
}

func TestWrongOptionsAreToldAtOnce(t *testing.T) {
	_, err := render.Files(render.Options{Targets: []render.Target{{Job: source.JobServe, Addresses: []string{"app"}}}})
	for _, part := range []string{"interval", "Prometheus", "Alertmanager", "target of script-ohio", "runbooks", "Grafana", "webhook URL"} {
		require.ErrorContains(t, err, part)
	}
}
