package query

import (
	"fmt"
	"time"

	"github.com/script-ohio/platform/app/contract"
)

// Ranged is what can be looked at over a window: a Series, or an expression
// evaluated again and again, Every so often.
type Ranged interface {
	Value
	over(w Window) string
}

type steps struct {
	Expr
	step time.Duration
}

// Every evaluates an expression at each step of a window. It costs that many
// evaluations: record what it reads.
func Every(step time.Duration, v Value) Ranged { return steps{vector(v, "Every"), step} }

func (s steps) over(w Window) string {
	return s.operand() + "[" + string(w) + ":" + duration(s.step) + "]"
}

func call(name string, from Expr, arguments string) Expr {
	from.text, from.binary = name+"("+arguments+")", false
	return from
}

func overTime(name string, r Ranged, w Window) Expr { return call(name, r.expr(), r.over(w)) }

func counter(name string, s Series, w Window) Expr {
	if s.kind != contract.Counter {
		panic(fmt.Sprintf("query: %s of %s, which is a %s and may fall", name, s, s.kind))
	}
	return overTime(name, s, w)
}

// Rate is how much a counter grows a second.
func Rate(s Series, w Window) Expr { return counter("rate", s, w) }

// Increase is how much a counter has grown.
func Increase(s Series, w Window) Expr { return counter("increase", s, w) }

// AvgOver is the mean over the window.
func AvgOver(r Ranged, w Window) Expr { return overTime("avg_over_time", r, w) }

// MinOver is the least value in the window.
func MinOver(r Ranged, w Window) Expr { return overTime("min_over_time", r, w) }

// MaxOver is the greatest value in the window.
func MaxOver(r Ranged, w Window) Expr { return overTime("max_over_time", r, w) }

// SumOver is the sum of the values in the window.
func SumOver(r Ranged, w Window) Expr { return overTime("sum_over_time", r, w) }

// CountOver is the number of values in the window.
func CountOver(r Ranged, w Window) Expr { return overTime("count_over_time", r, w) }

// LastOver is the newest value in the window.
func LastOver(r Ranged, w Window) Expr { return overTime("last_over_time", r, w) }

// PresentOver is 1 for each series that had a value in the window.
func PresentOver(r Ranged, w Window) Expr { return overTime("present_over_time", r, w) }

// StddevOver is the standard deviation of the values in the window.
func StddevOver(r Ranged, w Window) Expr { return overTime("stddev_over_time", r, w) }

// QuantileOver is a quantile of the values in the window.
func QuantileOver(q float64, r Ranged, w Window) Expr {
	return call("quantile_over_time", r.expr(), number(q)+", "+r.over(w))
}

// Changes is how often a value changed in the window.
func Changes(r Ranged, w Window) Expr { return overTime("changes", r, w) }

// Resets is how often a counter began again in the window.
func Resets(s Series, w Window) Expr { return counter("resets", s, w) }

// Delta is the change of a gauge over the window.
func Delta(s Series, w Window) Expr { return gauge("delta", s, w, "") }

// Deriv is the change of a gauge a second.
func Deriv(s Series, w Window) Expr { return gauge("deriv", s, w, "") }

// PredictLinear is the value that a gauge has ahead from now if it goes on as
// in the window.
func PredictLinear(s Series, w Window, ahead time.Duration) Expr {
	return gauge("predict_linear", s, w, ", "+number(ahead.Seconds()))
}

func gauge(name string, s Series, w Window, more string) Expr {
	if s.kind != contract.Gauge {
		panic(fmt.Sprintf("query: %s of %s, which is a %s", name, s, s.kind))
	}
	return call(name, s.Expr, s.over(w)+more)
}

// Quantile is a quantile of the observations of a histogram in the window, for
// each value of the labels by: the buckets are added up before, so that it is
// the quantile of all replicas together.
func Quantile(q float64, m contract.Metric, w Window, by []string, matchers ...Matcher) Expr {
	sum := Sum(Rate(Buckets(m, matchers...), w), By(append([]string{"le"}, by...)...))
	return HistogramQuantile(q, sum)
}

// HistogramQuantile is a quantile of buckets; their label le must have
// survived.
func HistogramQuantile(q float64, v Value) Expr {
	if q < 0 || q > 1 {
		panic(fmt.Sprintf("query: a quantile is between 0 and 1, not %v", q))
	}
	e := vector(v, "HistogramQuantile")
	e.mustHave("a quantile", []string{"le"})
	text := number(q) + ", " + e.text
	e.labels = minus(e.labels, []string{"le"})
	return call("histogram_quantile", e, text)
}
