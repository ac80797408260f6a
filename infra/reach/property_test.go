package reach_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/infra/reach"
)

// small is a world whose every address can be tried.
func small() []reach.Peer {
	peers := world()
	for i, networks := range [][]netip.Prefix{nets("10.0.0.0/30"), nets("10.0.0.4/30"), nets("10.0.0.0/29"), nets("10.0.0.8/29"), nets("10.0.0.16/30", "10.0.0.22/31")} {
		peers[i].Networks = networks
	}
	peers[3].Except = nets("10.0.0.9/32")
	return peers
}

func drawSelector(t *rapid.T) *selector {
	key, values := rapid.SampledFrom([]string{"app", "tier", "team"}).Draw(t, "key"), []string{"web", "db", "front", "a", "b"}
	switch rapid.IntRange(0, 5).Draw(t, "selector") {
	case 0:
		return &selector{}
	case 1:
		return labeled(key, rapid.SampledFrom(values).Draw(t, "value"))
	case 2:
		return expression(key, metav1.LabelSelectorOpIn, rapid.SampledFrom(values).Draw(t, "value"))
	case 3:
		return expression(key, metav1.LabelSelectorOpNotIn, rapid.SampledFrom(values).Draw(t, "value"))
	case 4:
		return expression(key, metav1.LabelSelectorOpExists)
	}
	return expression(key, metav1.LabelSelectorOpDoesNotExist)
}

func drawPeer(t *rapid.T) peer {
	switch rapid.IntRange(0, 3).Draw(t, "peer") {
	case 0:
		return pods(drawSelector(t))
	case 1:
		return spaces(drawSelector(t))
	case 2:
		return podsIn(drawSelector(t), drawSelector(t))
	}
	within := drawPrefix(t, netip.MustParsePrefix("10.0.0.0/26"))
	var except []string
	for range rapid.IntRange(0, 2).Draw(t, "exceptions") {
		if !within.IsSingleIP() {
			except = append(except, drawPrefix(t, within).String())
		}
	}
	return block(within.String(), except...)
}

// drawPrefix is a part of another.
func drawPrefix(t *rapid.T, inside netip.Prefix) netip.Prefix {
	bytes := inside.Addr().As4()
	bytes[3] += byte(rapid.IntRange(0, 1<<(32-inside.Bits())-1).Draw(t, "address"))
	length := rapid.IntRange(inside.Bits()+1, 32).Draw(t, "length")
	return netip.PrefixFrom(netip.AddrFrom4(bytes), length).Masked()
}

func drawPort(t *rapid.T) port {
	p := port{}
	switch rapid.IntRange(0, 3).Draw(t, "port") {
	case 0:
		p = number(rapid.SampledFrom([]int32{1, 53, 80, 81}).Draw(t, "number"))
	case 1:
		p = upTo(rapid.SampledFrom([]int32{1, 53, 80}).Draw(t, "first"), rapid.SampledFrom([]int32{80, 81, 65535}).Draw(t, "last"))
	case 2:
		p = named(rapid.SampledFrom([]string{"http", "dns"}).Draw(t, "name"))
	}
	if rapid.Bool().Draw(t, "protocol") {
		p = over(rapid.SampledFrom([]corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP}).Draw(t, "which"), p)
	}
	return p
}

func drawRule(t *rapid.T) (ports []port, peers []peer) {
	for range rapid.IntRange(0, 2).Draw(t, "peers") {
		peers = append(peers, drawPeer(t))
	}
	for range rapid.IntRange(0, 2).Draw(t, "ports") {
		ports = append(ports, drawPort(t))
	}
	return ports, peers
}

func drawPolicies(t *rapid.T) []networkingv1.NetworkPolicy {
	types := rapid.SampledFrom([][]networkingv1.PolicyType{nil, {ingress}, {egress}, {ingress, egress}})
	var all []networkingv1.NetworkPolicy
	for i := range rapid.IntRange(0, 3).Draw(t, "policies") {
		p := policy(fmt.Sprint("p", i), drawSelector(t), types.Draw(t, "types")...)
		p.Namespace = rapid.SampledFrom([]string{"a", "b"}).Draw(t, "namespace")
		for range rapid.IntRange(0, 2).Draw(t, "in") {
			ports, peers := drawRule(t)
			p = from(p, ports, peers...)
		}
		for range rapid.IntRange(0, 2).Draw(t, "out") {
			ports, peers := drawRule(t)
			p = to(p, ports, peers...)
		}
		all = append(all, p)
	}
	return all
}

