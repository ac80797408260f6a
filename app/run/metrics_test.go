package run_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
	"github.com/script-ohio/platform/app/platform/telemetry"
	"github.com/script-ohio/platform/app/run"
)

// The live service and the contract name the same metrics, in both directions.
func TestEveryRouteAnswersAndEveryMetricIsThere(t *testing.T) {
	database := postgrestest.URL(t)
	games := importWeek(t, database)
	service := run.New(configure(t, "DATABASE_URL="+database, "REDIS_URL="+startRedis(t), "ALERT_TOKEN=the-token-of-alertmanager",
		"BACKUP_BUCKET=file://"+t.TempDir()), build(), discard())
	service.RunJobs()
	require.NoError(t, service.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, service.Stop(context.Background())) })
	operator := newCaller(t, service.PublicURL(), newKey(t, database, contract.Operator))
	id := runJob(t, operator, "log-retention")
	for _, job := range contract.Jobs() {
		if job == contract.JobLogRetention {
			continue
		}
		_, ended := runJobTo(t, operator, job.Name)
		want := "succeeded"
		if job == contract.JobGamesSync || job == contract.JobPerformanceAnalysis { // no key, no days to compare
			want = "skipped"
		}
		require.Equal(t, want, ended, job.Name)
	}

	kept := operator.ask(t, http.MethodGet, "/v1/ops/backups", nil)["backups"].([]any)[0].(map[string]any)
	first := games[0]
	type call struct {
		path string
		body any
	}
	calls := map[string][]call{
		"health":        {{"/health", nil}},
		"ready":         {{"/ready", nil}},
		"predict":       {{"/v1/predictions", rivalry()}, {"/v1/predictions", map[string]any{"home_team": "Iowa", "away_team": "Purdue", "week": 3}}},
		"predict-batch": {{"/v1/predictions/batch", map[string]any{"games": []any{rivalry(), rivalry()}}}},
		"predict-week":  {{fmt.Sprintf("/v1/predictions/%d/%d", first.Season, first.Week), nil}},
		"list-games":    {{"/v1/games", nil}},
		"get-game":      {{fmt.Sprintf("/v1/games/%d", first.ID), nil}},
		"list-teams":    {{"/v1/teams", nil}},
		"get-team":      {{"/v1/teams/Ohio%20State", nil}},
		"rankings":      {{"/v1/rankings", nil}},
		"list-models":   {{"/v1/models", nil}},
		"get-model":     {{"/v1/models/ensemble", nil}},
		"list-jobs":     {{"/v1/ops/jobs", nil}},
		"list-runs":     {{"/v1/ops/runs?job=log-retention", nil}},
		"get-run":       {{fmt.Sprintf("/v1/ops/runs/%d", id), nil}},
		"list-backups":  {{"/v1/ops/backups", nil}},
		"get-backup":    {{"/v1/ops/backups/" + kept["name"].(string), nil}},

		"list-backup-outcomes": {{"/v1/ops/backup-outcomes?kind=drill", nil}},
		"list-alerts":          {{"/v1/ops/alerts", nil}},
		"list-audit":           {{"/v1/ops/audit?limit=5&action=audit.", nil}},
	}
	for _, route := range contract.Routes() {
		if route == contract.RoutePack {
			status, answer := operator.send(t, route.Method, route.Path, map[string]any{"version": "no-such-pack"})
			require.Equal(t, http.StatusUnprocessableEntity, status, answer)
			require.Contains(t, answer, "MODELS_BUCKET")
			continue
		}
		if route == contract.RouteJobRun || route == contract.RouteRunEvents || route == contract.RouteAlerts {
			continue // runJob and alertmanager call them
		}
		if route.Method == http.MethodPost && strings.HasPrefix(route.Path, "/v1/ops/backup") {
			continue // TestBackupsOverTheAPI calls them
		}
		require.NotEmpty(t, calls[route.ID], "a call for %s", route.ID)
		for _, c := range calls[route.ID] {
			operator.ask(t, route.Method, c.path, c.body)
		}
	}
	alertmanager(t, service.PublicURL(), "the-token-of-alertmanager")
	anonymous, denied := newCaller(t, service.PublicURL(), ""), false
	for range 1000 { // far more than the burst, however slow the machine
		if status, _ := anonymous.send(t, http.MethodGet, "/v1/teams", nil); status == http.StatusTooManyRequests {
			denied = true
			break
		}
	}
	require.True(t, denied)

	exported := scrape(t, service.InternalURL())
	for _, m := range contract.Metrics() {
		family := exported[m.Name]
		require.Equal(t, string(m.Type), family.kind, m.Name)
		require.NotEmpty(t, family.labels, m.Name)
		for _, labels := range family.labels {
			require.ElementsMatch(t, m.Labels, labels, m.Name)
		}
	}
	undeclared, err := telemetry.Undeclared(service.Registry())
	require.NoError(t, err)
	require.Empty(t, undeclared)

	for _, counted := range []string{
		`script_ohio_pack_activations_total{result="refused"} 1`,
		`script_ohio_rate_limit_decisions_total{backend="redis",class="browse",result="denied"} 1`,
		`http_requests_total{method="POST",route="/v1/predictions",status="200"} 2`,
		`http_requests_total{method="POST",route="/v1/admin/pack",status="422"} 1`,
		`active_users_total 1`,
		`script_ohio_job_runs_total{result="succeeded",task="log-retention"} 1`,
		`script_ohio_job_runs_total{result="failed",task="database-backup"} 0`,
		`script_ohio_backup_size_bytes{component="database"} `,
		`script_ohio_restore_drill_recovery_seconds{objective="time"} `,
		`script_ohio_model_log_loss{basis="card",model="ensemble"} `,
		`script_ohio_notification_dead_letters 0`,
		`script_ohio_job_duration_seconds_count{task="log-retention"} 1`,
		`script_ohio_job_last_success_timestamp_seconds{task="security-audit"} `,
		`script_ohio_jobs_queued{queue="backup",state="retryable"} 0`,
		`script_ohio_alerts_received_total{status="firing"} 1`,
		`script_ohio_alerts_received_total{status="resolved"} 0`,
		`script_ohio_build_info{commit="abc",go_version="go-test",pack="` + packVersion(t, operator) + `",version="v1-test"} 1`,
	} {
		require.Contains(t, metrics(t, service.InternalURL()), counted)
	}
}

