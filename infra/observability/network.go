package observability

import (
	"maps"
	"net/netip"
	"slices"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/layout"
)

// labelName is how charts and the operator call pods.
const labelName = "app.kubernetes.io/name"

// system is the namespace of the cluster's own parts.
const system = "kube-system"

// identityAgent is where every node hands its pods their credentials.
// https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html
const identityAgent = "169.254.170.23/32"

// peer is pods of a namespace, or addresses.
type peer struct {
	namespace string
	labels    map[string]string
	block     string
	except    []string
}

// port is one that is open.
type port struct {
	protocol string
	number   int
}

// way leads to, or from, peers.
type way struct {
	peers []peer
	ports []port
}

func tcp(numbers ...int) []port {
	var all []port
	for _, n := range numbers {
		all = append(all, port{"TCP", n})
	}
	return all
}

// called is the pods of the namespace that bear the name.
func called(name string) map[string]string { return map[string]string{labelName: name} }

// ours are pods of the namespace by their names.
func ours(names ...string) []peer {
	var all []peer
	for _, name := range names {
		all = append(all, peer{namespace: Namespace, labels: called(name)})
	}
	return all
}

func blocks(networks ...netip.Prefix) []peer {
	var all []peer
	for _, n := range networks {
		all = append(all, peer{block: n.String()})
	}
	return all
}

// outside is the internet: all but the addresses that it does not know. S3
// answers there, by the gateway of the VPC.
func outside() []peer {
	return []peer{{block: "0.0.0.0/0", except: layout.Unrouted()}}
}

// policy is the one of some pods: what is not in it is shut.
type policy struct {
	name    string
	labels  map[string]string
	in, out []way
}

// networkPolicies closes both namespaces and opens what the pods need. The
// kubelet's probes and forwarded ports need no rule, and the node exporter is
// in its node's network, which no rule reaches.
// https://kubernetes.io/docs/concepts/services-networking/network-policies/
func (o *observability) networkPolicies() error {
	for _, namespace := range []string{Namespace, NodesNamespace} {
		meta := o.meta("default-deny", nil)
		meta.Namespace = pulumi.String(namespace)
		if err := o.policy(o.Name(namespace, "default-deny"), meta, networkingv1.NetworkPolicySpecArgs{PodSelector: metav1.LabelSelectorArgs{}}); err != nil {
			return err
		}
	}
	for _, p := range o.policies() {
		spec := networkingv1.NetworkPolicySpecArgs{
			PodSelector: metav1.LabelSelectorArgs{MatchLabels: pulumi.ToStringMap(p.labels)},
		}
		var in networkingv1.NetworkPolicyIngressRuleArray
		for _, w := range p.in {
			in = append(in, networkingv1.NetworkPolicyIngressRuleArgs{From: w.all(), Ports: w.numbers()})
		}
		var out networkingv1.NetworkPolicyEgressRuleArray
		for _, w := range p.out {
			out = append(out, networkingv1.NetworkPolicyEgressRuleArgs{To: w.all(), Ports: w.numbers()})
		}
		if in != nil { // the API server drops an empty list, and would see a change each time
			spec.Ingress = in
		}
		if out != nil {
			spec.Egress = out
		}
		if err := o.policy(o.Name("monitoring", "network", p.name), o.meta(p.name, nil), spec); err != nil {
			return err
		}
	}
	return nil
}

func (o *observability) policy(resource string, meta *metav1.ObjectMetaArgs, spec networkingv1.NetworkPolicySpecArgs) error {
	spec.PolicyTypes = pulumi.ToStringArray([]string{"Ingress", "Egress"})
	made, err := networkingv1.NewNetworkPolicy(o.ctx, resource, &networkingv1.NetworkPolicyArgs{Metadata: meta, Spec: spec}, o.child, o.after())
	o.ready = append(o.ready, made)
	return err
}

func (w way) all() networkingv1.NetworkPolicyPeerArray {
	var all networkingv1.NetworkPolicyPeerArray
	for _, p := range w.peers {
		one := networkingv1.NetworkPolicyPeerArgs{}
		if p.block != "" {
			block := networkingv1.IPBlockArgs{Cidr: pulumi.String(p.block)}
			if len(p.except) > 0 {
				block.Except = pulumi.ToStringArray(p.except)
			}
			one.IpBlock = block
		} else {
			one.NamespaceSelector = metav1.LabelSelectorArgs{MatchLabels: pulumi.StringMap{"kubernetes.io/metadata.name": pulumi.String(p.namespace)}}
			one.PodSelector = metav1.LabelSelectorArgs{MatchLabels: pulumi.ToStringMap(p.labels)}
		}
		all = append(all, one)
	}
	return all
}

func (w way) numbers() networkingv1.NetworkPolicyPortArray {
	var all networkingv1.NetworkPolicyPortArray
	for _, p := range w.ports {
		all = append(all, networkingv1.NetworkPolicyPortArgs{Protocol: pulumi.String(p.protocol), Port: pulumi.Int(p.number)})
	}
	return all
}

// app is the pods of the app that are scraped and send traces.
func (a App) pods() []peer {
	all := []peer{{namespace: a.Namespace, labels: a.Serve}}
	for _, worker := range a.Workers {
		all = append(all, peer{namespace: a.Namespace, labels: worker})
	}
	return all
}

// others are the pods of the targets, with those that share a port together.
func others(targets []Target) []way {
	byPort := map[int][]peer{}
	for _, t := range targets {
		byPort[t.Port] = append(byPort[t.Port], peer{namespace: t.Namespace, labels: t.Labels})
	}
	var all []way
	for _, number := range slices.Sorted(maps.Keys(byPort)) {
		all = append(all, way{byPort[number], tcp(number)})
	}
	return all
}
