package controllers_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/helm"
	"github.com/script-ohio/platform/infra/plan"
)

// policySpec is a policy as Kubernetes reads it.
type policySpec struct {
	PodSelector struct {
		MatchLabels map[string]string `json:"matchLabels"`
	} `json:"podSelector"`
	PolicyTypes []string `json:"policyTypes"`
	Ingress     []struct {
		From  []peer `json:"from"`
		Ports []port `json:"ports"`
	} `json:"ingress"`
	Egress []struct {
		To    []peer `json:"to"`
		Ports []port `json:"ports"`
	} `json:"egress"`
}

type peer struct {
	IPBlock *struct {
		CIDR   string   `json:"cidr"`
		Except []string `json:"except"`
	} `json:"ipBlock"`
	Namespace *struct {
		MatchLabels map[string]string `json:"matchLabels"`
	} `json:"namespaceSelector"`
	Pod *struct {
		MatchLabels map[string]string `json:"matchLabels"`
	} `json:"podSelector"`
}

type port struct {
	Protocol string `json:"protocol"`
	Port     int    `json:"port"`
}

func specOf(t *testing.T, r *plan.Resource) policySpec {
	t.Helper()
	text, err := json.Marshal(r.Inputs.At("spec"))
	require.NoError(t, err)
	var spec policySpec
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&spec))
	require.Equal(t, []string{"Ingress", "Egress"}, spec.PolicyTypes)
	return spec
}

// whom writes a peer in one word, with the ports behind it.
func whom(peers []peer, ports []port) []string {
	var all []string
	for _, p := range peers {
		var name string
		if p.IPBlock != nil {
			if name = p.IPBlock.CIDR; slices.Contains(p.IPBlock.Except, "10.0.0.0/8") && slices.Contains(p.IPBlock.Except, "169.254.0.0/16") {
				name = "internet"
			}
		} else {
			name = p.Namespace.MatchLabels["kubernetes.io/metadata.name"]
			for _, value := range p.Pod.MatchLabels {
				name += "/" + value
			}
		}
		for _, open := range ports {
			all = append(all, fmt.Sprintf("%s %s %d", name, open.Protocol, open.Port))
		}
	}
	return all
}

func TestEveryNamespaceIsClosed(t *testing.T) {
	graph := deploy(t, "staging", nil)
	for _, namespace := range graph.OfType(namespaceType) {
		name := namespace.Inputs.Text("metadata.name")
		closed := graph.Find(policyType, "script-ohio-staging-"+name+"-default-deny")
		require.NotNil(t, closed, name)
		require.Equal(t, name, closed.Inputs.Text("metadata.namespace"))
		require.Equal(t, "default-deny", closed.Inputs.Text("metadata.name"))
		spec := specOf(t, closed)
		require.Equal(t, map[string]any{}, closed.Inputs.At("spec.podSelector"), "all pods")
		require.Empty(t, spec.Ingress)
		require.Empty(t, spec.Egress)
	}
	for _, r := range graph.OfType(policyType) {
		require.False(t, r.Inputs.Text("metadata.namespace") == "kube-system" && r.Inputs.Text("metadata.name") == "default-deny", "the cluster's own parts are there")
	}
}

func TestPodsMeetWhomTheyNeed(t *testing.T) {
	graph := deploy(t, "prod", karpenter)
	const scrape = "monitoring/prometheus TCP %d"
	inside := []string{"kube-system/kube-dns UDP 53", "kube-system/kube-dns TCP 53", "172.20.0.0/16 TCP 443", "10.0.0.0/16 TCP 443"}
	outside := append(slices.Clone(inside), "internet TCP 443", "169.254.170.23/32 TCP 80")
	metrics := func(port int) string { return fmt.Sprintf(scrape, port) }
	want := map[string]struct {
		namespace, release, pods string
		in, out                  []string
	}{
		"aws-load-balancer-controller":     {"kube-system", "aws-load-balancer-controller", "aws-load-balancer-controller", []string{"10.0.0.0/16 TCP 9443", metrics(8080)}, outside},
		"external-secrets":                 {"external-secrets", "external-secrets", "external-secrets", []string{metrics(8080)}, outside},
		"external-secrets-webhook":         {"external-secrets", "external-secrets", "external-secrets-webhook", []string{"10.0.0.0/16 TCP 10250", metrics(8080)}, inside},
		"external-secrets-cert-controller": {"external-secrets", "external-secrets", "external-secrets-cert-controller", []string{metrics(8080)}, inside},
		"external-dns":                     {"external-dns", "external-dns", "external-dns", []string{metrics(7979)}, outside},
		"cert-manager":                     {"cert-manager", "cert-manager", "cert-manager", []string{metrics(9402)}, outside},
		"cert-manager-webhook":             {"cert-manager", "cert-manager", "webhook", []string{"10.0.0.0/16 TCP 10250", metrics(9402)}, inside},
		"cert-manager-cainjector":          {"cert-manager", "cert-manager", "cainjector", []string{metrics(9402)}, inside},
		"cert-manager-startupapicheck":     {"cert-manager", "cert-manager", "startupapicheck", nil, inside},
		"karpenter":                        {"kube-system", "karpenter", "karpenter", []string{metrics(8080)}, outside},
	}
	require.Len(t, graph.OfType(policyType), len(want)+3, "and one that closes each namespace")
	for name, w := range want {
		r := graph.Find(policyType, "script-ohio-prod-"+name)
		require.NotNil(t, r, name)
		require.Equal(t, w.namespace, r.Inputs.Text("metadata.namespace"), name)
		spec := specOf(t, r)
		require.Equal(t, map[string]string{"app.kubernetes.io/name": w.pods, "app.kubernetes.io/instance": w.release}, spec.PodSelector.MatchLabels, name)
		var in, out []string
		for _, rule := range spec.Ingress {
			require.NotEmpty(t, rule.From, "%s: no peer is everybody", name)
			in = append(in, whom(rule.From, rule.Ports)...)
		}
		for _, rule := range spec.Egress {
			require.NotEmpty(t, rule.To, "%s: no peer is everybody", name)
			out = append(out, whom(rule.To, rule.Ports)...)
		}
		require.Equal(t, w.in, in, name)
		require.Equal(t, w.out, out, name)
		require.True(t, graph.CreatedBefore(r, release(t, graph, w.release)), "%s: its pods would start without", name)
		require.True(t, graph.DestroyedBefore(release(t, graph, w.release), r), name)
	}
}

// The port that a webhook listens on is the one that its policy opens, and one
// of those that the firewall of the nodes lets the control plane call.
func TestWebhooksListenWhereTheAPIServerMayCall(t *testing.T) {
	graph := deploy(t, "prod", nil)
	firewall := []float64{443, 9443, 10250, 10251}
	for name, path := range map[string]string{
		"aws-load-balancer-controller": "values.webhookBindPort", "external-secrets": "values.webhook.port", "cert-manager": "values.webhook.securePort",
	} {
		at := release(t, graph, name).Inputs.Number(path)
		require.Contains(t, firewall, at, name)
		opened := slices.ContainsFunc(graph.OfType(policyType), func(r *plan.Resource) bool {
			return r.Inputs.Text("metadata.namespace") == release(t, graph, name).Inputs.Text("namespace") &&
				r.Inputs.Number("spec.ingress.0.ports.0.port") == at
		})
		require.True(t, opened, name)
	}
	require.Len(t, graph.OfType(helm.Type), 4)
}
