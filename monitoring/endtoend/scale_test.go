package endtoend_test

import (
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// factor makes days minutes: what production waits an hour for is waited a
// minute for here.
const factor = 60

// leastWindow holds enough scrapes, one a second, for a rate.
const leastWindow = 5 * time.Second

// scaled divides every duration of a file of rules or of Alertmanager.
func scaled(t *testing.T, text []byte) []byte {
	t.Helper()
	var root yaml.Node
	require.NoError(t, yaml.Unmarshal(text, &root))
	scaleNode(t, &root)
	out, err := yaml.Marshal(&root)
	require.NoError(t, err)
	return out
}

func scaleNode(t *testing.T, n *yaml.Node) {
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			switch value := n.Content[i+1]; n.Content[i].Value {
			case "labels", "annotations":
				continue
			case "expr":
				value.SetString(scaledExpr(t, value.Value))
			case "interval", "group_wait", "group_interval", "repeat_interval":
				value.SetString(scaledDuration(t, value.Value, time.Second))
			case "for", "keep_firing_for":
				value.SetString(scaledDuration(t, value.Value, 0))
			}
			scaleNode(t, n.Content[i+1])
		}
		return
	}
	for _, inner := range n.Content {
		scaleNode(t, inner)
	}
}

func scaledDuration(t *testing.T, text string, least time.Duration) string {
	d, err := model.ParseDuration(text)
	require.NoError(t, err)
	return model.Duration(max(time.Duration(d)/factor, least)).String()
}

// scaledExpr divides the windows, steps and offsets of an expression.
func scaledExpr(t *testing.T, text string) string {
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(text)
	require.NoError(t, err, text)
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.MatrixSelector:
			n.Range = max(n.Range/factor, leastWindow)
		case *parser.SubqueryExpr:
			n.Range, n.Step = max(n.Range/factor, leastWindow), max(n.Step/factor, time.Second)
			n.OriginalOffset /= factor
		case *parser.VectorSelector:
			n.OriginalOffset /= factor
		}
		return nil
	})
	return expr.String()
}

func TestScaleTouchesDurationsOnly(t *testing.T) {
	for before, after := range map[string]string{
		`sum by (route) (rate(http_requests_total{status=~"5.."}[10m]))`: `sum by (route) (rate(http_requests_total{status=~"5.."}[10s]))`,
		`rate(x_total[1m])`:                     `rate(x_total[5s])`,
		`x > 3600`:                              `x > 3600`,
		`max_over_time(x[1h:5m] offset 2h)`:     `max_over_time(x[1m:5s] offset 2m)`,
		`x unless x offset 5m`:                  `x unless x offset 5s`,
		`predict_linear(x[6h], 4 * 3600) < 0`:   `predict_linear(x[6m], 4 * 3600) < 0`,
		`absent_over_time(up{job="a"}[10m])`:    `absent_over_time(up{job="a"}[10s])`,
		`histogram_quantile(0.95, rate(b[5m]))`: `histogram_quantile(0.95, rate(b[5s]))`,
	} {
		require.Equal(t, after, scaledExpr(t, before))
	}
	require.YAMLEq(t, `
groups:
  - name: for
    interval: 1s
    rules: [{alert: A, expr: up == 0, for: 5s, keep_firing_for: 10s, labels: {for: everybody}}]`,
		string(scaled(t, []byte(`
groups:
  - name: for
    interval: 30s
    rules: [{alert: A, expr: up == 0, for: 5m, keep_firing_for: 10m, labels: {for: everybody}}]`))))
}