func evaluate(t require.TestingT, policies []networkingv1.NetworkPolicy) reach.Table {
	table, err := reach.Evaluate(policies, small(), nil)
	require.NoError(t, err)
	return table
}

// probes are ports on either side of all that rules name.
func probes() []reach.Port {
	var all []reach.Port
	for _, n := range []int32{1, 2, 52, 53, 54, 79, 80, 81, 82, 65535} {
		all = append(all, reach.TCP(n), reach.UDP(n))
	}
	return append(all, reach.Port{Number: 80, Protocol: corev1.ProtocolSCTP})
}

// each compares two tables, probe by probe.
func each(then, now reach.Table, see func(ask string, p reach.Port, then, now reach.Extent)) {
	for _, a := range small() {
		for _, b := range small() {
			for _, p := range probes() {
				see(fmt.Sprint(a.Name, " to ", b.Name, " ", p), p, then.Extent(a.Name, b.Name, p), now.Extent(a.Name, b.Name, p))
			}
		}
	}
}

func TestTheOrderOfPoliciesDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		policies := drawPolicies(t)
		want := evaluate(t, policies)
		require.Equal(t, want, evaluate(t, policies))
		require.Equal(t, want, evaluate(t, rapid.Permutation(policies).Draw(t, "order")))
	})
}

// A first rule of egress may isolate by default; types that are named cannot.
func TestARuleOnlyWidens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		policies := drawPolicies(t)
		for i := range policies {
			policies[i].Spec.PolicyTypes = []networkingv1.PolicyType{ingress, egress}
		}
		then := evaluate(t, policies)
		if len(policies) == 0 {
			return
		}
		last := len(policies) - 1
		ports, peers := drawRule(t)
		if rapid.Bool().Draw(t, "in") {
			policies[last] = from(policies[last], ports, peers...)
		} else {
			policies[last] = to(policies[last], ports, peers...)
		}
		each(then, evaluate(t, policies), func(ask string, _ reach.Port, then, now reach.Extent) {
			require.GreaterOrEqual(t, now, then, ask)
		})
	})
}

func TestDefaultDenyOnlyNarrows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		policies := drawPolicies(t)
		then := evaluate(t, policies)
		deny := policy("deny", drawSelector(t), ingress, egress)
		each(then, evaluate(t, append(policies, deny)), func(ask string, _ reach.Port, then, now reach.Extent) {
			require.LessOrEqual(t, now, then, ask)
		})
	})
}

func TestAPolicyOnlyWidensWhereAllIsDenied(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		deny := []networkingv1.NetworkPolicy{policy("deny", &selector{}, ingress, egress), policy("deny", &selector{}, ingress, egress)}
		deny[1].Namespace = "b"
		more := drawPolicies(t)
		each(evaluate(t, deny), evaluate(t, append(more, deny...)), func(ask string, _ reach.Port, then, now reach.Extent) {
			require.Equal(t, reach.None, then, ask)
			require.GreaterOrEqual(t, now, then, ask)
		})
	})
}

func TestRowsOfAPairAreEveryPortOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seen := map[string][]reach.Port{}
		for _, r := range evaluate(t, drawPolicies(t)).Rows {
			seen[r.From+" "+r.To] = append(seen[r.From+" "+r.To], r.Port)
			require.Equal(t, r.Extent != reach.All, len(r.Blocked) > 0, "%v", r)
			require.True(t, r.Extent == reach.None || len(r.Policies)+len(r.Free) > 0, "%v", r)
		}
		for ask, ports := range seen {
			next := map[corev1.Protocol]int32{corev1.ProtocolTCP: 1, corev1.ProtocolUDP: 1, corev1.ProtocolSCTP: 1}
			for _, p := range ports {
				require.Equal(t, next[p.Protocol], p.Number, "%s %s", ask, p)
				next[p.Protocol] = max(p.Number, p.End) + 1
			}
			for protocol, end := range next {
				require.EqualValues(t, 65536, end, "%s %s", ask, protocol)
			}
		}
		require.Len(t, seen, 9+2*6)
	})
}

func TestNamedPortsAreACutOfTheTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		policies := drawPolicies(t)
		asked := rapid.SliceOfNDistinct(rapid.SampledFrom(probes()), 1, 4, reach.Port.String).Draw(t, "asked")
		some, err := reach.Evaluate(policies, small(), asked)
		require.NoError(t, err)
		each(evaluate(t, policies), some, func(ask string, p reach.Port, all, some reach.Extent) {
			if !slices.Contains(asked, p) {
				all = reach.None
			}
			require.Equal(t, all, some, ask)
		})
	})
}
