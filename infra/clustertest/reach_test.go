package clustertest

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func selects(label, value string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{label: value}}
}

func policy(in ...networkingv1.NetworkPolicyIngressRule) networkingv1.NetworkPolicy {
	return networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: "here"},
		Spec:       networkingv1.NetworkPolicySpec{PodSelector: *selects("app", "api"), PolicyTypes: []networkingv1.PolicyType{"Ingress"}, Ingress: in},
	}
}

func pod(namespace, app string) *end {
	return &end{
		name: namespace + "/" + app, labels: map[string]string{"app": app},
		namespaceLabels: map[string]string{corev1.LabelMetadataName: namespace, "team": namespace},
		ports:           map[string]int32{"http": 8000},
	}
}

func address(text string) *end { return &end{name: text, address: netip.MustParseAddr(text)} }

// Who is let in by a policy of the pods "api" in the namespace "here".
func TestNetworkPolicyLetsIn(t *testing.T) {
	type peer = networkingv1.NetworkPolicyPeer
	http, first, last, udp := intstr.FromString("http"), intstr.FromInt32(8000), int32(8010), corev1.ProtocolUDP
	from := func(peers ...peer) networkingv1.NetworkPolicyIngressRule {
		return networkingv1.NetworkPolicyIngressRule{From: peers}
	}
	to := func(ports ...networkingv1.NetworkPolicyPort) networkingv1.NetworkPolicyIngressRule {
		return networkingv1.NetworkPolicyIngressRule{Ports: ports}
	}
	block := peer{IPBlock: &networkingv1.IPBlock{CIDR: "10.0.0.0/16", Except: []string{"10.0.9.0/24"}}}
	for name, test := range map[string]struct {
		policies []networkingv1.NetworkPolicy
		other    *end
		port     int32
		protocol corev1.Protocol
		let      bool
	}{
		"no policy":                          {nil, address("8.8.8.8"), 8000, "TCP", true},
		"a policy without rules":             {[]networkingv1.NetworkPolicy{policy()}, pod("here", "web"), 8000, "TCP", false},
		"an empty rule":                      {[]networkingv1.NetworkPolicy{policy(to())}, address("8.8.8.8"), 8000, "TCP", true},
		"rules add up":                       {[]networkingv1.NetworkPolicy{policy(), policy(from(block))}, address("10.0.1.1"), 1, "TCP", true},
		"an address of the block":            {[]networkingv1.NetworkPolicy{policy(from(block))}, address("10.0.1.1"), 1, "TCP", true},
		"an address it leaves out":           {[]networkingv1.NetworkPolicy{policy(from(block))}, address("10.0.9.1"), 1, "TCP", false},
		"an address outside":                 {[]networkingv1.NetworkPolicy{policy(from(block))}, address("10.1.0.1"), 1, "TCP", false},
		"a pod is in no block":               {[]networkingv1.NetworkPolicy{policy(from(block))}, pod("here", "web"), 1, "TCP", false},
		"pods of the same namespace":         {[]networkingv1.NetworkPolicy{policy(from(peer{PodSelector: selects("app", "web")}))}, pod("here", "web"), 1, "TCP", true},
		"their like in another namespace":    {[]networkingv1.NetworkPolicy{policy(from(peer{PodSelector: selects("app", "web")}))}, pod("there", "web"), 1, "TCP", false},
		"pods of a selected namespace":       {[]networkingv1.NetworkPolicy{policy(from(peer{NamespaceSelector: selects("team", "there")}))}, pod("there", "web"), 1, "TCP", true},
		"both selectors, one does not match": {[]networkingv1.NetworkPolicy{policy(from(peer{NamespaceSelector: selects("team", "there"), PodSelector: selects("app", "db")}))}, pod("there", "web"), 1, "TCP", false},
		"a named port":                       {[]networkingv1.NetworkPolicy{policy(to(networkingv1.NetworkPolicyPort{Port: &http}))}, pod("here", "web"), 8000, "TCP", true},
		"another than the named port":        {[]networkingv1.NetworkPolicy{policy(to(networkingv1.NetworkPolicyPort{Port: &http}))}, pod("here", "web"), 9000, "TCP", false},
		"a range of ports":                   {[]networkingv1.NetworkPolicy{policy(to(networkingv1.NetworkPolicyPort{Port: &first, EndPort: &last}))}, pod("here", "web"), 8010, "TCP", true},
		"beyond the range":                   {[]networkingv1.NetworkPolicy{policy(to(networkingv1.NetworkPolicyPort{Port: &first, EndPort: &last}))}, pod("here", "web"), 8011, "TCP", false},
		"another protocol":                   {[]networkingv1.NetworkPolicy{policy(to(networkingv1.NetworkPolicyPort{Port: &first, Protocol: &udp}))}, pod("here", "web"), 8000, "TCP", false},
	} {
		target := pod("here", "api")
		target.policies = test.policies
		let, err := target.allows(networkingv1.PolicyTypeIngress, test.other, target, Reach{Port: test.port, Protocol: test.protocol})
		require.NoError(t, err, name)
		require.Equal(t, test.let, let, name)
	}
}

func TestNetworkPolicyOfOtherPodsOrDirection(t *testing.T) {
	target := pod("here", "web")
	target.policies = []networkingv1.NetworkPolicy{policy()}
	let, err := target.allows(networkingv1.PolicyTypeIngress, address("8.8.8.8"), target, Reach{Port: 1, Protocol: "TCP"})
	require.NoError(t, err)
	require.True(t, let, "the policy is one of other pods")
	target = pod("here", "api")
	target.policies = []networkingv1.NetworkPolicy{policy()}
	let, err = target.allows(networkingv1.PolicyTypeEgress, address("8.8.8.8"), address("8.8.8.8"), Reach{Port: 1, Protocol: "TCP"})
	require.NoError(t, err)
	require.True(t, let, "the policy says nothing of the way out")
}
