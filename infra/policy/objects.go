package policy

import (
	"slices"
	"strings"

	"github.com/script-ohio/platform/infra/plan"
)

// The types of Kubernetes that rules look for, by token. Pods are found by
// their kind.
const (
	accountType        = "kubernetes:core/v1:ServiceAccount"
	admissionType      = "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy"
	admissionBoundType = "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding"
	budgetType         = "kubernetes:policy/v1:PodDisruptionBudget"
	configType         = "kubernetes:core/v1:ConfigMap"
	grantBoundType     = "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding"
	grantType          = "kubernetes:rbac.authorization.k8s.io/v1:Role"
	ingressClassType   = "kubernetes:networking.k8s.io/v1:IngressClass"
	ingressType        = "kubernetes:networking.k8s.io/v1:Ingress"
	limitsType         = "kubernetes:core/v1:LimitRange"
	namespaceType      = "kubernetes:core/v1:Namespace"
	networkPolicyType  = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
	nodeVolumeType     = "kubernetes:core/v1:PersistentVolume"
	quotaType          = "kubernetes:core/v1:ResourceQuota"
	releaseType        = "kubernetes:helm.sh/v3:Release"
	scalerType         = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
	serviceType        = "kubernetes:core/v1:Service"
	valuesType         = "kubernetes:core/v1:Secret"

	clusterGrantBoundType = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding"
	clusterGrantType      = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
	ingressParamsType     = "kubernetes:elbv2.k8s.aws/v1beta1:IngressClassParams"
)

// system is the namespace that every cluster has, with the cluster's own parts
// in it.
const system = "kube-system"

// objects: what the program puts into the cluster stands in the graph one by
// one, so that the other rules see it. What charts make is judged by their
// values and by the cluster.
func objects() []Rule {
	return []Rule{{
		Name:      "objects-readable",
		Reason:    "what a manifest, a list or a patch puts into the cluster is in no graph: no rule here judges it",
		Reference: "Pulumi, Kubernetes resources: https://www.pulumi.com/registry/packages/kubernetes/api-docs/",
		check: func(i *inspection) {
			for _, r := range i.Resources {
				if isObject(r) && bundled(r) {
					i.fault(r, "", "what it makes is not in the graph: register each object by its own type")
				}
			}
			for _, p := range i.pods() {
				i.hold(p.Resource, must{p.at("containers"), filled, "there is no container to judge: list them here"})
			}
		},
	}}
}

// isObject reports whether the resource is an object in the cluster. Releases
// of charts are none: they carry values.
func isObject(r *plan.Resource) bool {
	return strings.HasPrefix(r.Type, "kubernetes:") && r.Type != releaseType
}

// bundled reports whether the resource stands for objects that are not seen.
func bundled(r *plan.Resource) bool {
	module := strings.TrimPrefix(r.Type, "kubernetes:")
	for _, hides := range []string{"yaml:", "yaml/", "kustomize:", "kustomize/", "helm.sh/"} {
		if strings.HasPrefix(module, hides) {
			return true
		}
	}
	return strings.HasSuffix(module, "List") || strings.HasSuffix(module, "Patch")
}

// kind is the last part of the type.
func kind(r *plan.Resource) string { return r.Type[strings.LastIndex(r.Type, ":")+1:] }

// named is what the object is called in the cluster, and where it is.
func named(r *plan.Resource) (namespace, name string) {
	return r.Inputs.Text("metadata.namespace"), r.Inputs.Text("metadata.name")
}

// pod is a pod, or what pods are made by, in an object.
type pod struct {
	*plan.Resource
	path string // of its spec
}

// pods lists what runs, whoever starts it.
func (i *inspection) pods() []pod {
	if i.templates == nil {
		i.templates = []pod{}
		for _, r := range i.Resources {
			if path := podPath(r); isObject(r) && path != "" {
				i.templates = append(i.templates, pod{r, path})
			}
		}
	}
	return i.templates
}

func podPath(r *plan.Resource) string {
	const template = "spec.template.spec"
	switch kind(r) {
	case "Pod":
		return "spec"
	case "PodTemplate":
		return "template.spec"
	case "CronJob":
		return "spec.jobTemplate." + template
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job":
		return template
	}
	if r.Inputs.At(template+".containers") != nil { // of a kind that a controller brings
		return template
	}
	return ""
}

func (p pod) at(path string) string { return p.path + "." + path }

// namespace is where the pods run.
func (p pod) namespace() string { return p.Inputs.Text("metadata.namespace") }

// account is the service account that they run as.
func (p pod) account() string { return p.Inputs.Text(p.at("serviceAccountName")) }

// labels are those that selectors look at.
func (p pod) labels() map[string]any {
	labels, _ := p.Inputs.At(strings.TrimSuffix(p.path, "spec") + "metadata.labels").(map[string]any)
	return labels
}

// ends reports whether they run to an end.
func (p pod) ends() bool {
	return slices.Contains([]string{"Job", "CronJob"}, kind(p.Resource)) || slices.Contains([]string{"Never", "OnFailure"}, p.Inputs.Text(p.at("restartPolicy")))
}

// container is one of a pod's.
type container struct {
	path string
	main bool // runs as long as the pod
	late bool // put into a pod that runs, to look at it
}

func (c container) at(path string) string { return c.path + "." + path }

// containers lists all that may run in the pod.
func (p pod) containers() []container {
	var all []container
	for _, list := range containerLists() {
		if items, _ := p.Inputs.At(p.at(list)).([]any); len(items) > 0 {
			for _, path := range expand(p.Inputs, p.at(list)+".*") {
				sidecar := list == "initContainers" && p.Inputs.Text(path+".restartPolicy") == "Always"
				all = append(all, container{path, list == "containers" || sidecar, list == "ephemeralContainers"})
			}
		}
	}
	return all
}

func containerLists() []string {
	return []string{"containers", "initContainers", "ephemeralContainers"}
}

// What inputs of objects can be asked to be. What is marked as a secret is
// none of it.
func off(v any) bool    { return v == nil || v == false }
func filled(v any) bool { list, is := v.([]any); return is && len(list) > 0 }

func none(v any) bool {
	list, is := v.([]any)
	return v == nil || is && len(list) == 0
}

// fields is the object at a path, whose keys may have dots.
func fields(r *plan.Resource, path string) map[string]any {
	object, _ := r.Inputs.At(path).(map[string]any)
	return object
}

// selects reports whether the selector at a path picks what has the labels. One
// that does so by expressions is not understood, and picks nothing.
func selects(r *plan.Resource, path string, labels map[string]any) bool {
	selector := fields(r, path)
	if selector == nil || selector["matchExpressions"] != nil {
		return false
	}
	for key, value := range fields(r, path+".matchLabels") {
		if labels[key] != value {
			return false
		}
	}
	return true
}
