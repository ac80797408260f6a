package reach_test

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/script-ohio/platform/infra/reach"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// samplePeers are an application in a network of three zones and what is
// around it.
func samplePeers() []reach.Peer {
	private := nets("10.0.0.0/17")
	name := func(of string) map[string]string { return map[string]string{"app": of} }
	peers := []reach.Peer{
		{Name: "ohio/app", Namespace: "ohio", Labels: name("app"), Networks: private,
			Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}, {Name: "metrics", ContainerPort: 9090}}},
		{Name: "ohio/worker", Namespace: "ohio", Labels: name("worker"), Networks: private,
			Ports: []corev1.ContainerPort{{Name: "metrics", ContainerPort: 9090}}},
		{Name: "kube-system/dns", Namespace: "kube-system", Labels: map[string]string{"k8s-app": "kube-dns"}, Networks: private, Foreign: true},
		{Name: "monitoring/prometheus", Namespace: "monitoring", Labels: name("prometheus"), Networks: private, Foreign: true},
	}
	peers = append(peers, reach.Strangers(peers)...)
	peers = append(peers,
		reach.Peer{Name: "load balancers", Networks: nets("10.0.128.0/22", "10.0.132.0/22", "10.0.136.0/22")},
		reach.Peer{Name: "database subnets", Networks: nets("10.0.144.0/24", "10.0.145.0/24", "10.0.146.0/24")},
		reach.Peer{Name: "nodes and endpoints", Networks: private},
		reach.Peer{Name: "pod identity agent", Networks: nets("169.254.170.23/32")},
		reach.Peer{Name: "metadata service", Networks: nets("169.254.169.254/32")},
		reach.Peer{Name: "kubernetes API", Networks: nets("172.20.0.1/32")},
		reach.Internet(),
	)
	return append(peers, reach.Rest("anything else", peers))
}

func samplePolicies() []networkingv1.NetworkPolicy {
	every := &selector{}
	metrics := from(policy("scrape", every, ingress), []port{named("metrics")},
		podsIn(labeled(corev1.LabelMetadataName, "monitoring"), labeled("app", "prometheus")))
	all := []networkingv1.NetworkPolicy{
		policy("default-deny", every, ingress, egress),
		to(policy("dns", every, egress), []port{over(corev1.ProtocolUDP, number(53)), number(53)},
			podsIn(labeled(corev1.LabelMetadataName, "kube-system"), labeled("k8s-app", "kube-dns"))),
		to(policy("data", every, egress), []port{number(5432), number(6379)},
			block("10.0.144.0/24"), block("10.0.145.0/24"), block("10.0.146.0/24")),
		to(to(policy("aws", every, egress), []port{number(443)}, block("0.0.0.0/0", "10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"), block("10.0.0.0/17")),
			[]port{number(80)}, block("169.254.170.23/32")),
		from(policy("load-balancers", labeled("app", "app"), ingress), []port{number(8080)},
			block("10.0.128.0/22"), block("10.0.132.0/22"), block("10.0.136.0/22")),
		metrics,
	}
	for i := range all {
		all[i].Namespace = "ohio"
	}
	return all
}

func sampleIntended() []reach.Intended {
	intended := []reach.Intended{
		{From: "load balancers", To: "ohio/app", Ports: []reach.Port{reach.TCP(8080)}, Why: "requests come through them"},
		{From: "monitoring/prometheus", To: "ohio/app", Ports: []reach.Port{reach.TCP(9090)}, Why: "metrics are scraped"},
		{From: "monitoring/prometheus", To: "ohio/worker", Ports: []reach.Port{reach.TCP(9090)}, Why: "metrics are scraped"},
	}
	for _, pods := range []string{"ohio/app", "ohio/worker", "ohio/any other"} {
		intended = append(intended,
			reach.Intended{From: pods, To: "kube-system/dns", Ports: []reach.Port{reach.TCP(53), reach.UDP(53)}, Why: "names are looked up"},
			reach.Intended{From: pods, To: "database subnets", Ports: []reach.Port{reach.TCP(5432), reach.TCP(6379)}, Why: "database and cache"},
			reach.Intended{From: pods, To: "pod identity agent", Ports: []reach.Port{reach.TCP(80)}, Why: "credentials"},
			reach.Intended{From: pods, To: "internet", Ports: []reach.Port{reach.TCP(443)}, Why: "AWS without an endpoint, and chat"},
		)
		for _, beside := range []string{"nodes and endpoints", "kube-system/dns", "kube-system/any other", "monitoring/prometheus", "monitoring/any other", "any other namespace"} {
			intended = append(intended, reach.Intended{From: pods, To: beside, Ports: []reach.Port{reach.TCP(443)},
				Why: "endpoints of AWS have addresses of the subnets that pods have"})
		}
	}
	return intended
}

