package policy_test

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

const (
	apps      = "apps/v1"
	podSpec   = "spec.template.spec"
	container = podSpec + ".containers.0"
	admitting = "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy"
)

// with changes the pods of the service, as the path below their spec says.
func with(path string, value any) func(graph) {
	return func(g graph) { g.set(apps, "serve", podSpec+"."+path, value) }
}

func without(path string) func(graph) {
	return func(g graph) { g.unset(apps, "serve", podSpec+"."+path) }
}

// another puts a container of the service beside it, changed.
func another(list string, change func(resource.PropertyMap)) func(graph) {
	return func(g graph) {
		spec := g.get(apps, "serve").Inputs.Map["spec"].ObjectValue()["template"].ObjectValue()["spec"].ObjectValue()
		other := deep(spec["containers"].ArrayValue()[0])
		other.ObjectValue()["name"] = resource.NewProperty("another")
		change(other.ObjectValue())
		others, _ := spec[resource.PropertyKey(list)].V.([]resource.PropertyValue)
		spec[resource.PropertyKey(list)] = resource.NewProperty(append(others, other))
	}
}

// bare puts the pods of the service, with a flaw, into an object of another
// type.
func bare(g graph, typ, from, to, flaw string) {
	r := g.get(apps, "serve")
	part, _ := steps(from).Get(resource.NewProperty(r.Inputs.Map))
	r = g.add(typ, "bare", object("script-ohio", map[string]any{}))
	r.Inputs.Map[resource.PropertyKey(to)] = deep(part)
	change(g.t, r, flaw, true)
}

// list is a list of one object.
func list(key string, value any) []any { return []any{map[string]any{key: value}} }

// unsafe makes a container one that may write to itself.
func unsafe(c resource.PropertyMap) {
	c["securityContext"].ObjectValue()["readOnlyRootFilesystem"] = resource.NewProperty(false)
}

