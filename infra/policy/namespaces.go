package policy

import (
	"slices"

	"github.com/script-ohio/platform/infra/plan"
)

// namespaces: each one is a place of its own, with nothing open and an end to
// what it takes.
func namespaces() []Rule {
	return []Rule{
		{
			Name:      "namespace-restricted",
			Reason:    "what comes into a namespace later is in no plan: the API server holds it to what its namespace says, or to nothing",
			Reference: "Kubernetes, Pod Security Admission: https://kubernetes.io/docs/concepts/security/pod-security-admission/ (CIS EKS 4.2.1 to 4.2.5, 4.5.1, 4.5.2)",
			check:     restricted,
		},
		{
			Name:      "network-default-deny",
			Reason:    "a policy closes the pods that it selects; all others may talk to everybody, those of tomorrow too",
			Reference: "Kubernetes, Default policies: https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-policies (CIS EKS 4.3.2)",
			check:     defaultDeny,
		},
		{
			Name:      "namespace-bounded",
			Reason:    "without a quota one mistake scales until the cluster is full; without a range a container that forgot its limits has none",
			Reference: "Kubernetes, Resource quotas: https://kubernetes.io/docs/concepts/policy/resource-quotas/; limit ranges: https://kubernetes.io/docs/concepts/policy/limit-range/",
			check:     bounded,
		},
	}
}

// restricted wants every namespace to hold its pods to the standard, and every
// pod and chart in such a namespace. Charts may also stand among the cluster's
// own parts.
func restricted(i *inspection) {
	made := map[string]bool{}
	for _, r := range i.OfType(namespaceType) {
		_, name := named(r)
		made[name] = true
		if fields(r, "metadata.labels")["pod-security.kubernetes.io/enforce"] != "restricted" {
			i.fault(r, "metadata.labels", "any pod may run here: label it pod-security.kubernetes.io/enforce=restricted")
		}
	}
	const advice said = "put it into a namespace that the program makes"
	for _, p := range i.pods() {
		if name := p.namespace(); !made[name] || name == "" {
			i.fault(p.Resource, "metadata.namespace", "nothing is known of the namespace %q: %s", name, advice)
		}
	}
	for _, r := range i.OfType(releaseType) {
		if name := r.Inputs.Text("namespace"); !made[name] && name != system {
			i.fault(r, "namespace", "nothing is known of the namespace %q: %s", name, advice)
		}
	}
}

// defaultDeny wants a policy that shuts everything in every namespace of ours,
// and beside every policy elsewhere. The namespace of the cluster's own parts
// is not ours to shut: there a policy shuts the pods that it selects.
func defaultDeny(i *inspection) {
	shut := map[string]bool{}
	for _, r := range i.OfType(networkPolicyType) {
		selector, all := r.Inputs.At("spec.podSelector").(map[string]any)
		if all && len(selector) == 0 && shuts(r) && none(r.Inputs.At("spec.ingress")) && none(r.Inputs.At("spec.egress")) {
			namespace, _ := named(r)
			shut[namespace] = true
		}
	}
	made := map[string]bool{}
	for _, r := range i.OfType(namespaceType) {
		_, name := named(r)
		if made[name] = true; !shut[name] {
			i.fault(r, "", "nothing shuts the namespace %s: add a NetworkPolicy of all pods with both policyTypes and no rules", name)
		}
	}
	for _, r := range i.OfType(networkPolicyType) {
		namespace, _ := named(r)
		switch {
		case made[namespace] || shut[namespace]:
		case namespace != system:
			i.fault(r, "metadata.namespace", "no default deny stands beside it in %q: add a NetworkPolicy of all pods with both policyTypes and no rules", namespace)
		case !shuts(r):
			i.fault(r, "spec.policyTypes", "in %s it must shut the pods that it selects: name both policyTypes", system)
		}
	}
}

// shuts reports whether what the policy's rules do not open is shut, in both
// directions, for the pods that it selects.
func shuts(r *plan.Resource) bool {
	types := r.Inputs.Texts("spec.policyTypes")
	return slices.Contains(types, "Ingress") && slices.Contains(types, "Egress")
}

// bounded wants a quota of everything and a range of defaults in each namespace
// that pods of ours run in.
func bounded(i *inspection) {
	seen := map[string]bool{}
	for _, p := range i.pods() {
		namespace := p.namespace()
		if seen[namespace] {
			continue
		}
		seen[namespace] = true
		in := func(typ string, bounds func(*plan.Resource) bool) bool {
			return slices.ContainsFunc(i.OfType(typ), func(r *plan.Resource) bool {
				at, _ := named(r)
				return at == namespace && bounds(r)
			})
		}
		if !in(quotaType, quota) {
			i.fault(p.Resource, "metadata.namespace", "nothing bounds what %q takes: add a ResourceQuota of pods and of requests and limits of CPU and memory", namespace)
		}
		if !in(limitsType, ranges) {
			i.fault(p.Resource, "metadata.namespace", "a container in %q without limits has none: add a LimitRange with defaults of CPU and memory for containers", namespace)
		}
	}
}

// quota reports whether all pods together are bounded.
func quota(r *plan.Resource) bool {
	if !none(r.Inputs.At("spec.scopes")) || r.Inputs.At("spec.scopeSelector") != nil {
		return false
	}
	hard := fields(r, "spec.hard")
	for _, what := range []string{"pods", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"} {
		if hard[what] == nil {
			return false
		}
	}
	return true
}

// ranges reports whether containers have defaults.
func ranges(r *plan.Resource) bool {
	for _, path := range expand(r.Inputs, "spec.limits.*") {
		given := true
		for _, what := range []string{"default.cpu", "default.memory", "defaultRequest.cpu", "defaultRequest.memory"} {
			given = given && amount(r.Inputs.At(path+"."+what))
		}
		if given && r.Inputs.Text(path+".type") == "Container" {
			return true
		}
	}
	return false
}
