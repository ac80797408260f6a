package clustertest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/script-ohio/platform/infra/plan"
)

// helmRelease is a resource that becomes objects only at a deployment.
const helmRelease = "kubernetes:helm.sh/v3:Release"

// Objects returns the Kubernetes objects of a recorded program, in an order in
// which the engine may create them. Charts are not opened.
func Objects(graph *plan.Graph) ([]unstructured.Unstructured, error) {
	waves, err := graph.DestroyOrder()
	if err != nil {
		return nil, err
	}
	slices.Reverse(waves)
	var objects []unstructured.Unstructured
	var errs []error
	for _, wave := range waves {
		for _, r := range wave {
			if !r.Custom || r.Type == helmRelease || !strings.HasPrefix(r.Type, "kubernetes:") {
				continue
			}
			object, err := objectOf(r)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s %s: %w", r.Type, r.Name, err))
				continue
			}
			objects = append(objects, object)
		}
	}
	return objects, errors.Join(errs...)
}

func objectOf(r *plan.Resource) (unstructured.Unstructured, error) {
	for _, leaf := range r.Inputs.Leaves() {
		if leaf.Secret {
			return unstructured.Unstructured{}, fmt.Errorf("%s is a secret of the program: let the cluster fetch it, by an ExternalSecret", leaf.Path)
		}
	}
	if r.Inputs.Map.ContainsUnknowns() {
		return unstructured.Unstructured{}, errors.New("it has inputs that are unknown before a deployment")
	}
	fields, _ := withoutNulls(r.Inputs.Plain()).(map[string]any)
	object := unstructured.Unstructured{Object: fields}
	switch {
	case object.GetAPIVersion() == "" || object.GetKind() == "":
		return object, errors.New("it has no apiVersion or no kind")
	case object.GetName() == "":
		return object, errors.New("it has no metadata.name, and the engine would make one up")
	}
	return object, nil
}

// withoutNulls drops what an SDK writes as null, which is nothing to apply.
func withoutNulls(value any) any {
	switch in := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(in))
		for name, item := range in {
			if item != nil {
				out[name] = withoutNulls(item)
			}
		}
		return out
	case []any:
		out := make([]any, 0, len(in))
		for _, item := range in {
			if item != nil {
				out = append(out, withoutNulls(item))
			}
		}
		return out
	}
	return value
}
