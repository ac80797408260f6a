package contract

import (
	"fmt"
	"strings"
)

// Role is what a caller may do; roles are ordered and each includes the ones
// below it.
type Role int

// The roles, weakest first. Anonymous is a caller without an API key; no key
// can have it.
const (
	Anonymous Role = iota
	ReadOnly
	Developer
	Operator
)

var roleNames = [...]string{"anonymous", "readonly", "developer", "operator"}

// String is the role's name in the API, the database and the logs.
func (r Role) String() string {
	if r < 0 || int(r) >= len(roleNames) {
		return fmt.Sprintf("Role(%d)", int(r))
	}
	return roleNames[r]
}

// KeyRoles are the roles that an API key may have, weakest first.
func KeyRoles() []Role { return []Role{ReadOnly, Developer, Operator} }

// ParseRole reads the name of a role that a key may have.
func ParseRole(name string) (Role, error) {
	for _, r := range KeyRoles() {
		if r.String() == name {
			return r, nil
		}
	}
	return Anonymous, fmt.Errorf("no role %q: use one of %s", name, strings.Join(roleNames[1:], ", "))
}

// RateClass groups routes that share one budget per caller.
type RateClass string

// The rate classes.
const (
	RateNone    RateClass = "none" // probes
	RatePredict RateClass = "predict"
	RateBatch   RateClass = "batch"
	RateBrowse  RateClass = "browse"
	RateAdmin   RateClass = "admin"
	RateAlerts  RateClass = "alerts" // Alertmanager, which does not try again soon
)

// Rate is a budget: a sustained number of requests a second and how many may
// come at once.
type Rate struct {
	PerSecond float64
	Burst     int
}

// RateFor is the budget of a role in a class; ok is false when the class is
// not limited. An API key with a rate of its own replaces PerSecond.
func RateFor(class RateClass, role Role) (rate Rate, ok bool) {
	budgets := map[RateClass][4]Rate{ // by role, weakest first
		RatePredict: {{2, 20}, {20, 100}, {200, 1000}, {500, 2000}},
		RateBatch:   {{0.1, 2}, {1, 10}, {10, 50}, {20, 100}},
		RateBrowse:  {{2, 20}, {20, 100}, {100, 500}, {200, 1000}},
		RateAlerts:  {{20, 200}, {20, 200}, {20, 200}, {20, 200}},
		RateAdmin:   {{0.1, 5}, {0.1, 5}, {0.1, 5}, {1, 10}},
	}
	byRole, ok := budgets[class]
	if !ok || role < Anonymous || role > Operator {
		return Rate{}, false
	}
	return byRole[role], true
}
