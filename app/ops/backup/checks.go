package backup

import (
	"errors"
	"fmt"
	"strings"

	"github.com/script-ohio/platform/app/fault"
)

// Check is one thing that a verification or a drill looked at.
type Check struct {
	Name   string `json:"name"`
	Passed bool   `json:"passed"`
	Detail string `json:"detail,omitempty"`
}

// Checks are in the order they were made.
type Checks []Check

// Failed are those that did not pass.
func (c Checks) Failed() (failed Checks) {
	for _, check := range c {
		if !check.Passed {
			failed = append(failed, check)
		}
	}
	return failed
}

// String names what failed and why.
func (c Checks) String() string {
	told := make([]string, len(c))
	for i, check := range c {
		told[i] = check.Name + ": " + check.Detail
	}
	return strings.Join(told, "; ")
}

func (c *Checks) passed(name, format string, args ...any) {
	*c = append(*c, Check{name, true, fmt.Sprintf(format, args...)})
}

func (c *Checks) failed(name, format string, args ...any) {
	*c = append(*c, Check{name, false, fmt.Sprintf(format, args...)})
}

// take adds the check that an error failed; false when it is an error of
// another kind, which says nothing about the backup.
func (c *Checks) take(err error) bool {
	d, ok := errors.AsType[*damageError](err)
	if ok {
		c.failed(d.check, "%s", d.fault.Message)
	}
	return ok
}

// damageError is the fault of a backup that is not what was written, with the
// check that found it.
type damageError struct {
	check string
	fault *fault.Error
}

// Error implements error.
func (d *damageError) Error() string { return d.fault.Error() }

// Unwrap gives the fault.
func (d *damageError) Unwrap() error { return d.fault }

func damage(check, format string, args ...any) error {
	return &damageError{check, fault.New(fault.Conflict, format, args...)}
}
