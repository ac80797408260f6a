package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/gauge"
	"github.com/grafana/grafana-foundation-sdk/go/heatmap"
	"github.com/grafana/grafana-foundation-sdk/go/logs"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// View is how a panel is drawn: Series, Figure, Dial, Table, Heatmap or Lines.
type View interface {
	size() (width, height uint32)
	build(f frame) cog.Builder[dashboard.Panel]
}

// Series are lines over time.
type Series struct{ Stacked bool }

// Figure is the newest value, large, over a small drawing of its past.
type Figure struct{}

// Dial is the newest value between 0 and Most.
type Dial struct{ Most float64 }

// Heatmap is the spread of a histogram over time.
type Heatmap struct{}

// Lines are log lines.
type Lines struct{}

func (Series) size() (width, height uint32)  { return 12, 8 }
func (Figure) size() (width, height uint32)  { return 4, 4 }
func (Dial) size() (width, height uint32)    { return 4, 4 }
func (Heatmap) size() (width, height uint32) { return 12, 8 }
func (Lines) size() (width, height uint32)   { return pageWidth, 10 }

// newest reduces a series to its last value.
func newest() cog.Builder[common.ReduceDataOptions] {
	return common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"})
}

func (v Series) build(f frame) cog.Builder[dashboard.Panel] {
	b := framed(timeseries.NewPanelBuilder(), f).
		LineWidth(1).FillOpacity(8).ShowPoints(common.VisibilityModeAuto).AxisSoftMin(0).
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdPaletteClassic)).
		Legend(common.NewVizLegendOptionsBuilder().ShowLegend(true).DisplayMode(common.LegendDisplayModeTable).
			Placement(common.LegendPlacementBottom).Calcs([]string{"lastNotNull", "max"})).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending))
	if len(f.Limits.Steps) > 0 {
		b = b.ThresholdsStyle(common.NewGraphThresholdsStyleConfigBuilder().Mode(common.GraphThresholdsStyleModeDashed))
	}
	if v.Stacked {
		b = b.Stacking(common.NewStackingConfigBuilder().Mode(common.StackingModeNormal).Group("A")).FillOpacity(40)
	}
	return b
}

func (Figure) build(f frame) cog.Builder[dashboard.Panel] {
	return framed(stat.NewPanelBuilder(), f).
		ReduceOptions(newest()).ColorMode(common.BigValueColorModeValue).GraphMode(common.BigValueGraphModeArea)
}

func (v Dial) build(f frame) cog.Builder[dashboard.Panel] {
	return framed(gauge.NewPanelBuilder(), f).
		ReduceOptions(newest()).Min(0).Max(v.Most)
}

func (Heatmap) build(f frame) cog.Builder[dashboard.Panel] {
	return framed(heatmap.NewPanelBuilder(), f).
		Calculate(false).HideYHistogram().YAxis(heatmap.NewYAxisConfigBuilder().Unit(f.Unit).AxisPlacement(common.AxisPlacementLeft)).
		Color(heatmap.NewHeatmapColorOptionsBuilder().Mode(heatmap.HeatmapColorModeScheme).Scheme("Oranges").
			Fill("dark-orange").Scale(heatmap.HeatmapColorScaleExponential).Exponent(.5).Steps(64)).
		Mode(common.TooltipDisplayModeSingle)
}

func (Lines) build(f frame) cog.Builder[dashboard.Panel] {
	return framed(logs.NewPanelBuilder(), f).
		ShowTime(true).WrapLogMessage(true).EnableLogDetails(true).SortOrder(common.LogsSortOrderDescending)
}

// frame is what every panel has, whatever its view.
type frame struct {
	Panel
	Place
	links   []cog.Builder[dashboard.DashboardLink]
	targets []cog.Builder[variants.Dataquery]
	source  common.DataSourceRef
}

// builder is what the builders of all views share.
type builder[B any] interface {
	cog.Builder[dashboard.Panel]
	Id(uint32) B
	Title(string) B
	Description(string) B
	GridPos(dashboard.GridPos) B
	Datasource(common.DataSourceRef) B
	Targets([]cog.Builder[variants.Dataquery]) B
	Links([]cog.Builder[dashboard.DashboardLink]) B
	Unit(string) B
	Thresholds(cog.Builder[dashboard.ThresholdsConfig]) B
	NoValue(string) B
}

func framed[B builder[B]](b B, f frame) B {
	b = b.Id(f.ID).Title(f.Title).Description(f.Description()).
		GridPos(dashboard.GridPos{X: f.X, Y: f.Y, W: f.Place.Width, H: f.Place.Height}).
		Datasource(f.source).Targets(f.targets).Links(f.links).
		Unit(f.Unit).Thresholds(thresholds(f.Limits))
	for _, q := range f.Queries {
		if q.Until != "" {
			b = b.NoValue("none before " + q.Until)
			break
		}
	}
	return b
}

// thresholds are always given: without them Grafana turns red at 80.
func thresholds(l Limits) cog.Builder[dashboard.ThresholdsConfig] {
	return dashboard.NewThresholdsConfigBuilder().Mode(dashboard.ThresholdsModeAbsolute).Steps(steps(l))
}

func steps(l Limits) []dashboard.Threshold {
	if len(l.Steps) == 0 {
		return []dashboard.Threshold{{Color: plain}}
	}
	all := make([]dashboard.Threshold, len(l.Steps))
	for i, s := range l.Steps {
		all[i] = dashboard.Threshold{Color: s.Color}
		if i > 0 {
			all[i].Value = &s.From
		}
	}
	return all
}
