package clustertest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// Accepted deploys the objects: none may have a field that its kind does not
// know, an invalid value or a place that does not exist.
func Accepted(objects []unstructured.Unstructured) Scenario {
	return Scenario{
		Name: fmt.Sprintf("all %d objects accepted", len(objects)),
		Run:  func(ctx context.Context, c *Cluster) error { return c.Deploy(ctx, objects) },
	}
}

// Unchanged applies the objects once more: nothing may change, neither because
// a controller owns a field that the program writes nor because the API server
// writes a value differently.
func Unchanged(objects []unstructured.Unstructured) Scenario {
	return Scenario{
		Name: "applied again, nothing changes",
		Run: func(ctx context.Context, c *Cluster) error {
			var errs []error
			for i := range objects {
				errs = append(errs, c.unchanged(ctx, &objects[i]))
			}
			return errors.Join(errs...)
		},
	}
}

// Unwarned applies the objects in a dry run and listens to what the API server
// warns of: deprecated versions, doubtful values, pods that Pod Security would
// refuse.
func Unwarned(objects []unstructured.Unstructured) Scenario {
	return Scenario{
		Name: "the API server warns of nothing",
		Run: func(ctx context.Context, c *Cluster) error {
			heard := &warnings{}
			config := rest.CopyConfig(c.Config)
			config.WarningHandler = heard
			client, err := dynamic.NewForConfig(config)
			if err != nil {
				return err
			}
			listening := &Cluster{Client: c.Client, Dynamic: client, mapper: c.mapper}
			var errs []error
			for i := range objects {
				if _, err := listening.ApplyOne(ctx, &objects[i], true); err != nil {
					errs = append(errs, err)
				}
				for _, text := range heard.take() {
					errs = append(errs, fmt.Errorf("%s: %s", describe(&objects[i]), text))
				}
			}
			return errors.Join(errs...)
		},
	}
}

// warnings collects those of answers.
type warnings struct {
	mu    sync.Mutex
	texts []string
}

// HandleWarningHeader implements rest.WarningHandler.
func (w *warnings) HandleWarningHeader(_ int, _, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.texts = append(w.texts, text)
}

func (w *warnings) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	texts := w.texts
	w.texts = nil
	return texts
}

// unchanged compares what an application would make of an object with what it
// is, apart from what the API server keeps for itself. Status may move in
// between, and so may what controllers write.
func (c *Cluster) unchanged(ctx context.Context, object *unstructured.Unstructured) error {
	resource, err := c.Resource(object)
	if err != nil {
		return fmt.Errorf("%s: %w", describe(object), err)
	}
	before, err := resource.Get(ctx, object.GetName(), getOptions())
	if err != nil {
		return err
	}
	after, err := c.ApplyOne(ctx, object, true)
	if err != nil {
		return err
	}
	return firstDifference(describe(object), strip(before), strip(after))
}

func strip(object *unstructured.Unstructured) map[string]any {
	stripped := object.DeepCopy()
	stripped.SetManagedFields(nil)
	stripped.SetResourceVersion("")
	unstructured.RemoveNestedField(stripped.Object, "status")
	return stripped.Object
}

// firstDifference names where two values differ.
func firstDifference(path string, before, after any) error {
	was, isObject := before.(map[string]any)
	is, alsoObject := after.(map[string]any)
	if isObject && alsoObject {
		for name, value := range is {
			if err := firstDifference(path+"."+name, was[name], value); err != nil {
				return err
			}
		}
		for name := range was {
			if _, there := is[name]; !there {
				return fmt.Errorf("%s.%s would go", path, name)
			}
		}
		return nil
	}
	if fmt.Sprint(before) != fmt.Sprint(after) {
		return fmt.Errorf("%s would change from %v to %v", path, before, after)
	}
	return nil
}
