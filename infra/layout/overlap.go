package layout

import (
	"errors"
	"fmt"
	"net/netip"
)

// Named is a prefix and what it is for, as errors call it.
type Named struct {
	Name   string
	Prefix netip.Prefix
}

// Disjoint reports every pair that shares an address; packets to a shared one
// would reach only one of the two.
func Disjoint(all ...Named) error {
	var problems []error
	for i, a := range all {
		for _, b := range all[:i] {
			if a.Prefix.Overlaps(b.Prefix) {
				problems = append(problems, fmt.Errorf("%s %s overlaps %s %s", a.Name, a.Prefix, b.Name, b.Prefix))
			}
		}
	}
	return errors.Join(problems...)
}
