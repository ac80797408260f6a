package policy_test

import "github.com/pulumi/pulumi/sdk/v3/go/common/resource"

const (
	core       = "core/v1"
	networking = "networking.k8s.io/v1"
	rbac       = "kubernetes:rbac.authorization.k8s.io/v1:"
)

// object is inputs of an object in a namespace.
func object(namespace string, inputs map[string]any) map[string]any {
	inputs["metadata"] = map[string]any{"name": "added", "namespace": namespace}
	return inputs
}

func namespaceMutations() []mutation {
	const restricted, deny, bounded = "namespace-restricted", "network-default-deny", "namespace-bounded"
	enforce := func(level string) func(graph) {
		return func(g graph) {
			g.set(core, "namespace", "metadata.labels", map[string]any{"pod-security.kubernetes.io/enforce": level, "pod-security.kubernetes.io/warn": "restricted"})
		}
	}
	// in puts a policy of some pods into a namespace.
	in := func(namespace string, types ...any) func(graph) {
		return func(g graph) {
			g.add("kubernetes:networking.k8s.io/v1:NetworkPolicy", "added", object(namespace, map[string]any{
				"spec": map[string]any{"podSelector": map[string]any{"matchLabels": map[string]any{"app": "x"}}, "policyTypes": types},
			}))
		}
	}
	// denial changes the policy that shuts the namespace.
	denial := func(path string, value any) func(graph) {
		return func(g graph) { g.set(networking, "network-default-deny", "spec."+path, value) }
	}
	move := func(namespace string) func(graph) {
		return func(g graph) { g.set("batch/v1", "migrate", "metadata.namespace", namespace) }
	}
	hard := map[string]any{"pods": "5", "requests.cpu": "1", "requests.memory": "1Gi", "limits.cpu": "2"}
	return []mutation{
		{restricted, "baseline", enforce("baseline"), nil},
		{restricted, "privileged", enforce("privileged"), nil},
		{restricted, "controllers", func(g graph) { g.unset(core, "external-dns", "metadata.labels") }, nil},
		{restricted, "chart of no namespace", func(g graph) { g.unset("helm.sh/v3", "external-dns", "namespace") }, nil},
		{restricted, "chart elsewhere", func(g graph) { g.set("helm.sh/v3", "external-dns", "namespace", "default") }, nil},
		{restricted, "pods of the system", move("kube-system"), []string{bounded}},
		{restricted, "pods of no namespace", func(g graph) { g.unset("batch/v1", "migrate", "metadata.namespace") }, []string{bounded}},

		{deny, "none", func(g graph) { g.drop(networking, "network-default-deny") }, nil},
		{deny, "of controllers", func(g graph) { g.drop(networking, "external-secrets-default-deny") }, nil},
		{deny, "one way", denial("policyTypes", []any{"Ingress"}), nil},
		{deny, "some pods", denial("podSelector", map[string]any{"matchLabels": map[string]any{"app": "x"}}), nil},
		{deny, "a way in", denial("ingress", []any{map[string]any{}}), nil},
		{deny, "a way out", denial("egress", []any{map[string]any{}}), nil},
		{deny, "another namespace", func(g graph) {
			g.set(networking, "network-default-deny", "metadata.namespace", "default")
		}, nil},
		{deny, "beside a policy elsewhere", in("elsewhere", "Ingress", "Egress"), nil},
		{deny, "one way in the system", in("kube-system", "Ingress"), nil},

		{bounded, "no quota", func(g graph) { g.drop(core, "quota") }, nil},
		{bounded, "a part", func(g graph) { g.set(core, "quota", "spec.hard", hard) }, nil},
		{bounded, "some pods", func(g graph) { g.set(core, "quota", "spec.scopes", []any{"BestEffort"}) }, nil},
		{bounded, "no range", func(g graph) { g.drop(core, "limits") }, nil},
		{bounded, "range of claims", func(g graph) { g.set(core, "limits", "spec.limits.0.type", "PersistentVolumeClaim") }, nil},
		{bounded, "no default", func(g graph) { g.unset(core, "limits", "spec.limits.0.default.memory") }, nil},
	}
}

