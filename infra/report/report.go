// Package report tells what a deployment of one stack would make: the
// resources, what the policy finds, what a month costs, and how the stack
// differs from the other one.
package report

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/script-ohio/platform/infra/cost"
	"github.com/script-ohio/platform/infra/delta"
	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/policy"
	"github.com/script-ohio/platform/infra/program"
	"github.com/script-ohio/platform/infra/stack"
	"github.com/script-ohio/platform/infra/traffic"
)

// Report is everything about one stack.
type Report struct {
	Config      stack.Config
	Graph       *plan.Graph
	Warnings    []string
	Policy      policy.Report
	Cost        cost.Table
	Against     string // the stack it is compared with
	Differences []delta.Difference
	Traffic     traffic.Report

	settings, otherSettings map[string]any // by key
}

// ConfigError is what a stack file says wrong, one problem a line.
type ConfigError struct {
	File     string
	Problems error
}

// Error lists the problems below the name of the file.
func (e *ConfigError) Error() string {
	return e.File + " is refused:\n  - " + strings.ReplaceAll(e.Problems.Error(), "\n", "\n  - ")
}

// New records the stack whose file, Pulumi.<name>.yaml, lies in dir and judges
// it as of now. Production is compared with staging and every other stack with
// production.
func New(ctx context.Context, dir, name string, now time.Time) (*Report, error) {
	r := &Report{Against: string(stack.Prod)}
	if name == r.Against {
		r.Against = string(stack.Staging)
	}
	this, err1 := record(ctx, dir, name, now)
	other, err2 := record(ctx, dir, r.Against, now)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	r.Config, r.Graph, r.Warnings = this.Config, this.Graph, this.Config.Warnings(now)
	r.Policy = policy.Check(r.Graph, r.Config.General.Environment, now)
	r.Differences = delta.Compare(this, other)
	r.settings, r.otherSettings = this.Config.Values(), other.Config.Values()
	var err error
	if r.Config.Release.Inside {
		if r.Traffic, err = traffic.Judge(r.Graph, r.Config); err != nil {
			return nil, err
		}
	}
	r.Cost, err = cost.Estimate(r.Graph, cost.UsageFor(r.Config.General.Environment))
	return r, err
}

// record reads, judges and records one stack. Its error lists every problem of
// the file.
func record(ctx context.Context, dir, name string, now time.Time) (delta.Side, error) {
	file := "Pulumi." + name + ".yaml"
	c, err := stack.ReadFile(filepath.Join(dir, file))
	if c.Stack != "" { // else there is nothing to judge
		err = errors.Join(err, c.Validate(now))
	}
	if err != nil {
		return delta.Side{}, &ConfigError{file, err}
	}
	graph, err := program.Record(ctx, c, now)
	return delta.Side{Config: c, Graph: graph}, err
}

// Err is what keeps the stack from being deployed: errors of the policy and
// differences that nobody allowed.
func (r *Report) Err() error {
	var problems []error
	if n := r.policyErrors(); n > 0 {
		problems = append(problems, fmt.Errorf("the policy finds %d errors in stack %s", n, r.Config.Stack))
	}
	if n := len(r.Traffic.Differences); n > 0 {
		problems = append(problems, fmt.Errorf("the network policies of stack %s allow other connections than intended, %d", r.Config.Stack, n))
	}
	if n := len(delta.Unexplained(r.Differences)); n > 0 {
		problems = append(problems, fmt.Errorf("stack %s differs from %s in %d ways that nothing allows: change the stack or infra/delta/allowed.go", r.Config.Stack, r.Against, n))
	}
	return errors.Join(problems...)
}

// policyErrors is how many findings forbid the deployment.
func (r *Report) policyErrors() (n int) {
	for _, f := range r.Policy.Findings {
		if f.Severity == policy.Error {
			n++
		}
	}
	return n
}

// short is a resource's name without the stack's part.
func (r *Report) short(name string) string { return strings.TrimPrefix(name, r.Config.Name()+"-") }
