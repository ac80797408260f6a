package endtoend_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/monitoring/dashboards"
	"github.com/script-ohio/platform/monitoring/query"
	"github.com/script-ohio/platform/monitoring/source"
)

// caused are the events that this test brings about: what waits for them has
// data.
func caused() []string {
	return []string{
		dashboards.Asked, dashboards.AskedToPredict, dashboards.Refused401,
		dashboards.DaysEvaluated, dashboards.Fires, dashboards.FiresCritical, dashboards.Delivered, dashboards.Collected,
		dashboards.RedisUsed, dashboards.AlertTold, dashboards.Rollout, dashboards.Activation,
	}
}

// scheduled are the events that come by the clock, in this test or not.
func scheduled() []string {
	return []string{
		dashboards.JobEnded, dashboards.BackupTaken, dashboards.BackupTried, dashboards.DrillDone,
		dashboards.Validated, dashboards.Notified, dashboards.Fetched, dashboards.LookedUp,
	}
}

// question is a query of a dashboard.
type question struct {
	where     string
	expr      query.Expr
	now       bool
	allowance dashboards.Allowance
}

// questions are the queries of every panel and every mark.
func questions() (all []question) {
	for _, d := range dashboards.All() {
		for _, p := range d.Panels() {
			_, table := p.View.(dashboards.Table)
			for i, q := range p.Queries {
				all = append(all, question{fmt.Sprintf("%s, %q, %s", d.UID, p.Title, dashboards.RefID(i)), q.Expr, q.Now || table, q.Allowance()})
			}
		}
	}
	for _, m := range dashboards.Marks() {
		all = append(all, question{"mark " + m.Name, m.Expr, false, m.Allowance()})
	}
	return all
}

// absent are the exporters that a query reads and that do not run here.
func (q question) absent() []string {
	return slices.DeleteFunc(slices.Clone(q.allowance.Absent), func(name string) bool {
		return slices.ContainsFunc(source.Exporters(), func(e source.Exporter) bool { return e.Name == name && runsHere(e) })
	})
}

// runsHere holds for what the app exports, for Prometheus on its targets, and
// for the two who watch.
func runsHere(e source.Exporter) bool {
	return len(e.Jobs) == 0 || slices.ContainsFunc([]string{source.JobServe, source.JobPrometheus, source.JobAlertmanager}, func(job string) bool {
		return slices.Contains(e.Jobs, job)
	})
}

// panelsShowData asks Prometheus for all that dashboards ask for. A query
// without data needs an allowance, and one with data must not have any.
func (s *stack) panelsShowData(t *testing.T) {
	answered, excused := 0, 0
	var missing []question
	for _, q := range questions() {
		until := q.allowance.Until
		switch data := s.answers(q); {
		case until != "" && slices.Contains(scheduled(), until):
		case len(q.absent()) > 0, until != "" && !slices.Contains(caused(), until):
			excused++
			if data {
				t.Errorf("%s has data: its allowance %+v is not needed: %s", q.where, q.allowance, shown(q.expr))
			}
		default:
			answered++
			if !data {
				missing = append(missing, q)
			}
		}
	}
	eventually(t, func() bool { // some come late
		missing = slices.DeleteFunc(missing, s.answers)
		return len(missing) == 0
	}, func() string { return lack(missing) })
	for _, event := range slices.Concat(caused(), scheduled()) {
		require.Contains(t, dashboards.Events(), event)
		require.True(t, slices.ContainsFunc(questions(), func(q question) bool { return q.allowance.Until == event }), "no query waits until %s", event)
	}
	t.Logf("%d queries have data, %d are excused", answered, excused)
}

func (s *stack) answers(q question) bool {
	if q.now {
		return len(s.prometheus.query(shown(q.expr))) > 0
	}
	return s.prometheus.queryRange(shown(q.expr)) > 0
}

// shown is an expression as a dashboard would send it, with no variable
// narrowing anything.
func shown(e query.Expr) string {
	return strings.NewReplacer(string(query.DashboardRate), "10s", string(query.DashboardRange), "1m", "$namespace", ".*").Replace(e.String())
}
