// Package alerts lists what somebody is told of: when, how urgently, what it
// means and where to look. Each file is one part of the system; each list
// reads from what users notice to what may become trouble.
package alerts

import (
	"maps"
	"strings"
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/links"
	q "github.com/script-ohio/platform/monitoring/query"
	"github.com/script-ohio/platform/monitoring/rules"
)

// Component is the part of the system that an alert is about.
type Component string

// The components.
const (
	API           Component = "api"
	Database      Component = "database"
	Cache         Component = "cache"
	Jobs          Component = "jobs"
	Models        Component = "models"
	Notifications Component = "notifications"
	Cluster       Component = "cluster"
	Monitoring    Component = "monitoring"
)

// The labels and annotations that every alert has.
const (
	LabelSeverity  = "severity"
	LabelComponent = "component"

	AnnotationSummary     = "summary"
	AnnotationDescription = "description"
	AnnotationDashboard   = "dashboard_url"
	AnnotationRunbook     = "runbook_url"
)

// Alert is a condition that somebody is told of. Several may bear one name:
// then they differ by severity or by what they watch, and share the runbook.
type Alert struct {
	Name          string
	Severity      contract.Severity
	Component     Component
	When          q.Expr            // fires for each series
	For           time.Duration     // how long it must hold before
	KeepFiringFor time.Duration     // how long it fires after, where it flaps
	Labels        map[string]string // besides severity and component, to tell alerts of one name apart
	// Summary is one line, Description what it means and what to look at; both
	// are templates of Prometheus over $labels and $value.
	Summary     string
	Description string
	Dashboard   links.Dashboard
	// Explains names alerts that are mere symptoms while this one fires and
	// need not be sent, where they have the labels Same in common.
	Explains []string
	Same     []string
}

// All lists every alert.
func All() []Alert {
	var all []Alert
	for _, part := range parts() {
		all = append(all, part.alerts...)
	}
	return all
}

type part struct {
	name   string
	alerts []Alert
}

func parts() []part {
	return []part{
		{"serving", serving()}, {"objectives", objectives()}, {"edge", edge()},
		{"database", database()}, {"cache", cache()},
		{"jobs", jobs()}, {"models", models()}, {"notifications", notifications()},
		{"workloads", workloads()}, {"nodes", nodes()},
		{"targets", targets()}, {"monitoring", monitoring()},
	}
}

// Options of Groups.
type Options struct {
	Runbooks string // address below which the pages of docs/runbooks are found
	Grafana  string // address of Grafana
}

// Groups are the alerts as rules, a group for each part.
func Groups(o Options) []rules.Group {
	var groups []rules.Group
	for _, p := range parts() {
		g := rules.Group{Name: contract.ServiceName + "-alerts-" + p.name, Interval: 30 * time.Second}
		for _, a := range p.alerts {
			g.Rules = append(g.Rules, a.rule(o))
		}
		groups = append(groups, g)
	}
	return groups
}

func (a Alert) rule(o Options) rules.Rule {
	labels := map[string]string{LabelSeverity: string(a.Severity), LabelComponent: string(a.Component)}
	maps.Copy(labels, a.Labels)
	return rules.Rule{
		Alert: a.Name, Expr: a.When.String(), For: a.For, KeepFiringFor: a.KeepFiringFor, Labels: labels,
		Annotations: map[string]string{
			AnnotationSummary: a.Summary, AnnotationDescription: a.Description,
			AnnotationDashboard: strings.TrimSuffix(o.Grafana, "/") + a.Dashboard.Path(),
			AnnotationRunbook:   links.RunbookURL(o.Runbooks, a.Name),
		},
	}
}

// Explanation says which alerts need not be sent while another fires.
type Explanation struct {
	Cause    string
	Symptoms []string
	Same     []string // labels that both must have in common
}

// Explanations lists, for each name, what it explains.
func Explanations() []Explanation {
	var all []Explanation
	seen := map[string]bool{}
	for _, a := range All() {
		if len(a.Explains) > 0 && !seen[a.Name] {
			seen[a.Name] = true
			all = append(all, Explanation{a.Name, a.Explains, a.Same})
		}
	}
	return all
}