func TestTheTwoPortsShareNothing(t *testing.T) {
	service := start(t, postgrestest.URL(t))
	public, internal := newCaller(t, service.PublicURL(), ""), newCaller(t, service.InternalURL(), "")
	for _, path := range []string{contract.MetricsPath, contract.ProfilePath, contract.ProfilePath + "heap"} {
		status, _ := public.send(t, http.MethodGet, path, nil)
		require.Equal(t, http.StatusNotFound, status, path)
		status, _ = internal.send(t, http.MethodGet, path, nil)
		require.Equal(t, http.StatusOK, status, path)
	}
	for _, route := range contract.Routes() {
		status, _ := internal.send(t, route.Method, route.Path, nil)
		require.Equal(t, http.StatusNotFound, status, route.Path)
	}
}

type family struct {
	kind   string
	labels [][]string // of every sample, without a histogram's le
}

var (
	sample = regexp.MustCompile(`^(\w+)(?:\{(.*)\})? \S+$`)
	label  = regexp.MustCompile(`(\w+)="(?:[^"\\]|\\.)*"`)
)

// scrape reads the text format: families by name.
func scrape(t *testing.T, internalURL string) map[string]family {
	t.Helper()
	families := map[string]family{}
	for _, line := range lines(metrics(t, internalURL)) {
		if declaration, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, kind, _ := strings.Cut(declaration, " ")
			families[name] = family{kind: kind}
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		parts := sample.FindStringSubmatch(line)
		require.NotNil(t, parts, line)
		name := parts[1]
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			if base := strings.TrimSuffix(name, suffix); families[base].kind == "histogram" {
				name = base
			}
		}
		labels := []string{}
		for _, match := range label.FindAllStringSubmatch(parts[2], -1) {
			labels = append(labels, match[1])
		}
		f := families[name]
		if f.kind == "histogram" {
			labels = slices.DeleteFunc(labels, func(l string) bool { return l == "le" })
		}
		f.labels = append(f.labels, labels)
		families[name] = f
	}
	return families
}

func metrics(t *testing.T, internalURL string) string {
	t.Helper()
	status, text := newCaller(t, internalURL, "").send(t, http.MethodGet, contract.MetricsPath, nil)
	require.Equal(t, http.StatusOK, status)
	return text
}

// packVersion asks which pack serves.
func packVersion(t *testing.T, c caller) string {
	t.Helper()
	return c.ask(t, http.MethodGet, contract.ReadyPath, nil)["pack_version"].(string)
}
