package telemetry

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/script-ohio/platform/app/contract"
)

// NewRegistry makes a registry with the collectors of the Go runtime and of
// the process.
func NewRegistry() *prometheus.Registry {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return reg
}

// Counter registers a declared counter. Like Gauge, GaugeFunc and Histogram it
// fails when the metric is of another type, is not in contract.Metrics or is
// registered already. A metric without labels is exported from the start.
func Counter(reg prometheus.Registerer, m contract.Metric) (*prometheus.CounterVec, error) {
	vec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: m.Name, Help: m.Help}, m.Labels)
	if err := register(reg, m, contract.Counter, vec); err != nil {
		return nil, err
	}
	if len(m.Labels) == 0 {
		vec.WithLabelValues()
	}
	return vec, nil
}

// Gauge registers a declared gauge; see Counter.
func Gauge(reg prometheus.Registerer, m contract.Metric) (*prometheus.GaugeVec, error) {
	vec := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: m.Name, Help: m.Help}, m.Labels)
	if err := register(reg, m, contract.Gauge, vec); err != nil {
		return nil, err
	}
	if len(m.Labels) == 0 {
		vec.WithLabelValues()
	}
	return vec, nil
}

// GaugeFunc registers a declared gauge without labels whose value is read when
// it is scraped; value must be safe for concurrent use. See Counter.
func GaugeFunc(reg prometheus.Registerer, m contract.Metric, value func() float64) error {
	if len(m.Labels) > 0 {
		return fmt.Errorf("metric %s has the labels %s: a function gives one value without labels", m.Name, strings.Join(m.Labels, ", "))
	}
	return register(reg, m, contract.Gauge, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: m.Name, Help: m.Help}, value))
}

// Histogram registers a declared histogram with its buckets; see Counter.
func Histogram(reg prometheus.Registerer, m contract.Metric) (*prometheus.HistogramVec, error) {
	vec := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: m.Name, Help: m.Help, Buckets: m.Buckets}, m.Labels)
	if err := register(reg, m, contract.Histogram, vec); err != nil {
		return nil, err
	}
	if len(m.Labels) == 0 {
		vec.WithLabelValues()
	}
	return vec, nil
}

func register(reg prometheus.Registerer, m contract.Metric, as contract.MetricType, c prometheus.Collector) error {
	if m.Type != as {
		return fmt.Errorf("metric %s is declared as a %s and cannot be a %s", m.Name, m.Type, as)
	}
	if !slices.ContainsFunc(contract.Metrics(), func(d contract.Metric) bool { return reflect.DeepEqual(d, m) }) {
		return fmt.Errorf("metric %s is not declared like this in contract.Metrics", m.Name)
	}
	if err := reg.Register(c); err != nil {
		return fmt.Errorf("metric %s cannot be registered: %w", m.Name, err)
	}
	return nil
}

// Undeclared names the gathered metric families that contract.Metrics does not
// hold, apart from those of the Go runtime, the process and the metrics
// handler; sorted.
func Undeclared(reg prometheus.Gatherer) ([]string, error) {
	families, err := reg.Gather()
	if err != nil {
		return nil, fmt.Errorf("gather metrics: %w", err)
	}
	declared := map[string]bool{}
	for _, m := range contract.Metrics() {
		declared[m.Name] = true
	}
	var names []string
	for _, f := range families {
		name := f.GetName()
		if !declared[name] && !strings.HasPrefix(name, "go_") && !strings.HasPrefix(name, "process_") && !strings.HasPrefix(name, "promhttp_") {
			names = append(names, name)
		}
	}
	return names, nil
}
