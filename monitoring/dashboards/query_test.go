package dashboards_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/dashboards"
	"github.com/script-ohio/platform/monitoring/query"
	"github.com/script-ohio/platform/monitoring/rules"
	"github.com/script-ohio/platform/monitoring/slo"
	"github.com/script-ohio/platform/monitoring/source"
)

// parsed takes every namespace, as the variable does outside of Kubernetes.
func parsed(t require.TestingT, text string) parser.Expr {
	e, err := parser.NewParser(parser.Options{}).ParseExpr(strings.ReplaceAll(text, "$namespace", ".*"))
	require.NoError(t, err, text)
	return e
}

// selectors are the selectors of an expression.
func selectors(t require.TestingT, text string) (all []*parser.VectorSelector) {
	parser.Inspect(parsed(t, text), func(n parser.Node, _ []parser.Node) error {
		if s, ok := n.(*parser.VectorSelector); ok {
			all = append(all, s)
		}
		return nil
	})
	return all
}

// recorded are the expressions behind each recorded metric.
func recorded() map[string][]string {
	all := map[string][]string{}
	for _, g := range append(rules.Groups(), slo.Groups()...) {
		for _, r := range g.Rules {
			if r.Record != "" {
				all[r.Record] = append(all[r.Record], r.Expr)
			}
		}
	}
	return all
}

// families are the metrics that an expression reads in the end, recorded ones
// replaced by what they are made of, without the suffixes of histograms.
func families(t require.TestingT, e query.Expr) []string {
	behind, seen := recorded(), map[string]bool{}
	var add func(text string)
	add = func(text string) {
		for _, s := range selectors(t, text) {
			name := s.Name
			if seen[name] {
				continue
			}
			seen[name] = true
			for _, from := range behind[name] {
				add(from)
			}
		}
	}
	add(e.Plain())
	var names []string
	for name := range seen {
		if len(behind[name]) > 0 {
			continue
		}
		for _, m := range contract.Metrics() {
			if suffix, ok := strings.CutPrefix(name, m.Name); ok && m.Type == contract.Histogram && slices.Contains([]string{"_bucket", "_sum", "_count"}, suffix) {
				name = m.Name
			}
		}
		names = append(names, name)
	}
	return names
}

func eachQuery(t *testing.T, visit func(t *testing.T, q dashboards.Query)) {
	t.Helper()
	eachPanel(t, func(t *testing.T, _ dashboards.Dashboard, p dashboards.Panel) {
		if _, logs := p.View.(dashboards.Lines); !logs {
			require.NotEmpty(t, p.Queries)
		}
		for _, q := range p.Queries {
			visit(t, q)
		}
	})
}

func declaredMetrics() map[string]bool {
	all := map[string]bool{}
	for _, m := range append(contract.Metrics(), source.Metrics()...) {
		all[m.Name] = true
	}
	return all
}

func TestEveryQueryParsesAndReadsDeclaredMetrics(t *testing.T) {
	declared := declaredMetrics()
	check := func(t *testing.T, e query.Expr) {
		for _, name := range families(t, e) {
			require.True(t, declared[name], "nobody declares %s: %s", name, e)
		}
	}
	eachQuery(t, func(t *testing.T, q dashboards.Query) { check(t, q.Expr) })
	for _, m := range dashboards.Marks() {
		check(t, m.Expr)
	}
}

// hidden are the metrics of the app that no panel shows, and why.
func hidden() map[string]string { return map[string]string{} }

func TestEveryMetricOfTheAppIsShown(t *testing.T) {
	shown := map[string]bool{}
	eachQuery(t, func(t *testing.T, q dashboards.Query) {
		for _, name := range families(t, q.Expr) {
			shown[name] = true
		}
	})
	for _, m := range contract.Metrics() {
		reason := hidden()[m.Name]
		require.NotEqual(t, shown[m.Name], reason != "", "%s: shown %t, reason to hide it %q", m.Name, shown[m.Name], reason)
	}
	for name := range hidden() {
		require.True(t, slices.ContainsFunc(contract.Metrics(), func(m contract.Metric) bool { return m.Name == name }), name)
	}
}

// inCluster are the exporters whose series have the namespace of an object.
func inCluster() []string { return []string{"kube-state-metrics", "kubelet", "cAdvisor"} }

func TestTheNamespaceNarrowsWhatKubernetesReportsOnly(t *testing.T) {
	of := map[string]string{}
	for _, e := range source.Exporters() {
		for _, m := range e.Metrics {
			of[m.Name] = e.Name
		}
	}
	narrowed := 0
	eachQuery(t, func(t *testing.T, q dashboards.Query) {
		for _, s := range selectors(t, q.Expr.Plain()) {
			if strings.Contains(s.String(), `namespace=~".*"`) {
				narrowed++
				require.Contains(t, inCluster(), of[s.Name], s.String())
			}
		}
		require.NotRegexp(t, `\$(environment|logs|traces|job|instance)`, q.Expr.String())
	})
	require.Positive(t, narrowed)
}

// A window shorter than two scrapes shows nothing when somebody zooms in, and
// one that is fixed shows another story than the panel's resolution: rates of
// drawings fit the drawing.
func TestRatesFitTheResolution(t *testing.T) {
	fixed := 0
	eachQuery(t, func(t *testing.T, q dashboards.Query) {
		parser.Inspect(parsed(t, q.Expr.Plain()), func(n parser.Node, _ []parser.Node) error {
			if call, ok := n.(*parser.Call); ok && call.Func.Name == "rate" && !q.Now {
				require.Contains(t, q.Expr.String(), "$__rate_interval")
			}
			return nil
		})
		if !strings.Contains(q.Expr.String(), "$__") && strings.Contains(q.Expr.String(), "increase(") {
			fixed++
		}
	})
	require.Positive(t, fixed, "counts over a week or an hour are what they say")
}

func TestAllowancesFollowFromWhatIsRead(t *testing.T) {
	events, used := dashboards.Events(), map[string]bool{}
	behind := recorded()
	check := func(t *testing.T, e query.Expr, a dashboards.Allowance) {
		own, others := 0, 0
		for _, name := range families(t, e) {
			if slices.ContainsFunc(contract.Metrics(), func(m contract.Metric) bool { return m.Name == name }) {
				own++
			}
			for _, exporter := range source.Exporters() {
				if slices.ContainsFunc(exporter.Metrics, func(m contract.Metric) bool { return m.Name == name }) && slices.Contains(a.Absent, exporter.Name) {
					others++
				}
			}
		}
		require.Equal(t, len(a.Absent) > 0, others > 0)
		if own > 0 {
			require.Empty(t, a.Absent, "%s reads the app's metrics and is excused for another's", e)
		}
		if a.Until != "" {
			require.Contains(t, events, a.Until)
			used[a.Until] = true
		}
		for _, s := range selectors(t, e.Plain()) {
			if strings.Contains(s.Name, ":") {
				require.NotEmpty(t, behind[s.Name], "no rule records %s", s.Name)
			}
		}
	}
	eachQuery(t, func(t *testing.T, q dashboards.Query) { check(t, q.Expr, q.Allowance()) })
	for _, m := range dashboards.Marks() {
		check(t, m.Expr, m.Allowance())
	}
	for _, event := range events {
		require.True(t, used[event], "nothing waits until %s", event)
	}
}
