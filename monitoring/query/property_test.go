package query_test

import (
	"slices"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/contract"
	. "github.com/script-ohio/platform/monitoring/query"
	"github.com/script-ohio/platform/monitoring/source"
)

func drawSeries(t *rapid.T) Series {
	m := rapid.SampledFrom(append(contract.Metrics(), source.Metrics()...)).Draw(t, "metric")
	label := rapid.SampledFrom(append(source.TargetLabels(), m.Labels...))
	value := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{`"`, `\`, "\n", "$pod", "a.b", " offset 5m", "[5m]"}))
	matchers := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Matcher {
		l, v := label.Draw(t, "label"), value.Draw(t, "value")
		return rapid.SampledFrom([]Matcher{Eq(l, v), Not(l, v), OneOf(l, v, "x"), NoneOf(l, v), Var(l), Match(l, "5..")}).Draw(t, "matcher")
	}), 0, 3).Draw(t, "matchers")
	if m.Type == contract.Histogram {
		return rapid.SampledFrom([]Series{
			CountOf(m, matchers...), SumOf(m, matchers...), Buckets(m, matchers...),
			Within(m, rapid.SampledFrom(m.Buckets).Draw(t, "bound"), matchers...),
		}).Draw(t, "part")
	}
	s := Of(m, matchers...)
	if rapid.Bool().Draw(t, "offset") {
		s = s.Offset(time.Duration(rapid.IntRange(1, 1e9).Draw(t, "ago")) * time.Millisecond)
	}
	return s
}

func drawWindow(t *rapid.T) Window {
	fixed := Over(time.Duration(rapid.IntRange(1, 1e10).Draw(t, "window")) * time.Millisecond)
	return rapid.SampledFrom([]Window{fixed, DashboardRate, DashboardRange}).Draw(t, "which")
}

// draw makes an expression of any shape that the constructors accept.
func draw(t *rapid.T, depth int) Expr {
	if depth == 0 {
		s := drawSeries(t)
		return rapid.SampledFrom([]Expr{s.Expr, Absent(s), CountOver(s, drawWindow(t)), Changes(s, drawWindow(t)), Vector(1), Month()}).Draw(t, "leaf")
	}
	e := draw(t, depth-1)
	some := func() []string {
		return slices.Compact(slices.Sorted(slices.Values(rapid.SliceOfN(rapid.SampledFrom(append(e.Labels(), "")), 0, 3).Draw(t, "labels"))))
	}
	labels := slices.DeleteFunc(some(), func(l string) bool { return l == "" })
	switch rapid.IntRange(0, 9).Draw(t, "shape") {
	case 0:
		return Sum(e, By(labels...))
	case 1:
		return Max(e, Without(labels...))
	case 2:
		return TopK(rapid.IntRange(1, 9).Draw(t, "k"), e, By(labels...))
	case 3:
		return e.Mul(Num(rapid.Float64().Draw(t, "factor")))
	case 4:
		return Num(rapid.Float64().Draw(t, "limit")).Lt(e, rapid.SampledFrom([]Join{Bool(), {}}).Draw(t, "bool"))
	case 5:
		other := Sum(draw(t, depth-1))
		return e.Div(other, On().GroupLeft())
	case 6:
		return e.Or(draw(t, depth-1))
	case 7:
		return e.Unless(draw(t, depth-1), On())
	case 8:
		return AvgOver(Every(time.Minute, e), drawWindow(t))
	default:
		return Ratio(Sum(e), Sum(draw(t, depth-1)))
	}
}

// Whatever is built parses, reads the metrics that it says and keeps its
// shape: parentheses are neither missing nor misplaced.
func TestWhateverIsBuiltParses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := draw(t, rapid.IntRange(0, 4).Draw(t, "depth"))
		var read []string
		parser.Inspect(parse(t, e), func(n parser.Node, _ []parser.Node) error {
			if s, ok := n.(*parser.VectorSelector); ok {
				read = append(read, family(s.Name))
			}
			return nil
		})
		slices.Sort(read)
		require.ElementsMatch(t, slices.Compact(read), e.Metrics(), "%s", e)
	})
}

func TestParenthesesKeepTheShape(t *testing.T) {
	a, b, c := Sum(Of(source.Up)), Sum(Of(source.RedisUp)), Sum(Of(source.PgUp))
	outer := parse(t, a.Sub(b.Sub(c))).(*parser.BinaryExpr)
	require.IsType(t, &parser.ParenExpr{}, outer.RHS)
	outer = parse(t, a.Add(b).Mul(c)).(*parser.BinaryExpr)
	require.Equal(t, parser.ItemType(parser.MUL), outer.Op)
	outer = parse(t, a.Or(b).And(c)).(*parser.BinaryExpr)
	require.Equal(t, parser.ItemType(parser.LAND), outer.Op)
}

func family(name string) string {
	for _, m := range contract.Metrics() {
		if m.Type == contract.Histogram && (name == m.Name+"_bucket" || name == m.Name+"_sum" || name == m.Name+"_count") {
			return m.Name
		}
	}
	return name
}