func TestTheSampleIsAsIntended(t *testing.T) {
	table, err := reach.Evaluate(samplePolicies(), samplePeers(), nil)
	require.NoError(t, err)
	require.Empty(t, lines(reach.Compare(table, sampleIntended())))
	const golden = "testdata/sample.txt"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(text(t, table)), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), text(t, table))
	require.Empty(t, reach.Caveats(samplePolicies()))
}

// Each mutation is one edit of one policy; the differences name what it does
// and, where it opens, who did it.
func TestEveryStepTooFarIsNamed(t *testing.T) {
	at := map[string]int{}
	for i, p := range samplePolicies() {
		at[p.Name] = i
	}
	type policies = []networkingv1.NetworkPolicy
	for _, c := range []struct {
		name   string
		mutate func(p policies) policies
		want   []string
	}{
		{"a pod selector removed from a peer", func(p policies) policies {
			p[at["scrape"]].Spec.Ingress[0].From[0].PodSelector = nil
			return p
		}, []string{
			"too open: monitoring/any other -> ohio/app 9090/TCP, by ohio/scrape",
			"too open: monitoring/any other -> ohio/worker 9090/TCP, by ohio/scrape",
		}},
		{"a namespace selector emptied", func(p policies) policies {
			p[at["scrape"]].Spec.Ingress[0].From[0].NamespaceSelector = &selector{}
			p[at["scrape"]].Spec.Ingress[0].From[0].PodSelector = nil
			p[at["scrape"]].Spec.PodSelector = *labeled("app", "worker")
			return p
		}, []string{
			"too open: kube-system/dns -> ohio/worker 9090/TCP, by ohio/scrape",
			"too open: kube-system/any other -> ohio/worker 9090/TCP, by ohio/scrape",
			"too open: monitoring/any other -> ohio/worker 9090/TCP, by ohio/scrape",
			"too open: any other namespace -> ohio/worker 9090/TCP, by ohio/scrape",
			"closed: monitoring/prometheus -> ohio/app 9090/TCP, blocked by ingress of ohio/app; intended: metrics are scraped",
		}},
		{"the pod selector of a policy emptied", func(p policies) policies {
			p[at["load-balancers"]].Spec.PodSelector = selector{}
			return p
		}, []string{
			"too open: load balancers -> ohio/worker 8080/TCP, by ohio/load-balancers",
			"too open: load balancers -> ohio/any other 8080/TCP, by ohio/load-balancers",
		}},
		{"a block widened by four bits", func(p policies) policies {
			p[at["load-balancers"]].Spec.Ingress[0].From[2] = block("10.0.128.0/18")
			return p
		}, []string{
			"too open: database subnets -> ohio/app 8080/TCP, by ohio/load-balancers",
			"too open: anything else -> ohio/app 8080/TCP for some of the addresses, by ohio/load-balancers",
		}},
		{"a block widened by one bit", func(p policies) policies {
			p[at["data"]].Spec.Egress[0].To[2] = block("10.0.146.0/23")
			p[at["data"]].Spec.PodSelector = *labeled("app", "app")
			q := to(policy("data-worker", &selector{MatchExpressions: expression("app", "NotIn", "app").MatchExpressions}, egress),
				[]port{number(5432), number(6379)}, block("10.0.144.0/24"), block("10.0.145.0/24"), block("10.0.146.0/24"))
			q.Namespace = "ohio"
			return append(p, q)
		}, []string{"too open: ohio/app -> anything else 5432/TCP, 6379/TCP for some of the addresses, by ohio/data"}},
		{"exceptions dropped", func(p policies) policies {
			p[at["aws"]].Spec.Egress[0].To[0].IPBlock.Except = p[at["aws"]].Spec.Egress[0].To[0].IPBlock.Except[:4]
			p[at["aws"]].Spec.PodSelector = *labeled("app", "app")
			return p
		}, append([]string{"too open: ohio/app -> anything else 443/TCP for some of the addresses, by ohio/aws"}, closedAWS()...)},
		{"the ports dropped", func(p policies) policies {
			p[at["load-balancers"]].Spec.Ingress[0].Ports = nil
			return p
		}, []string{"too open: load balancers -> ohio/app 1-8079/TCP, 8081-65535/TCP, any/UDP, any/SCTP, by ohio/load-balancers"}},
		{"a range for a port", func(p policies) policies {
			p[at["load-balancers"]].Spec.Ingress[0].Ports[0] = upTo(8080, 8081)
			return p
		}, []string{"too open: load balancers -> ohio/app 8081/TCP, by ohio/load-balancers"}},
		{"a block missing", func(p policies) policies {
			rule := &p[at["load-balancers"]].Spec.Ingress[0]
			rule.From = rule.From[:2]
			return p
		}, []string{"closed: load balancers -> ohio/app 8080/TCP for some of the addresses, blocked by ingress of ohio/app; intended: requests come through them"}},
		{"a port missing", func(p policies) policies {
			rule := &p[at["dns"]].Spec.Egress[0]
			rule.Ports = rule.Ports[:1]
			p[at["dns"]].Spec.PodSelector = *labeled("app", "app")
			return p
		}, []string{
			"closed: ohio/app -> kube-system/dns 53/TCP, blocked by egress of ohio/app; intended: names are looked up",
			"closed: ohio/worker -> kube-system/dns 53/TCP, 53/UDP, blocked by egress of ohio/worker; intended: names are looked up",
			"closed: ohio/any other -> kube-system/dns 53/TCP, 53/UDP, blocked by egress of ohio/any other; intended: names are looked up",
		}},
		{"a policy gone", func(p policies) policies { return append(p[:at["scrape"]], p[at["scrape"]+1:]...) }, []string{
			"closed: monitoring/prometheus -> ohio/app 9090/TCP, blocked by ingress of ohio/app; intended: metrics are scraped",
			"closed: monitoring/prometheus -> ohio/worker 9090/TCP, blocked by ingress of ohio/worker; intended: metrics are scraped",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			table, err := reach.Evaluate(c.mutate(samplePolicies()), samplePeers(), nil)
			require.NoError(t, err)
			require.Equal(t, c.want, lines(reach.Compare(table, sampleIntended())))
		})
	}
}

