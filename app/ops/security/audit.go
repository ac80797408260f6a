// Package security looks at what protects the platform. The audit does so once
// a week: vulnerabilities of the running program, API keys, certificates, the
// rights of the database role and refused requests.
package security

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/auth"
	"github.com/script-ohio/platform/app/platform/jobs"
)

// Keys lists the API keys; auth.Store does.
type Keys interface {
	List(ctx context.Context) ([]auth.Key, error)
}

// Dialer opens TLS connections and verifies them; tls.Dialer does.
type Dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// Deps are what an Auditor needs.
type Deps struct {
	Keys    Keys
	Pool    *pgxpool.Pool
	Metrics prometheus.Gatherer // of this process
}

// Options of an Auditor; zero values serve.
type Options struct {
	TLSHosts   []string // host or host:port, default port 443
	Dialer     Dialer   // default tls.Dialer
	Database   string   // of vulnerabilities, default that of the Go project
	Executable string   // default the running program's
	Now        func() time.Time
}

// Auditor looks at what protects the platform. It changes nothing.
type Auditor struct {
	deps    Deps
	options Options
}

// NewAuditor makes an Auditor.
func NewAuditor(d Deps, o Options) *Auditor {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Dialer == nil {
		o.Dialer = &tls.Dialer{NetDialer: &net.Dialer{Timeout: dialTimeout}, Config: &tls.Config{MinVersion: tls.VersionTLS12}}
	}
	return &Auditor{d, o}
}

// Report is what an audit found.
type Report struct {
	Checks   []Check   `json:"checks"`
	Findings []Finding `json:"findings"` // most urgent first
	Denied   []Denied  `json:"denied"`   // routes that refused requests
	Issues   []Issue   `json:"issues"`   // the findings, and what could not be looked at, for the report of the run
}

// Issue is something that a person should know.
type Issue struct {
	Severity contract.Severity `json:"severity"`
	Text     string            `json:"text"`
}

// Check is one thing that was looked at.
type Check struct {
	Name   string `json:"name"`
	Status Status `json:"status"`
	Note   string `json:"note,omitempty"`
}

// Status says how a check ended.
type Status string

// The states of a check.
const (
	Passed      Status = "passed"
	Found       Status = "found"
	Unavailable Status = "unavailable" // what it needs could not be reached: it says nothing
	NotSet      Status = "not_set"     // nothing to look at is configured
)

// Finding is one thing to do something about.
type Finding struct {
	Check    string            `json:"check"`
	Severity contract.Severity `json:"severity"`
	What     string            `json:"what"`
	Where    string            `json:"where"`
	Do       string            `json:"do"`
}

// String is the finding in a line.
func (f Finding) String() string { return fmt.Sprintf("%s: %s: %s", f.Where, f.What, f.Do) }

// notSet is why a check had nothing to look at.
type notSet struct{ note string }

// Error implements error.
func (n notSet) Error() string { return n.note }

// look is one check: what it found, and what there is to say about how it
// looked.
type look struct {
	name string
	at   func(ctx context.Context, report *Report) (findings []Finding, note string, err error)
}

// Work is contract.JobSecurityAudit. Findings are no error of the run; that the
// platform's own database could not be asked is.
func (a *Auditor) Work(ctx context.Context, run *jobs.Run) (any, error) {
	return a.Audit(ctx, func(done, total int, what string) { run.Progress(int64(done), int64(total), what) })
}

// Audit looks at everything, and says what it could not look at.
func (a *Auditor) Audit(ctx context.Context, progress func(done, total int, what string)) (Report, error) {
	looks := []look{
		{"vulnerabilities", a.vulnerabilities},
		{"keys", a.keys},
		{"certificates", a.certificates},
		{"database role", a.role},
		{"accesses", a.accesses},
	}
	report := Report{Checks: []Check{}, Findings: []Finding{}, Denied: []Denied{}, Issues: []Issue{}}
	var failed []error
	for i, l := range looks {
		progress(i, len(looks), l.name)
		findings, note, err := l.at(ctx, &report)
		if ctx.Err() != nil {
			return report, fault.Wrap(fault.Unavailable, ctx.Err(), "the audit was given up at the %s", l.name)
		}
		check := Check{Name: l.name, Status: Passed, Note: note}
		nothing, unset := errors.AsType[notSet](err)
		switch {
		case unset:
			check.Status, check.Note = NotSet, nothing.note
		case err != nil:
			check.Status, check.Note = Unavailable, messageOf(err)
			report.Issues = append(report.Issues, Issue{contract.Info, l.name + " could not be looked at: " + check.Note})
			if l.name == "keys" || l.name == "database role" {
				failed = append(failed, err)
			}
		case len(findings) > 0:
			check.Status = Found
		}
		for _, f := range findings {
			f.Check = l.name
			report.Findings = append(report.Findings, f)
		}
		report.Checks = append(report.Checks, check)
	}
	urgency := func(s contract.Severity) int { return slices.Index(contract.Severities(), s) }
	slices.SortStableFunc(report.Findings, func(x, y Finding) int { return urgency(x.Severity) - urgency(y.Severity) })
	for _, f := range report.Findings {
		report.Issues = append(report.Issues, Issue{f.Severity, f.String()})
	}
	progress(len(looks), len(looks), "done")
	return report, errors.Join(failed...)
}

// messageOf is what may be told of an error.
func messageOf(err error) string {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.Message
	}
	return err.Error()
}
