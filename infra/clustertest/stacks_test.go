//go:build cluster

package clustertest

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/infra/identity"
	"github.com/script-ohio/platform/infra/plan/plantest"
	"github.com/script-ohio/platform/infra/program"
	"github.com/script-ohio/platform/infra/workload"
)

const (
	home    = string(identity.Application)
	service = "serve"
	image   = "ghcr.io/script-ohio/platform:"
)

// inside is what the program makes within the cluster of a stack.
func inside(t *testing.T, name string) []unstructured.Unstructured {
	t.Helper()
	c := plantest.Deployed(t, name)
	c.Release.Inside = true
	graph, err := program.Record(t.Context(), c, plantest.Day())
	require.NoError(t, err)
	objects, err := Objects(graph)
	require.NoError(t, err)
	return objects
}

// people is what the three roles may do, and what none may.
func people() Scenario {
	may := func(role contract.Role, verb, resource string, allowed bool) Question {
		return Question{Group: workload.Group(role), Verb: verb, Resource: resource, Namespace: home, Allowed: allowed}
	}
	return Access("the three roles", []Question{
		may(contract.ReadOnly, "list", "pods", true),
		may(contract.ReadOnly, "get", "pods/log", true),
		may(contract.ReadOnly, "patch", "deployments.apps", false),
		may(contract.ReadOnly, "create", "pods/exec", false),
		may(contract.Developer, "patch", "deployments.apps", true),
		may(contract.Developer, "create", "pods/portforward", true),
		may(contract.Developer, "delete", "pods", false),
		may(contract.Operator, "delete", "pods", true),
		may(contract.Operator, "create", "pods/exec", true),
		may(contract.Operator, "patch", "horizontalpodautoscalers.autoscaling", true),
		may(contract.Operator, "get", "secrets", false),
		may(contract.Operator, "create", "rolebindings.rbac.authorization.k8s.io", false),
		{Group: workload.Group(contract.Developer), Verb: "list", Resource: "pods", Namespace: "kube-system"},
		{Group: workload.Group(contract.ReadOnly), Verb: "list", Resource: "nodes", Allowed: true},
		{User: "system:serviceaccount:" + home + ":app", Verb: "list", Resource: "pods", Namespace: home},
	})
}

// roads are the connections that matter most; infra/traffic judges all.
func roads(loadBalancer, database string) Scenario {
	pods := Peer{Namespace: home, Labels: map[string]string{"app.kubernetes.io/name": "script-ohio", "app.kubernetes.io/component": "serve"}}
	return Reachable(home, []Reach{
		{From: Peer{Address: loadBalancer}, To: pods, Port: contract.PublicPort, Allowed: true},
		{From: Peer{Address: loadBalancer}, To: pods, Port: contract.InternalPort},
		{From: Peer{Address: "8.8.8.8"}, To: pods, Port: contract.PublicPort},
		{From: pods, To: Peer{Address: database}, Port: 5432, Allowed: true},
		{From: pods, To: Peer{Address: database}, Port: 22},
		{From: pods, To: Peer{Namespace: "kube-system", Labels: map[string]string{"k8s-app": "kube-dns"}}, Port: 53, Protocol: corev1.ProtocolUDP, Allowed: true},
	})
}

func TestStacks(t *testing.T) {
	t.Parallel()
	for name, second := range map[string]string{"staging": "1", "prod": "0"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			c := ForTest(t, Options{})
			t.Logf("the control plane is ready after %.1f s", time.Since(began).Seconds())
			objects := inside(t, name)
			job := only(objects, "Job")
			require.Len(t, job, 1)
			table := &strings.Builder{} // two stacks at once would mix their lines
			defer func() { fmt.Fprintf(os.Stdout, "--- %s\n%s", name, table) }()
			accepted := c.Run(t.Context(), table, Accepted(objects))
			require.NoError(t, accepted[0].Err)
			scenarios := []Scenario{
				Unwarned(objects),
				MigratedFirst(home, job[0].GetName(), service),
				Available(home, service),
				Unchanged(objects),
				RollingUpdate(home, service, service, image+"v2"),
				BadImage(home, service, service, image+BrokenTag),
				PrivilegedRejected(home, service),
				ForeignRegistryRejected(home, service),
				OwnLimits(home, service),
				QuotaEnforced(home, "quota", service),
				EvictionBlocked(home, service),
				people(),
				roads("10."+second+".128.9", "10."+second+".144.9"),
				Autoscaled(home, service, 10),
			}
			for _, r := range c.Run(t.Context(), table, scenarios...) {
				if r.Err != nil {
					t.Errorf("%s: %s", r.Scenario, r.Err)
				}
			}
		})
	}
}

// What is taken away from the program turns the scenario red that is there for
// it.
func TestWhatTheProgramLosesIsMissed(t *testing.T) {
	for _, test := range []struct {
		what     string
		change   changed
		scenario Scenario
		reason   string
	}{
		{"the security context", without("Deployment", service, "spec", "template", "spec", "containers", "0", "securityContext"), Available(home, service), "violates PodSecurity"},
		{"the limits", without("Deployment", service, "spec", "template", "spec", "containers", "0", "resources", "limits"), OwnLimits(home, service), "is invalid"},
		{"an RBAC verb", without("Role", "readonly", "rules", "0", "verbs", "1"), people(), workload.Group(contract.ReadOnly) + " may not list pods"},
		{"a network policy", withoutObject("NetworkPolicy", "callers"), roads("10.0.128.9", "10.0.144.9"), "10.0.128.9"},
	} {
		t.Run(strings.ReplaceAll(test.what, " ", "-"), func(t *testing.T) {
			t.Parallel()
			c := ForTest(t, Options{})
			require.NoError(t, c.Apply(t.Context(), test.change(t, inside(t, "prod"))))
			test.scenario.Within = 20 * time.Second
			require.ErrorContains(t, c.Run(t.Context(), &strings.Builder{}, test.scenario)[0].Err, test.reason)
		})
	}
}
