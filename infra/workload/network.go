package workload

import (
	"net/netip"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/infra/layout"
)

// Whom pods meet beside the networks of the stack: the agent on every node that
// hands out AWS credentials, and those who watch.
// https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html
const (
	identityAgent = "169.254.170.23/32"
	// monitoring is the namespace of those who watch: Prometheus scrapes,
	// Alertmanager tells of alerts.
	monitoring = "monitoring"
)

// networkPolicies closes the namespace and opens what the pods need.
func (w *workload) networkPolicies() error {
	components := []string{componentServe, migrator}
	for _, k := range w.Workers {
		components = append(components, k.component())
	}
	policies := []networkPolicy{
		{name: "default-deny", pods: metav1.LabelSelectorArgs{}, types: []string{"Ingress", "Egress"}},
		{name: "dns", pods: oneOf(components), types: []string{"Egress"}, out: []rule{{
			peers: []networkingv1.NetworkPolicyPeerArgs{inNamespace("kube-system", pulumi.StringMap{"k8s-app": pulumi.String("kube-dns")})},
			ports: []port{{"UDP", 53}, {"TCP", 53}},
		}}},
		{name: "data", pods: oneOf(components), types: []string{"Egress"}, out: []rule{
			{peers: networks(w.Networks.Databases), ports: []port{{"TCP", w.Networks.DatabasePort}, {"TCP", w.Networks.CachePort}}},
		}},
		// AWS answers inside the VPC where there is an endpoint and outside
		// where there is none; the data of games comes from the internet.
		{name: "https", pods: oneOf(append(components[2:len(components):len(components)], componentServe)), types: []string{"Egress"}, out: []rule{
			{peers: append(networks(w.Networks.Private), networkingv1.NetworkPolicyPeerArgs{IpBlock: networkingv1.IPBlockArgs{
				Cidr: pulumi.String("0.0.0.0/0"), Except: pulumi.ToStringArray(layout.Unrouted()),
			}}), ports: []port{{"TCP", 443}}},
			{peers: []networkingv1.NetworkPolicyPeerArgs{{IpBlock: networkingv1.IPBlockArgs{Cidr: pulumi.String(identityAgent)}}}, ports: []port{{"TCP", 80}}},
		}},
		{name: "callers", pods: oneOf([]string{componentServe}), types: []string{"Ingress"}, in: []rule{
			{peers: networks(w.Networks.LoadBalancers), ports: []port{{"TCP", contract.PublicPort}}},
		}},
		{name: "scrape", pods: oneOf(append(components[2:len(components):len(components)], componentServe)), types: []string{"Ingress"}, in: []rule{
			{peers: []networkingv1.NetworkPolicyPeerArgs{inNamespace(monitoring, pulumi.StringMap{labelName: pulumi.String("prometheus")})},
				ports: []port{{"TCP", contract.InternalPort}}},
		}},
	}
	policies = append(policies, networkPolicy{name: "alerts", pods: oneOf([]string{componentServe}), types: []string{"Ingress"}, in: []rule{
		{peers: []networkingv1.NetworkPolicyPeerArgs{inNamespace(monitoring, pulumi.StringMap{labelName: pulumi.String("alertmanager")})},
			ports: []port{{"TCP", contract.PublicPort}}},
	}})
	if t := w.Traces; t != nil {
		policies = append(policies, networkPolicy{
			name: "traces", pods: oneOf(append(components[2:len(components):len(components)], componentServe)), types: []string{"Egress"}, out: []rule{
				{peers: []networkingv1.NetworkPolicyPeerArgs{inNamespace(monitoring, pulumi.ToStringMap(t.Collector))}, ports: []port{{"TCP", t.Port}}},
			},
		})
	}
	for _, p := range policies {
		made, err := p.register(w)
		if err != nil {
			return err
		}
		w.ready = append(w.ready, made)
	}
	return nil
}

// networkPolicy is one policy: what the pods may reach and who may reach them.
type networkPolicy struct {
	name    string
	pods    metav1.LabelSelectorArgs
	types   []string
	in, out []rule
}

type rule struct {
	peers []networkingv1.NetworkPolicyPeerArgs
	ports []port
}

type port struct {
	protocol string
	number   int
}

func (p networkPolicy) register(w *workload) (*networkingv1.NetworkPolicy, error) {
	spec := networkingv1.NetworkPolicySpecArgs{PodSelector: p.pods, PolicyTypes: pulumi.ToStringArray(p.types)}
	var in networkingv1.NetworkPolicyIngressRuleArray
	for _, r := range p.in {
		in = append(in, networkingv1.NetworkPolicyIngressRuleArgs{From: r.all(), Ports: r.numbers()})
	}
	var out networkingv1.NetworkPolicyEgressRuleArray
	for _, r := range p.out {
		out = append(out, networkingv1.NetworkPolicyEgressRuleArgs{To: r.all(), Ports: r.numbers()})
	}
	if in != nil {
		spec.Ingress = in
	}
	if out != nil {
		spec.Egress = out
	}
	return networkingv1.NewNetworkPolicy(w.ctx, w.Name("network", p.name), &networkingv1.NetworkPolicyArgs{Metadata: w.meta(p.name, nil), Spec: spec}, w.child, w.after())
}

func (r rule) all() networkingv1.NetworkPolicyPeerArray {
	var peers networkingv1.NetworkPolicyPeerArray
	for _, peer := range r.peers {
		peers = append(peers, peer)
	}
	return peers
}

func (r rule) numbers() networkingv1.NetworkPolicyPortArray {
	var ports networkingv1.NetworkPolicyPortArray
	for _, p := range r.ports {
		ports = append(ports, networkingv1.NetworkPolicyPortArgs{Protocol: pulumi.String(p.protocol), Port: pulumi.Int(p.number)})
	}
	return ports
}

// inNamespace is the pods with the labels in one namespace.
func inNamespace(namespace string, labels pulumi.StringMap) networkingv1.NetworkPolicyPeerArgs {
	return networkingv1.NetworkPolicyPeerArgs{
		NamespaceSelector: metav1.LabelSelectorArgs{MatchLabels: pulumi.StringMap{"kubernetes.io/metadata.name": pulumi.String(namespace)}},
		PodSelector:       metav1.LabelSelectorArgs{MatchLabels: labels},
	}
}

func networks(prefixes []netip.Prefix) []networkingv1.NetworkPolicyPeerArgs {
	var peers []networkingv1.NetworkPolicyPeerArgs
	for _, p := range prefixes {
		peers = append(peers, networkingv1.NetworkPolicyPeerArgs{IpBlock: networkingv1.IPBlockArgs{Cidr: pulumi.String(p.String())}})
	}
	return peers
}

// oneOf is the pods of the components.
func oneOf(components []string) metav1.LabelSelectorArgs {
	return metav1.LabelSelectorArgs{MatchExpressions: metav1.LabelSelectorRequirementArray{metav1.LabelSelectorRequirementArgs{
		Key: pulumi.String(labelComponent), Operator: pulumi.String("In"), Values: pulumi.ToStringArray(components),
	}}}
}
