package reach_test

import (
	"fmt"
	"net/netip"
	"os"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/script-ohio/platform/infra/reach"
)

// A policy meant for the database subnet allows twice as much.
func Example() {
	policy, err := reach.Decode(map[string]any{
		"apiVersion": "networking.k8s.io/v1",
		"kind":       "NetworkPolicy",
		"metadata":   map[string]any{"name": "database", "namespace": "ohio"},
		"spec": map[string]any{
			"podSelector": map[string]any{},
			"policyTypes": []any{"Ingress", "Egress"},
			"egress": []any{map[string]any{
				"to":    []any{map[string]any{"ipBlock": map[string]any{"cidr": "10.0.144.0/23"}}},
				"ports": []any{map[string]any{"port": 5432.0}},
			}},
		},
	})
	if err != nil {
		fmt.Println(err)
	}
	peers := []reach.Peer{
		{Name: "app", Namespace: "ohio", Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/17")}},
		{Name: "database", Networks: []netip.Prefix{netip.MustParsePrefix("10.0.144.0/24")}},
		reach.Internet(),
	}
	peers = append(peers, reach.Rest("anything else", peers))
	table, err := reach.Evaluate([]networkingv1.NetworkPolicy{policy}, peers, nil)
	if err != nil {
		fmt.Println(err)
	}
	if err := table.Write(os.Stdout); err != nil {
		fmt.Println(err)
	}
	fmt.Println()
	for _, d := range reach.Compare(table, []reach.Intended{
		{From: "app", To: "database", Ports: []reach.Port{reach.TCP(5432)}, Why: "incidents are stored"},
	}) {
		fmt.Println(d)
	}
	// Output:
	// FROM  TO             PORTS
	// app   database       5432/TCP
	//       anything else  5432/TCP *
	//
	// * for some of the addresses only
	//
	// too open: app -> anything else 5432/TCP for some of the addresses, by ohio/database
}
