package workload

import (
	"slices"

	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/infra/netpolicy"
)

// monitoring is the namespace of those who watch: Prometheus scrapes,
// Alertmanager tells of alerts.
const monitoring = "monitoring"

// networkPolicies closes the namespace and opens what the pods need.
func (w *workload) networkPolicies() error {
	for _, p := range w.policies() {
		made, err := networkingv1.NewNetworkPolicy(w.ctx, w.Name("network", p.name),
			&networkingv1.NetworkPolicyArgs{Metadata: w.meta(p.name, nil), Spec: p.Spec()}, w.child, w.after())
		if err != nil {
			return err
		}
		w.ready = append(w.ready, made)
	}
	return nil
}

// policy is one by its name.
type policy struct {
	name string
	netpolicy.Policy
}

// policies are who may meet whom.
func (w *workload) policies() []policy {
	var workers []string
	for _, k := range w.Workers {
		workers = append(workers, k.component())
	}
	clients := slices.Concat(workers, []string{componentServe})
	all := slices.Concat([]string{componentServe, migrator}, workers)
	to := func(name string, components []string, out ...netpolicy.Way) policy {
		return policy{name, netpolicy.Policy{Pods: netpolicy.OneOf(labelComponent, components...), Only: netpolicy.Egress, Out: out}}
	}
	from := func(name string, components []string, in ...netpolicy.Way) policy {
		return policy{name, netpolicy.Policy{Pods: netpolicy.OneOf(labelComponent, components...), Only: netpolicy.Ingress, In: in}}
	}
	watcher := func(name string) []netpolicy.Peer {
		return []netpolicy.Peer{netpolicy.Pods(monitoring, map[string]string{labelName: name})}
	}
	n := w.Networks
	policies := []policy{
		{"default-deny", netpolicy.Policy{}},
		to("dns", all, netpolicy.DNS()),
		to("data", all, netpolicy.Way{Peers: netpolicy.Blocks(n.Databases...), Ports: netpolicy.TCP(n.DatabasePort, n.CachePort)}),
		// AWS answers inside the VPC where there is an endpoint and outside
		// where there is none; the data of games comes from the internet.
		to("https", clients, netpolicy.Way{Peers: append(netpolicy.Blocks(n.Private...), netpolicy.Internet()), Ports: netpolicy.TCP(443)}, netpolicy.Credentials()),
		from("callers", []string{componentServe}, netpolicy.Way{Peers: netpolicy.Blocks(n.LoadBalancers...), Ports: netpolicy.TCP(contract.PublicPort)}),
		from("scrape", clients, netpolicy.Way{Peers: watcher("prometheus"), Ports: netpolicy.TCP(contract.InternalPort)}),
		from("alerts", []string{componentServe}, netpolicy.Way{Peers: watcher("alertmanager"), Ports: netpolicy.TCP(contract.PublicPort)}),
	}
	if w.Traces != nil {
		policies = append(policies, to("traces", clients, w.Traces.way()))
	}
	for _, k := range w.Workers {
		pods := []string{k.component()}
		switch {
		case k.Queue == contract.QueueBackup && w.Logs != nil:
			policies = append(policies, to("logs", pods, w.Logs.way()))
		case k.Queue == contract.QueueDefault && w.Mail != nil: // it alone sends notifications
			policies = append(policies, to("mail", pods,
				netpolicy.Way{Peers: []netpolicy.Peer{netpolicy.Internet()}, Ports: netpolicy.TCP(w.Mail.Port)}))
		}
	}
	return policies
}

func (w *Watcher) way() netpolicy.Way {
	return netpolicy.Way{Peers: []netpolicy.Peer{netpolicy.Pods(monitoring, w.Pods)}, Ports: netpolicy.TCP(w.Port)}
}
