package query

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/source"
)

// Series is a selector: the series of one metric that match. Functions over a
// window take it, everything else takes it as a Value.
type Series struct {
	Expr
	kind     contract.MetricType
	equals   []string // labels that one value is demanded of
	selector string
	offset   string
}

// Matcher narrows a selector by one label.
type Matcher struct {
	label, op, value string
}

// Eq demands the value of a label.
func Eq(label, value string) Matcher { return Matcher{label, "=", value} }

// Not refuses the value of a label.
func Not(label, value string) Matcher { return Matcher{label, "!=", value} }

// Match demands that a label matches a regular expression in full.
func Match(label, pattern string) Matcher { return compiled(Matcher{label, "=~", pattern}) }

// NotMatch refuses what matches a regular expression in full.
func NotMatch(label, pattern string) Matcher { return compiled(Matcher{label, "!~", pattern}) }

// OneOf demands one of several values of a label.
func OneOf(label string, values ...string) Matcher {
	if len(values) == 1 {
		return Eq(label, values[0])
	}
	return Matcher{label, "=~", alternatives(values)}
}

// NoneOf refuses several values of a label.
func NoneOf(label string, values ...string) Matcher {
	return Matcher{label, "!~", alternatives(values)}
}

// Var narrows a label by the dashboard variable of the same name.
func Var(label string) Matcher { return Matcher{label, "=~", "$" + label} }

func compiled(m Matcher) Matcher {
	regexp.MustCompile(m.value)
	return m
}

func alternatives(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = regexp.QuoteMeta(v)
	}
	return strings.Join(quoted, "|")
}

func (m Matcher) String() string { return m.label + m.op + strconv.QuoteToASCII(m.value) }

// Of selects a counter or gauge.
func Of(m contract.Metric, matchers ...Matcher) Series {
	if m.Type == contract.Histogram {
		panic(fmt.Sprintf("query: %s is a histogram: use Within, CountOf, SumOf or Quantile", m.Name))
	}
	return selectSeries(m, "", nil, matchers)
}

// CountOf selects the number of observations of a histogram.
func CountOf(m contract.Metric, matchers ...Matcher) Series {
	return selectHistogram(m, "_count", nil, matchers)
}

// SumOf selects the sum of the observations of a histogram.
func SumOf(m contract.Metric, matchers ...Matcher) Series {
	return selectHistogram(m, "_sum", nil, matchers)
}

// Within selects the number of observations up to a bound, which must be one
// of the declared buckets. The label le stays on the series.
func Within(m contract.Metric, bound float64, matchers ...Matcher) Series {
	if !slices.Contains(m.Buckets, bound) {
		panic(fmt.Sprintf("query: %s has no bucket that ends at %v: use one of %v", m.Name, bound, m.Buckets))
	}
	return selectHistogram(m, "_bucket", []string{"le"}, append([]Matcher{le(bound)}, matchers...))
}

// Buckets selects every bucket of a histogram, as a heatmap shows them.
func Buckets(m contract.Metric, matchers ...Matcher) Series {
	return selectHistogram(m, "_bucket", []string{"le"}, matchers)
}

// le matches a bound. Whole numbers are written "2" by exporters and "2.0" by
// a Prometheus that normalises.
func le(bound float64) Matcher {
	text := number(bound)
	if strings.ContainsAny(text, ".e") {
		return Eq("le", text)
	}
	return Match("le", text+`(\.0)?`)
}

func selectHistogram(m contract.Metric, part string, more []string, matchers []Matcher) Series {
	if m.Type != contract.Histogram {
		panic(fmt.Sprintf("query: %s is a %s, not a histogram", m.Name, m.Type))
	}
	return selectSeries(m, part, more, matchers)
}

func selectSeries(m contract.Metric, part string, more []string, matchers []Matcher) Series {
	if !declared(m.Name) {
		panic(fmt.Sprintf("query: nobody declares the metric %q", m.Name))
	}
	return narrowed(m, part, union(m.Labels, more, source.TargetLabels()), matchers)
}

func narrowed(m contract.Metric, part string, labels []string, matchers []Matcher) Series {
	s := Series{Expr: Expr{text: m.Name + part, labels: labels, metrics: []string{m.Name}}, kind: m.Type}
	if part != "" {
		s.kind = contract.Counter // parts of a histogram only grow
	}
	texts := make([]string, len(matchers))
	for i, by := range matchers {
		s.mustHave("a matcher", []string{by.label})
		texts[i] = by.String()
		if by.op == "=" {
			s.equals = append(s.equals, by.label)
		}
	}
	if len(texts) > 0 {
		s.text += "{" + strings.Join(texts, ",") + "}"
	}
	s.selector = s.text
	return s
}

func declared(name string) bool {
	has := func(m contract.Metric) bool { return m.Name == name }
	return slices.ContainsFunc(contract.Metrics(), has) || slices.ContainsFunc(source.Metrics(), has)
}

// Offset looks at the series as they were d ago.
func (s Series) Offset(d time.Duration) Series {
	s.offset = " offset " + duration(d)
	s.text = s.selector + s.offset
	return s
}

func (s Series) over(w Window) string { return s.selector + "[" + string(w) + "]" + s.offset }
