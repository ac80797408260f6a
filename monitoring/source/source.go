// Package source declares the metrics that others export and that rules and
// dashboards read: by whom, at which version, with which of their labels.
package source

import "github.com/script-ohio/platform/app/contract"

// The scrape jobs: the value of the label job on every series.
const (
	JobServe            = contract.ServiceName
	JobWork             = contract.ServiceName + "-worker"
	JobPostgres         = "postgres"
	JobRedis            = "redis"
	JobBlackbox         = "blackbox"
	JobKubeStateMetrics = "kube-state-metrics"
	JobNodeExporter     = "node-exporter"
	JobKubelet          = "kubelet" // cAdvisor too
	JobCertManager      = "cert-manager"
	JobPrometheus       = "kps-prometheus"
	JobAlertmanager     = "kps-alertmanager"
	JobLoki             = "loki"
	JobTempo            = "tempo"
)

// TargetLabels may be on every series, put there by the scrape.
func TargetLabels() []string {
	return []string{"job", "namespace", "instance", "pod", "service", "container", "endpoint", "node"}
}

// Exporter is a program that exports metrics. Version is the one whose
// metrics were read; Jobs are the scrape jobs it is found under.
type Exporter struct {
	Name    string
	Version string
	Jobs    []string
	Metrics []contract.Metric
}

// Exporters lists every exporter.
func Exporters() []Exporter {
	return []Exporter{
		scraper(), goRuntime(), process(),
		postgresExporter(), redisExporter(), blackboxExporter(),
		kubeStateMetrics(), kubelet(), cadvisor(), nodeExporter(), certManager(),
		prometheus(), alertmanager(), loki(), tempo(),
	}
}

// Metrics lists the metrics of every exporter.
func Metrics() []contract.Metric {
	var all []contract.Metric
	for _, e := range Exporters() {
		all = append(all, e.Metrics...)
	}
	return all
}

func counter(name, help string, labels ...string) contract.Metric {
	return contract.Metric{Name: name, Type: contract.Counter, Help: help, Labels: labels}
}

func gauge(name, help string, labels ...string) contract.Metric {
	return contract.Metric{Name: name, Type: contract.Gauge, Help: help, Labels: labels}
}

func all(metrics ...contract.Metric) []contract.Metric { return metrics }
