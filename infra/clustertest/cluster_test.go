//go:build cluster

package clustertest

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	namespace = "sample"
	app       = "app"
	registry  = "ghcr.io/script-ohio/platform:"
)

// named keeps the scenarios of the sample by what a test needs to find again.
type named struct{ available, bounded, readers, network Scenario }

func about(namespace string) named {
	pods := Peer{Namespace: namespace, Labels: map[string]string{"app": app}}
	may := func(group, verb, resource string, allowed bool) Question {
		return Question{Group: "sample:" + group, Verb: verb, Resource: resource, Namespace: namespace, Allowed: allowed}
	}
	return named{
		available: Available(namespace, app),
		bounded:   OwnLimits(namespace, app),
		readers: Access("the three roles", []Question{
			may("readonly", "list", "pods", true),
			may("readonly", "get", "pods/log", true),
			may("readonly", "delete", "pods", false),
			may("readonly", "create", "pods/exec", false),
			may("readonly", "get", "secrets", false),
			may("developer", "create", "pods/portforward", true),
			may("developer", "patch", "deployments.apps", false),
			may("operator", "create", "pods/exec", true),
			may("operator", "patch", "deployments.apps/scale", true),
			may("operator", "get", "secrets", false),
			{User: "system:serviceaccount:" + namespace + ":app", Verb: "list", Resource: "pods", Namespace: namespace},
		}),
		network: Reachable(namespace, []Reach{
			{From: Peer{Address: "10.0.1.5"}, To: pods, Port: 8000, Allowed: true},
			{From: Peer{Address: "10.0.1.5"}, To: pods, Port: 9000},
			{From: Peer{Address: "10.0.9.5"}, To: pods, Port: 8000},
			{From: Peer{Address: "8.8.8.8"}, To: pods, Port: 8000},
			{From: pods, To: pods, Port: 8000},
			{From: pods, To: Peer{Address: "8.8.8.8"}, Port: 443},
			{From: pods, To: Peer{Namespace: "kube-system", Labels: map[string]string{"k8s-app": "kube-dns"}}, Port: 53, Protocol: corev1.ProtocolUDP, Allowed: true},
		}),
	}
}

func TestCluster(t *testing.T) {
	t.Parallel()
	began := time.Now()
	c := ForTest(t, Options{})
	t.Logf("the control plane is ready after %.1f s", time.Since(began).Seconds())
	t.Run("the sample behaves", func(t *testing.T) { sampleBehaves(t, c) })
	t.Run("what is taken away is missed", func(t *testing.T) { absenceIsSeen(t, c) })
	t.Run("clients", func(t *testing.T) { clients(t, c) })
	t.Run("nothing is left behind", func(t *testing.T) { destroyed(t, c) })
}

func sampleBehaves(t *testing.T, c *Cluster) {
	objects := sample(t, namespace)
	s := about(namespace)
	broken, missing := registry+BrokenTag, registry+MissingTag
	table := &strings.Builder{} // clusters at once would mix their lines
	defer func() { fmt.Fprintf(os.Stdout, "--- sample\n%s", table) }()
	results := c.Run(t.Context(), table,
		Accepted(objects),
		Unwarned(objects),
		MigratedFirst(namespace, "migrate", app),
		s.available,
		RollingUpdate(namespace, app, app, registry+"v2"),
		BadImage(namespace, app, app, broken),
		BadImage(namespace, app, app, missing),
		PrivilegedRejected(namespace, app),
		ForeignRegistryRejected(namespace, app),
		s.bounded,
		QuotaEnforced(namespace, "room", app),
		EvictionBlocked(namespace, app),
		s.readers,
		s.network,
		Autoscaled(namespace, app, 10),
		Accepted(objects),
		Unchanged(objects),
	)
	for _, r := range results {
		if r.Err != nil {
			t.Errorf("%s: %s", r.Scenario, r.Err)
		}
	}
}

