package dashboards_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/monitoring/alerts"
	"github.com/script-ohio/platform/monitoring/dashboards"
)

// eachPanel visits every panel of every dashboard.
func eachPanel(t *testing.T, visit func(t *testing.T, d dashboards.Dashboard, p dashboards.Panel)) {
	t.Helper()
	for _, d := range dashboards.All() {
		for _, p := range d.Panels() {
			t.Run(string(d.UID)+"/"+p.Title, func(t *testing.T) { visit(t, d, p) })
		}
	}
}

func TestPanelsSayWhatTheyTellAndWhatToDo(t *testing.T) {
	titles := map[string]bool{}
	eachPanel(t, func(t *testing.T, d dashboards.Dashboard, p dashboards.Panel) {
		require.False(t, titles[string(d.UID)+p.Title], "the title is there twice")
		titles[string(d.UID)+p.Title] = true
		require.LessOrEqual(t, len(p.Title), 50)
		for _, text := range []string{p.Tells, p.Do} {
			require.Greater(t, len(text), 12)
			require.True(t, strings.HasSuffix(text, "."), text)
			require.Regexp(t, `^[A-Z0-9]`, text)
		}
		require.NotEmpty(t, p.Unit)
	})
}

func TestPanelsHaveLimitsOrAReason(t *testing.T) {
	check := func(t *testing.T, l dashboards.Limits) {
		require.NotEqual(t, len(l.Steps) > 0, l.Free != "", "either limits or why there are none")
		for i, s := range l.Steps {
			require.NotEmpty(t, s.Color)
			if i > 1 {
				require.Greater(t, s.From, l.Steps[i-1].From)
			}
		}
	}
	eachPanel(t, func(t *testing.T, _ dashboards.Dashboard, p dashboards.Panel) {
		check(t, p.Limits)
		for _, q := range p.Queries {
			if q.Unit != "" {
				check(t, q.Limits)
			}
		}
	})
}

func TestLegendsNameLabelsThatSeriesHave(t *testing.T) {
	named := regexp.MustCompile(`{{ *([^ }]+) *}}`)
	names := func(text string) (all []string) {
		for _, found := range named.FindAllStringSubmatch(text, -1) {
			all = append(all, found[1])
		}
		return all
	}
	eachPanel(t, func(t *testing.T, _ dashboards.Dashboard, p dashboards.Panel) {
		table, isTable := p.View.(dashboards.Table)
		legends := map[string]bool{}
		for _, q := range p.Queries {
			require.NotEmpty(t, q.Legend)
			for _, label := range names(q.Legend) {
				require.Contains(t, q.Expr.Labels(), label)
			}
			if isTable {
				require.Empty(t, names(q.Legend), "the head of a column is fixed")
				require.True(t, q.Now)
				require.False(t, legends[q.Legend], "two columns are called %q", q.Legend)
				legends[q.Legend] = true
				for label := range table.Heads {
					require.Contains(t, q.Expr.Labels(), label)
				}
			}
		}
	})
	for _, m := range dashboards.Marks() {
		for _, label := range names(m.Text) {
			require.Contains(t, m.Expr.Labels(), label)
		}
	}
}

// Series whose labels a legend leaves out would all be called the same.
func TestLegendsTellSeriesApart(t *testing.T) {
	targetLabels := []string{"job", "namespace", "instance", "pod", "service", "container", "endpoint", "node"}
	eachPanel(t, func(t *testing.T, _ dashboards.Dashboard, p dashboards.Panel) {
		if _, ok := p.View.(dashboards.Series); !ok {
			return
		}
		for _, q := range p.Queries {
			for _, label := range q.Expr.Labels() {
				if !slices.Contains(targetLabels, label) && label != "slo" {
					require.Contains(t, q.Legend, "{{"+label+"}}", "series differ by %s: %s", label, q.Expr)
				}
			}
		}
	})
}

func TestPanelsLeadToRunbooksThatExist(t *testing.T) {
	var names []string
	for _, a := range alerts.All() {
		names = append(names, a.Name)
	}
	eachPanel(t, func(t *testing.T, _ dashboards.Dashboard, p dashboards.Panel) {
		if p.Alert != "" {
			require.Contains(t, names, p.Alert)
		}
	})
}

