package query

import (
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/script-ohio/platform/app/contract"
)

// Recorded is a metric that a recording rule makes. It can be read like any
// other, without matchers as a Value.
type Recorded struct {
	Metric contract.Metric
	From   Expr
	// Labels are put on every series, so that several rules can make one
	// metric.
	Labels map[string]string
}

var recordedName = regexp.MustCompile(`^[a-z][a-z0-9_]*(:[a-z0-9_]+)+$`)

// Record names the result of an expression, level:metric. Help says what it
// is and in which unit.
func Record(name, help string, v Value) Recorded {
	e := vector(v, "Record")
	if !recordedName.MatchString(name) {
		panic(fmt.Sprintf("query: %q is no name for a recorded metric: write level:metric in small letters", name))
	}
	if !e.exact {
		panic(fmt.Sprintf("query: %s records series whose labels are not known: aggregate them by what is needed", name))
	}
	return Recorded{Metric: contract.Metric{Name: name, Type: contract.Gauge, Help: help, Labels: e.Labels()}, From: e}
}

// With puts a label on every series that the rule makes.
func (r Recorded) With(label, value string) Recorded {
	r.Labels = maps.Clone(r.Labels)
	if r.Labels == nil {
		r.Labels = map[string]string{}
	}
	r.Labels[label] = value
	r.Metric.Labels = union(r.Metric.Labels, []string{label})
	return r
}

// Of selects series that this rule makes.
func (r Recorded) Of(matchers ...Matcher) Series {
	var own []Matcher
	for _, label := range slices.Sorted(maps.Keys(r.Labels)) {
		own = append(own, Eq(label, r.Labels[label]))
	}
	return r.All(append(own, matchers...)...)
}

// All selects series of the metric, whichever rule made them.
func (r Recorded) All(matchers ...Matcher) Series {
	s := narrowed(r.Metric, "", union(r.Metric.Labels), matchers)
	s.exact = true
	return s
}

func (r Recorded) expr() Expr { return r.Of().Expr }
