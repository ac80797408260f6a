package alerts_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/alerts"
	"github.com/script-ohio/platform/monitoring/links"
	"github.com/script-ohio/platform/monitoring/rules"
	"github.com/script-ohio/platform/monitoring/slo"
)

// story tells what is measured and what is said of it when. Times count from
// the first measurement.
type story struct {
	about string
	step  time.Duration // between measurements, and evaluations; default a minute
	given series        // values in promtool's notation
	quiet []time.Duration
	told  []told
	then  time.Duration // when it is over; zero for stories in which nothing fires
}

type series map[string]string

// told is one alert that fires at a time, with exactly these labels besides
// the component.
type told struct {
	at          time.Duration
	severity    contract.Severity // default that of the only alert of the name
	labels      labels
	summary     string
	description string
}

type labels map[string]string

var options = alerts.Options{Runbooks: "https://git.example/runbooks", Grafana: "https://grafana.example"}

// tell writes a story about the alerts of a name as a test of promtool, with
// those alerts and the recording rules they read.
func tell(t *testing.T, dir, name string, s story) (testFile string) {
	if s.step == 0 {
		s.step = time.Minute
	}
	type alertTest struct {
		EvalTime  string           `yaml:"eval_time"`
		AlertName string           `yaml:"alertname"`
		Expected  []map[string]any `yaml:"exp_alerts"`
	}
	var checks []alertTest
	check := func(at time.Duration, expected ...map[string]any) {
		checks = append(checks, alertTest{model.Duration(at).String(), name, expected})
	}
	for _, at := range s.quiet {
		check(at)
	}
	for _, f := range s.told {
		check(f.at, expected(t, name, f))
	}
	if s.then != 0 {
		check(s.then)
	}
	var input []map[string]string
	for _, key := range slices.Sorted(maps.Keys(s.given)) {
		input = append(input, map[string]string{"series": key, "values": s.given[key]})
	}
	written, err := os.ReadDir(dir)
	require.NoError(t, err)
	base := fmt.Sprintf("%s-%d", name, len(written)/2)
	groups := ruleGroups(t, name)
	file, err := rules.File(groups...)
	require.NoError(t, err)
	write(t, filepath.Join(dir, base+".rules.yml"), file)
	var order []string // else it is left to chance
	for _, g := range groups {
		order = append(order, g.Name)
	}
	test, err := yaml.Marshal(map[string]any{
		"group_eval_order":    order,
		"rule_files":          []string{base + ".rules.yml"},
		"evaluation_interval": model.Duration(s.step).String(),
		"tests":               []any{map[string]any{"interval": model.Duration(s.step).String(), "input_series": input, "alert_rule_test": checks}},
	})
	require.NoError(t, err)
	testFile = filepath.Join(dir, base+".test.yml")
	write(t, testFile, test)
	return testFile
}

func expected(t *testing.T, name string, f told) map[string]any {
	var found *alerts.Alert
	for _, a := range alerts.All() {
		if a.Name == name && (f.severity == "" || a.Severity == f.severity) {
			found = &a
			break
		}
	}
	require.NotNil(t, found, "no alert %s", name)
	all := labels{alerts.LabelSeverity: string(found.Severity), alerts.LabelComponent: string(found.Component)}
	maps.Copy(all, f.labels)
	return map[string]any{
		"exp_labels": all,
		"exp_annotations": map[string]string{
			alerts.AnnotationSummary: f.summary, alerts.AnnotationDescription: f.description,
			alerts.AnnotationDashboard: options.Grafana + found.Dashboard.Path(),
			alerts.AnnotationRunbook:   links.RunbookURL(options.Runbooks, name),
		},
	}
}

// ruleGroups are the alerts of a name and, before them, all recording rules
// that they read, directly or not.
func ruleGroups(t *testing.T, name string) []rules.Group {
	wanted := map[string]bool{}
	var chosen []rules.Group
	choose := func(groups []rules.Group, is func(rules.Rule) bool) {
		for _, g := range slices.Backward(groups) {
			var kept []rules.Rule
			for _, r := range slices.Backward(g.Rules) {
				if is(r) {
					kept = append(kept, r)
					maps.Copy(wanted, reads(t, r.Expr))
				}
			}
			if len(kept) > 0 {
				slices.Reverse(kept)
				chosen = append(chosen, rules.Group{Name: g.Name, Interval: g.Interval, Rules: kept})
			}
		}
	}
	choose(alerts.Groups(options), func(r rules.Rule) bool { return r.Alert == name })
	choose(recording(), func(r rules.Rule) bool { return wanted[r.Record] })
	slices.Reverse(chosen)
	return chosen
}

func recording() []rules.Group { return append(rules.Groups(), slo.Groups()...) }

// reads names the metrics of an expression.
func reads(t *testing.T, expr string) map[string]bool {
	names := map[string]bool{}
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	require.NoError(t, err, expr)
	parser.Inspect(parsed, func(n parser.Node, _ []parser.Node) error {
		if s, ok := n.(*parser.VectorSelector); ok {
			names[s.Name] = true
		}
		return nil
	})
	return names
}

func promtool(arguments ...string) (string, error) {
	out, err := exec.Command("promtool", arguments...).CombinedOutput()
	return string(out), err
}

// failures are the parts of promtool's report that tell of something wrong.
func failures(report string) string {
	parts := strings.Split(report, "Unit Testing:")
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return strings.Contains(p, "SUCCESS") }), "")
}

func write(t *testing.T, path string, content []byte) {
	require.NoError(t, os.WriteFile(path, content, 0o600))
}
