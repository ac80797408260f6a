package slo

import (
	"time"

	"github.com/prometheus/common/model"

	"github.com/script-ohio/platform/app/contract"
	q "github.com/script-ohio/platform/monitoring/query"
	"github.com/script-ohio/platform/monitoring/rules"
)

const day = 24 * time.Hour

// Events is the number of events of the objective in a window.
func (o Objective) Events(window time.Duration) q.Recorded {
	return q.Record("script_ohio:slo:events_"+short(window), "Events in "+short(window)+", by objective.", o.all(q.Over(window))).With(Label, o.Name)
}

// Errors is the number of bad events of the objective in a window.
func (o Objective) Errors(window time.Duration) q.Recorded {
	bad := o.bad(q.Over(window)).Or(q.Vector(0))
	return q.Record("script_ohio:slo:errors_"+short(window), "Bad events in "+short(window)+", by objective.", bad).With(Label, o.Name)
}

// Budget is the share of events that may be bad.
func (o Objective) Budget() q.Recorded {
	const parts = 1e9 // 1 - 0.999 is to read 0.001
	share := float64(int64((1-o.Target)*parts+.5)) / parts
	return q.Record("script_ohio:slo:error_budget", "Share of events that may be bad, by objective.", q.Vector(share)).With(Label, o.Name)
}

// ErrorRatio is the share of bad events in a window, for every objective.
func ErrorRatio(window time.Duration) q.Recorded {
	events := first().Events(window).All()
	return q.Record("script_ohio:slo:error_ratio_"+short(window), "Share of bad events in "+short(window)+", by objective.",
		first().Errors(window).All().Div(events.Gt(q.Num(0))))
}

// BudgetRemaining is the share of the budget of thirty days that is left, for
// every objective that has one: negative when more is spent than there was.
func BudgetRemaining() q.Recorded {
	spent := ErrorRatio(contract.SLOWindow).All().Div(first().Budget().All().Gt(q.Num(0)))
	return q.Record("script_ohio:slo:error_budget_remaining", "Share of the error budget of 30 days that is left, by objective.", q.Num(1).Sub(spent))
}

// first stands for all objectives: they record the same metrics.
func first() Objective { return Objectives()[0] }

func short(d time.Duration) string { return model.Duration(d).String() }

// Groups are the recording rules of the objectives. Long windows change
// slowly and are looked at less often.
func Groups() []rules.Group {
	quick := rules.Group{Name: "script-ohio-slo", Interval: 30 * time.Second}
	slow := rules.Group{Name: "script-ohio-slo-days", Interval: 5 * time.Minute}
	for _, o := range Objectives() {
		quick.Rules = append(quick.Rules, rules.Recording(o.Budget()))
	}
	for _, w := range windows() {
		g := &quick
		if w >= day {
			g = &slow
		}
		for _, o := range Objectives() {
			if o.Target < 1 || w == contract.SLOWindow {
				g.Rules = append(g.Rules, rules.Recording(o.Events(w)), rules.Recording(o.Errors(w)))
			}
		}
		g.Rules = append(g.Rules, rules.Recording(ErrorRatio(w)))
	}
	slow.Rules = append(slow.Rules, rules.Recording(BudgetRemaining()))
	return []rules.Group{quick, slow}
}
