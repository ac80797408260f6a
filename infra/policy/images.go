package policy

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/script-ohio/platform/infra/plan"
)

// images: what runs is what was built, from those who may build it.
func images() []Rule {
	const admission = "https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/"
	return []Rule{
		{
			Name:      "pod-images",
			Reason:    "a name that moves runs what nobody tested, and a registry that anybody may push to runs what anybody wrote",
			Reference: "Kubernetes, Images: https://kubernetes.io/docs/concepts/containers/images/#image-names (CIS EKS 5.1.4)",
			check:     origins,
		},
		{
			Name:      "registries-enforced",
			Reason:    "what a chart, an operator or a thief starts is in no plan: only the API server can refuse it",
			Reference: "Kubernetes, Validating admission policy: " + admission + " (CIS EKS 5.1.4)",
			check:     enforced,
		},
	}
}

// origins wants images that mean one thing for ever and that the cluster will
// not refuse.
func origins(i *inspection) {
	policies := i.admissions()
	for _, p := range i.pods() {
		for _, path := range p.images() {
			image := p.Inputs.Text(path)
			if !pinned(image) {
				i.fault(p.Resource, path, "the image %s may be another tomorrow: give a version or a digest, never latest", image)
			}
			for _, a := range policies {
				if a.registries != nil && !slices.ContainsFunc(a.registries, func(r string) bool { return strings.HasPrefix(image, r+"/") }) {
					i.fault(p.Resource, path, "the image %s comes from none of the registries that the cluster allows: %s", image, strings.Join(a.registries, ", "))
				}
			}
		}
	}
}

// images lists where the pod names one: to run, or to read as a volume.
func (p pod) images() []string {
	var paths []string
	for _, c := range p.containers() {
		paths = append(paths, c.at("image"))
	}
	for _, volume := range expand(p.Inputs, p.at("volumes.*")) {
		if p.Inputs.At(volume+".image") != nil {
			paths = append(paths, volume+".image.reference")
		}
	}
	return paths
}

var (
	digest = regexp.MustCompile(`@sha256:[0-9a-f]{64}$`)
	tag    = regexp.MustCompile(`:(\w[\w.-]{0,127})$`)
)

// pinned reports whether the image has a digest, or a tag that is no latest.
func pinned(image string) bool {
	if strings.Contains(image, "@") {
		return digest.MatchString(image)
	}
	found := tag.FindStringSubmatch(image[strings.LastIndex(image, "/")+1:])
	return found != nil && !strings.EqualFold(found[1], "latest")
}

// admission is an admission policy and what it demands of the images of pods.
type admission struct {
	*plan.Resource
	registries []string // nil where it does not say
	versions   bool
}

// admissions reads every policy whose validations look at images.
func (i *inspection) admissions() []admission {
	var all []admission
	for _, r := range i.OfType(admissionType) {
		a := admission{Resource: r}
		for _, path := range expand(r.Inputs, "spec.validations.*.expression") {
			test := demand(r.Inputs.Text(path))
			if list := registryTest.FindStringSubmatch(test); list != nil && json.Unmarshal([]byte(list[1]), &a.registries) != nil {
				a.registries = nil
			}
			a.versions = a.versions || test == versionTest
		}
		if a.registries != nil || a.versions {
			all = append(all, a)
		}
	}
	return all
}

// registryTest and versionTest are the tests of an image that are understood.
// Others may allow anything.
var registryTest = regexp.MustCompile(`^(\["[^\]]*"\])\.exists\(r, c\.image\.startsWith\(r \+ '/'\)\)$`)

const versionTest = `c.image.contains('@sha256:') || (c.image.matches(':[^/:]+$') && !c.image.endsWith(':latest'))`

