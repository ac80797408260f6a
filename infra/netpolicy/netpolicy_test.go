package netpolicy_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/netpolicy"
	"github.com/script-ohio/platform/infra/plan/plantest"
)

// written is the policy's specification as the API server gets it.
func written(t *testing.T, p netpolicy.Policy) map[string]any {
	t.Helper()
	graph, err := plantest.Record(t, plantest.Config(t, "prod"), func(ctx *pulumi.Context) error {
		cluster, err := kubernetes.NewProvider(ctx, "kubernetes", &kubernetes.ProviderArgs{Kubeconfig: pulumi.String("{}")})
		if err != nil {
			return err
		}
		_, err = networkingv1.NewNetworkPolicy(ctx, "policy", &networkingv1.NetworkPolicyArgs{
			Metadata: metav1.ObjectMetaArgs{Name: pulumi.String("policy")}, Spec: p.Spec(),
		}, pulumi.Provider(cluster))
		return err
	})
	require.NoError(t, err)
	spec, _ := graph.OfType("kubernetes:networking.k8s.io/v1:NetworkPolicy")[0].Inputs.At("spec").(map[string]any)
	return spec
}

type object = map[string]any

func port(protocol string, number int) object {
	return object{"protocol": protocol, "port": float64(number)}
}

func pods(namespace, label, value string) object {
	return object{
		"namespaceSelector": object{"matchLabels": object{"kubernetes.io/metadata.name": namespace}},
		"podSelector":       object{"matchLabels": object{label: value}},
	}
}

func TestAPolicyWithoutWaysClosesEverything(t *testing.T) {
	require.Equal(t, object{"podSelector": object{}, "policyTypes": []any{"Ingress", "Egress"}}, written(t, netpolicy.Policy{}))
}

// A direction that a policy is not about stays as others have it.
func TestAPolicyMayBeAboutOneDirection(t *testing.T) {
	for _, only := range []netpolicy.Direction{netpolicy.Ingress, netpolicy.Egress} {
		spec := written(t, netpolicy.Policy{Pods: netpolicy.OneOf("part", "a", "b"), Only: only})
		require.Equal(t, object{
			"podSelector": object{"matchExpressions": []any{object{"key": "part", "operator": "In", "values": []any{"a", "b"}}}},
			"policyTypes": []any{string(only)},
		}, spec)
	}
}

func TestWaysNamePeersAndPorts(t *testing.T) {
	from := netpolicy.Pods("monitoring", map[string]string{"name": "prometheus"})
	spec := written(t, netpolicy.Policy{
		Pods: netpolicy.Labelled(map[string]string{"name": "app"}),
		In:   []netpolicy.Way{{Peers: []netpolicy.Peer{from}, Ports: slices.Concat(netpolicy.TCP(9000, 9001), netpolicy.UDP(9000))}},
		Out: []netpolicy.Way{
			netpolicy.DNS(), netpolicy.Credentials(),
			netpolicy.APIServer(netip.MustParsePrefix("172.20.0.0/16"), netip.MustParsePrefix("10.0.0.0/16")),
			{Peers: []netpolicy.Peer{netpolicy.Internet()}, Ports: netpolicy.TCP(443)},
		},
	})
	require.Equal(t, object{"matchLabels": object{"name": "app"}}, spec["podSelector"])
	require.Equal(t, []any{object{
		"from": []any{pods("monitoring", "name", "prometheus")}, "ports": []any{port("TCP", 9000), port("TCP", 9001), port("UDP", 9000)},
	}}, spec["ingress"])
	block := func(cidr string) object { return object{"ipBlock": object{"cidr": cidr}} }
	internet := block("0.0.0.0/0")
	internet["ipBlock"].(object)["except"] = []any{"10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"}
	require.Equal(t, []any{
		object{"to": []any{pods("kube-system", "k8s-app", "kube-dns")}, "ports": []any{port("UDP", 53), port("TCP", 53)}},
		object{"to": []any{block("169.254.170.23/32")}, "ports": []any{port("TCP", 80)}},
		object{"to": []any{block("172.20.0.0/16"), block("10.0.0.0/16")}, "ports": []any{port("TCP", 443)}},
		object{"to": []any{internet}, "ports": []any{port("TCP", 443)}},
	}, spec["egress"])
}