func podMutations() []mutation {
	const hardened, sized, probed = "pod-hardened", "pod-resources", "pod-probes"
	security := func(path string, value any) func(graph) { return with("containers.0.securityContext."+path, value) }
	return []mutation{
		{hardened, "host network", with("hostNetwork", true), nil},
		{hardened, "host processes", with("hostPID", true), nil},
		{hardened, "host memory", with("hostIPC", true), nil},
		{hardened, "host files", with("volumes", list("hostPath", map[string]any{"path": "/"})), nil},
		{hardened, "host files by a claim", func(g graph) {
			g.add("kubernetes:core/v1:PersistentVolume", "disk", map[string]any{"spec": map[string]any{"hostPath": map[string]any{"path": "/"}}})
		}, nil},
		{hardened, "host port", with("containers.0.ports.0.hostPort", 8000), nil},
		{hardened, "privileged", security("privileged", true), nil},
		{hardened, "escalation", security("allowPrivilegeEscalation", true), nil},
		{hardened, "escalation by default", without("containers.0.securityContext.allowPrivilegeEscalation"), nil},
		{hardened, "writes to itself", security("readOnlyRootFilesystem", false), nil},
		{hardened, "capabilities kept", security("capabilities.drop", []any{"NET_RAW"}), nil},
		{hardened, "capabilities added", security("capabilities.add", []any{"SYS_ADMIN"}), nil},
		{hardened, "kernel's files", security("procMount", "Unmasked"), nil},
		{hardened, "may be root", security("runAsNonRoot", false), nil},
		{hardened, "root", security("runAsUser", 0), nil},
		{hardened, "root by the pod", func(g graph) {
			without("containers.0.securityContext.runAsUser")(g)
			with("securityContext.runAsUser", 0)(g)
		}, nil},
		{hardened, "said nowhere", func(g graph) {
			without("containers.0.securityContext.runAsNonRoot")(g)
			without("securityContext.runAsNonRoot")(g)
		}, nil},
		{hardened, "system calls", security("seccompProfile.type", "Unconfined"), nil},
		{hardened, "no context", without("containers.0.securityContext"), nil},
		{hardened, "init container", another("initContainers", unsafe), nil},
		{hardened, "ephemeral container", another("ephemeralContainers", unsafe), nil},
		{hardened, "second container", another("containers", unsafe), nil},
		{hardened, "job", func(g graph) {
			g.set("batch/v1", "migrate", container+".securityContext.runAsNonRoot", false)
		}, nil},
		{hardened, "bare pod", func(g graph) { bare(g, "kubernetes:core/v1:Pod", podSpec, "spec", "spec.hostPID") }, nil},
		{hardened, "template for others", func(g graph) {
			bare(g, "kubernetes:core/v1:PodTemplate", "spec.template", "template", "template.spec.hostPID")
		}, nil},
		{hardened, "kind of a controller", func(g graph) {
			r := *g.get(apps, "serve")
			r.URN, r.Type = r.URN+"-rollout", "kubernetes:argoproj.io/v1alpha1:Rollout"
			g.Resources = append(g.Resources, &r)
			with("hostPID", true)(g)
		}, nil},

		{sized, "no memory kept", without("containers.0.resources.requests.memory"), nil},
		{sized, "no memory", without("containers.0.resources.limits.memory"), nil},
		{sized, "0 is no limit", with("containers.0.resources.limits.cpu", "0m"), nil},
		{sized, "negative", with("containers.0.resources.requests.cpu", "-1"), nil},
		{sized, "init container", another("initContainers", func(c resource.PropertyMap) { delete(c, "resources") }), nil},
		{sized, "job", func(g graph) { g.unset("batch/v1", "migrate", container+".resources.limits") }, nil},

		{probed, "no start", without("containers.0.startupProbe"), nil},
		{probed, "no life", without("containers.0.livenessProbe"), nil},
		{probed, "asks nothing", with("containers.0.readinessProbe", map[string]any{"periodSeconds": 5}), nil},
		{probed, "sidecar", another("initContainers", func(c resource.PropertyMap) {
			c["restartPolicy"] = resource.NewProperty("Always")
			delete(c, "livenessProbe")
		}), nil},

		{"objects-readable", "no containers", with("containers", []any{}), nil},
		{"objects-readable", "manifest", func(g graph) { g.add("kubernetes:yaml/v2:ConfigFile", "all", map[string]any{"file": "all.yaml"}) }, nil},
		{"objects-readable", "kustomization", func(g graph) { g.add("kubernetes:kustomize:Directory", "all", map[string]any{"directory": "all"}) }, nil},
		{"objects-readable", "chart", func(g graph) { g.add("kubernetes:helm.sh/v4:Chart", "all", map[string]any{"chart": "all"}) }, nil},
		{"objects-readable", "list", func(g graph) { g.add("kubernetes:apps/v1:DeploymentList", "all", map[string]any{"items": []any{}}) }, nil},
		{"objects-readable", "patch", func(g graph) { g.add("kubernetes:apps/v1:DeploymentPatch", "serve", map[string]any{}) }, nil},
	}
}

// registries is the list of those that the cluster allows, as its policy has
// it.
func registries(g graph) string {
	text := g.get(admitting, "registries").Inputs.Text("spec.validations.0.expression")
	_, text, _ = strings.Cut(text, ".all(c, ")
	text, _, _ = strings.Cut(text, ".exists(")
	return text
}

