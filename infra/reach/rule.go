package reach

import (
	"cmp"
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

// policy is a NetworkPolicy with its selectors and blocks read.
type policy struct {
	name            string // with its namespace
	namespace       string
	pods            labels.Selector
	egress, ingress direction
}

// direction is what a policy says of one: nothing, unless it isolates.
type direction struct {
	isolates bool
	rules    []rule
}

// rule lets through what matches one of the peers and one of the ports.
type rule struct {
	policy string
	any    bool // no peers are named: all match
	peers  []matcher
	ports  []networkingv1.NetworkPolicyPort
}

// matcher is one entry of from or to.
type matcher struct {
	pods       labels.Selector // nil for blocks
	namespaces labels.Selector
	block      []span // without its exceptions
}

func set(m map[string]string) labels.Set { return m }

// compile reads the policies, sorted by name. The API server keeps one object
// under a name, so two are a mistake.
func compile(objects []networkingv1.NetworkPolicy) ([]policy, error) {
	var problems []error
	var all []policy
	for _, object := range objects {
		if err := check(object); err != nil {
			problems = append(problems, err)
			continue
		}
		all = append(all, read(object))
	}
	slices.SortFunc(all, func(a, b policy) int { return cmp.Compare(a.name, b.name) })
	for i := 1; i < len(all); i++ {
		if all[i].name == all[i-1].name {
			problems = append(problems, fmt.Errorf("policy %s is there twice", all[i].name))
		}
	}
	return all, errors.Join(problems...)
}

// read turns a checked object into a policy.
func read(object networkingv1.NetworkPolicy) policy {
	spec := object.Spec
	p := policy{name: nameOf(object), namespace: object.Namespace, pods: selector(&spec.PodSelector)}
	types := spec.PolicyTypes
	if len(types) == 0 {
		// The default of the API server: always the first, the second where
		// there are rules for it.
		types = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
		if len(spec.Egress) > 0 {
			types = append(types, networkingv1.PolicyTypeEgress)
		}
	}
	p.ingress.isolates = slices.Contains(types, networkingv1.PolicyTypeIngress)
	p.egress.isolates = slices.Contains(types, networkingv1.PolicyTypeEgress)
	for _, in := range spec.Ingress {
		p.ingress.rules = append(p.ingress.rules, p.rule(in.From, in.Ports))
	}
	for _, out := range spec.Egress {
		p.egress.rules = append(p.egress.rules, p.rule(out.To, out.Ports))
	}
	return p
}

func (p policy) rule(peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort) rule {
	r := rule{policy: p.name, any: len(peers) == 0, ports: ports}
	for _, peer := range peers {
		if peer.IPBlock != nil {
			within, except := blockOf(peer.IPBlock)
			r.peers = append(r.peers, matcher{block: minus([]span{spanOf(within)}, spansOf(except)...)})
			continue
		}
		m := matcher{pods: labels.Everything(), namespaces: labels.SelectorFromSet(labels.Set{corev1.LabelMetadataName: p.namespace})}
		if peer.PodSelector != nil {
			m.pods = selector(peer.PodSelector)
		}
		if peer.NamespaceSelector != nil {
			m.namespaces = selector(peer.NamespaceSelector)
		}
		r.peers = append(r.peers, m)
	}
	return r
}

// selector and blockOf read what check has found readable.
func selector(s *metav1.LabelSelector) labels.Selector {
	read, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		return labels.Nothing()
	}
	return read
}

func blockOf(b *networkingv1.IPBlock) (within netip.Prefix, except []netip.Prefix) {
	return prefixes(b.CIDR)[0], prefixes(b.Except...)
}

// grant is what a rule lets through between two ends.
type grant struct {
	policy    string
	addresses []span // of the other end, and more
	ports     []Port
}

func (g grant) opens(port Port) bool {
	return slices.ContainsFunc(g.ports, func(p Port) bool { return p.contains(port) })
}

// grants lists what the rules of a side let through to or from the other end,
// on ports of the target.
func (s *side) grants(other, target *end) []grant {
	var grants []grant
	for _, r := range s.rules {
		addresses := r.admits(other)
		ports := r.portsOf(target)
		if len(ports) > 0 && extentOf(other.addresses, minus(other.addresses, addresses...)) != None {
			grants = append(grants, grant{r.policy, addresses, ports})
		}
	}
	return grants
}

// admits returns addresses that match; only those of the end count.
func (r rule) admits(e *end) []span {
	if r.any {
		return e.addresses
	}
	var admitted []span
	for _, m := range r.peers {
		switch {
		case m.pods == nil:
			admitted = append(admitted, m.block...)
		case !e.outside() && m.namespaces.Matches(e.namespaceLabels()) && m.pods.Matches(set(e.Labels)):
			return e.addresses
		}
	}
	return admitted
}

// portsOf resolves the ports of the rule at the pods that listen. A name is
// none outside the cluster, and none where no container has it.
func (r rule) portsOf(target *end) []Port {
	if len(r.ports) == 0 {
		return EveryPort()
	}
	var ports []Port
	for _, p := range r.ports {
		protocol := Port{}.protocol()
		if p.Protocol != nil {
			protocol = *p.Protocol
		}
		switch {
		case p.Port == nil:
			ports = append(ports, whole(protocol))
		case p.Port.Type == intstr.Int && p.EndPort != nil:
			ports = append(ports, between(p.Port.IntVal, *p.EndPort, protocol))
		case p.Port.Type == intstr.Int:
			ports = append(ports, between(p.Port.IntVal, p.Port.IntVal, protocol))
		default:
			for _, c := range target.Ports {
				if c.Name == p.Port.StrVal && (Port{Protocol: c.Protocol}).protocol() == protocol {
					ports = append(ports, between(c.ContainerPort, c.ContainerPort, protocol))
				}
			}
		}
	}
	return ports
}

// classes cuts the ports so that each is let through as one.
func classes(ports []Port, grants ...[]grant) []Port {
	var cuts []Port
	for _, g := range slices.Concat(grants...) {
		cuts = append(cuts, g.ports...)
	}
	return cut(ports, cuts)
}