// Without default-deny the other policies still isolate what they select.
func TestPodsThatNothingIsolatesAreNamed(t *testing.T) {
	policies := samplePolicies()[1:]
	policies[len(policies)-1].Spec.PodSelector = *labeled("app", "worker")
	table, err := reach.Evaluate(policies, samplePeers(), nil)
	require.NoError(t, err)
	found := lines(reach.Compare(table, sampleIntended()))
	require.Contains(t, found, "too open: ohio/worker -> ohio/any other 443/TCP, by ohio/aws, no policy isolates ingress of ohio/any other")
	require.Contains(t, found, "too open: internet -> ohio/any other any, no policy isolates ingress of ohio/any other")
	require.Contains(t, found, "closed: monitoring/prometheus -> ohio/app 9090/TCP, blocked by ingress of ohio/app; intended: metrics are scraped")
}

func BenchmarkEvaluate(b *testing.B) {
	policies, peers := samplePolicies(), samplePeers()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := reach.Evaluate(policies, peers, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// closedAWS is what the others miss when the rules of AWS are the app's alone.
func closedAWS() []string {
	var lines []string
	for _, i := range sampleIntended() {
		aws := i.Ports[0] == reach.TCP(443) || i.Ports[0] == reach.TCP(80)
		if aws && (i.From == "ohio/worker" || i.From == "ohio/any other") {
			lines = append(lines, "closed: "+i.From+" -> "+i.To+" "+i.Ports[0].String()+", blocked by egress of "+i.From+"; intended: "+i.Why)
		}
	}
	return lines
}
