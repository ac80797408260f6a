package run

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/ops/maintenance"
	"github.com/script-ohio/platform/app/ops/security"
	"github.com/script-ohio/platform/app/platform/jobs"
	"github.com/script-ohio/platform/app/platform/postgres"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
	"github.com/script-ohio/platform/app/platform/telemetry"
	"github.com/script-ohio/platform/app/predict/cfbd"
	"github.com/script-ohio/platform/app/predict/cfbd/cfbdtest"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/football/footballtest"
	"github.com/script-ohio/platform/app/predict/pack"
	"github.com/script-ohio/platform/app/predict/serving"
)

func silent() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestGamesSyncCountsFromTheStart(t *testing.T) {
	registry := telemetry.NewRegistry()
	config := contract.Config{CFBDMonthlyBudget: 100, APIRateLimit: 1000}
	work, err := gamesSync(t.Context(), config, postgrestest.New(t), registry, silent(), cfbd.Options{})
	require.NoError(t, err)
	_, err = work(t.Context(), &jobs.Run{Job: contract.JobGamesSync})
	require.ErrorContains(t, err, "no CFBD_API_KEY")
	require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP script_ohio_cfbd_budget_remaining Requests to the College Football Data API left this month.
# TYPE script_ohio_cfbd_budget_remaining gauge
script_ohio_cfbd_budget_remaining 100
# HELP script_ohio_cfbd_requests_total Requests to the College Football Data API, by result (fetched, unchanged, failed, refused).
# TYPE script_ohio_cfbd_requests_total counter
script_ohio_cfbd_requests_total{result="failed"} 0
script_ohio_cfbd_requests_total{result="fetched"} 0
script_ohio_cfbd_requests_total{result="refused"} 0
script_ohio_cfbd_requests_total{result="unchanged"} 0
`), contract.CFBDBudget.Name, contract.CFBDRequests.Name))
}

// The sync that the command line makes keeps to the configuration.
func TestSyncerIsConfigured(t *testing.T) {
	games := footballtest.Games(footballtest.Options{Seed: 1, First: 2024, Last: 2024})
	api := cfbdtest.New(t, games...)
	pool := postgrestest.New(t)
	config := contract.Config{CFBDAPIKey: api.Key, CFBDMonthlyBudget: 2, APIRateLimit: 1000}
	syncer, err := NewSyncer(config, pool, NewAudit(pool, "test").Change, silent(), cfbd.Options{BaseURL: api.URL})
	require.NoError(t, err)
	report, err := syncer.Sync(t.Context(), []cfbd.Query{{Season: 2024}, {Season: 2023}}, func(int, int, string) {})
	require.ErrorContains(t, err, "the budget of 2 requests")
	require.Equal(t, len(games), report.Parts[0].Added)
	_, err = NewSyncer(contract.Config{}, pool, NewAudit(pool, "test").Change, silent(), cfbd.Options{})
	require.ErrorContains(t, err, "CFBD_API_KEY is not set")
}

// figures reads a metric with the labels model and basis.
func figures(t *testing.T, reg prometheus.Gatherer, metric contract.Metric) map[string]float64 {
	t.Helper()
	families, err := reg.Gather()
	require.NoError(t, err)
	values := map[string]float64{}
	for _, f := range families {
		if f.GetName() != metric.Name {
			continue
		}
		for _, m := range f.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			values[labels["model"]+" "+labels["basis"]] = m.GetGauge().GetValue()
		}
	}
	return values
}

type records []jobs.Record

func (r records) Runs(_ context.Context, f jobs.Filter) ([]jobs.Record, error) {
	if f.Job != contract.JobModelValidation.Name || f.Status != jobs.Succeeded || f.Limit != 1 {
		return nil, nil
	}
	return r, nil
}

func TestModelFiguresAreThereFromTheStart(t *testing.T) {
	pool := postgrestest.New(t)
	embedded, err := pack.Default()
	require.NoError(t, err)
	engine, err := serving.New(t.Context(), embedded, serving.Options{Logger: silent(), Games: football.NewStore(pool)})
	require.NoError(t, err)
	defer engine.Close()
	registry := telemetry.NewRegistry()
	v, err := newValidator(engine, pool, nil, registry)
	require.NoError(t, err)
	undeclared, err := telemetry.Undeclared(registry)
	require.NoError(t, err)
	require.Empty(t, undeclared)
	accuracy, logLoss := figures(t, registry, contract.ModelAccuracy), figures(t, registry, contract.ModelLogLoss)
	for _, model := range serving.Models() {
		require.InDelta(t, 0.727, accuracy[model+" card"], 0.01, model)
		require.InDelta(t, 0.528, logLoss[model+" card"], 0.01, model)
	}
	require.Len(t, accuracy, 4)

	require.NoError(t, v.Restore(t.Context(), lastReport(records{}, contract.JobModelValidation)))
	require.Len(t, figures(t, registry, contract.ModelAccuracy), 4)
	stored := json.RawMessage(`{"pack_version":"` + embedded.Manifest.Version + `","models":[
		{"name":"ensemble","feature_set":"with_spread","recent":{"games":40,"accuracy":0.75,"log_loss":0.5}},
		{"name":"ensemble","feature_set":"without_spread","recent":{"games":2,"accuracy":0.5,"log_loss":0.9}}]}`)
	require.NoError(t, v.Restore(t.Context(), lastReport(records{{Report: stored}}, contract.JobModelValidation)))
	require.InDelta(t, 0.75, figures(t, registry, contract.ModelAccuracy)["ensemble recent"], 0)

	_, err = v.Work(t.Context(), &jobs.Run{Job: contract.JobModelValidation})
	require.ErrorContains(t, err, "no finished games")
}

func TestSecurityAuditIsConfigured(t *testing.T) {
	auditor := newSecurityAudit(contract.Config{TLSHosts: []string{" 127.0.0.1:1", "", "127.0.0.1:2 "}}, postgrestest.New(t), telemetry.NewRegistry())
	report, err := auditor.Audit(t.Context(), func(int, int, string) {})
	require.NoError(t, err)
	for _, c := range report.Checks {
		if c.Name == "certificates" {
			require.Equal(t, security.Check{Name: "certificates", Status: security.Found, Note: "2 hosts"}, c)
		}
	}
	require.Len(t, report.Checks, 5)
}

// People are told of what is wrong and, every week, that nothing is.
func TestReportsAreToldOf(t *testing.T) {
	pool := postgrestest.New(t)
	s := &Service{pool: pool, logger: silent()}
	at := time.Date(2026, 11, 24, 4, 0, 0, 0, time.UTC)
	for _, r := range []maintenance.Report{
		{Run: "daily", Verdict: maintenance.OK, Summary: "nobody reads this"},
		{Run: "daily", Verdict: maintenance.Critical, Summary: "the backup failed"},
		{Run: "daily", Verdict: maintenance.Warning, Summary: "the cache is small"},
		{Run: "weekly", Verdict: maintenance.OK, Summary: "all is well"},
	} {
		at = at.Add(24 * time.Hour)
		r.ScheduledFor, r.MadeAt = at, at
		require.NoError(t, postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error { return s.reportMade(t.Context(), tx, r) }))
	}
	rows, err := pool.Query(t.Context(), `select severity || ' ' || kind || ' ' || title from notifications
		where html like '<!DOCTYPE html>%' || title || '%' and body like '%' || title || '%' order by id`)
	require.NoError(t, err)
	told, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Equal(t, []string{"critical report the backup failed", "warning report the cache is small", "ticket report all is well"}, told)
}
