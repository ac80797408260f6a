// Package traffic is who may talk to whom in the namespace of the app: what
// the network policies of a recorded stack allow, held to what is intended.
package traffic

import (
	"fmt"
	"io"
	"net/netip"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/infra/cache"
	"github.com/script-ohio/platform/infra/database"
	"github.com/script-ohio/platform/infra/identity"
	"github.com/script-ohio/platform/infra/observability"
	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/reach"
	"github.com/script-ohio/platform/infra/stack"
)

// The peers by name.
const (
	serve         = "app/serve"
	migrate       = "app/migrate"
	dns           = "kube-system/dns"
	prometheus    = "monitoring/prometheus"
	alertmanager  = "monitoring/alertmanager"
	collector     = "monitoring/collector"
	logs          = "monitoring/logs"
	loadBalancers = "load balancers"
	databases     = "databases and caches"
	nodes         = "nodes and endpoints of AWS"
	agent         = "pod identity agent"
	internet      = "internet"
)

// Report is the table of one stack.
type Report struct {
	Table       reach.Table        `json:"table"`
	Differences []reach.Difference `json:"differences"`
	Caveats     []string           `json:"caveats"` // where the cluster may read a policy differently
}

// Judge evaluates the policies of the app's namespace.
func Judge(g *plan.Graph, c stack.Config) (Report, error) {
	var policies []networkingv1.NetworkPolicy
	for _, r := range g.OfType("kubernetes:networking.k8s.io/v1:NetworkPolicy") {
		policy, err := reach.Decode(r.Inputs.Plain())
		if err != nil {
			return Report{}, fmt.Errorf("%s: %w", r.Name, err)
		}
		if policy.Namespace == string(identity.Application) {
			policies = append(policies, policy)
		}
	}
	peers, err := peers(c)
	if err != nil {
		return Report{}, err
	}
	table, err := reach.Evaluate(policies, peers, nil)
	if err != nil {
		return Report{}, err
	}
	return Report{Table: table, Differences: reach.Compare(table, intended(c)), Caveats: reach.Caveats(policies)}, nil
}

// peers are all who could meet: our pods, those that they must meet, the
// networks of the stack, and everybody else.
func peers(c stack.Config) ([]reach.Peer, error) {
	zones, err := c.Zones()
	if err != nil {
		return nil, err
	}
	var public, private, data []netip.Prefix
	for _, z := range zones {
		public, private, data = append(public, z.Public), append(private, z.Private), append(data, z.Database)
	}
	pods := func(name, namespace string, labels map[string]string, foreign bool) reach.Peer {
		return reach.Peer{Name: name, Namespace: namespace, Labels: labels, Foreign: foreign, Networks: private}
	}
	component := func(name string) map[string]string {
		return map[string]string{"app.kubernetes.io/name": contract.ServiceName, "app.kubernetes.io/component": name}
	}
	all := []reach.Peer{
		pods(serve, string(identity.Application), component("serve"), false),
		pods(migrate, string(identity.Application), component("migrate"), false),
	}
	for _, name := range workers(c) {
		all = append(all, pods(name, string(identity.Application), component(strings.TrimPrefix(name, "app/")), false))
	}
	all = append(all,
		pods(dns, string(identity.System), map[string]string{"k8s-app": "kube-dns"}, true),
		pods(prometheus, "monitoring", map[string]string{"app.kubernetes.io/name": "prometheus"}, true),
		pods(alertmanager, "monitoring", map[string]string{"app.kubernetes.io/name": "alertmanager"}, true),
		pods(collector, "monitoring", map[string]string{"app.kubernetes.io/name": "alloy"}, true),
		pods(logs, "monitoring", map[string]string{"app.kubernetes.io/name": "loki"}, true),
		reach.Peer{Name: loadBalancers, Networks: public},
		reach.Peer{Name: databases, Networks: data},
		reach.Peer{Name: nodes, Networks: private},
		reach.Peer{Name: agent, Networks: []netip.Prefix{netip.MustParsePrefix("169.254.170.23/32")}},
		reach.Internet(),
	)
	return append(append(all, reach.Rest("anywhere else", all)), reach.Strangers(all)...), nil
}

// workers are the peers that run jobs.
func workers(c stack.Config) []string {
	if !c.Release.Workers {
		return nil
	}
	var all []string
	for _, queue := range contract.Queues() {
		all = append(all, worker(queue))
	}
	return all
}

func worker(queue contract.Queue) string { return "app/worker-" + string(queue) }

// intended is the whole of it: what is not here is shut.
func intended(c stack.Config) []reach.Intended {
	all := []reach.Intended{
		{From: loadBalancers, To: serve, Ports: []reach.Port{reach.TCP(contract.PublicPort)}, Why: "callers come through them"},
		{From: alertmanager, To: serve, Ports: []reach.Port{reach.TCP(contract.PublicPort)}, Why: "the app hears of alerts"},
	}
	clients := append(workers(c), serve)
	for _, from := range append(clients[:len(clients):len(clients)], migrate) {
		all = append(all,
			reach.Intended{From: from, To: dns, Ports: []reach.Port{reach.UDP(53), reach.TCP(53)}, Why: "names are resolved"},
			reach.Intended{From: from, To: databases, Ports: []reach.Port{reach.TCP(database.Port), reach.TCP(cache.Port)}, Why: "the data is there"},
		)
	}
	for _, from := range clients {
		https := []reach.Port{reach.TCP(443)}
		all = append(all,
			reach.Intended{From: prometheus, To: from, Ports: []reach.Port{reach.TCP(contract.InternalPort)}, Why: "metrics are scraped"},
			reach.Intended{From: from, To: agent, Ports: []reach.Port{reach.TCP(80)}, Why: "AWS gives the pod its role"},
			reach.Intended{From: from, To: nodes, Ports: https, Why: "endpoints of AWS answer inside the VPC"},
			reach.Intended{From: from, To: internet, Ports: https, Why: "AWS without an endpoint, and the data of games"},
		)
		if c.Observability.On {
			all = append(all, reach.Intended{From: from, To: collector, Ports: []reach.Port{reach.TCP(observability.TracesPort)}, Why: "traces go there"})
		}
		if c.Observability.On && from == worker(contract.QueueBackup) {
			all = append(all, reach.Intended{From: from, To: logs, Ports: []reach.Port{reach.TCP(observability.LogsPort)}, Why: "backups hold the last day of them"})
		}
		if c.Mail.On() && from == worker(contract.QueueDefault) {
			all = append(all, reach.Intended{From: from, To: internet, Ports: []reach.Port{reach.TCP(stack.MailPort)}, Why: "notifications are mailed"})
		}
		// Endpoints have addresses among those of pods: to allow the one allows
		// the other, as far as they listen.
		for _, pods := range []string{dns, prometheus, alertmanager, collector, logs, "kube-system/any other", "monitoring/any other", "any other namespace"} {
			all = append(all, reach.Intended{From: from, To: pods, Ports: https, Why: "has addresses like the endpoints of AWS"})
		}
	}
	return all
}

// Write prints the table and where it is not as intended.
func (r Report) Write(w io.Writer) error {
	if err := r.Table.Write(w); err != nil {
		return err
	}
	for _, d := range r.Differences {
		if _, err := fmt.Fprintf(w, "not as intended: %s\n", d); err != nil {
			return err
		}
	}
	for _, caveat := range r.Caveats {
		if _, err := fmt.Fprintf(w, "caveat: %s\n", caveat); err != nil {
			return err
		}
	}
	return nil
}
