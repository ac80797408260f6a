package observability

import (
	"fmt"

	"github.com/script-ohio/platform/infra/args"
	"github.com/script-ohio/platform/infra/helm"
)

// Sizing is how much there is of each.
type Sizing struct {
	Prometheus   int // each scrapes everything and asks nobody
	Alertmanager int // they tell each other what they have sent
	Loki         int // each line is on all of them; most are enough

	MetricsGB, LogsGB, TracesGB int // disk of each Prometheus, Loki and Tempo
}

// SizingFor is that of production, where a zone may go, or the least. Grafana
// and Tempo are one everywhere: neither tells of alerts, what Grafana shows is
// provisioned anew, and a trace that is lost was one of ten that were kept.
func SizingFor(production bool) Sizing {
	if production {
		return Sizing{Prometheus: 2, Alertmanager: 3, Loki: 3, MetricsGB: 100, LogsGB: 10, TracesGB: 10}
	}
	return Sizing{Prometheus: 1, Alertmanager: 1, Loki: 1, MetricsGB: 40, LogsGB: 10, TracesGB: 10}
}

// mailboxGB is the disk of an Alertmanager: silences, and what was sent.
const mailboxGB = 2

func (s Sizing) check() error {
	var p args.Problems
	p.Missing(s.Prometheus < 1 || s.Alertmanager < 1 || s.Loki < 1, "the replicas of Prometheus, Alertmanager or Loki")
	p.Missing(s.MetricsGB < 1 || s.LogsGB < 1 || s.TracesGB < 1, "the disk of Prometheus, Loki or Tempo")
	if s.Loki == 2 {
		p.Add(fmt.Errorf("two replicas of Loki: writes want a majority, so the loss of one stops both; take one or three"))
	}
	return p.Of("sizing")
}

// budget is how many pods stay when nodes are drained; for one alone it would
// stop every drain.
type budget struct {
	Enabled bool `pulumi:"enabled"`
	Stay    int  `pulumi:"minAvailable"`
}

// disruption lets replicas go one by one.
func disruption(replicas int) *budget {
	if replicas < 2 {
		return nil
	}
	return &budget{Enabled: true, Stay: replicas - 1}
}

// spread keeps replicas in different zones, where their volumes stay.
func spread(replicas int, pods map[string]string) []helm.Spread {
	if replicas < 2 {
		return nil
	}
	return []helm.Spread{
		{MaxSkew: 1, Key: "topology.kubernetes.io/zone", Unsatisfiable: "DoNotSchedule", Pods: helm.Selector{Labels: pods}},
		{MaxSkew: 1, Key: "kubernetes.io/hostname", Unsatisfiable: "ScheduleAnyway", Pods: helm.Selector{Labels: pods}},
	}
}

// gigabytes is a size of a volume.
func gigabytes(n int) string { return fmt.Sprintf("%dGi", n) }

// hours is a number of days as Prometheus, Loki and Tempo all read it.
func hours(days int) string { return fmt.Sprintf("%dh", 24*days) }
