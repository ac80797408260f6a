package maintenance

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/jobs"
)

// Check asks one dependency whether it serves.
type Check struct {
	Name     string
	Severity contract.Severity // of its failure; Critical fails the job
	// Ask returns nil when it serves, ErrAbsent when there is none.
	Ask func(ctx context.Context) error
}

// ErrAbsent says that a dependency is not configured.
var ErrAbsent = errors.New("not configured")

// askWithin bounds each question.
const askWithin = 10 * time.Second

// HealthReport is what the checks found.
type HealthReport struct {
	Checks []Checked `json:"checks"`
	Issues []Issue   `json:"issues"`
}

// Checked is the result of a Check.
type Checked struct {
	Name        string  `json:"name"`
	Status      string  `json:"status"` // ok, absent, failed
	TookSeconds float64 `json:"took_seconds"`
	Error       string  `json:"error,omitempty"`
}

// HealthCheck is the Work of contract.JobHealthCheck.
func HealthCheck(checks []Check) jobs.Work {
	return func(ctx context.Context, run *jobs.Run) (any, error) {
		report := HealthReport{Checks: []Checked{}, Issues: []Issue{}}
		var failed []string
		for i, check := range checks {
			run.Progress(int64(i), int64(len(checks)), "asking "+check.Name)
			result := check.run(ctx)
			if ctx.Err() != nil {
				return report, ctx.Err()
			}
			report.Checks = append(report.Checks, result)
			if result.Status != statusFailed {
				continue
			}
			report.Issues = append(report.Issues, Issue{Severity: check.Severity, Text: fmt.Sprintf("%s does not serve: %s", check.Name, result.Error)})
			if check.Severity == contract.Critical {
				failed = append(failed, check.Name)
			}
		}
		run.Progress(int64(len(checks)), int64(len(checks)), "")
		if len(failed) > 0 {
			return report, fault.New(fault.Unavailable, "%s: does not serve", strings.Join(failed, ", "))
		}
		return report, nil
	}
}

const (
	statusOK     = "ok"
	statusAbsent = "absent"
	statusFailed = "failed"
)

func (c Check) run(ctx context.Context) Checked {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	began := time.Now()
	err := c.Ask(ctx)
	result := Checked{Name: c.Name, Status: statusOK, TookSeconds: seconds(time.Since(began))}
	switch {
	case errors.Is(err, ErrAbsent):
		result.Status = statusAbsent
	case err != nil:
		result.Status, result.Error = statusFailed, told(err)
	}
	return result
}

// told is an error in words for a report: the message of a fault, without
// causes that might name more than they should.
func told(err error) string {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.Message
	}
	return firstLine(err.Error())
}
