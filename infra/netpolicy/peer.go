package netpolicy

import (
	"net/netip"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/layout"
)

// identityAgent is where every node hands its pods their credentials of AWS.
// https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html
const identityAgent = "169.254.170.23/32"

// Ports of whom all meet.
const (
	portDNS      = 53
	portHTTPS    = 443
	portIdentity = 80
)

// Peer is pods of a namespace, or addresses.
type Peer struct {
	Namespace string
	Labels    map[string]string

	Block  string   // instead of pods: a CIDR
	Except []string // CIDRs within it
}

// Pods are those of a namespace that bear all of the labels.
func Pods(namespace string, labels map[string]string) Peer {
	return Peer{Namespace: namespace, Labels: labels}
}

// Blocks are the addresses of networks.
func Blocks(networks ...netip.Prefix) []Peer {
	var all []Peer
	for _, n := range networks {
		all = append(all, Peer{Block: n.String()})
	}
	return all
}

// Internet is all but the addresses that it does not know: those of private
// networks and of the instance's metadata.
func Internet() Peer { return Peer{Block: "0.0.0.0/0", Except: layout.Unrouted()} }

// Resolver is the pods that resolve names.
func Resolver() Peer { return Pods("kube-system", map[string]string{"k8s-app": "kube-dns"}) }

// DNS is the way to them.
func DNS() Way {
	return Way{Peers: []Peer{Resolver()}, Ports: append(UDP(portDNS), TCP(portDNS)...)}
}

// Credentials is the way to where a pod gets its role in AWS.
func Credentials() Way {
	return Way{Peers: []Peer{{Block: identityAgent}}, Ports: TCP(portIdentity)}
}

// APIServer is the way to it. Policies see its service's address or its own,
// which is in the VPC.
func APIServer(services, vpc netip.Prefix) Way {
	return Way{Peers: Blocks(services, vpc), Ports: TCP(portHTTPS)}
}

// args are the peer as the API server takes it.
func (p Peer) args() networkingv1.NetworkPolicyPeerArgs {
	if p.Block != "" {
		block := networkingv1.IPBlockArgs{Cidr: pulumi.String(p.Block)}
		if len(p.Except) > 0 {
			block.Except = pulumi.ToStringArray(p.Except)
		}
		return networkingv1.NetworkPolicyPeerArgs{IpBlock: block}
	}
	return networkingv1.NetworkPolicyPeerArgs{
		NamespaceSelector: metav1.LabelSelectorArgs{MatchLabels: pulumi.StringMap{"kubernetes.io/metadata.name": pulumi.String(p.Namespace)}},
		PodSelector:       Labelled(p.Labels),
	}
}
