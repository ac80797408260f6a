package reach_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/script-ohio/platform/infra/reach"
)

type (
	peer     = networkingv1.NetworkPolicyPeer
	port     = networkingv1.NetworkPolicyPort
	selector = metav1.LabelSelector
)

const (
	ingress = networkingv1.PolicyTypeIngress
	egress  = networkingv1.PolicyTypeEgress
)

func nets(texts ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

func labeled(pairs ...string) *selector {
	s := &selector{MatchLabels: map[string]string{}}
	for i := 0; i < len(pairs); i += 2 {
		s.MatchLabels[pairs[i]] = pairs[i+1]
	}
	return s
}

func expression(key string, operator metav1.LabelSelectorOperator, values ...string) *selector {
	return &selector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: key, Operator: operator, Values: values}}}
}

func pods(s *selector) peer               { return peer{PodSelector: s} }
func spaces(s *selector) peer             { return peer{NamespaceSelector: s} }
func podsIn(namespace, of *selector) peer { return peer{NamespaceSelector: namespace, PodSelector: of} }

func block(within string, except ...string) peer {
	return peer{IPBlock: &networkingv1.IPBlock{CIDR: within, Except: except}}
}

func number(n int32) port {
	at := intstr.FromInt32(n)
	return port{Port: &at}
}

func upTo(first, last int32) port {
	p := number(first)
	p.EndPort = &last
	return p
}

func named(name string) port {
	at := intstr.FromString(name)
	return port{Port: &at}
}

func over(protocol corev1.Protocol, p port) port {
	p.Protocol = &protocol
	return p
}

// policy is one in namespace a that selects the pods.
func policy(name string, selects *selector, types ...networkingv1.PolicyType) networkingv1.NetworkPolicy {
	p := networkingv1.NetworkPolicy{Spec: networkingv1.NetworkPolicySpec{PodSelector: *selects, PolicyTypes: types}}
	p.Name, p.Namespace = name, "a"
	return p
}

func from(p networkingv1.NetworkPolicy, ports []port, peers ...peer) networkingv1.NetworkPolicy {
	p.Spec.Ingress = append(p.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{From: peers, Ports: ports})
	return p
}

func to(p networkingv1.NetworkPolicy, ports []port, peers ...peer) networkingv1.NetworkPolicy {
	p.Spec.Egress = append(p.Spec.Egress, networkingv1.NetworkPolicyEgressRule{To: peers, Ports: ports})
	return p
}

// world is two namespaces and two networks. Web listens at 80, which it names.
func world() []reach.Peer {
	private := nets("10.0.0.0/25")
	a, b := map[string]string{"team": "a"}, map[string]string{"team": "b"}
	return []reach.Peer{
		{Name: "web", Namespace: "a", NamespaceLabels: a, Labels: map[string]string{"app": "web", "tier": "front"}, Networks: private,
			Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 80}, {Name: "dns", ContainerPort: 53, Protocol: corev1.ProtocolUDP}}},
		{Name: "db", Namespace: "a", NamespaceLabels: a, Labels: map[string]string{"app": "db"}, Networks: private},
		{Name: "other", Namespace: "b", NamespaceLabels: b, Labels: map[string]string{"app": "web"}, Networks: private},
		{Name: "near", Networks: nets("10.0.1.0/24", "10.0.2.0/24")},
		{Name: "far", Networks: nets("203.0.113.0/24")},
	}
}

