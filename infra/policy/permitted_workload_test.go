package policy_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/plan/plantest"
)

// The same for objects in the cluster.
func TestPermittedInTheCluster(t *testing.T) {
	prod := record(t, plantest.Config(t, "prod"))
	before := prod.judge().Findings
	image := func(name string) func(graph) { return with("containers.0.image", name) }
	bare := func(c resource.PropertyMap) {
		for _, key := range []string{"resources", "startupProbe", "livenessProbe", "readinessProbe"} {
			delete(c, resource.PropertyKey(key))
		}
	}
	sum := strings.Repeat("0a", 32)
	for what, change := range map[string]func(g graph){
		"digest":            image("ghcr.io/script-ohio/platform@sha256:" + sum),
		"latest, by digest": image("ghcr.io/script-ohio/platform:latest@sha256:" + sum),
		"another registry of the list": func(g graph) {
			g.replace(admitting, "registries", "spec.validations.0.expression", `["`, `["public.ecr.aws/ohio","`)
			image("public.ecr.aws/ohio/platform:v1")(g)
		},
		"no binding selector": func(g graph) { g.unset(admitting+"Binding", "registries", "spec.matchResources") },
		"what the pod says holds for its containers": func(g graph) {
			without("containers.0.securityContext.runAsNonRoot")(g)
			without("containers.0.securityContext.seccompProfile")(g)
			without("containers.0.securityContext.privileged")(g)
		},
		"someone looks at a pod":             another("ephemeralContainers", bare),
		"steps have no probes":               another("initContainers", func(c resource.PropertyMap) { delete(c, "startupProbe") }),
		"amounts as numbers":                 with("containers.0.resources.limits.cpu", 2),
		"probe by a command":                 with("containers.0.livenessProbe", map[string]any{"exec": map[string]any{"command": []any{"ohio", "health"}}}),
		"job of a schedule, without probes":  scheduled,
		"token for rights that a role gives": operator,
		"token for somebody else": with("volumes", []any{map[string]any{"name": "token", "projected": map[string]any{
			"sources": list("serviceAccountToken", map[string]any{"path": "token", "audience": "vault"}),
		}}}),
		"secret by reference": with("containers.0.env", []any{map[string]any{"name": "DATABASE_URL", "valueFrom": map[string]any{
			"secretKeyRef": map[string]any{"name": "app-secrets", "key": "DATABASE_URL"},
		}}}),
		"one replica without a budget": func(g graph) {
			g.set(apps, "serve", "spec.replicas", 1)
			g.drop("policy/v1", "serve")
			g.drop("autoscaling/v2", "serve")
		},
		"budget by share": func(g graph) { g.set("policy/v1", "serve", "spec.minAvailable", "50%") },
		"budget of those that go": func(g graph) {
			g.unset("policy/v1", "serve", "spec.minAvailable")
			g.set("policy/v1", "serve", "spec.maxUnavailable", 1)
		},
		"TLS 1.3 only": func(g graph) {
			g.set("elbv2.k8s.aws/v1beta1", "ingress-class", "spec.sslPolicy", "ELBSecurityPolicy-TLS13-1-3-2021-06")
		},
		"service without addresses": func(g graph) { g.unset(core, "serve", "spec.type") },
		"empty lists": func(g graph) {
			g.set(networking, "network-default-deny", "spec.ingress", []any{})
			with("containers.0.ports", []any{})(g)
		},
	} {
		t.Run(what, func(t *testing.T) {
			g := prod.copy(t)
			change(g)
			require.Equal(t, before, g.judge().Findings)
		})
	}
}

// scheduled makes a job of the migration that comes again and again.
func scheduled(g graph) {
	r := g.get("batch/v1", "migrate")
	g.add("kubernetes:batch/v1:CronJob", "again", object("script-ohio", map[string]any{})).Inputs.Map["spec"] = resource.NewProperty(resource.PropertyMap{
		"schedule": resource.NewProperty("@daily"), "jobTemplate": resource.NewProperty(resource.PropertyMap{"spec": r.Inputs.Map["spec"]}),
	})
}

// operator gives the service rights and the token to use them.
func operator(g graph) {
	with("automountServiceAccountToken", true)(g)
	g.add(rbac+"RoleBinding", "added", object("script-ohio", map[string]any{
		"roleRef": map[string]any{"kind": "Role", "name": "readonly"}, "subjects": []any{map[string]any{"kind": "ServiceAccount", "name": "app"}},
	}))
}
