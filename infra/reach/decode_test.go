package reach_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/script-ohio/platform/infra/reach"
)

func single(p networkingv1.NetworkPolicy) []networkingv1.NetworkPolicy {
	return []networkingv1.NetworkPolicy{p}
}

// object reads JSON as the inputs of a resource: numbers are float64.
func object(t testing.TB, text string) map[string]any {
	var inputs map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &inputs))
	return inputs
}

const decodable = `{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"p","namespace":"a","labels":{"x":"y"}},
"spec":{"podSelector":{"matchExpressions":[{"key":"app","operator":"In","values":["web"]}]},"policyTypes":["Ingress","Egress"],
"ingress":[{"from":[{"namespaceSelector":{},"podSelector":{"matchLabels":{"app":"db"}}}],"ports":[{"port":"http"},{"port":80,"endPort":90,"protocol":"TCP"}]}],
"egress":[{"to":[{"ipBlock":{"cidr":"10.0.0.0/8","except":["10.1.0.0/16"]}}]}]}}`

func TestDecode(t *testing.T) {
	want := from(policy("p", expression("app", metav1.LabelSelectorOpIn, "web"), ingress, egress),
		[]port{named("http"), over(corev1.ProtocolTCP, upTo(80, 90))}, podsIn(&selector{}, labeled("app", "db")))
	want = to(want, nil, block("10.0.0.0/8", "10.1.0.0/16"))
	want.APIVersion, want.Kind, want.Labels = "networking.k8s.io/v1", "NetworkPolicy", map[string]string{"x": "y"}
	got, err := reach.Decode(object(t, decodable))
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func TestDecodeIsStrict(t *testing.T) {
	const head = `{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"p","namespace":"a"},"spec":{"podSelector":{}`
	for _, c := range []struct{ name, text, want string }{
		{"a field nobody knows", head + `,"egres":[]}}`, `unknown field "spec.egres"`},
		{"deep in a rule", head + `,"egress":[{"to":[{"ipBlock":{"cidr":"10.0.0.0/8","excepts":[]}}]}]}}`, `ipBlock.excepts`},
		{"a field in other letters", head + `,"policytypes":["Egress"]}}`, `policytypes`},
		{"a status", head + `},"status":{}}`, `unknown field "status"`},
		{"another kind", `{"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"p","namespace":"a"}}`, "a/p is networking.k8s.io/v1 Ingress"},
		{"another version", `{"apiVersion":"extensions/v1beta1","kind":"NetworkPolicy"}`, "not networking.k8s.io/v1"},
		{"text for a number", head + `,"ingress":[{"ports":[{"port":1,"endPort":"2"}]}]}}`, "endPort"},
		{"half a port", head + `,"ingress":[{"ports":[{"port":80.5}]}]}}`, "80.5"},
		{"a number out of range", head + `,"ingress":[{"ports":[{"port":1,"endPort":4294967376}]}]}}`, "endPort"},
		{"a secret", head + `,"ingress":"[secret]"}}`, "ingress"},
		{"what check finds", head + `,"ingress":[{"ports":[{"port":0}]}]}}`, "policy a/p: spec.ingress[0].ports[0]"},
		{"no namespace", `{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"p"}}`, "lacks a name or a namespace"},
		{"nothing", `{}`, "not networking.k8s.io/v1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := reach.Decode(object(t, c.text))
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := reach.Decode(map[string]any{"spec": func() {}})
	require.ErrorContains(t, err, "network policy: json")
}

func TestPoliciesThatTheServerRefuses(t *testing.T) {
	all := &selector{}
	two := block("10.0.0.0/8")
	two.PodSelector = all
	open := upTo(80, 90)
	open.Port = nil
	ended := named("http")
	ended.EndPort = upTo(1, 2).EndPort
	for _, c := range []struct {
		name  string
		ports []port
		peers []peer
		want  string
	}{
		{"an empty peer", nil, []peer{{}}, "spec.egress[0].to[0] names nobody"},
		{"a block and a selector", nil, []peer{two}, "exclude each other"},
		{"no prefix", nil, []peer{block("10.0.0.0")}, "10.0.0.0"},
		{"host bits", nil, []peer{block("10.0.0.1/8")}, "write 10.0.0.0/8"},
		{"an exception of elsewhere", nil, []peer{block("10.0.0.0/8", "11.0.0.0/16")}, "excepts 11.0.0.0/16, which is no part of 10.0.0.0/8"},
		{"an exception of all", nil, []peer{block("10.0.0.0/8", "10.0.0.0/8")}, "no part"},
		{"an exception that is none", nil, []peer{block("10.0.0.0/8", "x")}, `"x"`},
		{"an operator nobody knows", nil, []peer{pods(expression("app", "Like", "x"))}, "Like"},
		{"In of nothing", nil, []peer{spaces(expression("app", metav1.LabelSelectorOpIn))}, "values"},
		{"port 0", []port{number(0)}, nil, "ports[0] port 0/TCP is none"},
		{"an end without a start", []port{open}, nil, "end without a start"},
		{"an end after a name", []port{ended}, nil, "end after a name"},
		{"an end before the start", []port{upTo(90, 80)}, nil, "ends at 80 before it starts at 90"},
		{"an end of 0", []port{upTo(90, 0)}, nil, "ends at 0"},
		{"an end too high", []port{upTo(90, 65536)}, nil, "is none"},
		{"a name with blanks", []port{named("ht tp")}, nil, "no name of a port"},
		{"a protocol nobody knows", []port{over("ICMP", number(8))}, nil, "is none"},
		{"one without a port", []port{over("ICMP", port{})}, nil, "is none"},
		{"an empty one", []port{over("", number(8))}, nil, "empty protocol"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := reach.Evaluate(single(to(policy("p", all, egress), c.ports, c.peers...)), nil, nil)
			require.ErrorContains(t, err, "policy a/p: ")
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := reach.Evaluate([]networkingv1.NetworkPolicy{
		policy("p", all), policy("p", all), policy("q", expression("app", "Like", "x"), "Both"), policy("", all)}, nil, nil)
	for _, want := range []string{"policy a/p is there twice", "policy a/q: spec.podSelector is no selector", `knows no "Both"`, "policy a/: metadata lacks"} {
		require.ErrorContains(t, err, want)
	}
}

func TestCaveats(t *testing.T) {
	p := from(policy("p", &selector{}), []port{named("http"), number(80)}, block("10.0.0.0/8"), pods(&selector{}))
	p = to(from(p, []port{named("any")}), []port{named("pods")}, pods(&selector{}))
	require.Equal(t, []string{
		`policy a/p: port "any" is skipped for addresses: write its number`,
		`policy a/p: port "http" is skipped for addresses: write its number`,
		"policy a/q: block ::/0 is ignored where pods have IPv4 addresses",
	}, reach.Caveats([]networkingv1.NetworkPolicy{to(policy("q", &selector{}), nil, block("::/0")), p}))
}

// What decodes can be evaluated.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(decodable))
	f.Add([]byte(`{"spec":{"ingress":[{"ports":[{"port":1e99}]}]}}`))
	f.Add([]byte(`{"metadata":{"creationTimestamp":null,"annotations":{"a":1}},"spec":[]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var inputs map[string]any
		if json.Unmarshal(text, &inputs) != nil {
			return
		}
		if p, err := reach.Decode(inputs); err == nil {
			_, err := reach.Evaluate(single(p), world(), nil)
			require.NoError(t, err)
		}
	})
}