// Whoever follows an alert to its dashboard finds there what it is about.
func TestDashboardsShowWhatTheirAlertsWatch(t *testing.T) {
	for _, a := range alerts.All() {
		watched := families(t, a.When)
		if len(watched) == 0 { // the one that always fires
			continue
		}
		var shown []string
		for _, d := range dashboards.All() {
			if d.UID != a.Dashboard {
				continue
			}
			for _, p := range d.Panels() {
				for _, q := range p.Queries {
					shown = append(shown, families(t, q.Expr)...)
				}
			}
		}
		require.NotEmpty(t, shown, "%s leads to %q, which does not exist", a.Name, a.Dashboard)
		found := slices.ContainsFunc(watched, func(m string) bool { return slices.Contains(shown, m) })
		require.True(t, found, "%s leads to %s, where none of %v is shown", a.Name, a.Dashboard, watched)
	}
}

func TestPanelsAreWrittenAsTheyAreDeclared(t *testing.T) {
	types := map[string]string{
		"dashboards.Series": "timeseries", "dashboards.Figure": "stat", "dashboards.Dial": "gauge",
		"dashboards.Table": "table", "dashboards.Heatmap": "heatmap", "dashboards.Lines": "logs",
	}
	all := written(t)
	eachPanel(t, func(t *testing.T, d dashboards.Dashboard, p dashboards.Panel) {
		var o struct {
			Type, Description string
			Datasource        struct{ Type, UID string }
			FieldConfig       struct {
				Defaults struct {
					Unit       string
					Thresholds struct{ Steps []map[string]any }
				}
			}
			Targets []struct {
				RefID, Expr, LegendFormat string
				Instant                   bool
			}
		}
		require.NoError(t, json.Unmarshal(panel(t, all[d.UID], p.Title), &o))
		require.Equal(t, types[fmt.Sprintf("%T", p.View)], o.Type)
		require.Equal(t, p.Description(), o.Description)
		require.Equal(t, p.Unit, o.FieldConfig.Defaults.Unit)
		require.Len(t, o.FieldConfig.Defaults.Thresholds.Steps, max(1, len(p.Limits.Steps)))
		require.Nil(t, o.FieldConfig.Defaults.Thresholds.Steps[0]["value"], "the first step begins at minus infinity")
		for i, s := range p.Limits.Steps[min(1, len(p.Limits.Steps)):] {
			require.Equal(t, s.From, o.FieldConfig.Defaults.Thresholds.Steps[i+1]["value"])
		}
		if _, logs := p.View.(dashboards.Lines); logs {
			require.Equal(t, "${logs}", o.Datasource.UID)
			require.Len(t, o.Targets, 1)
			require.Equal(t, p.Log.String(), o.Targets[0].Expr)
			return
		}
		require.Equal(t, "${environment}", o.Datasource.UID)
		require.Len(t, o.Targets, len(p.Queries))
		for i, q := range p.Queries {
			require.Equal(t, dashboards.RefID(i), o.Targets[i].RefID)
			require.Equal(t, q.Expr.String(), o.Targets[i].Expr)
			require.Equal(t, q.Legend, o.Targets[i].LegendFormat)
			require.Equal(t, q.Now, o.Targets[i].Instant)
		}
	})
}

func panel(t *testing.T, o object, title string) []byte {
	t.Helper()
	for _, p := range o["panels"].([]any) {
		if p.(object)["title"] == title && p.(object)["type"] != "row" {
			text, err := json.Marshal(p)
			require.NoError(t, err)
			return text
		}
	}
	t.Fatalf("no panel %q", title)
	return nil
}

func TestALogPanelAsksForDenials(t *testing.T) {
	var logs []string
	eachPanel(t, func(_ *testing.T, _ dashboards.Dashboard, p dashboards.Panel) {
		if _, ok := p.View.(dashboards.Lines); ok {
			require.Empty(t, p.Queries)
			logs = append(logs, p.Log.String())
		}
	})
	require.Equal(t, []string{`{namespace=~"$namespace", container=~"serve"} | json | msg =~ "request" | status =~ "401|403|429"`}, logs)
}
