package clustertest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
)

// Delete deletes an object and waits until it is gone with all that belongs
// to it. One that is not there is no error.
func (c *Cluster) Delete(ctx context.Context, object *unstructured.Unstructured) error {
	resource, err := c.Resource(object)
	if err != nil {
		return fmt.Errorf("delete %s: %w", describe(object), err)
	}
	foreground := metav1.DeletePropagationForeground
	err = resource.Delete(ctx, object.GetName(), metav1.DeleteOptions{PropagationPolicy: &foreground})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("delete %s: %w", describe(object), err)
	}
	return Eventually(ctx, "the end of "+describe(object), func(ctx context.Context) error {
		if _, err := resource.Get(ctx, object.GetName(), getOptions()); !apierrors.IsNotFound(err) {
			return errors.Join(errors.New("it is still there"), err)
		}
		return nil
	})
}

// Managed lists what exists of all that was ever applied, as "Kind
// namespace/name": after a destruction, what was left behind.
func (c *Cluster) Managed(ctx context.Context) ([]string, error) {
	lists, err := discovery.ServerPreferredResources(c.Client.Discovery())
	if err != nil {
		return nil, err
	}
	var found []string
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, err
		}
		for _, resource := range list.APIResources {
			if !slices.Contains(resource.Verbs, "list") {
				continue
			}
			objects, err := c.Dynamic.Resource(version.WithResource(resource.Name)).List(ctx, metav1.ListOptions{})
			if apierrors.IsNotFound(err) {
				continue // its definition went in between
			}
			if err != nil {
				return nil, fmt.Errorf("list %s: %w", resource.Name, err)
			}
			for i := range objects.Items {
				if slices.ContainsFunc(objects.Items[i].GetManagedFields(), byManager) {
					found = append(found, describe(&objects.Items[i]))
				}
			}
		}
	}
	slices.Sort(found)
	return found, nil
}

func byManager(entry metav1.ManagedFieldsEntry) bool { return entry.Manager == Manager }
