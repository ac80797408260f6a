// Package netpolicy writes network policies: for which pods, whom these meet
// and at which ports. A pod that any policy selects for a direction meets
// nobody there but whom its policies name.
// https://kubernetes.io/docs/concepts/services-networking/network-policies/
package netpolicy

import (
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Direction is a side of connections that a policy closes.
type Direction string

// The directions.
const (
	Ingress Direction = "Ingress"
	Egress  Direction = "Egress"
)

// Policy is one of some pods. The kubelet's probes and forwarded ports need no
// way.
type Policy struct {
	Pods metav1.LabelSelectorArgs // none of it: all of the namespace
	// Only is the one direction that it is about; empty for both.
	Only    Direction
	In, Out []Way
}

// Way leads from peers to the pods, or from the pods to peers.
type Way struct {
	Peers []Peer
	Ports []Port
}

// Port is one that is open.
type Port struct {
	Protocol string // TCP or UDP
	Number   int
}

// TCP are ports of it.
func TCP(numbers ...int) []Port {
	var all []Port
	for _, n := range numbers {
		all = append(all, Port{Protocol: "TCP", Number: n})
	}
	return all
}

// UDP are ports of it.
func UDP(numbers ...int) []Port {
	var all []Port
	for _, n := range numbers {
		all = append(all, Port{Protocol: "UDP", Number: n})
	}
	return all
}

// Labelled selects the pods that bear all of the labels.
func Labelled(labels map[string]string) metav1.LabelSelectorArgs {
	return metav1.LabelSelectorArgs{MatchLabels: pulumi.ToStringMap(labels)}
}

// OneOf selects the pods whose label has one of the values.
func OneOf(label string, values ...string) metav1.LabelSelectorArgs {
	return metav1.LabelSelectorArgs{MatchExpressions: metav1.LabelSelectorRequirementArray{metav1.LabelSelectorRequirementArgs{
		Key: pulumi.String(label), Operator: pulumi.String("In"), Values: pulumi.ToStringArray(values),
	}}}
}

// Spec is the policy as the API server takes it. It drops an empty list of
// rules, and would show a change each time: there is none.
func (p Policy) Spec() networkingv1.NetworkPolicySpecArgs {
	types := []string{string(Ingress), string(Egress)}
	if p.Only != "" {
		types = []string{string(p.Only)}
	}
	spec := networkingv1.NetworkPolicySpecArgs{PodSelector: p.Pods, PolicyTypes: pulumi.ToStringArray(types)}
	var in networkingv1.NetworkPolicyIngressRuleArray
	for _, w := range p.In {
		in = append(in, networkingv1.NetworkPolicyIngressRuleArgs{From: w.peers(), Ports: w.ports()})
	}
	var out networkingv1.NetworkPolicyEgressRuleArray
	for _, w := range p.Out {
		out = append(out, networkingv1.NetworkPolicyEgressRuleArgs{To: w.peers(), Ports: w.ports()})
	}
	if in != nil {
		spec.Ingress = in
	}
	if out != nil {
		spec.Egress = out
	}
	return spec
}

func (w Way) peers() networkingv1.NetworkPolicyPeerArray {
	var all networkingv1.NetworkPolicyPeerArray
	for _, p := range w.Peers {
		all = append(all, p.args())
	}
	return all
}

func (w Way) ports() networkingv1.NetworkPolicyPortArray {
	var all networkingv1.NetworkPolicyPortArray
	for _, p := range w.Ports {
		all = append(all, networkingv1.NetworkPolicyPortArgs{Protocol: pulumi.String(p.Protocol), Port: pulumi.Int(p.Number)})
	}
	return all
}
