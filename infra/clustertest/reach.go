package clustertest

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Peer is one end of a connection: pods, or an address outside the cluster.
type Peer struct {
	Namespace string
	Labels    map[string]string
	Address   string // instead of pods
}

// Reach is a connection and whether the network policies are to allow it.
type Reach struct {
	From, To Peer
	Port     int32
	Protocol corev1.Protocol // empty is TCP
	Allowed  bool
}

// Reachable answers by the rules of NetworkPolicy, out of the policies,
// namespaces and pods that the API server holds: nodes that are played have no
// network of their own.
func Reachable(name string, connections []Reach) Scenario {
	return Scenario{
		Name: "network policies of " + name,
		Run: func(ctx context.Context, c *Cluster) error {
			var errs []error
			for _, r := range connections {
				from, err1 := c.resolve(ctx, r.From)
				to, err2 := c.resolve(ctx, r.To)
				if err := errors.Join(err1, err2); err != nil {
					return err
				}
				if r.Protocol == "" {
					r.Protocol = corev1.ProtocolTCP
				}
				leaves, err1 := from.allows(networkingv1.PolicyTypeEgress, to, to, r)
				enters, err2 := to.allows(networkingv1.PolicyTypeIngress, from, to, r)
				if err := errors.Join(err1, err2); err != nil {
					return err
				}
				if (leaves && enters) != r.Allowed {
					errs = append(errs, fmt.Errorf("%s to port %d of %s: leaving is allowed: %t, entering: %t, both: expected %t",
						from.name, r.Port, to.name, leaves, enters, r.Allowed))
				}
			}
			return errors.Join(errs...)
		},
	}
}

// end is a peer with what the API server knows of it.
type end struct {
	name            string
	labels          labels.Set
	namespaceLabels labels.Set
	address         netip.Addr
	ports           map[string]int32 // by name
	policies        []networkingv1.NetworkPolicy
}

func (e *end) isPod() bool { return !e.address.IsValid() }

func (c *Cluster) resolve(ctx context.Context, p Peer) (*end, error) {
	if p.Address != "" {
		address, err := netip.ParseAddr(p.Address)
		return &end{name: p.Address, address: address}, err
	}
	e := &end{name: p.Namespace + "/" + labels.Set(p.Labels).String(), labels: p.Labels, ports: map[string]int32{}}
	namespace, err := c.Client.CoreV1().Namespaces().Get(ctx, p.Namespace, getOptions())
	if err != nil {
		return nil, err
	}
	e.namespaceLabels = namespace.Labels
	policies, err := c.Client.NetworkingV1().NetworkPolicies(p.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	e.policies = policies.Items
	pods, err := c.Client.CoreV1().Pods(p.Namespace).List(ctx, metav1.ListOptions{LabelSelector: labels.Set(p.Labels).String()})
	if err != nil {
		return nil, err
	}
	// Charts are not deployed, so their pods are known by their labels only.
	if len(pods.Items) > 0 {
		e.labels = pods.Items[0].Labels
		for _, in := range pods.Items[0].Spec.Containers {
			for _, port := range in.Ports {
				e.ports[port.Name] = port.ContainerPort
			}
		}
	}
	return e, nil
}

// allows tells whether the policies of this end let the other in or out.
// target is the end with the port.
func (e *end) allows(direction networkingv1.PolicyType, other, target *end, r Reach) (bool, error) {
	isolated := false
	for _, policy := range e.policies {
		selects, err := matches(&policy.Spec.PodSelector, e.labels)
		if err != nil {
			return false, err
		}
		if !selects || !slices.Contains(policy.Spec.PolicyTypes, direction) {
			continue
		}
		isolated = true
		for _, rule := range rulesOf(&policy, direction) {
			peers, err := rule.admits(policy.Namespace == other.namespaceLabels[corev1.LabelMetadataName], other)
			if err != nil {
				return false, err
			}
			if peers && opens(rule.ports, target, r) {
				return true, nil
			}
		}
	}
	return !isolated, nil
}

// rule is one of either direction.
type rule struct {
	peers []networkingv1.NetworkPolicyPeer
	ports []networkingv1.NetworkPolicyPort
}

func rulesOf(policy *networkingv1.NetworkPolicy, direction networkingv1.PolicyType) []rule {
	var rules []rule
	if direction == networkingv1.PolicyTypeIngress {
		for _, in := range policy.Spec.Ingress {
			rules = append(rules, rule{in.From, in.Ports})
		}
		return rules
	}
	for _, out := range policy.Spec.Egress {
		rules = append(rules, rule{out.To, out.Ports})
	}
	return rules
}

func (r rule) admits(sameNamespace bool, other *end) (bool, error) {
	if len(r.peers) == 0 {
		return true, nil
	}
	for _, peer := range r.peers {
		if peer.IPBlock != nil {
			if inside, err := inBlock(peer.IPBlock, other); inside || err != nil {
				return inside, err
			}
			continue
		}
		if !other.isPod() {
			continue
		}
		inNamespace := sameNamespace
		if peer.NamespaceSelector != nil {
			var err error
			if inNamespace, err = matches(peer.NamespaceSelector, other.namespaceLabels); err != nil {
				return false, err
			}
		}
		pods := true
		if peer.PodSelector != nil {
			var err error
			if pods, err = matches(peer.PodSelector, other.labels); err != nil {
				return false, err
			}
		}
		if inNamespace && pods {
			return true, nil
		}
	}
	return false, nil
}

func inBlock(block *networkingv1.IPBlock, other *end) (bool, error) {
	if other.isPod() {
		return false, nil
	}
	within, err := netip.ParsePrefix(block.CIDR)
	if err != nil || !within.Contains(other.address) {
		return false, err
	}
	for _, except := range block.Except {
		without, err := netip.ParsePrefix(except)
		if err != nil || without.Contains(other.address) {
			return false, err
		}
	}
	return true, nil
}

func opens(ports []networkingv1.NetworkPolicyPort, target *end, r Reach) bool {
	if len(ports) == 0 {
		return true
	}
	for _, port := range ports {
		if port.Protocol != nil && *port.Protocol != r.Protocol || port.Protocol == nil && r.Protocol != corev1.ProtocolTCP {
			continue
		}
		switch {
		case port.Port == nil:
			return true
		case port.Port.Type == intstr.String:
			if number, has := target.ports[port.Port.StrVal]; has && number == r.Port {
				return true
			}
		case port.EndPort != nil:
			if port.Port.IntVal <= r.Port && r.Port <= *port.EndPort {
				return true
			}
		case port.Port.IntVal == r.Port:
			return true
		}
	}
	return false
}

func matches(selector *metav1.LabelSelector, set labels.Set) (bool, error) {
	s, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && s.Matches(set), err
}
