package dashboards

import (
	"maps"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/table"
)

// Table has a line for each combination of the labels that its queries share,
// and a column for each query.
type Table struct {
	// Heads renames the columns of labels: label to head. A label that is not
	// named here is hidden.
	Heads map[string]string
	// Bare hides the values, where the labels say it all.
	Bare bool
}

func (Table) size() (width, height uint32) { return 12, 8 }

// organizer are the options of Grafana's transformation organize.
type organizer struct {
	Exclude map[string]bool   `json:"excludeByName"`
	Rename  map[string]string `json:"renameByName"`
}

func (v Table) build(f frame) cog.Builder[dashboard.Panel] {
	o := organizer{Exclude: map[string]bool{"Time": true}, Rename: maps.Clone(v.Heads)}
	for i, q := range f.Queries {
		// Grafana calls the column of the only query Value, and those of several
		// Value #A and so on.
		value := "Value #" + RefID(i)
		if len(f.Queries) == 1 {
			value = "Value"
		}
		o.Rename[value] = q.Legend
		o.Exclude[value] = v.Bare
		for _, label := range q.Expr.Labels() {
			if _, named := v.Heads[label]; !named {
				o.Exclude[label] = true
			}
		}
	}
	b := framed(table.NewPanelBuilder(), f).
		WithTransformation(dashboard.DataTransformerConfig{Id: "merge", Options: map[string]any{}}).
		WithTransformation(dashboard.DataTransformerConfig{Id: "organize", Options: o})
	for _, q := range f.Queries {
		if own := column(q); len(own) > 0 {
			b = b.OverrideByName(q.Legend, own)
		}
	}
	return b
}

// column is how a query's own column looks, where it does not look like the
// panel.
func column(q Query) []dashboard.DynamicConfigValue {
	var properties []dashboard.DynamicConfigValue
	if q.Unit != "" {
		properties = append(properties, dashboard.DynamicConfigValue{Id: "unit", Value: q.Unit})
	}
	if len(q.Limits.Steps) > 0 {
		properties = append(properties,
			dashboard.DynamicConfigValue{Id: "thresholds", Value: dashboard.ThresholdsConfig{Mode: dashboard.ThresholdsModeAbsolute, Steps: steps(q.Limits)}},
			dashboard.DynamicConfigValue{Id: "custom.cellOptions", Value: map[string]string{"type": "color-text"}},
		)
	}
	return properties
}
