package slo_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/rules"
	"github.com/script-ohio/platform/monitoring/slo"
)

func objective(t *testing.T, name string) slo.Objective {
	for _, o := range slo.Objectives() {
		if o.Name == name {
			return o
		}
	}
	require.Fail(t, "no objective "+name)
	return slo.Objective{}
}

func TestTargetsAreThoseOfTheContract(t *testing.T) {
	for name, target := range map[string]float64{
		"availability": contract.SLOAvailability, "latency-prediction": contract.SLOLatency, "latency-browse": contract.SLOLatency,
		"error-rate": 1 - contract.MaxErrorRate, slo.BackupSuccess: contract.MinBackupSuccess,
	} {
		require.Equal(t, target, objective(t, name).Target, name)
	}
	require.Equal(t, "vector(0.001)", objective(t, "availability").Budget().From.String())
	require.Equal(t, "vector(0)", objective(t, slo.BackupSuccess).Budget().From.String())
}

// A route counts for the latency of its class and of no other; probes and
// operators' actions count for none, and not for availability.
func TestEveryRouteCountsWhereItsClassSays(t *testing.T) {
	quoted := func(path string) string { return strings.NewReplacer("{", `\\{`, "}", `\\}`).Replace(path) }
	counts := func(name string, r contract.Route) bool {
		events := objective(t, name).Events(time.Hour).From.String()
		_, list, _ := strings.Cut(events, `route=`)
		list, _, _ = strings.Cut(strings.TrimPrefix(strings.TrimPrefix(list, "~"), `"`), `"`)
		for _, path := range strings.Split(list, "|") {
			if path == quoted(r.Path) {
				return true
			}
		}
		return false
	}
	for _, r := range contract.Routes() {
		require.Equal(t, r.SLO == contract.SLOPrediction, counts("latency-prediction", r), r.ID)
		require.Equal(t, r.SLO == contract.SLOBrowse, counts("latency-browse", r), r.ID)
		require.Equal(t, r.SLO != contract.SLONone, counts("availability", r), r.ID)
	}
}

// A path stands for one class whatever the method, since only the path is a
// label of the rules.
func TestAPathHasOneClass(t *testing.T) {
	classes := map[string]contract.SLOClass{}
	for _, r := range contract.Routes() {
		if before, ok := classes[r.Path]; ok {
			require.Equal(t, before, r.SLO, r.Path)
		}
		classes[r.Path] = r.SLO
	}
}

// Each speed spends a share of the budget within its long window that is
// worth the urgency, and its short window is a twelfth of it.
func TestBurnsSpendWhatTheirSeverityIsWorth(t *testing.T) {
	spent := []float64{.02, .05, .1, .1}
	for i, b := range slo.Burns() {
		require.InDelta(t, spent[i], b.Factor*b.Long.Hours()/contract.SLOWindow.Hours(), 1e-9)
		require.Equal(t, b.Long/12, b.Short)
		want := contract.Ticket
		if b.Factor > 3 {
			want = contract.Critical
		}
		require.Equal(t, want, b.Severity)
	}
}

func TestWhatBurnsIsRecorded(t *testing.T) {
	recorded := map[string]bool{}
	for _, g := range slo.Groups() {
		for _, r := range g.Rules {
			recorded[r.Record] = true
		}
	}
	for _, severity := range []contract.Severity{contract.Critical, contract.Ticket} {
		e := slo.Burning(severity)
		require.Equal(t, []string{slo.Label}, e.Labels())
		for _, name := range e.Metrics() {
			require.Contains(t, recorded, name)
		}
		_, err := parser.NewParser(parser.Options{}).ParseExpr(e.String())
		require.NoError(t, err)
	}
}

func TestSharesAndBudgets(t *testing.T) {
	dir := t.TempDir()
	file, err := rules.File(slo.Groups()...)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "rules.yml"), file, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "test.yml"), []byte(shares), 0o600))
	out, err := exec.Command("promtool", "test", "rules", filepath.Join(dir, "test.yml")).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// 1 in 2,000 answers is a 5xx, which is half of the budget; 1 in 50
// predictions is late, which is twice the budget; a pack is refused by a 503
// that only the error rate counts; browsing and backups do not happen.
const shares = `
rule_files: [rules.yml]
group_eval_order: [script-ohio-slo, script-ohio-slo-days]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'http_requests_total{job="script-ohio",pod="a",method="POST",route="/v1/predictions",status="200"}', values: '0+1999x60'}
      - {series: 'http_requests_total{job="script-ohio",pod="a",method="POST",route="/v1/predictions",status="500"}', values: '0+1x60'}
      - {series: 'http_requests_total{job="script-ohio",pod="a",method="POST",route="/v1/admin/pack",status="503"}', values: '0+2x60'}
      - {series: 'http_requests_total{job="script-ohio",pod="a",method="GET",route="/ready",status="503"}', values: '0+900x60'}
      - {series: 'http_requests_total{job="another",route="/v1/predictions",status="500"}', values: '0+900x60'}
      - {series: 'http_request_duration_seconds_count{job="script-ohio",pod="a",method="POST",route="/v1/predictions"}', values: '0+100x60'}
      - {series: 'http_request_duration_seconds_bucket{job="script-ohio",pod="a",method="POST",route="/v1/predictions",le="0.2"}', values: '0+10x60'}
      - {series: 'http_request_duration_seconds_bucket{job="script-ohio",pod="a",method="POST",route="/v1/predictions",le="0.3"}', values: '0+98x60'}
    promql_expr_test:
      - expr: 'round(100000 * script_ohio:slo:error_ratio_1h)'
        eval_time: 50m
        exp_samples:
          - {labels: '{slo="availability"}', value: 50}
          - {labels: '{slo="latency-prediction"}', value: 2000}
          - {labels: '{slo="error-rate"}', value: 150}
      - expr: 'round(100 * script_ohio:slo:error_budget_remaining)'
        eval_time: 50m
        exp_samples:
          - {labels: '{slo="availability"}', value: 50}
          - {labels: '{slo="latency-prediction"}', value: -100}
          - {labels: '{slo="error-rate"}', value: 85}
`
