package run

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/script-ohio/platform/app/contract"
)

// buildInfo exports contract.BuildInfo; the pack may change at run time.
type buildInfo struct {
	build Build
	pack  func() string
}

func (b buildInfo) desc() *prometheus.Desc {
	return prometheus.NewDesc(contract.BuildInfo.Name, contract.BuildInfo.Help, contract.BuildInfo.Labels, nil)
}

// Describe implements prometheus.Collector.
func (b buildInfo) Describe(ch chan<- *prometheus.Desc) { ch <- b.desc() }

// Collect implements prometheus.Collector.
func (b buildInfo) Collect(ch chan<- prometheus.Metric) {
	ch <- prometheus.MustNewConstMetric(b.desc(), prometheus.GaugeValue, 1, b.build.Version, b.build.Commit, b.build.Go, b.pack())
}
