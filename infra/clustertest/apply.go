package clustertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

// Manager owns the fields that are applied, as the program's provider does.
const Manager = "script-ohio"

// harness owns what is there for the test's sake.
const harness = "clustertest"

// Apply applies objects as the program's provider does: by server-side apply
// that refuses fields the API server does not know, and fields that somebody
// else has changed since, such as an autoscaler. Definitions of custom
// resources come first, those they need included, then namespaces, then the
// rest as it is ordered. Every object is tried; the error holds all refusals.
func (c *Cluster) Apply(ctx context.Context, objects []unstructured.Unstructured) error {
	kinds := make([]schema.GroupKind, 0, len(objects))
	for _, object := range objects {
		kinds = append(kinds, object.GroupVersionKind().GroupKind())
	}
	if err := c.Define(ctx, kinds...); err != nil {
		return err
	}
	ordered := slices.Clone(objects)
	slices.SortStableFunc(ordered, func(a, b unstructured.Unstructured) int { return rank(&a) - rank(&b) })
	var errs []error
	var defined []string
	for i := range ordered {
		object := &ordered[i]
		if rank(object) > 0 && len(defined) > 0 {
			errs = append(errs, c.established(ctx, defined))
			defined = nil
		}
		if _, err := c.ApplyOne(ctx, object, false); err != nil {
			errs = append(errs, err)
		} else if rank(object) == 0 {
			defined = append(defined, object.GetName())
		}
	}
	return errors.Join(append(errs, c.established(ctx, defined))...)
}

// Deploy applies objects one after the other and waits for each Job before
// what comes after it, as the engine does.
func (c *Cluster) Deploy(ctx context.Context, objects []unstructured.Unstructured) error {
	start := 0
	for i := range objects {
		if objects[i].GetKind() != "Job" {
			continue
		}
		if err := c.Apply(ctx, objects[start:i+1]); err != nil {
			return err
		}
		if err := c.jobComplete(ctx, objects[i].GetNamespace(), objects[i].GetName()); err != nil {
			return err
		}
		start = i + 1
	}
	return c.Apply(ctx, objects[start:])
}

// ApplyOne applies one object and returns it as the API server holds it, or,
// in a dry run, as it would.
func (c *Cluster) ApplyOne(ctx context.Context, object *unstructured.Unstructured, dryRun bool) (*unstructured.Unstructured, error) {
	if err := c.Define(ctx, object.GroupVersionKind().GroupKind()); err != nil {
		return nil, err
	}
	live, err := c.patch(ctx, object, applyOptions(dryRun))
	if err != nil {
		return nil, fmt.Errorf("apply %s: %w", describe(object), err)
	}
	if !dryRun {
		c.applied.Store(key(object.GetKind(), object.GetNamespace(), object.GetName()), object.DeepCopy())
	}
	return live, nil
}

// Applied returns a copy of an object as it was last applied: what a new
// deployment would start from.
func (c *Cluster) Applied(kind, namespace, name string) (*unstructured.Unstructured, error) {
	stored, _ := c.applied.Load(key(kind, namespace, name))
	object, is := stored.(*unstructured.Unstructured)
	if !is {
		return nil, fmt.Errorf("%s %s/%s was not applied: apply the objects first", kind, namespace, name)
	}
	return object.DeepCopy(), nil
}

// Resource is the client for the kind and the namespace of an object.
func (c *Cluster) Resource(object *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	kind := object.GroupVersionKind()
	mapping, err := c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if meta.IsNoMatchError(err) {
		c.mapper.Reset()
		mapping, err = c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: is its definition missing in tools/controlplane/crds.txt?", err)
	}
	if mapping.Scope.Name() == meta.RESTScopeNameRoot {
		return c.Dynamic.Resource(mapping.Resource), nil
	}
	if object.GetNamespace() == "" {
		return nil, errors.New("it names no namespace")
	}
	return c.Dynamic.Resource(mapping.Resource).Namespace(object.GetNamespace()), nil
}

func (c *Cluster) patch(ctx context.Context, object *unstructured.Unstructured, o metav1.PatchOptions) (*unstructured.Unstructured, error) {
	resource, err := c.Resource(object)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(object.Object)
	if err != nil {
		return nil, err
	}
	return resource.Patch(ctx, object.GetName(), types.ApplyPatchType, text, o)
}

func applyOptions(dryRun bool) metav1.PatchOptions {
	o := metav1.PatchOptions{FieldManager: Manager, FieldValidation: metav1.FieldValidationStrict}
	if dryRun {
		o.DryRun = []string{metav1.DryRunAll}
	}
	return o
}

// rank puts what others need before them.
func rank(object *unstructured.Unstructured) int {
	switch object.GetKind() {
	case "CustomResourceDefinition":
		return 0
	case "Namespace":
		return 1
	}
	return 2
}

func describe(object *unstructured.Unstructured) string {
	return key(object.GetKind(), object.GetNamespace(), object.GetName())
}

func key(kind, namespace, name string) string {
	if namespace == "" {
		return kind + " " + name
	}
	return kind + " " + namespace + "/" + name
}
