package dashboards

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/loki"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/links"
)

// document is a dashboard as Grafana reads it. The SDK leaves out what the
// marks of an annotation say.
type document struct {
	dashboard.Dashboard
	Annotations marks `json:"annotations"`
}

// JSON is the dashboard as Grafana imports it. The same dashboard gives the
// same bytes. It fails where the SDK refuses a value.
func (d Dashboard) JSON() ([]byte, error) {
	built, err := d.build()
	if err != nil {
		return nil, fmt.Errorf("dashboard %s: %w", d.UID, err)
	}
	text, err := json.MarshalIndent(document{built, annotations()}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("dashboard %s: %w", d.UID, err)
	}
	return append(text, '\n'), nil
}

func (d Dashboard) build() (dashboard.Dashboard, error) {
	b := dashboard.NewDashboardBuilder(d.Title).
		Uid(string(d.UID)).Description(d.Summary).Tags([]string{contract.ServiceName}).
		Timezone("utc").Readonly().Tooltip(dashboard.DashboardCursorSyncCrosshair).
		Time("now-"+d.Range, "now").Refresh(d.Refresh).
		Variables(variables(d.Namespace)).Links(d.pageLinks())
	for _, row := range d.layout() {
		b = b.WithRow(dashboard.NewRowBuilder(row.Title).Id(row.header.ID).
			GridPos(dashboard.GridPos{X: 0, Y: row.header.Y, W: row.header.Width, H: row.header.Height}))
		for i, place := range row.panels {
			p := row.Panels[i]
			f := frame{Panel: p, Place: place, links: d.panelLinks(row.Topic, p), source: metricsRef(), targets: p.targets()}
			if p.logs() {
				f.source = logsRef()
			}
			b = b.WithPanel(p.View.build(f))
		}
	}
	return b.Build()
}

func (p Panel) logs() bool {
	_, ok := p.View.(Lines)
	return ok
}

func (p Panel) targets() []cog.Builder[variants.Dataquery] {
	if p.logs() {
		return []cog.Builder[variants.Dataquery]{
			loki.NewDataqueryBuilder().RefId(RefID(0)).Expr(p.Log.String()).QueryType("range").MaxLines(500).Datasource(logsRef()),
		}
	}
	var all []cog.Builder[variants.Dataquery]
	for i, q := range p.Queries {
		b := prometheus.NewDataqueryBuilder().RefId(RefID(i)).Expr(q.Expr.String()).LegendFormat(q.Legend).
			EditorMode(prometheus.QueryEditorModeCode).Datasource(metricsRef())
		switch p.View.(type) {
		case Table:
			b = b.Instant().Format(prometheus.PromQueryFormatTable)
		case Heatmap:
			b = b.Range().Format(prometheus.PromQueryFormatHeatmap)
		default:
			if b = b.Range(); q.Now {
				b = b.Instant()
			}
		}
		all = append(all, b)
	}
	return all
}

// pageLinks lead to the other dashboards with the same variables and time, and
// to the runbooks.
func (d Dashboard) pageLinks() []cog.Builder[dashboard.DashboardLink] {
	return []cog.Builder[dashboard.DashboardLink]{
		dashboard.NewDashboardLinkBuilder("Dashboards").Type(dashboard.DashboardLinkTypeDashboards).
			Tags([]string{contract.ServiceName}).AsDropdown(true).IncludeVars(true).KeepTime(true),
		link("Runbooks", d.runbooks),
	}
}

// panelLinks lead from a panel to what to do, to logs and to traces.
func (d Dashboard) panelLinks(t Topic, p Panel) []cog.Builder[dashboard.DashboardLink] {
	runbook := link("Runbooks", d.runbooks)
	if p.Alert != "" {
		runbook = link("Runbook: "+strings.ReplaceAll(links.Kebab(p.Alert), "-", " "), links.RunbookURL(d.runbooks, p.Alert))
	}
	about := t.Logs
	if p.logs() {
		about = p.Log
	}
	return []cog.Builder[dashboard.DashboardLink]{runbook, link("Logs", logsURL(about)), link("Traces", tracesURL(t.Traces))}
}

func link(title, url string) cog.Builder[dashboard.DashboardLink] {
	return dashboard.NewDashboardLinkBuilder(title).Type(dashboard.DashboardLinkTypeLink).Icon("external link").Url(url).TargetBlank(true)
}
