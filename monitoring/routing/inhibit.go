package routing

import (
	"slices"
	"strings"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/alerts"
	"github.com/script-ohio/platform/monitoring/source"
)

// inhibitions keep an alert quiet that adds nothing to another that fires:
// symptoms of what is already told, and the lesser of the same trouble.
func inhibitions(all []alerts.Alert) []InhibitRule {
	rules := []InhibitRule{lesser(all)}
	for _, cause := range all {
		for _, symptom := range cause.Explains {
			rule := InhibitRule{
				SourceMatchers: []string{equals("alertname", cause.Name)},
				TargetMatchers: []string{equals("alertname", symptom)},
				Equal:          cause.Same,
			}
			if !slices.ContainsFunc(rules, rule.same) { // alerts may share a name
				rules = append(rules, rule)
			}
		}
	}
	return rules
}

func (r InhibitRule) same(other InhibitRule) bool {
	return slices.Equal(r.SourceMatchers, other.SourceMatchers) && slices.Equal(r.TargetMatchers, other.TargetMatchers) && slices.Equal(r.Equal, other.Equal)
}

// lesser silences warnings and tickets under a critical alert of the same name
// about the same thing. Labels that tell things apart are those of alerts that
// come in several severities, and those of targets.
func lesser(all []alerts.Alert) InhibitRule {
	apart := source.TargetLabels()
	for _, a := range all {
		for _, b := range named(all, a.Name) {
			if a.Severity != b.Severity {
				apart = append(apart, a.When.Labels()...)
			}
		}
	}
	slices.Sort(apart)
	return InhibitRule{
		SourceMatchers: []string{equals("severity", string(contract.Critical))},
		TargetMatchers: []string{`severity=~"` + strings.Join([]string{string(contract.Warning), string(contract.Ticket)}, "|") + `"`},
		Equal:          append([]string{"alertname"}, slices.Compact(apart)...),
	}
}

func named(all []alerts.Alert, name string) (found []alerts.Alert) {
	for _, a := range all {
		if a.Name == name {
			found = append(found, a)
		}
	}
	return found
}
