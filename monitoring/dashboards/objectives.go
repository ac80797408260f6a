package dashboards

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/units"
	"github.com/prometheus/common/model"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/links"
	q "github.com/script-ohio/platform/monitoring/query"
	"github.com/script-ohio/platform/monitoring/slo"
)

func objectives() Dashboard {
	d := Dashboard{
		UID: links.SLO, Title: "SLO and error budget", Range: "24h", Refresh: "1m",
		Summary: "What was promised, what was kept, and how much may still go wrong. For the decision to ship or to mend.",
	}
	for _, o := range slo.Objectives() {
		if o.Target == 1 { // no budget: it has a row of its own
			continue
		}
		topic := aboutRequests
		if strings.HasPrefix(o.Name, "latency") {
			topic = aboutLatency
		}
		d.Rows = append(d.Rows, Row{Title: titled(o), Topic: topic, Panels: []Panel{kept(o), budgetLeft(o), burnNow(o), budget(o), burn(o)}})
	}
	d.Rows = append(d.Rows,
		Row{Title: "By route", Topic: aboutRequests, Panels: []Panel{routeAvailability(), routeLatency()}},
		Row{Title: "Backups", Topic: aboutJobs, Panels: []Panel{backupsKept(), backupRuns()}},
	)
	return d
}

// titled is the objective's name for people.
func titled(o slo.Objective) string {
	words := strings.ReplaceAll(o.Name, "-", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

// share writes a share as a percentage.
func share(v float64) string { return strconv.FormatFloat(100*v, 'f', -1, 32) + " %" }

func window(d time.Duration) string { return model.Duration(d).String() }

func kept(o slo.Objective) Panel {
	return Panel{
		Title: titled(o) + ", 30 days", View: Figure{}, Unit: units.PercentUnit, Limits: atLeast(o.Target), Alert: alertBurnFast, Width: 5,
		Tells:   fmt.Sprintf("%s. The target is %s over 30 days.", o.Summary, share(o.Target)),
		Do:      "Red: stop what is risky until the budget is back, and mend what spent it.",
		Queries: []Query{achieved(o.Name)},
	}
}

func budgetLeft(o slo.Objective) Panel {
	return Panel{
		Title: titled(o) + ": budget left", View: Figure{}, Unit: units.PercentUnit, Limits: falls(.5, .1), Alert: alertBudget, Width: 5,
		Tells:   fmt.Sprintf("Share of the error budget of 30 days that is left; the whole is %s of the requests. Below zero more was spent than there was.", share(1-o.Target)),
		Do:      "Orange: fewer experiments. Red: only what makes it more reliable.",
		Queries: []Query{ask("left", remaining(o)).until(DaysEvaluated)},
	}
}

// speed is how many times faster than allowed the budget was spent in a
// window.
func speed(o slo.Objective, w time.Duration) q.Expr {
	return slo.ErrorRatio(w).Of(q.Eq(slo.Label, o.Name)).Div(o.Budget())
}

// remaining is the share of the budget of thirty days that is left.
func remaining(o slo.Objective) q.Expr { return slo.BudgetRemaining().Of(q.Eq(slo.Label, o.Name)).Expr }

// fast are the speeds at which somebody is told, the slowest and the fastest.
func fast() Limits {
	burns := slo.Burns()
	return rises(burns[len(burns)-1].Factor, burns[0].Factor)
}

func burnNow(o slo.Objective) Panel {
	b := slo.Burns()[0]
	return Panel{
		Title: titled(o) + ": spent in an hour", View: Figure{}, Unit: units.NoUnit, Limits: fast(), Alert: alertBurnFast, Width: 5,
		Tells:   fmt.Sprintf("How many times faster than allowed the budget was spent in the last hour. At 1 it lasts for 30 days; at %g somebody is woken.", b.Factor),
		Do:      "Red: roll back what changed last; see the route below.",
		Queries: []Query{ask("times", speed(o, b.Long)).until(Asked)},
	}
}

func burn(o slo.Objective) Panel {
	p := Panel{
		Title: titled(o) + ": speed of spending", View: Series{}, Unit: units.NoUnit, Limits: fast(), Alert: alertBurnSlow, Width: 24,
		Tells: "How many times faster than allowed the budget is spent, over windows of different length. The long window says that it matters, the short one that it goes on.",
		Do:    "Short windows above the line and long ones below: wait a moment. All above: act.",
	}
	for _, b := range slo.Burns() {
		for _, w := range []time.Duration{b.Short, b.Long} {
			event := Asked
			if w >= day {
				event = DaysEvaluated
			}
			p.Queries = append(p.Queries, ask(window(w), speed(o, w)).until(event))
		}
	}
	p.Queries = once(p.Queries)
	return p
}

// once drops queries that are there already: windows of one speed are those of
// another.
func once(queries []Query) []Query {
	seen := map[string]bool{}
	var kept []Query
	for _, one := range queries {
		if text := one.Expr.String(); !seen[text] {
			seen[text] = true
			kept = append(kept, one)
		}
	}
	return kept
}

func budget(o slo.Objective) Panel {
	return Panel{
		Title: titled(o) + ": budget over time", View: Series{}, Unit: units.PercentUnit, Limits: falls(.5, .1), Alert: alertBudget, Width: 9, Height: 4,
		Tells:   "Share of the error budget of 30 days that is left.",
		Do:      "A cliff: what happened then? The marks show rollouts.",
		Queries: []Query{ask("left", remaining(o)).until(DaysEvaluated)},
	}
}

func routeAvailability() Panel {
	by := []string{"method", "route"}
	return Panel{
		Title: "Requests that fail, by route", View: Series{}, Unit: units.PercentUnit, Limits: failing(), Alert: alertErrorRate,
		Tells:   "Share of requests answered by a 5xx, by route. The orange line is the budget, the red one the limit.",
		Do:      "Open Logs of the route that stands out.",
		Queries: []Query{ask("{{method}} {{route}}", q.Ratio(requests(by, failedRequests()), requests(by))).until(Asked)},
	}
}

func routeLatency() Panel {
	return Panel{
		Title: "Response time p99, by route", View: Series{}, Unit: units.Seconds, Limits: slow(), Alert: alertLatency,
		Tells:   "Time within which 99 of 100 requests are answered, by route. The lines are the targets of predictions and of reads.",
		Do:      "Open Traces of the route that stands out.",
		Queries: []Query{ask("{{method}} {{route}}", answered(.99, "method", "route"))},
	}
}

func backupsKept() Panel {
	p := kpiBackups()
	p.Width, p.Height = 6, 6
	return p
}

func backupRuns() Panel {
	w := q.Over(contract.SLOWindow)
	return Panel{
		Title: "Backups of 30 days", View: Series{Stacked: true}, Unit: units.Short, Limits: free("see the share that succeeds"), Width: 18, Height: 6, Alert: alertJobFailed,
		Tells: "Runs of the database backup in 30 days, by how they ended.",
		Do:    "Any that failed: make sure that a later one succeeded.",
		Queries: []Query{ask("{{result}}",
			q.Sum(q.Increase(q.Of(contract.JobRuns, q.Eq("task", contract.JobDatabaseBackup.Name)), w), q.By("result")))},
	}
}
