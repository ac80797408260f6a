// Package query builds PromQL over declared metrics. A mistake that text
// would hide until the dashboard stays empty stops the program instead: every
// constructor panics, as regexp.MustCompile does, on a metric that nobody
// declares, a label that the metric does not have, a rate of a gauge, or two
// sides that can never match. Expressions are values; nothing changes them.
package query

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// Value is what yields one number for each series: an Expr, a Series or a
// Recorded metric.
type Value interface{ expr() Expr }

// Expr is a PromQL expression that yields an instant vector or a scalar.
type Expr struct {
	text    string
	binary  bool // needs parentheses inside another operation
	scalar  bool
	labels  []string // that its series may carry, sorted
	exact   bool     // they carry no others, and all of them
	metrics []string // families that it reads, sorted
}

func (e Expr) expr() Expr { return e }

// String is the expression in PromQL.
func (e Expr) String() string { return e.text }

// Labels are those that the series of the expression can carry, sorted: what
// a legend or an alert's text may name.
func (e Expr) Labels() []string { return slices.Clone(e.labels) }

// Metrics names the metric families that the expression reads, sorted;
// recorded ones by their own name.
func (e Expr) Metrics() []string { return slices.Clone(e.metrics) }

// Plain is the expression with the windows of a dashboard replaced by five
// minutes, so that it parses outside of Grafana.
func (e Expr) Plain() string {
	return strings.NewReplacer(string(DashboardRate), "5m", string(DashboardRange), "5m").Replace(e.text)
}

// operand is the text as one side of an operation.
func (e Expr) operand() string {
	if e.binary {
		return "(" + e.text + ")"
	}
	return e.text
}

// Num is a constant.
func Num(v float64) Expr { return Expr{text: number(v), scalar: true, exact: true} }

// Seconds is a duration as a constant number of seconds.
func Seconds(d time.Duration) Expr { return Num(d.Seconds()) }

// Window is how far back a range reaches.
type Window string

// The windows that a dashboard fills in.
const (
	DashboardRate  Window = "$__rate_interval" // fits the resolution of the panel
	DashboardRange Window = "$__range"         // all that the dashboard shows
)

// Over is a fixed window of whole milliseconds.
func Over(d time.Duration) Window { return Window(duration(d)) }

func duration(d time.Duration) string {
	if d <= 0 || d%time.Millisecond != 0 {
		panic(fmt.Sprintf("query: %s is no duration of PromQL: it takes positive whole milliseconds", d))
	}
	return model.Duration(d).String()
}

func number(v float64) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 1):
		return "Inf"
	case math.IsInf(v, -1):
		return "-Inf"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

func vector(v Value, by string) Expr {
	e := v.expr()
	if e.scalar {
		panic(fmt.Sprintf("query: %s takes series, not the number %s", by, e))
	}
	return e
}

// union joins sorted sets.
func union(sets ...[]string) []string {
	var all []string
	for _, s := range sets {
		all = append(all, s...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func minus(set, without []string) []string {
	return slices.DeleteFunc(slices.Clone(set), func(s string) bool { return slices.Contains(without, s) })
}

// mustHave panics unless the expression can carry the labels.
func (e Expr) mustHave(doing string, labels []string) {
	for _, l := range labels {
		if !slices.Contains(e.labels, l) {
			panic(fmt.Sprintf("query: %s: no label %q in %s: it has %s", doing, l, e.text, strings.Join(e.labels, ", ")))
		}
	}
}
