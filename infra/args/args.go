// Package args judges what components are given, before they register
// anything.
package args

import (
	"errors"
	"fmt"
)

// Problems collects what is wrong, so that all is told at once.
type Problems struct{ all []error }

// Missing adds that something was not given, where that is so.
func (p *Problems) Missing(is bool, what string) {
	if is {
		p.all = append(p.all, fmt.Errorf("%s is missing", what))
	}
}

// Add adds another problem; nil is none.
func (p *Problems) Add(err error) {
	if err != nil {
		p.all = append(p.all, err)
	}
}

// Of is nil without problems, else all of them under the name of the
// component.
func (p *Problems) Of(component string) error {
	if err := errors.Join(p.all...); err != nil {
		return fmt.Errorf("%s: %w", component, err)
	}
	return nil
}

// On is what an optional switch says; nil means true.
func On(protect *bool) bool { return protect == nil || *protect }
