package reach_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/infra/reach"
)

// host is one address of a peer; the oracle judges single packets between two
// of them, as a node does, and knows no sets.
type host struct {
	reach.Peer
	address netip.Addr
}

func hosts(p reach.Peer) []host {
	var all []host
	for _, network := range p.Networks {
		for at := network.Addr(); network.Contains(at); at = at.Next() {
			if !slices.ContainsFunc(p.Except, func(e netip.Prefix) bool { return e.Contains(at) }) {
				all = append(all, host{p, at})
			}
		}
	}
	return all
}

func passes(policies []networkingv1.NetworkPolicy, from, to host, port reach.Port) bool {
	return lets(policies, egress, from, to, to, port) && lets(policies, ingress, to, from, to, port)
}

func lets(policies []networkingv1.NetworkPolicy, way networkingv1.PolicyType, self, other, target host, port reach.Port) bool {
	if self.Namespace == "" {
		return true
	}
	isolated := false
	for _, p := range policies {
		types := p.Spec.PolicyTypes
		binds := slices.Contains(types, way) || len(types) == 0 && (way == ingress || len(p.Spec.Egress) > 0)
		if !binds || p.Namespace != self.Namespace || !fits(&p.Spec.PodSelector, self.Labels) {
			continue
		}
		isolated = true
		if way == ingress {
			for _, r := range p.Spec.Ingress {
				if isPeer(r.From, p.Namespace, other) && isPort(r.Ports, target, port) {
					return true
				}
			}
			continue
		}
		for _, r := range p.Spec.Egress {
			if isPeer(r.To, p.Namespace, other) && isPort(r.Ports, target, port) {
				return true
			}
		}
	}
	return !isolated
}

func isPeer(peers []peer, namespace string, other host) bool {
	return len(peers) == 0 || slices.ContainsFunc(peers, func(p peer) bool {
		if p.IPBlock != nil {
			return netip.MustParsePrefix(p.IPBlock.CIDR).Contains(other.address) &&
				!slices.ContainsFunc(p.IPBlock.Except, func(e string) bool { return netip.MustParsePrefix(e).Contains(other.address) })
		}
		if other.Namespace == "" || p.NamespaceSelector == nil && other.Namespace != namespace {
			return false
		}
		return (p.NamespaceSelector == nil || fits(p.NamespaceSelector, other.NamespaceLabels)) &&
			(p.PodSelector == nil || fits(p.PodSelector, other.Labels))
	})
}

func isPort(ports []port, target host, at reach.Port) bool {
	return len(ports) == 0 || slices.ContainsFunc(ports, func(p port) bool {
		protocol := corev1.ProtocolTCP
		if p.Protocol != nil {
			protocol = *p.Protocol
		}
		switch {
		case protocol != at.Protocol:
			return false
		case p.Port == nil:
			return true
		case p.Port.Type == intstr.String:
			return slices.ContainsFunc(target.Ports, func(c corev1.ContainerPort) bool {
				tcp := protocol == corev1.ProtocolTCP && c.Protocol == ""
				return c.Name == p.Port.StrVal && c.ContainerPort == at.Number && (tcp || c.Protocol == protocol)
			})
		case p.EndPort != nil:
			return p.Port.IntVal <= at.Number && at.Number <= *p.EndPort
		}
		return p.Port.IntVal == at.Number
	})
}

func fits(s *selector, labels map[string]string) bool {
	for key, want := range s.MatchLabels {
		if labels[key] != want {
			return false
		}
	}
	for _, e := range s.MatchExpressions {
		value, has := labels[e.Key]
		in := has && slices.Contains(e.Values, value)
		holds := map[metav1.LabelSelectorOperator]bool{
			metav1.LabelSelectorOpIn: in, metav1.LabelSelectorOpNotIn: !in,
			metav1.LabelSelectorOpExists: has, metav1.LabelSelectorOpDoesNotExist: !has,
		}
		if !holds[e.Operator] {
			return false
		}
	}
	return true
}

// None, part and all are what trying every address shows.
func TestTheTableIsWhatPacketsSee(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		policies := drawPolicies(t)
		table := evaluate(t, policies)
		port := rapid.SampledFrom(probes()).Draw(t, "port")
		for _, a := range small() {
			for _, b := range small() {
				if a.Namespace == "" && b.Namespace == "" {
					continue
				}
				tried, passed := 0, 0
				for _, from := range hosts(a) {
					for _, to := range hosts(b) {
						tried++
						if passes(policies, from, to, port) {
							passed++
						}
					}
				}
				want := reach.Part
				switch passed {
				case 0:
					want = reach.None
				case tried:
					want = reach.All
				}
				require.Equal(t, want, table.Extent(a.Name, b.Name, port), "%s to %s %s", a.Name, b.Name, port)
			}
		}
	})
}