// Each change must turn the scenario red that is there for it, for the reason.
func absenceIsSeen(t *testing.T, c *Cluster) {
	for _, test := range []struct {
		namespace, what string
		change          func(*testing.T, []unstructured.Unstructured) []unstructured.Unstructured
		scenario        func(named) Scenario
		reason          string
	}{
		{"no-context", "the security context of the container",
			without("Deployment", app, "spec", "template", "spec", "containers", "0", "securityContext"),
			func(s named) Scenario { return s.available }, "violates PodSecurity"},
		{"no-limits", "the limits of the container",
			without("Deployment", app, "spec", "template", "spec", "containers", "0", "resources", "limits"),
			func(s named) Scenario { return s.bounded }, "got limits from a LimitRange"},
		{"no-verb", "a verb of a role",
			without("Role", "readonly", "rules", "0", "verbs", "1"),
			func(s named) Scenario { return s.readers }, "sample:readonly may not list pods"},
		{"no-binding", "the binding of a role",
			withoutObject("RoleBinding", "operator"),
			func(s named) Scenario { return s.readers }, "sample:operator may not create pods/exec"},
		{"no-denial", "the policy that denies all traffic, and the one of the pods",
			withoutObject("NetworkPolicy", ""),
			func(s named) Scenario { return s.network }, "8.8.8.8 to port 8000"},
		{"no-way-in", "the policy that lets requests in",
			withoutObject("NetworkPolicy", app),
			func(s named) Scenario { return s.network }, "10.0.1.5 to port 8000"},
		{"no-probe", "the readiness probe",
			without("Deployment", app, "spec", "template", "spec", "containers", "0", "readinessProbe"),
			func(named) Scenario {
				return BadImage("no-probe", app, app, registry+BrokenTag)
			}, "a readiness probe must tell"},
		{"no-surge", "the strategy of the rollout",
			with("Deployment", app, map[string]any{"maxSurge": int64(0), "maxUnavailable": int64(2)}, "spec", "strategy", "rollingUpdate"),
			func(named) Scenario { return RollingUpdate("no-surge", app, app, registry+"v2") }, "pods were ready at a time"},
		{"typo", "a field's right name",
			with("Deployment", app, "Always", "spec", "template", "spec", "containers", "0", "imagePullpolicy"),
			nil, "field not declared in schema"},
		{"typo-custom", "a field's right name in a custom resource",
			with("ExternalSecret", app, "1h", "spec", "refreshIntervall"),
			nil, "field not declared in schema"},
		{"no-behavior", "the behaviour of the autoscaler",
			without("HorizontalPodAutoscaler", app, "spec", "behavior", "scaleDown"),
			func(named) Scenario { return Autoscaled("no-behavior", app, 10) }, "writes no behavior.scaleDown"},
		{"late-job", "the order of Job and Deployment",
			func(_ *testing.T, objects []unstructured.Unstructured) []unstructured.Unstructured {
				late := only(objects, "Job")
				return append(withoutKind(objects, "Job"), late...)
			},
			func(named) Scenario { return MigratedFirst("late-job", "migrate", app) }, "let the Deployment depend on it"},
		{"no-quota", "the bound of the quota on CPU and memory",
			with("ResourceQuota", "room", map[string]any{"pods": "60"}, "spec", "hard"),
			func(named) Scenario { return QuotaEnforced("no-quota", "room", app) }, "bounds neither"},
		{"no-budget", "a pod that has to stay",
			with("PodDisruptionBudget", app, "100%", "spec", "maxUnavailable"),
			func(named) Scenario { return EvictionBlocked("no-budget", app) }, "to be evicted at once"},
	} {
		t.Run(test.namespace, func(t *testing.T) {
			t.Parallel()
			objects := test.change(t, sample(t, test.namespace))
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			err := c.Deploy(ctx, objects)
			defer func() { // its room is needed, its end is not
				require.NoError(t, c.Client.CoreV1().Namespaces().Delete(t.Context(), test.namespace, deleteOptions()))
			}()
			if test.scenario == nil {
				require.ErrorContains(t, err, test.reason, "without %s", test.what)
				return
			}
			require.NoError(t, err)
			scenario := test.scenario(about(test.namespace))
			scenario.Within = 15 * time.Second
			results := c.Run(ctx, &strings.Builder{}, scenario)
			require.ErrorContains(t, results[0].Err, test.reason, "without %s", test.what)
		})
	}
}

func destroyed(t *testing.T, c *Cluster) {
	managed, err := c.Managed(t.Context())
	require.NoError(t, err)
	require.Contains(t, managed, "Deployment sample/app")
	require.Contains(t, managed, "EC2NodeClass sample")
	objects := sample(t, namespace)
	for i := range slices.Backward(objects) {
		require.NoError(t, c.Delete(t.Context(), &objects[i]))
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	// The namespaces of other tests are going.
	require.NoError(t, Eventually(ctx, "an empty cluster", func(ctx context.Context) error {
		if managed, err = c.Managed(ctx); err == nil && len(managed) > 0 {
			err = fmt.Errorf("there are %q", managed)
		}
		return err
	}))
}

// A cluster may be older than the programs, and takes every definition.
func TestOlderVersion(t *testing.T) {
	c := ForTest(t, Options{Version: "1.35", Nodes: 1})
	kinds := slices.Collect(maps.Keys(c.known))
	require.Greater(t, len(kinds), 50)
	require.NoError(t, c.Define(t.Context(), kinds...))
	version, err := c.Client.Discovery().ServerVersion()
	require.NoError(t, err)
	require.Equal(t, "35", version.EmulationMinor)
}

func clients(t *testing.T, c *Cluster) {
	reader, err := c.As("jane", "sample:readonly")
	require.NoError(t, err)
	_, err = reader.CoreV1().Pods(namespace).List(t.Context(), listOptions())
	require.NoError(t, err)
	_, err = reader.CoreV1().Secrets(namespace).List(t.Context(), listOptions())
	require.ErrorContains(t, err, "forbidden")

	nodes, err := c.Client.CoreV1().Nodes().List(t.Context(), listOptions())
	require.NoError(t, err)
	require.Len(t, nodes.Items, 6)
	for _, node := range nodes.Items {
		require.Equal(t, "arm64", node.Status.NodeInfo.Architecture)
	}
}