// demand is the test that an expression makes of every container c of a pod;
// empty where it makes none, or not of each kind of containers.
func demand(expression string) string {
	every := func(test string) string {
		var all []string
		for _, list := range containerLists() {
			all = append(all, "object.spec.?"+list+".orValue([]).all(c, "+test+")")
		}
		return strings.Join(all, " && ")
	}
	before, after, _ := strings.Cut(every("\n"), "\n")
	next, _, _ := strings.Cut(after, "\n")
	test, _, _ := strings.Cut(strings.TrimPrefix(expression, before), next)
	if every(test) != expression {
		return ""
	}
	return test
}

// enforced wants a policy that refuses what origins refuses, in every namespace
// but the cluster's own.
func enforced(i *inspection) {
	if !slices.ContainsFunc(i.Resources, func(r *plan.Resource) bool { return r.Package() == "kubernetes" && r.Custom }) {
		return // nothing of ours is inside the cluster
	}
	policies := i.admissions()
	if !slices.ContainsFunc(policies, func(a admission) bool { return a.registries != nil }) {
		i.fault(nil, "", "no admission policy that can be read here says which registries images come from: add one, in the words of infra/workload/admission.go")
	}
	if !slices.ContainsFunc(policies, func(a admission) bool { return a.versions }) {
		i.fault(nil, "", "no admission policy that can be read here refuses latest: add one, in the words of infra/workload/admission.go")
	}
	const narrows said = "it lets pods by: the policy is for all of them"
	for _, a := range policies {
		i.hold(a.Resource,
			must{"spec.failurePolicy", exactly("Fail"), "what it cannot judge gets in: set failurePolicy to Fail"},
			must{"spec.matchConditions", none, narrows},
			must{"spec.matchConstraints.namespaceSelector", off, narrows},
			must{"spec.matchConstraints.objectSelector", off, narrows},
			must{"spec.matchConstraints.excludeResourceRules", none, narrows},
			must{"spec.matchConstraints.resourceRules", everyPod, "it does not see every pod: match CREATE and UPDATE of pods and pods/ephemeralcontainers in v1"},
		)
		_, name := named(a.Resource)
		bound := false
		for _, b := range i.OfType(admissionBoundType) {
			bound = bound || b.Inputs.Text("spec.policyName") == name && denies(b)
		}
		if !bound {
			i.fault(a.Resource, "", "no binding makes it refuse pods of every namespace but %s: add one with the action Deny", system)
		}
	}
}

// everyPod reports whether one of the rules is about all pods.
func everyPod(v any) bool {
	rules, _ := v.([]any)
	return slices.ContainsFunc(rules, func(v any) bool {
		rule, _ := v.(map[string]any)
		for field, wants := range map[string][]string{
			"apiGroups": {""}, "apiVersions": {"v1"}, "operations": {"CREATE", "UPDATE"}, "resources": {"pods", "pods/ephemeralcontainers"},
		} {
			has, _ := rule[field].([]any)
			for _, want := range wants {
				if !slices.Contains(has, any(want)) {
					return false
				}
			}
		}
		return none(rule["resourceNames"])
	})
}

// denies reports whether the binding refuses what its policy does not allow,
// in every namespace but the cluster's own.
func denies(binding *plan.Resource) bool {
	in := binding.Inputs
	if !slices.Contains(in.Texts("spec.validationActions"), "Deny") {
		return false
	}
	match := fields(binding, "spec.matchResources")
	for field := range match {
		if field != "namespaceSelector" {
			return false
		}
	}
	if len(match) == 0 {
		return in.At("spec.matchResources") == nil
	}
	if in.At("spec.matchResources.namespaceSelector.matchLabels") != nil {
		return false
	}
	for _, path := range expand(in, "spec.matchResources.namespaceSelector.matchExpressions.*") {
		spared := in.Text(path+".key") == "kubernetes.io/metadata.name" && in.Text(path+".operator") == "NotIn" &&
			slices.Equal(in.Texts(path+".values"), []string{system})
		if !spared {
			return false
		}
	}
	return true
}
