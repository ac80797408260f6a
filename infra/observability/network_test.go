package observability_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/infra/observability"
	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/reach"
)

// own are the pods of the namespace by what they are called here.
func own() map[string]map[string]string {
	all := map[string]map[string]string{"operator": {"script-ohio/part": "operator"}}
	for name, pods := range map[string]string{
		"prometheus": "prometheus", "alertmanager": "alertmanager", "grafana": "grafana", "kube-state": "kube-state-metrics",
		"loki": "loki", "tempo": "tempo", "alloy": "alloy", "blackbox": "blackbox-exporter",
		"postgres": "prometheus-postgres-exporter", "redis": "prometheus-redis-exporter",
	} {
		all[name] = map[string]string{"app.kubernetes.io/name": pods}
	}
	return all
}

// foreign are pods of others.
func foreign() []string { return []string{"app", "worker", "dns", "external-dns"} }

func peers() []reach.Peer {
	nodes := []netip.Prefix{prefix("10.0.0.0/19")}
	var all []reach.Peer
	for _, name := range []string{"prometheus", "alertmanager", "grafana", "operator", "kube-state", "loki", "tempo", "alloy", "blackbox", "postgres", "redis"} {
		all = append(all, reach.Peer{Name: name, Namespace: "monitoring", Labels: own()[name], Networks: nodes})
	}
	other := func(name, namespace string, labels map[string]string) reach.Peer {
		return reach.Peer{Name: name, Namespace: namespace, Labels: labels, Foreign: true, Networks: nodes}
	}
	all = append(all,
		other("app", "script-ohio", component("serve")), other("worker", "script-ohio", component("worker-backup")),
		other("dns", "kube-system", map[string]string{"k8s-app": "kube-dns"}),
		other("external-dns", "external-dns", map[string]string{"app.kubernetes.io/name": "external-dns"}),
		reach.Peer{Name: "nodes and API server", Networks: nodes},
		reach.Peer{Name: "rest of the VPC", Networks: []netip.Prefix{prefix("10.0.0.0/16")}, Except: []netip.Prefix{prefix("10.0.0.0/19"), prefix("10.0.144.0/24")}},
		reach.Peer{Name: "databases", Networks: []netip.Prefix{prefix("10.0.144.0/24")}},
		reach.Peer{Name: "services", Networks: []netip.Prefix{prefix("172.20.0.0/16")}},
		reach.Peer{Name: "agent", Networks: []netip.Prefix{prefix("169.254.170.23/32")}},
		reach.Internet(),
	)
	return append(append(all, reach.Rest("anywhere else", all)), reach.Strangers(all)...)
}

// intended is the whole of it, however the policies are written.
func intended() []reach.Intended {
	var all []reach.Intended
	may := func(from, to string, ports ...reach.Port) {
		all = append(all, reach.Intended{From: from, To: to, Ports: ports, Why: "watching"})
	}
	tcp := reach.TCP
	for name := range own() {
		may(name, "dns", reach.UDP(53), tcp(53))
	}
	// Metrics.
	for to, ports := range map[string][]reach.Port{
		"prometheus": {tcp(9090), tcp(8080)}, "alertmanager": {tcp(9093), tcp(8080)}, "grafana": {tcp(3000)}, "operator": {tcp(10250)},
		"kube-state": {tcp(8080)}, "loki": {tcp(3100)}, "tempo": {tcp(3200)}, "alloy": {tcp(12345)}, "blackbox": {tcp(9115)},
		"postgres": {tcp(9187)}, "redis": {tcp(9121)}, "app": {tcp(contract.InternalPort)}, "worker": {tcp(contract.InternalPort)},
		"dns": {tcp(9153)}, "external-dns": {tcp(7979)}, "nodes and API server": {tcp(9100), tcp(10250)},
	} {
		may("prometheus", to, ports...)
	}
	// Alerts, to the app and beyond.
	may("alertmanager", "alertmanager", tcp(9094), reach.UDP(9094))
	may("alertmanager", "app", tcp(contract.PublicPort))
	// Logs and traces.
	may("alloy", "loki", tcp(3100))
	may("worker", "loki", tcp(3100)) // the one of backups
	may("loki", "loki", tcp(3100), tcp(9095), tcp(7946))
	may("alloy", "tempo", tcp(4317))
	for _, from := range []string{"app", "worker"} {
		may(from, "alloy", tcp(4318))
	}
	// Who looks.
	for to, port := range map[string]int32{"prometheus": 9090, "alertmanager": 9093, "loki": 3100, "tempo": 3200} {
		may("grafana", to, tcp(port))
	}
	// What lies outside.
	may("postgres", "databases", tcp(5432))
	may("redis", "databases", tcp(6379))
	for _, from := range []string{"alertmanager", "loki", "tempo", "blackbox"} {
		may(from, "internet", tcp(443))
	}
	for _, from := range []string{"loki", "tempo"} {
		may(from, "agent", tcp(80))
	}
	// The API server is called by its address or its service's, which are among
	// those of the VPC and of services; so are pods, as far as they listen.
	for _, from := range []string{"prometheus", "grafana", "operator", "kube-state", "alloy"} {
		for _, to := range append(foreign(), "nodes and API server", "rest of the VPC", "databases", "services",
			"kube-system/any other", "script-ohio/any other", "external-dns/any other", "any other namespace") {
			may(from, to, tcp(443))
		}
	}
	for _, to := range append(foreign(), "kube-system/any other", "script-ohio/any other", "external-dns/any other", "any other namespace") {
		may("prometheus", to, tcp(9100), tcp(10250))
	}
	// It calls the operator from the VPC, and so could whoever is in it.
	for _, from := range append(foreign(), "nodes and API server", "rest of the VPC", "databases",
		"kube-system/any other", "script-ohio/any other", "external-dns/any other", "any other namespace") {
		may(from, "operator", tcp(10250))
	}
	return all
}

