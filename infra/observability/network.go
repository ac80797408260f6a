package observability

import (
	"maps"
	"slices"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/netpolicy"
)

// labelName is how charts and the operator call pods.
const labelName = "app.kubernetes.io/name"

// called is the labels of pods that bear the name.
func called(name string) map[string]string { return map[string]string{labelName: name} }

// ours are pods of the namespace by their names.
func ours(names ...string) []netpolicy.Peer {
	var all []netpolicy.Peer
	for _, name := range names {
		all = append(all, netpolicy.Pods(Namespace, called(name)))
	}
	return all
}

// way leads to, or from, peers at ports of TCP.
func way(peers []netpolicy.Peer, ports ...int) netpolicy.Way {
	return netpolicy.Way{Peers: peers, Ports: netpolicy.TCP(ports...)}
}

// outside is the internet. S3 answers there, by the gateway of the VPC.
func outside(port int) netpolicy.Way { return way([]netpolicy.Peer{netpolicy.Internet()}, port) }

// policy is the one of some pods: what is not in it is shut.
type policy struct {
	name    string
	labels  map[string]string
	in, out []netpolicy.Way
}

// networkPolicies closes both namespaces and opens what the pods need. The node
// exporter is in its node's network, which no rule reaches.
func (o *observability) networkPolicies() error {
	for _, namespace := range []string{Namespace, NodesNamespace} {
		meta := o.meta("default-deny", nil)
		meta.Namespace = pulumi.String(namespace)
		if err := o.policy(o.Name(namespace, "default-deny"), meta, netpolicy.Policy{}); err != nil {
			return err
		}
	}
	for _, p := range o.policies() {
		pods := netpolicy.Policy{Pods: netpolicy.Labelled(p.labels), In: p.in, Out: p.out}
		if err := o.policy(o.Name("monitoring", "network", p.name), o.meta(p.name, nil), pods); err != nil {
			return err
		}
	}
	return nil
}

func (o *observability) policy(resource string, meta *metav1.ObjectMetaArgs, p netpolicy.Policy) error {
	made, err := networkingv1.NewNetworkPolicy(o.ctx, resource, &networkingv1.NetworkPolicyArgs{Metadata: meta, Spec: p.Spec()}, o.child, o.after())
	o.ready = append(o.ready, made)
	return err
}

// all are the pods of the app that are scraped and send traces.
func (a App) all() []netpolicy.Peer {
	return a.pods(append([]map[string]string{a.Serve}, a.Workers...)...)
}

// pods are those of the app by their labels.
func (a App) pods(labels ...map[string]string) []netpolicy.Peer {
	var all []netpolicy.Peer
	for _, l := range labels {
		all = append(all, netpolicy.Pods(a.Namespace, l))
	}
	return all
}

// others are the pods of the targets, with those that share a port together.
func others(targets []Target) []netpolicy.Way {
	byPort := map[int][]netpolicy.Peer{}
	for _, t := range targets {
		byPort[t.Port] = append(byPort[t.Port], netpolicy.Pods(t.Namespace, t.Labels))
	}
	var all []netpolicy.Way
	for _, number := range slices.Sorted(maps.Keys(byPort)) {
		all = append(all, way(byPort[number], number))
	}
	return all
}