func TestSemantics(t *testing.T) {
	all, web := &selector{}, labeled("app", "web")
	every := []port(nil)
	toWeb := func(ports []port, peers ...peer) networkingv1.NetworkPolicy {
		return from(policy("p", web, ingress), ports, peers...)
	}
	ofWeb := func(ports []port, peers ...peer) networkingv1.NetworkPolicy {
		return to(policy("p", web, egress), ports, peers...)
	}
	type asks map[string]reach.Extent // from, to and port as one word
	for _, c := range []struct {
		name     string
		policies []networkingv1.NetworkPolicy
		want     asks
	}{
		{"no policies", nil,
			asks{"web db 80": reach.All, "far db 1": reach.All, "db far 65535": reach.All, "web web 80": reach.All}},
		{"default deny of both", []networkingv1.NetworkPolicy{policy("p", all, ingress, egress)},
			asks{"web db 80": reach.None, "web web 80": reach.None, "far db 1": reach.None, "db far 80": reach.None, "other web 80": reach.None, "other far 80": reach.All}},
		{"of ingress alone", []networkingv1.NetworkPolicy{policy("p", all, ingress)},
			asks{"web db 80": reach.None, "db far 80": reach.All}},
		{"of egress alone", []networkingv1.NetworkPolicy{policy("p", all, egress)},
			asks{"web db 80": reach.None, "far db 80": reach.All, "other db 80": reach.All, "db other 80": reach.None}},
		{"types are ingress where none are named", []networkingv1.NetworkPolicy{policy("p", all)},
			asks{"far db 80": reach.None, "db far 80": reach.All}},
		{"and egress where there are rules for it", []networkingv1.NetworkPolicy{to(policy("p", all), every, block("203.0.113.0/24"))},
			asks{"far db 80": reach.None, "db far 80": reach.All, "db near 80": reach.None}},
		{"rules of a type that is not named are void", []networkingv1.NetworkPolicy{to(policy("p", all, ingress), every, block("203.0.113.0/24"))},
			asks{"far db 80": reach.None, "db near 80": reach.All}},
		{"isolates selected pods only", []networkingv1.NetworkPolicy{policy("p", web, ingress)},
			asks{"db web 80": reach.None, "web db 80": reach.All, "far other 80": reach.All}},
		{"no peers is everybody", []networkingv1.NetworkPolicy{toWeb([]port{number(80)})},
			asks{"db web 80": reach.All, "far web 80": reach.All, "far web 81": reach.None}},
		{"an empty selector is all pods of the namespace", []networkingv1.NetworkPolicy{toWeb(every, pods(all))},
			asks{"db web 80": reach.All, "web web 80": reach.All, "other web 80": reach.None, "far web 80": reach.None}},
		{"a pod selector stays in the namespace", []networkingv1.NetworkPolicy{toWeb(every, pods(web))},
			asks{"web web 80": reach.All, "db web 80": reach.None, "other web 80": reach.None}},
		{"a namespace selector means all its pods", []networkingv1.NetworkPolicy{toWeb(every, spaces(labeled("team", "b")))},
			asks{"other web 80": reach.All, "db web 80": reach.None, "far web 80": reach.None}},
		{"an empty one all pods", []networkingv1.NetworkPolicy{toWeb(every, spaces(all))},
			asks{"other web 80": reach.All, "db web 80": reach.All, "far web 80": reach.None}},
		{"the name of a namespace is a label", []networkingv1.NetworkPolicy{toWeb(every, spaces(labeled(corev1.LabelMetadataName, "b")))},
			asks{"other web 80": reach.All, "db web 80": reach.None}},
		{"both in one peer must match", []networkingv1.NetworkPolicy{toWeb(every, podsIn(labeled("team", "b"), labeled("app", "db")))},
			asks{"other web 80": reach.None, "db web 80": reach.None}},
		{"in two peers either", []networkingv1.NetworkPolicy{toWeb(every, spaces(labeled("team", "b")), pods(labeled("app", "db")))},
			asks{"other web 80": reach.All, "db web 80": reach.All, "web web 80": reach.None}},
		{"all labels must match", []networkingv1.NetworkPolicy{policy("p", labeled("app", "web", "tier", "back"), ingress)},
			asks{"far web 80": reach.All}},
		{"In", []networkingv1.NetworkPolicy{toWeb(every, pods(expression("app", metav1.LabelSelectorOpIn, "db", "x")))},
			asks{"db web 80": reach.All, "web web 80": reach.None}},
		{"NotIn takes those without the label", []networkingv1.NetworkPolicy{toWeb(every, pods(expression("tier", metav1.LabelSelectorOpNotIn, "front")))},
			asks{"db web 80": reach.All, "web web 80": reach.None}},
		{"Exists", []networkingv1.NetworkPolicy{toWeb(every, pods(expression("tier", metav1.LabelSelectorOpExists)))},
			asks{"web web 80": reach.All, "db web 80": reach.None}},
		{"DoesNotExist", []networkingv1.NetworkPolicy{toWeb(every, pods(expression("tier", metav1.LabelSelectorOpDoesNotExist)))},
			asks{"web web 80": reach.None, "db web 80": reach.All}},
		{"rules and policies add up", []networkingv1.NetworkPolicy{
			from(toWeb([]port{number(80)}, pods(labeled("app", "db"))), []port{number(81)}, spaces(labeled("team", "b"))),
			from(policy("q", all, ingress), []port{number(82)}, pods(all))},
			asks{"db web 80": reach.All, "db web 81": reach.None, "db web 82": reach.All, "other web 80": reach.None, "other web 81": reach.All}},
		{"both ends must allow", []networkingv1.NetworkPolicy{
			toWeb([]port{number(80), number(81)}), to(policy("q", labeled("app", "db"), egress), []port{number(81), number(82)})},
			asks{"db web 80": reach.None, "db web 81": reach.All, "db web 82": reach.None, "db far 82": reach.All}},
		{"a block", []networkingv1.NetworkPolicy{ofWeb(every, block("203.0.112.0/20"))},
			asks{"web far 1": reach.All, "web near 1": reach.None, "web db 1": reach.None}},
		{"with exceptions", []networkingv1.NetworkPolicy{ofWeb(every, block("0.0.0.0/0", "10.0.0.0/8"))},
			asks{"web far 1": reach.All, "web near 1": reach.None, "web db 1": reach.None}},
		{"a block of a part", []networkingv1.NetworkPolicy{ofWeb(every, block("10.0.1.0/24"))},
			asks{"web near 1": reach.Part, "web far 1": reach.None}},
		{"an exception of a part", []networkingv1.NetworkPolicy{ofWeb(every, block("0.0.0.0/0", "203.0.113.7/32"))},
			asks{"web near 1": reach.All, "web far 1": reach.Part}},
		{"parts add up, past exceptions of each other", []networkingv1.NetworkPolicy{
			ofWeb(every, block("10.0.0.0/22", "10.0.1.0/25"), block("10.0.1.0/25"))},
			asks{"web near 1": reach.All}},
		{"a block that covers addresses of pods opens to pods", []networkingv1.NetworkPolicy{ofWeb([]port{number(443)}, block("0.0.0.0/0"))},
			asks{"web far 443": reach.All, "web db 443": reach.All, "web other 443": reach.All, "web db 80": reach.None}},
		{"and in part", []networkingv1.NetworkPolicy{toWeb(every, block("10.0.0.0/26"))},
			asks{"db web 1": reach.Part, "far web 1": reach.None}},
		{"IPv6 is another world", []networkingv1.NetworkPolicy{ofWeb(every, block("::/0"))},
			asks{"web far 1": reach.None, "web db 1": reach.None}},
		{"a protocol is TCP where none is named", []networkingv1.NetworkPolicy{toWeb([]port{number(53)})},
			asks{"far web 53": reach.All, "far web 53/UDP": reach.None}},
		{"a protocol without a port is all its ports", []networkingv1.NetworkPolicy{toWeb([]port{over(corev1.ProtocolUDP, port{})})},
			asks{"far web 1/UDP": reach.All, "far web 65535/UDP": reach.All, "far web 53": reach.None}},
		{"no ports are all of all protocols", []networkingv1.NetworkPolicy{toWeb(every, block("203.0.113.0/24"))},
			asks{"far web 1/SCTP": reach.All, "far web 53/UDP": reach.All}},
		{"a range", []networkingv1.NetworkPolicy{toWeb([]port{upTo(80, 90)})},
			asks{"far web 79": reach.None, "far web 80": reach.All, "far web 90": reach.All, "far web 91": reach.None}},
		{"a name is the port of the pods that listen", []networkingv1.NetworkPolicy{toWeb([]port{named("http")})},
			asks{"far web 80": reach.All, "far web 81": reach.None}},
		{"of its protocol", []networkingv1.NetworkPolicy{toWeb([]port{named("dns")})},
			asks{"far web 53": reach.None, "far web 53/UDP": reach.None}},
		{"of its protocol, named", []networkingv1.NetworkPolicy{toWeb([]port{over(corev1.ProtocolUDP, named("dns"))})},
			asks{"far web 53": reach.None, "far web 53/UDP": reach.All}},
		{"a name that nobody has opens nothing", []networkingv1.NetworkPolicy{toWeb([]port{named("https")})},
			asks{"far web 80": reach.None, "far web 443": reach.None}},
		{"on the way out it is the target's, and none outside", []networkingv1.NetworkPolicy{to(policy("p", labeled("app", "db"), egress), []port{named("http")})},
			asks{"db web 80": reach.All, "db other 80": reach.None, "db far 80": reach.None}},
	} {
		t.Run(c.name, func(t *testing.T) {
			table, err := reach.Evaluate(c.policies, world(), nil)
			require.NoError(t, err)
			for ask, want := range c.want {
				from, to, port := parse(t, ask)
				require.Equal(t, want, table.Extent(from, to, port), ask)
			}
		})
	}
}
