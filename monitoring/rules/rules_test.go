package rules_test

import (
	"bytes"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/monitoring/rules"
)

func TestRecordingRulesAreValid(t *testing.T) {
	file, err := rules.File(rules.Groups()...)
	require.NoError(t, err)
	parsed, problems := rulefmt.Parse(file, false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	require.Empty(t, problems)
	require.Len(t, parsed.Groups, len(rules.Groups()))
	path := filepath.Join(t.TempDir(), "rules.yml")
	require.NoError(t, os.WriteFile(path, file, 0o600))
	out, err := exec.Command("promtool", "check", "rules", "--lint=all", "--lint-fatal", path).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func TestEveryFieldReachesTheFile(t *testing.T) {
	file, err := rules.File(rules.Group{Name: "g", Interval: 90 * time.Second, Rules: []rules.Rule{{
		Alert: "Down", Expr: `up{job="a"} == 0`, For: 5 * time.Minute, KeepFiringFor: time.Hour,
		Labels: map[string]string{"severity": "critical"}, Annotations: map[string]string{"summary": "{{ $value }}: down"},
	}}})
	require.NoError(t, err)
	parsed, problems := rulefmt.Parse(file, false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	require.Empty(t, problems)
	g := parsed.Groups[0]
	require.Equal(t, model.Duration(90*time.Second), g.Interval)
	require.Equal(t, rulefmt.Rule{
		Alert: "Down", Expr: `up{job="a"} == 0`, For: model.Duration(5 * time.Minute), KeepFiringFor: model.Duration(time.Hour),
		Labels: map[string]string{"severity": "critical"}, Annotations: map[string]string{"summary": "{{ $value }}: down"},
	}, g.Rules[0])
}

// A rule that reads another's result of the same group stands after it, else
// it is one interval late.
func TestRulesStandAfterThoseTheyRead(t *testing.T) {
	written := map[string]bool{}
	all := map[string]bool{}
	for _, g := range rules.Groups() {
		for _, r := range g.Rules {
			require.False(t, all[r.Record], "%s is recorded twice", r.Record)
			all[r.Record] = true
		}
	}
	for _, g := range rules.Groups() {
		for _, r := range g.Rules {
			parsed, err := parser.NewParser(parser.Options{}).ParseExpr(r.Expr)
			require.NoError(t, err)
			parser.Inspect(parsed, func(n parser.Node, _ []parser.Node) error {
				if s, ok := n.(*parser.VectorSelector); ok && all[s.Name] {
					require.True(t, written[s.Name], "%s reads %s, which comes later", r.Record, s.Name)
				}
				return nil
			})
			written[r.Record] = true
		}
	}
}

func TestRecordedValues(t *testing.T) {
	dir := t.TempDir()
	file, err := rules.File(rules.Groups()...)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "rules.yml"), file, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "test.yml"), []byte(recordedValues), 0o600))
	out, err := exec.Command("promtool", "test", "rules", filepath.Join(dir, "test.yml")).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.True(t, bytes.Contains(out, []byte("SUCCESS")), "%s", out)
}

// Two replicas, two routes and a probe that fails all the time.
const recordedValues = `
rule_files: [rules.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'http_requests_total{job="script-ohio",pod="a",route="/v1/games",status="200"}', values: '0+54x30'}
      - {series: 'http_requests_total{job="script-ohio",pod="b",route="/v1/games",status="200"}', values: '0+60x30'}
      - {series: 'http_requests_total{job="script-ohio",pod="a",route="/v1/games",status="503"}', values: '0+6x30'}
      - {series: 'http_requests_total{job="script-ohio",pod="a",route="/v1/teams",status="404"}', values: '0+120x30'}
      - {series: 'http_requests_total{job="script-ohio",pod="a",route="/ready",status="503"}', values: '0+600x30'}
      - {series: 'http_request_duration_seconds_bucket{job="script-ohio",pod="a",route="/v1/games",le="0.1"}', values: '0+90x30'}
      - {series: 'http_request_duration_seconds_bucket{job="script-ohio",pod="a",route="/v1/games",le="0.2"}', values: '0+90x30'}
      - {series: 'http_request_duration_seconds_bucket{job="script-ohio",pod="a",route="/v1/games",le="+Inf"}', values: '0+90x30'}
      - {series: 'http_request_duration_seconds_bucket{job="script-ohio",pod="b",route="/v1/games",le="0.1"}', values: '0+0x30'}
      - {series: 'http_request_duration_seconds_bucket{job="script-ohio",pod="b",route="/v1/games",le="0.2"}', values: '0+10x30'}
      - {series: 'http_request_duration_seconds_bucket{job="script-ohio",pod="b",route="/v1/games",le="+Inf"}', values: '0+10x30'}
      - {series: 'script_ohio_cache_requests_total{cache="slate",result="hit"}', values: '0+30x30'}
      - {series: 'script_ohio_cache_requests_total{cache="slate",result="miss"}', values: '0+10x30'}
      - {series: 'script_ohio_cache_requests_total{cache="keys",result="miss"}', values: '0+20x30'}
      - {series: 'script_ohio_job_runs_total{task="games-sync",result="succeeded"}', values: '0+3x30'}
      - {series: 'script_ohio_job_runs_total{task="games-sync",result="timed_out"}', values: '0+1x30'}
      - {series: 'script_ohio_job_runs_total{task="games-sync",result="cancelled"}', values: '0+9x30'}
      - {series: 'pg_stat_database_numbackends{instance="db",datname="a"}', values: '30x30'}
      - {series: 'pg_stat_database_numbackends{instance="db",datname="b"}', values: '20x30'}
      - {series: 'pg_settings_max_connections{instance="db"}', values: '200x30'}
    promql_expr_test:
      - {expr: 'script_ohio:request_rate', eval_time: 20m, exp_samples: [{labels: 'script_ohio:request_rate', value: 4}]}
      - {expr: 'script_ohio:error_rate', eval_time: 20m, exp_samples: [{labels: 'script_ohio:error_rate', value: 0.025}]}
      - expr: 'script_ohio:route:error_rate'
        eval_time: 20m
        exp_samples:
          - {labels: 'script_ohio:route:error_rate{route="/v1/games"}', value: 0.05}
          - {labels: 'script_ohio:route:error_rate{route="/v1/teams"}', value: 0}
      - {expr: 'round(script_ohio:response_time_p95, 0.001)', eval_time: 20m, exp_samples: [{labels: '{}', value: 0.15}]}
      - {expr: 'script_ohio:cache_hit_ratio', eval_time: 20m, exp_samples: [{labels: 'script_ohio:cache_hit_ratio', value: 0.5}]}
      - expr: 'round(script_ohio:cache:cache_hit_ratio, 0.001)'
        eval_time: 20m
        exp_samples:
          - {labels: '{cache="slate"}', value: 0.75}
          - {labels: '{cache="keys"}', value: 0}
      - {expr: 'script_ohio:task:job_success_ratio', eval_time: 20m, exp_samples: [{labels: 'script_ohio:task:job_success_ratio{task="games-sync"}', value: 0.75}]}
      - {expr: 'script_ohio:instance:database_connections_ratio', eval_time: 20m, exp_samples: [{labels: 'script_ohio:instance:database_connections_ratio{instance="db"}', value: 0.25}]}
`
