package endtoend_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/alerts"
	"github.com/script-ohio/platform/monitoring/dashboards"
	"github.com/script-ohio/platform/monitoring/render"
	"github.com/script-ohio/platform/monitoring/routing"
	"github.com/script-ohio/platform/monitoring/rules"
	"github.com/script-ohio/platform/monitoring/slo"
	"github.com/script-ohio/platform/monitoring/source"
)

// standIn exports what an exporter that does not run here is declared to
// export: for each selector that anything uses, a series that it selects, with
// every declared label. Labels of one name have one value wherever nothing
// asks for another, so that series meet.
type standIn struct {
	counters, gauges map[string]bool // series in the text format
	began            time.Time
}

func (s *standIn) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	grown := 100 + 10*time.Since(s.began).Seconds()
	for _, series := range slices.Sorted(maps.Keys(s.counters)) {
		fmt.Fprintf(w, "%s %f\n", series, grown)
	}
	for _, series := range slices.Sorted(maps.Keys(s.gauges)) {
		fmt.Fprintf(w, "%s 1\n", series)
	}
}

// add makes the series of a selector.
func (s *standIn) add(t *testing.T, m contract.Metric, matchers []*labels.Matcher) {
	values := map[string][]string{}
	for _, l := range slices.Concat(m.Labels, source.TargetLabels()) {
		if l != "job" && l != "instance" && l != "endpoint" { // the scrape's
			values[l] = []string{l + "-1"}
		}
	}
	if values["namespace"] != nil {
		values["namespace"] = []string{contract.ServiceName}
	}
	for _, matcher := range matchers {
		if l := matcher.Name; values[l] != nil {
			candidates := []string{values[l][0], matcher.Value}
			candidates = append(candidates, strings.Split(matcher.Value, "|")...)
			for i := range candidates {
				candidates[i] = strings.NewReplacer(`\`, "", ".*", "x", ".+", "x", "..", "00").Replace(candidates[i])
			}
			fitting := slices.DeleteFunc(candidates, func(v string) bool { return !matcher.Matches(v) })
			require.NotEmpty(t, fitting, "nothing fits %s", matcher)
			values[l] = slices.Compact(fitting)
		}
	}
	for _, series := range combinations(values) {
		text := m.Name + "{" + strings.Join(series, ",") + "}"
		if m.Type == contract.Counter {
			s.counters[text] = true
		} else {
			s.gauges[text] = true
		}
	}
}

// combinations are all choices of a value for each label.
func combinations(values map[string][]string) [][]string {
	all := [][]string{nil}
	for _, l := range slices.Sorted(maps.Keys(values)) {
		var longer [][]string
		for _, before := range all {
			for _, v := range values[l] {
				longer = append(longer, append(slices.Clone(before), fmt.Sprintf("%s=%q", l, v)))
			}
		}
		all = longer
	}
	return all
}

// standIns are those of every exporter that does not run beside the app, by
// job.
func standIns(t *testing.T) map[string]*standIn {
	byJob := map[string]*standIn{}
	used := selectors(t)
	for _, e := range source.Exporters() {
		if runsHere(e) {
			continue
		}
		for _, job := range e.Jobs {
			if byJob[job] == nil {
				byJob[job] = &standIn{counters: map[string]bool{}, gauges: map[string]bool{}, began: time.Now()}
			}
			for _, m := range e.Metrics {
				for _, matchers := range used[m.Name] {
					byJob[job].add(t, m, matchers)
				}
			}
		}
	}
	return byJob
}

// selectors are those of every rule and every panel, by metric.
func selectors(t *testing.T) map[string][][]*labels.Matcher {
	var texts []string
	for _, groups := range [][]rules.Group{rules.Groups(), slo.Groups(), alerts.Groups(alerts.Options{})} {
		for _, g := range groups {
			for _, r := range g.Rules {
				texts = append(texts, r.Expr)
			}
		}
	}
	for _, q := range questions() {
		texts = append(texts, shown(q.expr))
	}
	all := map[string][][]*labels.Matcher{}
	for _, text := range texts {
		expr, err := parser.NewParser(parser.Options{}).ParseExpr(text)
		require.NoError(t, err, text)
		parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
			if s, ok := node.(*parser.VectorSelector); ok {
				all[s.Name] = append(all[s.Name], s.LabelMatchers)
			}
			return nil
		})
	}
	return all
}

// Every panel about what does not run beside the app on one machine has data
// as soon as there is what its exporter is declared to export.
func TestPanelsWithStandInExporters(t *testing.T) {
	p := startPrometheus(t)
	var targets []render.Target
	byJob := standIns(t)
	for _, job := range slices.Sorted(maps.Keys(byJob)) {
		server := httptest.NewServer(byJob[job])
		t.Cleanup(server.Close)
		targets = append(targets, render.Target{Job: job, Addresses: []string{strings.TrimPrefix(server.URL, "http://")}})
	}
	files, err := render.Files(render.Options{
		Targets: targets, Interval: time.Second, Prometheus: p.address, Alertmanager: "127.0.0.1:1",
		Runbooks: dashboards.DefaultRunbooks, Grafana: render.GrafanaOptions{URL: "http://grafana.example.org"},
		Routing: routing.Options{Webhook: routing.WebhookOptions{URL: "http://app.example.org", TokenFile: "/token"}},
	})
	require.NoError(t, err)
	for i, f := range files {
		if strings.HasPrefix(f.Path, "rules/") {
			files[i].Data = scaled(t, f.Data)
		}
	}
	p.load("prometheus.yml", files)
	for _, target := range targets {
		p.up(target.Job)
	}

	var missing []question
	for _, q := range questions() {
		if len(q.absent()) > 0 {
			missing = append(missing, q)
		}
	}
	all := len(missing)
	s := &stack{prometheus: p}
	eventually(t, func() bool {
		missing = slices.DeleteFunc(missing, s.answers)
		return len(missing) == 0
	}, func() string { return lack(missing) })
	t.Logf("%d queries", all)
	for _, r := range p.rules() {
		require.NotEqual(t, "err", r.Health, "%s: %s", r.Name, r.LastError)
	}
}

// lack tells of queries without data.
func lack(missing []question) string {
	var lines strings.Builder
	for _, q := range missing {
		fmt.Fprintf(&lines, "%s has no data: %s\n", q.where, shown(q.expr))
	}
	return lines.String()
}