func workloadMutations() []mutation {
	const disruption, guarded = "disruption-budget", "ingress-guarded"
	const budget, params = "policy/v1", "elbv2.k8s.aws/v1beta1"
	set := func(kind, name, path string, value any) func(graph) {
		return func(g graph) { g.set(kind, name, path, value) }
	}
	return []mutation{
		{disruption, "none", func(g graph) { g.drop(budget, "serve") }, nil},
		{disruption, "none, by the autoscaler", func(g graph) {
			g.set(apps, "serve", "spec.replicas", 1)
			g.drop(budget, "serve")
		}, nil},
		{disruption, "two", func(g graph) {
			r := *g.get(budget, "serve")
			r.URN, r.Name = r.URN+"-2", r.Name+"-2"
			g.Resources = append(g.Resources, &r)
		}, nil},
		{disruption, "other pods", set(budget, "serve", "spec.selector.matchLabels", map[string]any{"app": "x"}), nil},
		{disruption, "by expressions", set(budget, "serve", "spec.selector.matchExpressions", list("key", "app")), nil},
		{disruption, "lets all three go", func(g graph) {
			g.unset(budget, "serve", "spec.minAvailable")
			g.set(budget, "serve", "spec.maxUnavailable", 3)
		}, nil},
		{disruption, "another namespace", set(budget, "serve", "metadata.namespace", "default"), nil},
		{disruption, "keeps none", set(budget, "serve", "spec.minAvailable", 0), nil},
		{disruption, "keeps all", set(budget, "serve", "spec.minAvailable", 3), nil},
		{disruption, "lets all go", func(g graph) {
			g.unset(budget, "serve", "spec.minAvailable")
			g.set(budget, "serve", "spec.maxUnavailable", "100%")
		}, nil},
		{disruption, "nodes only", with("topologySpreadConstraints.0.topologyKey", "kubernetes.io/hostname"), nil},
		{disruption, "spreads others", with("topologySpreadConstraints.0.labelSelector.matchLabels", map[string]any{"app": "x"}), nil},
		{disruption, "spreads none", without("topologySpreadConstraints"), nil},

		{guarded, "no certificate", func(g graph) { g.unset(params, "ingress-class", "spec.certificateArn") }, nil},
		{guarded, "no firewall", func(g graph) { g.unset(params, "ingress-class", "spec.wafv2AclArn") }, nil},
		{guarded, "TLS 1.0", set(params, "ingress-class", "spec.sslPolicy", "ELBSecurityPolicy-TLS13-1-0-2021-06"), nil},
		{guarded, "no forward secrecy", set(params, "ingress-class", "spec.sslPolicy", "ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06"), nil},
		{guarded, "no redirect", func(g graph) { g.unset(params, "ingress-class", "spec.sslRedirectPort") }, nil},
		{guarded, "no parameters", func(g graph) { g.unset(networking, "ingress", "spec.parameters") }, nil},
		{guarded, "parameters of others", set(networking, "ingress", "spec.parameters.name", "another"), nil},
		{guarded, "no class", func(g graph) { g.unset(networking, "api", "spec.ingressClassName") }, nil},
		{guarded, "class of others", set(networking, "api", "spec.ingressClassName", "nginx"), nil},
		{guarded, "load balancer", set(core, "serve", "spec.type", "LoadBalancer"), nil},
		{guarded, "node port", set(core, "serve", "spec.type", "NodePort"), nil},
		{guarded, "addresses", set(core, "serve", "spec.externalIPs", []any{"198.51.100.1"}), nil},
	}
}

