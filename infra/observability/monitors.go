package observability

import (
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/source"
)

const monitorsAPI = "monitoring.coreos.com/v1"

// podMonitor is what Prometheus scrapes, by the labels of pods and the number
// of a port that they declare.
// https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PodMonitor
type podMonitor struct {
	Pods       selector   `pulumi:"selector"`
	Namespaces namespaces `pulumi:"namespaceSelector"`
	Endpoints  []endpoint `pulumi:"podMetricsEndpoints"`
}

type (
	selector struct {
		Labels map[string]string `pulumi:"matchLabels"`
	}
	namespaces struct {
		Names []string `pulumi:"matchNames"`
	}
	endpoint struct {
		Port    int       `pulumi:"portNumber"`
		Path    string    `pulumi:"path"`
		Relabel []relabel `pulumi:"relabelings"`
	}
	// relabel writes a label of a target.
	relabel struct {
		Action string   `pulumi:"action"`
		From   []string `pulumi:"sourceLabels"`
		To     string   `pulumi:"targetLabel"`
		Text   *string  `pulumi:"replacement"`
	}
)

// scraped are all targets: the app, what keeps and collects, and the others.
func (o *observability) scraped() []Target {
	all := []Target{{source.JobServe, o.App.Namespace, o.App.Serve, contract.InternalPort}}
	for _, worker := range o.App.Workers {
		all = append(all, Target{source.JobWork, o.App.Namespace, worker, contract.InternalPort})
	}
	own := func(job, name string, port int) Target { return Target{job, Namespace, called(name), port} }
	return append(append(all,
		own(source.JobLoki, lokiName, LogsPort), own(source.JobTempo, tempoName, portTempo), own(alloyName, alloyName, portAlloy),
		own(source.JobPostgres, postgresName, portPostgres), own(source.JobRedis, redisName, portRedis),
	), o.Targets...)
}

// monitors registers a monitor for each target. The label job is the one that
// rules and dashboards look for, whatever the objects are called.
func (o *observability) monitors(prometheus pulumi.Resource) error {
	seen := map[string]int{}
	for _, t := range o.scraped() {
		job := t.Job
		name := job
		if seen[job]++; seen[job] > 1 {
			name += "-" + strconv.Itoa(seen[job])
		}
		if _, err := o.custom("scrape-"+name, monitorsAPI, "PodMonitor", o.meta(name, nil), podMonitor{
			Pods: selector{t.Labels}, Namespaces: namespaces{[]string{t.Namespace}},
			Endpoints: []endpoint{{Port: t.Port, Path: contract.MetricsPath, Relabel: []relabel{
				{Action: "replace", To: "job", Text: &job},
				{Action: "replace", From: []string{"__meta_kubernetes_pod_node_name"}, To: "node"},
			}}},
		}, o.after(prometheus)); err != nil {
			return err
		}
	}
	return o.probe(prometheus)
}
