package security

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	dto "github.com/prometheus/client_model/go"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
)

// Denied is what a route refused since the process started.
type Denied struct {
	Route           string `json:"route"` // method and pattern
	Requests        int64  `json:"requests"`
	Unauthenticated int64  `json:"unauthenticated"` // 401
	Forbidden       int64  `json:"forbidden"`       // 403
	RateLimited     int64  `json:"rate_limited"`    // 429
}

func (d Denied) total() int64 { return d.Unauthenticated + d.Forbidden + d.RateLimited }

// A route is told of when it refused so many requests, and so large a share.
const (
	manyDenied  = 100
	shareDenied = 0.2
)

// accesses reviews what this process refused, from its own figures.
func (a *Auditor) accesses(_ context.Context, report *Report) ([]Finding, string, error) {
	families, err := a.deps.Metrics.Gather()
	if err != nil {
		return nil, "", fault.Wrap(fault.Unavailable, err, "the figures of this process cannot be read")
	}
	i := slices.IndexFunc(families, func(f *dto.MetricFamily) bool { return f.GetName() == contract.HTTPRequests.Name })
	if i < 0 {
		return nil, "", notSet{"this process serves no requests; those that do have the figures"}
	}
	byRoute := map[string]*Denied{}
	for _, m := range families[i].GetMetric() {
		labels := map[string]string{}
		for _, l := range m.GetLabel() {
			labels[l.GetName()] = l.GetValue()
		}
		route := labels["method"] + " " + labels["route"]
		d := byRoute[route]
		if d == nil {
			d = &Denied{Route: route}
			byRoute[route] = d
		}
		n := int64(m.GetCounter().GetValue())
		d.Requests += n
		switch labels["status"] {
		case "401":
			d.Unauthenticated += n
		case "403":
			d.Forbidden += n
		case "429":
			d.RateLimited += n
		}
	}
	var findings []Finding
	for _, d := range byRoute {
		if d.total() > 0 {
			report.Denied = append(report.Denied, *d)
		}
	}
	slices.SortFunc(report.Denied, func(x, y Denied) int {
		return cmp.Or(cmp.Compare(y.total(), x.total()), cmp.Compare(x.Route, y.Route))
	})
	for _, d := range report.Denied {
		if d.total() < manyDenied || float64(d.total()) < shareDenied*float64(d.Requests) {
			continue
		}
		findings = append(findings, Finding{
			Severity: contract.Ticket, Where: d.Route,
			What: fmt.Sprintf("refused %d of %d requests: %d without a valid key, %d beyond the key's role, %d over the rate", d.total(), d.Requests, d.Unauthenticated, d.Forbidden, d.RateLimited),
			Do:   "look in the access log for who asked: a client with a wrong key or role, or somebody who tries",
		})
	}
	return findings, "since this process started, of this replica only", nil
}