func permissionMutations() []mutation {
	const config, token, narrow = "no-secret-in-config", "token-off", "rbac-narrow"
	// grant changes the rule of the role about nodes.
	grant := func(field string, values ...any) func(graph) {
		return func(g graph) { g.set(rbac+"ClusterRole", "nodes", "rules.0."+field, values) }
	}
	bind := func(path string, value any) func(graph) {
		return func(g graph) { g.set(rbac+"ClusterRoleBinding", "nodes", path, value) }
	}
	role := func(name string) func(graph) {
		return func(g graph) {
			g.add(rbac+"RoleBinding", "added", object("script-ohio", map[string]any{
				"roleRef":  map[string]any{"kind": "ClusterRole", "name": name},
				"subjects": []any{map[string]any{"kind": "Group", "name": "ohio:operator"}},
			}))
		}
	}
	env := func(item map[string]any) func(graph) {
		return with("containers.0.env", []any{item})
	}
	projected := map[string]any{"name": "token", "projected": map[string]any{"sources": list("serviceAccountToken", map[string]any{"path": "token"})}}
	return []mutation{
		{config, "ConfigMap", func(g graph) { g.set(core, "config", "data.DATABASE_URL", "postgres://db.example.com/ohio") }, nil},
		{config, "ConfigMap, encoded", func(g graph) { g.set(core, "config", "binaryData", map[string]any{"REDIS_URL": "cmVkaXM="}) }, nil},
		{config, "ConfigMap, hidden", func(g graph) {
			data := g.get(core, "config").Inputs.Map["data"].ObjectValue()
			data["LISTEN"] = resource.MakeSecret(data["LISTEN"])
		}, nil},
		{config, "variable", env(map[string]any{"name": "DATABASE_URL", "value": "postgres://db.example.com/ohio"}), nil},
		{config, "variable of a ConfigMap", env(map[string]any{"name": "SECRET_KEY", "valueFrom": map[string]any{
			"configMapKeyRef": map[string]any{"name": "app-config", "key": "x"},
		}}), nil},
		{config, "secret of Kubernetes, hidden", func(g graph) {
			g.add("kubernetes:core/v1:Secret", "app", map[string]any{}).Inputs.Map["data"] = resource.MakeSecret(resource.NewProperty(resource.PropertyMap{
				"file": resource.NewProperty("abc"),
			}))
		}, nil},
		{config, "a pod's setting, hidden", func(g graph) {
			with("hostNetwork", true)(g)
			spec := g.get(apps, "serve").Inputs.Map["spec"].ObjectValue()["template"].ObjectValue()["spec"].ObjectValue()
			spec["hostNetwork"] = resource.MakeSecret(spec["hostNetwork"])
		}, []string{"pod-hardened"}},

		{token, "pod", with("automountServiceAccountToken", true), nil},
		{token, "pod by default", without("automountServiceAccountToken"), nil},
		{token, "account", func(g graph) { g.unset(core, "account-app", "automountServiceAccountToken") }, nil},
		{token, "volume", with("volumes", []any{projected}), nil},
		{token, "shared account", without("serviceAccountName"), nil},
		{token, "default account", with("serviceAccountName", "default"), nil},
		{token, "rights of another", func(g graph) {
			with("automountServiceAccountToken", true)(g)
			bind("subjects", []any{map[string]any{"kind": "ServiceAccount", "name": "app", "namespace": "elsewhere"}})(g)
		}, nil},

		{narrow, "any verb", grant("verbs", "*"), nil},
		{narrow, "any resource", grant("resources", "*"), nil},
		{narrow, "any group", grant("apiGroups", "*"), nil},
		{narrow, "any scale", grant("resources", "*/scale"), nil},
		{narrow, "any path", grant("nonResourceURLs", "/*"), nil},
		{narrow, "secrets", grant("resources", "secrets"), nil},
		{narrow, "tokens", grant("resources", "serviceaccounts/token"), nil},
		{narrow, "kubelet", grant("resources", "nodes/proxy"), nil},
		{narrow, "escalate", grant("verbs", "escalate"), nil},
		{narrow, "bind", grant("verbs", "bind"), nil},
		{narrow, "impersonate", grant("verbs", "impersonate"), nil},
		{narrow, "of a namespace", func(g graph) { g.set(rbac+"Role", "role-operator", "rules.0.resources", []any{"secrets"}) }, nil},
		{narrow, "aggregated", func(g graph) {
			g.set(rbac+"ClusterRole", "nodes", "aggregationRule", map[string]any{"clusterRoleSelectors": []any{}})
		}, nil},
		{narrow, "administrator", bind("roleRef.name", "cluster-admin"), nil},
		{narrow, "editor of a namespace", role("edit"), nil},
		{narrow, "a role of the system", role("system:node"), nil},
		{narrow, "everybody", bind("subjects.0.name", "system:authenticated"), nil},
		{narrow, "masters", bind("subjects.0.name", "system:masters"), nil},
		{narrow, "every pod", bind("subjects", []any{map[string]any{"kind": "ServiceAccount", "name": "default", "namespace": "script-ohio"}}), nil},
	}
}
