package dashboards

import (
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"github.com/script-ohio/platform/app/contract"
	q "github.com/script-ohio/platform/monitoring/query"
	"github.com/script-ohio/platform/monitoring/source"
)

// Mark is drawn across every panel of a dashboard while its expression yields
// something.
type Mark struct {
	Name  string
	Expr  q.Expr
	Color string
	Text  string // may name labels in {{ }}
	Off   bool   // not drawn until somebody switches it on
	Until string // the event before which it yields nothing
}

// appears is how long something must have been there not to be new.
const appears = 5 * time.Minute

// Marks are those of every dashboard: a version or a model pack that was not
// there before, and alerts that wake somebody.
func Marks() []Mark {
	appeared := func(label string) q.Expr {
		return q.Group(q.Of(contract.BuildInfo), q.By(label)).
			Unless(q.Group(q.Of(contract.BuildInfo).Offset(appears), q.By(label)))
	}
	return []Mark{
		{Name: "Rollouts", Expr: appeared("version"), Color: "blue", Text: "version {{version}} appears", Until: Rollout},
		{Name: "Model packs", Expr: appeared("pack"), Color: "purple", Text: "pack {{pack}} appears", Until: Activation},
		{Name: "Alerts", Color: wrong, Text: "{{alertname}} fires", Off: true, Until: FiresCritical,
			Expr: q.Max(q.Of(source.FiringAlerts, q.Eq("alertstate", "firing"), q.Eq("severity", string(contract.Critical))), q.By("alertname"))},
	}
}

type marks struct {
	List []mark `json:"list"`
}

// mark is the SDK's annotation with the fields that the data source of
// Prometheus reads.
type mark struct {
	dashboard.AnnotationQuery
	TitleFormat string `json:"titleFormat"`
	TextFormat  string `json:"textFormat"`
	Step        string `json:"step"`
}

func annotations() marks {
	var all marks
	for _, m := range Marks() {
		a := *dashboard.NewAnnotationQuery()
		a.Name, a.Datasource, a.Enable, a.IconColor = m.Name, metricsRef(), !m.Off, m.Color
		a.Expr = cog.ToPtr(m.Expr.String())
		all.List = append(all.List, mark{AnnotationQuery: a, TitleFormat: m.Name, TextFormat: m.Text, Step: "60s"})
	}
	return all
}
