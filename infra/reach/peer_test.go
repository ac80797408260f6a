package reach_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/script-ohio/platform/infra/reach"
)

func TestPeersThatContradictThemselves(t *testing.T) {
	good := reach.Peer{Name: "pods", Namespace: "a", Networks: nets("10.0.0.0/24")}
	for _, c := range []struct {
		name string
		peer reach.Peer
		want string
	}{
		{"without a name", reach.Peer{Networks: nets("10.0.0.0/24")}, `peer "" has no name`},
		{"twice", good, `peer "pods" is there twice`},
		{"pods without a namespace", reach.Peer{Name: "x", Labels: map[string]string{"app": "x"}, Networks: good.Networks}, "has no namespace"},
		{"a wrong name of the namespace", reach.Peer{Name: "x", Namespace: "b", Networks: good.Networks,
			NamespaceLabels: map[string]string{corev1.LabelMetadataName: "c"}}, `is "c"`},
		{"two sets of labels for a namespace", reach.Peer{Name: "x", Namespace: "a", Networks: good.Networks,
			NamespaceLabels: map[string]string{"team": "a"}}, "other labels"},
		{"without addresses", reach.Peer{Name: "x", Namespace: "a"}, "has no addresses"},
		{"all excepted", reach.Peer{Name: "x", Networks: nets("10.0.0.0/24"), Except: nets("10.0.0.0/25", "10.0.0.128/25")}, "has no addresses"},
		{"host bits", reach.Peer{Name: "x", Networks: nets("10.0.0.1/24")}, "write 10.0.0.0/24"},
		{"mapped addresses", reach.Peer{Name: "x", Networks: nets("::ffff:10.0.0.0/120")}, "no prefix of IPv4 or IPv6"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := reach.Evaluate(nil, []reach.Peer{good, c.peer}, nil)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestPortsThatAreNone(t *testing.T) {
	for _, p := range []reach.Port{{}, reach.TCP(65536), {Number: 9, End: 8}, {Number: 9, Protocol: "ICMP"}} {
		_, err := reach.Evaluate(nil, nil, []reach.Port{p})
		require.ErrorContains(t, err, "is none", "%v", p)
	}
}

// Public addresses, those of listed networks and the rest do not overlap, and
// together are everything.
func TestInternetAndRest(t *testing.T) {
	pod := reach.Peer{Name: "pod", Namespace: "a", Networks: nets("10.0.0.0/24")}
	listed := []reach.Peer{pod, {Name: "listed", Networks: nets("10.1.0.0/16", "2001:db8::/32")}, reach.Internet()}
	peers := slices.Concat(listed, []reach.Peer{reach.Rest("rest", listed)})
	for _, c := range []struct {
		block string
		want  map[string]reach.Extent
	}{
		{"0.0.0.0/0", map[string]reach.Extent{"pod": reach.All, "internet": reach.All, "listed": reach.Part, "rest": reach.Part}},
		{"::/0", map[string]reach.Extent{"listed": reach.Part, "rest": reach.Part}},
		{"8.8.8.8/32", map[string]reach.Extent{"internet": reach.Part}},
		{"10.1.0.0/16", map[string]reach.Extent{"listed": reach.Part}},
		{"10.0.0.0/15", map[string]reach.Extent{"pod": reach.All, "listed": reach.Part, "rest": reach.Part}},
		{"10.2.0.0/16", map[string]reach.Extent{"rest": reach.Part}},
		{"169.254.169.254/32", map[string]reach.Extent{"rest": reach.Part}},
		{"2001:db9::/32", map[string]reach.Extent{"rest": reach.Part}},
		{"127.0.0.0/8", nil},
	} {
		t.Run(c.block, func(t *testing.T) {
			table, err := reach.Evaluate(single(to(policy("p", &selector{}, egress), nil, block(c.block))), peers, nil)
			require.NoError(t, err)
			for _, p := range peers {
				require.Equal(t, c.want[p.Name], table.Extent("pod", p.Name, reach.TCP(1)), p.Name)
			}
		})
	}
}

func TestStrangers(t *testing.T) {
	private, labels := nets("10.0.0.0/25"), map[string]string{"team": "b"}
	strangers := reach.Strangers([]reach.Peer{
		{Name: "a/1", Namespace: "a", Networks: private},
		{Name: "net", Networks: nets("10.9.0.0/16")},
		{Name: "b/1", Namespace: "b", NamespaceLabels: labels, Networks: private, Foreign: true},
		{Name: "a/2", Namespace: "a", Networks: nets("10.0.0.0/24"), Foreign: true},
	})
	require.Len(t, strangers, 3)
	for i, want := range []reach.Peer{
		{Name: "a/any other", Namespace: "a"},
		{Name: "b/any other", Namespace: "b", NamespaceLabels: labels, Foreign: true},
		{Name: "any other namespace", Namespace: "any-other", Foreign: true},
	} {
		require.Equal(t, want.Name, strangers[i].Name)
		require.Equal(t, want.Namespace, strangers[i].Namespace)
		require.Equal(t, want.NamespaceLabels, strangers[i].NamespaceLabels)
		require.Equal(t, want.Foreign, strangers[i].Foreign)
		require.Empty(t, strangers[i].Labels)
	}
	table, err := reach.Evaluate(single(from(policy("p", &selector{}), nil, block("10.0.0.0/24"))), strangers, nil)
	require.NoError(t, err)
	require.Equal(t, reach.All, table.Extent("a/any other", "a/any other", reach.TCP(1)))
	require.Equal(t, reach.All, table.Extent("b/any other", "a/any other", reach.TCP(1)))
	require.Equal(t, reach.None, table.Extent("any other namespace", "b/any other", reach.TCP(1)), "foreign pairs are left out")
}
