package controllers

import (
	"strings"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/layout"
)

// Whom pods of controllers meet.
const (
	// monitoring is the namespace whose Prometheus scrapes.
	monitoring = "monitoring"
	// identityAgent is where every node hands its pods their credentials.
	// https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html
	identityAgent = "169.254.170.23/32"
)

// Ports.
const (
	portDNS      = 53
	portHTTPS    = 443
	portIdentity = 80
)

// pods are the pods of one deployment of a chart and whom they meet. All of
// them resolve names and call the API server.
type pods struct {
	release string
	name    string // the label app.kubernetes.io/name
	outside bool   // call AWS, or others on the internet
	webhook int    // port that the API server calls; 0 for none
	metrics int    // port that Prometheus scrapes; 0 for none
}

// labels tell them from all others in the namespace.
func (p pods) labels() map[string]string {
	return map[string]string{"app.kubernetes.io/name": p.name, "app.kubernetes.io/instance": p.release}
}

// parts name them among all of the stack.
func (p pods) parts() []string {
	if p.name == p.release {
		return []string{p.release}
	}
	return []string{p.release, strings.TrimPrefix(p.name, p.release+"-")}
}

func (p pods) selector() metav1.LabelSelectorArgs {
	return metav1.LabelSelectorArgs{MatchLabels: pulumi.ToStringMap(p.labels())}
}

// deny closes a namespace: what no other policy opens is shut.
func (c *controllers) deny(namespace pulumi.StringInput, part string) (pulumi.Resource, error) {
	return c.policy(c.Name(part, "default-deny"), namespace, "default-deny", networkingv1.NetworkPolicySpecArgs{PodSelector: metav1.LabelSelectorArgs{}})
}

// allow opens what the pods need, and nothing else. The kubelet's probes need
// no rule.
// https://kubernetes.io/docs/concepts/services-networking/network-policies/
func (c *controllers) allow(namespace pulumi.StringInput, p pods) (pulumi.Resource, error) {
	var in networkingv1.NetworkPolicyIngressRuleArray
	if p.webhook != 0 {
		// The API server is no pod: it comes from its interfaces in the VPC.
		in = append(in, networkingv1.NetworkPolicyIngressRuleArgs{From: peers(block(c.Networks.VPC.String())), Ports: ports("TCP", p.webhook)})
	}
	if p.metrics != 0 {
		prometheus := podsIn(monitoring, map[string]string{"app.kubernetes.io/name": "prometheus"})
		in = append(in, networkingv1.NetworkPolicyIngressRuleArgs{From: peers(prometheus), Ports: ports("TCP", p.metrics)})
	}
	resolver := podsIn(system, map[string]string{"k8s-app": "kube-dns"})
	out := networkingv1.NetworkPolicyEgressRuleArray{
		networkingv1.NetworkPolicyEgressRuleArgs{To: peers(resolver), Ports: append(ports("UDP", portDNS), ports("TCP", portDNS)...)},
		// Policies see the service's address or the API server's own.
		networkingv1.NetworkPolicyEgressRuleArgs{
			To: peers(block(c.Networks.Services.String()), block(c.Networks.VPC.String())), Ports: ports("TCP", portHTTPS),
		},
	}
	if p.outside {
		// AWS answers inside the VPC where there is an endpoint, which is open
		// already, and outside where there is none.
		out = append(out,
			networkingv1.NetworkPolicyEgressRuleArgs{To: peers(internet()), Ports: ports("TCP", portHTTPS)},
			networkingv1.NetworkPolicyEgressRuleArgs{To: peers(block(identityAgent)), Ports: ports("TCP", portIdentity)})
	}
	spec := networkingv1.NetworkPolicySpecArgs{PodSelector: p.selector(), Egress: out}
	if len(in) > 0 { // the API server drops an empty list, and would see a change each time
		spec.Ingress = in
	}
	return c.policy(c.Name(p.parts()...), namespace, p.name, spec)
}

func (c *controllers) policy(resource string, namespace pulumi.StringInput, name string, spec networkingv1.NetworkPolicySpecArgs) (pulumi.Resource, error) {
	spec.PolicyTypes = pulumi.ToStringArray([]string{"Ingress", "Egress"})
	return networkingv1.NewNetworkPolicy(c.ctx, resource, &networkingv1.NetworkPolicyArgs{
		Metadata: metav1.ObjectMetaArgs{Name: pulumi.String(name), Namespace: namespace.ToStringOutput()}, Spec: spec,
	}, c.child)
}

func peers(all ...networkingv1.NetworkPolicyPeerArgs) networkingv1.NetworkPolicyPeerArray {
	var array networkingv1.NetworkPolicyPeerArray
	for _, peer := range all {
		array = append(array, peer)
	}
	return array
}

func block(cidr string) networkingv1.NetworkPolicyPeerArgs {
	return networkingv1.NetworkPolicyPeerArgs{IpBlock: networkingv1.IPBlockArgs{Cidr: pulumi.String(cidr)}}
}

// internet is all but the addresses that it does not know: of this network and
// its neighbours, and of the instance's metadata.
func internet() networkingv1.NetworkPolicyPeerArgs {
	return networkingv1.NetworkPolicyPeerArgs{IpBlock: networkingv1.IPBlockArgs{
		Cidr:   pulumi.String("0.0.0.0/0"),
		Except: pulumi.ToStringArray(layout.Unrouted()),
	}}
}

func podsIn(namespace string, labels map[string]string) networkingv1.NetworkPolicyPeerArgs {
	return networkingv1.NetworkPolicyPeerArgs{
		NamespaceSelector: metav1.LabelSelectorArgs{MatchLabels: pulumi.StringMap{"kubernetes.io/metadata.name": pulumi.String(namespace)}},
		PodSelector:       metav1.LabelSelectorArgs{MatchLabels: pulumi.ToStringMap(labels)},
	}
}

func ports(protocol string, number int) networkingv1.NetworkPolicyPortArray {
	return networkingv1.NetworkPolicyPortArray{networkingv1.NetworkPolicyPortArgs{Protocol: pulumi.String(protocol), Port: pulumi.Int(number)}}
}
