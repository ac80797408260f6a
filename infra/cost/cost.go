// Package cost estimates what a month of a recorded stack costs. Prices and
// assumptions of usage are data; a resource that is neither priced nor known
// to be free is an error, so that a new one cannot be forgotten.
package cost

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/script-ohio/platform/infra/plan"
)

// HoursPerMonth is what AWS multiplies hourly prices by in its own estimates.
const HoursPerMonth = 730

// Table is the estimate of one stack on demand, before discounts and tax.
type Table struct {
	Stack      string   `json:"stack"`
	Currency   string   `json:"currency"`
	Region     string   `json:"region"`      // whose prices they are, for all resources
	PricesRead string   `json:"prices_read"` // the day, as 2006-01-02
	Lines      []Line   `json:"lines"`       // by component, the dearest first
	Total      float64  `json:"total"`       // a month
	Assumed    float64  `json:"assumed"`     // the part of it that Usage makes up
	Notes      []string `json:"notes"`       // what the total could grow to, and what it leaves out
}

// Line is the cost of like things in one component.
type Line struct {
	Component string   `json:"component"`
	Item      string   `json:"item"`
	Count     int      `json:"count"`    // of things
	Quantity  float64  `json:"quantity"` // of units in a month, for all of them
	Unit      Unit     `json:"unit"`
	UnitPrice float64  `json:"unit_price"`
	Monthly   float64  `json:"monthly"`
	Assumed   bool     `json:"assumed"` // the quantity comes from Usage, not from the graph
	Source    string   `json:"source"`
	Basis     Basis    `json:"basis"`
	URNs      []string `json:"urns"`
}

// Estimate prices every resource of the graph. Its error names all that it
// cannot price.
func Estimate(g *plan.Graph, u Usage) (Table, error) {
	e := &estimate{graph: g, usage: u, rates: list(), lines: map[lineKey]*Line{}, problems: map[string]bool{}}
	if g.Stack.Region != Region {
		e.problem("there are no prices for region %s: add them to infra/cost/prices.go beside those for %s", g.Stack.Region, Region)
	}
	prices, gratis := priced(), free()
	for _, r := range g.Resources {
		if price, is := prices[r.Type]; is {
			price(e, r)
		} else if _, is := gratis[r.Type]; !is && !weightless(r) {
			e.problem("type %s is not classified: add it to infra/cost/kinds.go or infra/cost/free.go", r.Type)
		}
	}
	if len(e.problems) > 0 {
		var all []error
		for _, text := range slices.Sorted(maps.Keys(e.problems)) {
			all = append(all, errors.New(text))
		}
		return Table{}, fmt.Errorf("cost of stack %s:\n%w", g.Stack.Name, errors.Join(all...))
	}
	return e.table(), nil
}

// estimate collects the lines.
type estimate struct {
	graph    *plan.Graph
	usage    Usage
	rates    rates
	lines    map[lineKey]*Line
	ceilings []string        // notes on what may grow by itself
	growth   float64         // a month, of database storage at its largest
	problems map[string]bool // each once
}

// lineKey is what like things have in common.
type lineKey struct {
	component, item string
	price           float64
	assumed         bool
}

// add counts things of the resource, each with a number of units. An hourly
// unit runs all month.
func (e *estimate) add(r *plan.Resource, p entry, things int, each float64) {
	e.count(r, p, things, each, false)
}

// assume is add for units that Usage makes up; none make no line.
func (e *estimate) assume(r *plan.Resource, p entry, each float64) {
	if each > 0 {
		e.count(r, p, 1, each, true)
	}
}

func (e *estimate) count(r *plan.Resource, p entry, things int, each float64, assumed bool) {
	component := "stack"
	if c := e.graph.Component(r); c != nil {
		component = c.Name
	}
	key := lineKey{component, p.Item, p.USD, assumed}
	line := e.lines[key]
	if line == nil {
		line = &Line{
			Component: component, Item: p.Item, Unit: p.Unit, UnitPrice: exact(p.USD),
			Assumed: assumed, Source: p.Source, Basis: p.Basis,
		}
		e.lines[key] = line
	}
	line.Count += things
	line.Quantity = exact(line.Quantity + float64(things)*each*p.Unit.perMonth())
	line.Monthly = exact(line.Quantity * p.USD)
	if !slices.Contains(line.URNs, r.URN) {
		line.URNs = append(line.URNs, r.URN)
	}
}

func (e *estimate) problem(format string, args ...any) {
	e.problems[fmt.Sprintf(format, args...)] = true
}

func (e *estimate) table() Table {
	t := Table{Stack: e.graph.Stack.Name, Currency: "USD", Region: Region, PricesRead: Read, Notes: append(e.ceilings, e.limits()...)}
	for _, line := range e.lines {
		t.Lines = append(t.Lines, *line)
	}
	slices.SortFunc(t.Lines, func(a, b Line) int {
		return cmp.Or(
			cmp.Compare(a.Component, b.Component), cmp.Compare(b.Monthly, a.Monthly),
			cmp.Compare(a.Item, b.Item), cmp.Compare(a.UnitPrice, b.UnitPrice),
		)
	})
	for _, line := range t.Lines {
		t.Total = exact(t.Total + line.Monthly)
		if line.Assumed {
			t.Assumed = exact(t.Assumed + line.Monthly)
		}
	}
	return t
}

// exact drops what binary fractions add: no price has more than seven decimal
// places.
func exact(usd float64) float64 { return math.Round(usd*1e7) / 1e7 }