func policies(t *testing.T, graph *plan.Graph) []networkingv1.NetworkPolicy {
	var all []networkingv1.NetworkPolicy
	for _, r := range graph.OfType(policyType) {
		policy, err := reach.Decode(r.Inputs.Plain())
		require.NoError(t, err, r.Name)
		all = append(all, policy)
	}
	return all
}

func differences(t *testing.T, all []networkingv1.NetworkPolicy) string {
	table, err := reach.Evaluate(all, peers(), nil)
	require.NoError(t, err)
	var told []string
	for _, d := range reach.Compare(table, intended()) {
		told = append(told, d.String())
	}
	return strings.Join(told, "\n")
}

func TestWhoMayMeetWhom(t *testing.T) {
	all := policies(t, deploy(t, "prod", nil))
	require.Empty(t, differences(t, all))
	require.Empty(t, reach.Caveats(all))
}

func TestANewOpeningIsSeen(t *testing.T) {
	graph := deploy(t, "prod", nil)
	for name, c := range map[string]struct {
		policy string
		change func(*networkingv1.NetworkPolicySpec)
		want   string
	}{
		"grafana goes out": {"grafana", func(s *networkingv1.NetworkPolicySpec) {
			s.Egress = append(s.Egress, networkingv1.NetworkPolicyEgressRule{})
		}, "too open: grafana -> internet"},
		"anybody looks at Grafana": {"grafana", func(s *networkingv1.NetworkPolicySpec) { s.Ingress[0].From = nil }, "too open: app -> grafana 3000/TCP"},
		"Loki takes from all":      {"loki", func(s *networkingv1.NetworkPolicySpec) { s.Ingress[0].From = nil }, "too open: app -> loki 3100/TCP"},
		"no logs for backups":      {"loki", func(s *networkingv1.NetworkPolicySpec) { s.Ingress[0].From = s.Ingress[0].From[:3] }, "closed: worker -> loki 3100/TCP"},
		"no way to the app":        {"prometheus", func(s *networkingv1.NetworkPolicySpec) { s.Egress = s.Egress[:3] }, "closed: prometheus -> app 9000/TCP"},
		"not closed":               {"default-deny", func(s *networkingv1.NetworkPolicySpec) { s.PolicyTypes = s.PolicyTypes[:1] }, "too open: monitoring/any other"},
	} {
		t.Run(name, func(t *testing.T) {
			all := policies(t, graph)
			for i := range all {
				if all[i].Name == c.policy && all[i].Namespace == "monitoring" {
					c.change(&all[i].Spec)
				}
			}
			require.Contains(t, differences(t, all), c.want)
		})
	}
}

func TestBothNamespacesAreClosed(t *testing.T) {
	closed := map[string]bool{}
	for _, p := range policies(t, deploy(t, "staging", nil)) {
		if p.Name == "default-deny" {
			require.Len(t, p.Spec.PolicyTypes, 2)
			require.Empty(t, p.Spec.PodSelector.MatchLabels)
			require.Empty(t, p.Spec.Ingress)
			require.Empty(t, p.Spec.Egress)
			closed[p.Namespace] = true
		}
	}
	require.Equal(t, map[string]bool{"monitoring": true, "node-monitoring": true}, closed)
}

// Mail opens one port of the internet to Alertmanager, and nothing to others.
func TestMailOpensItsPortAlone(t *testing.T) {
	graph := deploy(t, "prod", func(a *observability.Args) {
		a.Tell.Mail = &observability.Mail{From: "ohio@example.com", To: []string{"a@example.com"}, Port: 587}
	})
	require.Equal(t, "too open: alertmanager -> internet 587/TCP, by monitoring/alertmanager", differences(t, policies(t, graph)))
}

func TestWhoIsNotToldIsNotReached(t *testing.T) {
	for _, p := range policies(t, deploy(t, "staging", func(a *observability.Args) { a.Tell = observability.Tell{} })) {
		if p.Name != "alertmanager" {
			continue
		}
		for _, out := range p.Spec.Egress {
			for _, to := range out.To {
				require.Nil(t, to.IPBlock)
			}
		}
		return
	}
	t.Fatal("Alertmanager has no policy")
}
