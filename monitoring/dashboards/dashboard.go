// Package dashboards holds the Grafana dashboards as Go values: what each
// panel shows, in which unit, from where on it is bad and what to do then.
package dashboards

import (
	"iter"

	"github.com/script-ohio/platform/monitoring/links"
)

// Folder is the folder of Grafana that all dashboards lie in.
const Folder = "Script Ohio"

// Dashboard is one page of Grafana.
type Dashboard struct {
	UID     links.Dashboard
	Folder  string
	Title   string
	Summary string // who looks at it, and when
	Range   string // the time shown at first, such as 6h
	Refresh string
	// Namespace is the one chosen at first; empty: all. Where there is none of
	// this name, Grafana chooses all.
	Namespace string
	Rows      []Row

	runbooks string
}

// Row is a titled group of panels. They flow from left to right and wrap.
type Row struct {
	Title  string
	Topic  Topic
	Panels []Panel
}

// Topic is where the panels of a row lead to.
type Topic struct {
	Logs   Logs
	Traces Traces
}

// Options say where the dashboards lead to.
type Options struct {
	// Runbooks is where docs/runbooks is published; default DefaultRunbooks.
	Runbooks string
}

// DefaultRunbooks is the folder of runbooks in the repository.
const DefaultRunbooks = "https://github.com/script-ohio/platform/blob/main/docs/runbooks"

// All lists every dashboard with the default options.
func All() []Dashboard { return New(Options{}) }

// New lists every dashboard, in the order of links.Dashboards.
func New(o Options) []Dashboard {
	if o.Runbooks == "" {
		o.Runbooks = DefaultRunbooks
	}
	all := []Dashboard{overview(), objectives(), predictions(), operations(), postgresql(), redis(), kubernetes(), security()}
	for i := range all {
		all[i].Folder, all[i].runbooks = Folder, o.Runbooks
	}
	return all
}

// Panels yields the panels in the order of the page with their place on it.
func (d Dashboard) Panels() iter.Seq2[Place, Panel] {
	return func(yield func(Place, Panel) bool) {
		for _, row := range d.layout() {
			for i, place := range row.panels {
				if !yield(place, row.Panels[i]) {
					return
				}
			}
		}
	}
}