func imageMutations() []mutation {
	const origin, enforced = "pod-images", "registries-enforced"
	image := func(name string) func(graph) { return with("containers.0.image", name) }
	policy := func(path string, value any) func(graph) {
		return func(g graph) { g.set(admitting, "registries", "spec."+path, value) }
	}
	binding := func(path string, value any) func(graph) {
		return func(g graph) { g.set(admitting+"Binding", "registries", "spec."+path, value) }
	}
	// judges changes what a validation says.
	judges := func(validation, before, after string) func(graph) {
		return func(g graph) {
			g.replace(admitting, "registries", "spec.validations."+validation+".expression", before, after)
		}
	}
	const rules, spared = "matchConstraints.resourceRules.0", "matchResources.namespaceSelector.matchExpressions.0"
	return []mutation{
		{origin, "latest", image("ghcr.io/script-ohio/platform:latest"), nil},
		{origin, "no tag", image("ghcr.io/script-ohio/platform"), nil},
		{origin, "port for a tag", image("ghcr.io/script-ohio/platform:8000/x"), nil},
		{origin, "half a digest", image("ghcr.io/script-ohio/platform@sha256:0123"), nil},
		{origin, "none", without("containers.0.image"), nil},
		{origin, "another owner", image("ghcr.io/script-ohio-fork/platform:v1"), nil},
		{origin, "registry by default", image("nginx:1.29"), nil},
		{origin, "init container", another("initContainers", func(c resource.PropertyMap) {
			c["image"] = resource.NewProperty("gcr.io/elsewhere/tool:v1")
		}), nil},
		{origin, "volume", with("volumes", list("image", map[string]any{"reference": "ghcr.io/script-ohio/models:latest"})), nil},
		{origin, "cluster allows less", judges("0", `"ghcr.io/script-ohio"`, `"ghcr.io/script-iowa"`), nil},

		{enforced, "no policy", func(g graph) {
			g.drop(admitting, "registries")
			g.drop(admitting+"Binding", "registries")
		}, nil},
		{enforced, "no binding", func(g graph) { g.drop(admitting+"Binding", "registries") }, nil},
		{enforced, "binding of another", binding("policyName", "another"), nil},
		{enforced, "warns", binding("validationActions", []any{"Warn", "Audit"}), nil},
		{enforced, "one namespace", binding("matchResources.namespaceSelector", map[string]any{"matchLabels": map[string]any{"team": "api"}}), nil},
		{enforced, "spares another namespace", binding(spared+".values", []any{"kube-system", "default"}), nil},
		{enforced, "spares all others", binding(spared+".operator", "In"), nil},
		{enforced, "spares objects", binding("matchResources.objectSelector", map[string]any{"matchLabels": map[string]any{"checked": "yes"}}), nil},
		{enforced, "ignores failures", policy("failurePolicy", "Ignore"), nil},
		{enforced, "conditions", policy("matchConditions", list("expression", "false")), nil},
		{enforced, "exceptions", policy("matchConstraints.excludeResourceRules", list("resources", []any{"pods"})), nil},
		{enforced, "selected namespaces", policy("matchConstraints.namespaceSelector", map[string]any{"matchLabels": map[string]any{"checked": "yes"}}), nil},
		{enforced, "selected pods", policy("matchConstraints.objectSelector", map[string]any{"matchLabels": map[string]any{"checked": "yes"}}), nil},
		{enforced, "no updates", policy(rules+".operations", []any{"CREATE"}), nil},
		{enforced, "no ephemeral containers", policy(rules+".resources", []any{"pods"}), nil},
		{enforced, "named pods", policy(rules+".resourceNames", []any{"serve"}), nil},
		{enforced, "any registry", judges("0", "c.image.startsWith(r + '/')", "c.image.startsWith(r + '/') || true"), nil},
		{enforced, "a list that does not read", judges("0", `","`, `" "`), nil},
		{enforced, "an empty list", func(g graph) {
			g.replace(admitting, "registries", "spec.validations.0.expression", registries(g), "[]")
		}, nil},
		{enforced, "a host that begins alike", judges("0", "r + '/'", "r"), nil},
		{enforced, "no init containers", judges("0", "object.spec.?initContainers", "object.spec.?containers"), nil},
		{enforced, "latest", judges("1", " && !c.image.endsWith(':latest')", ""), nil},
	}
}
