package dashboards

import (
	"github.com/script-ohio/platform/monitoring/query"
)

// Panel is one figure or drawing.
type Panel struct {
	Title string
	Tells string // what it shows
	Do    string // what to do when it looks wrong
	View  View
	Unit  string // one of package units of the SDK
	// Limits colour values; where no value is wrong they say why.
	Limits Limits
	// Alert is the alert whose runbook the panel leads to; empty: the list of
	// runbooks.
	Alert   string
	Queries []Query
	// Log is shown instead of Queries by a Lines view.
	Log Logs
	// Width of 24 and height; 0 for those of the view.
	Width, Height uint32
}

// Query is one expression of a panel.
type Query struct {
	Legend string // may name labels of the expression in {{ }}; in a Table the head of its column
	Expr   query.Expr
	// Now asks for the newest value only, and so costs one evaluation.
	Now bool
	// Unit and Limits of its column, in a Table.
	Unit   string
	Limits Limits
	// Until is the event before which it yields nothing.
	Until string
}

// RefID names the i-th query inside its panel.
func RefID(i int) string { return string(rune('A' + i)) }

// Description is the text behind the panel's title.
func (p Panel) Description() string {
	return p.Tells + "\n\n**What to do:** " + p.Do
}

func (p Panel) size() (width, height uint32) {
	width, height = p.View.size()
	if p.Width > 0 {
		width = p.Width
	}
	if p.Height > 0 {
		height = p.Height
	}
	return width, height
}

// Limits are the values at which a figure changes its colour.
type Limits struct {
	Steps []Step // from the least value up; the first holds for everything below the second
	Free  string // why no value is wrong, when there are no steps
}

// Step is the colour from a value on.
type Step struct {
	From  float64 // of the first step: meaningless
	Color string
}

// The colours of Grafana that limits use.
const (
	fine  = "green"
	worry = "orange"
	wrong = "red"
	plain = "text"
)

// rises is bad in a figure that grows.
func rises(warning, critical float64) Limits {
	return Limits{Steps: []Step{{Color: fine}, {warning, worry}, {critical, wrong}}}
}

// falls is bad in a figure that shrinks.
func falls(warning, critical float64) Limits {
	return Limits{Steps: []Step{{Color: wrong}, {critical, worry}, {warning, fine}}}
}

// atMost is wrong from a value on; atLeast is wrong below it.
func atMost(most float64) Limits {
	return Limits{Steps: []Step{{Color: fine}, {most, wrong}}}
}

func atLeast(least float64) Limits {
	return Limits{Steps: []Step{{Color: wrong}, {least, fine}}}
}

// free has no wrong values.
func free(why string) Limits { return Limits{Free: why} }

// ask is a query over the time shown; now one of the newest value.
func ask(legend string, v query.Value) Query { return Query{Legend: legend, Expr: expr(v)} }

func now(legend string, v query.Value) Query { return Query{Legend: legend, Expr: expr(v), Now: true} }

// until is the query with the event that brings its first value.
func (q Query) until(event string) Query {
	q.Until = event
	return q
}

// as is the query as a column with a unit and limits of its own.
func (q Query) as(unit string, l Limits) Query {
	q.Unit, q.Limits = unit, l
	return q
}

// expr takes the expression out of any value.
func expr(v query.Value) query.Expr {
	switch v := v.(type) {
	case query.Series:
		return v.Expr
	case query.Recorded:
		return v.Of().Expr
	}
	return v.(query.Expr)
}
