package enginetest

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/script-ohio/platform/infra/helm"
	"github.com/script-ohio/platform/infra/schema"
)

// Kubernetes is a control plane that holds a cloud's objects. An object is its
// JSON fields.
type Kubernetes interface {
	// Provision applies an object and waits until it does what it is for.
	Provision(ctx context.Context, object map[string]any) error
	// Differs says what applying the object would change, or nil.
	Differs(ctx context.Context, object map[string]any) error
	Exists(ctx context.Context, object map[string]any) (bool, error)
	// Remove deletes an object and waits for its end.
	Remove(ctx context.Context, object map[string]any) error
}

// Forward puts objects into the hands of a control plane, which judges and
// keeps them; charts stay with the cloud. Call it before the first deployment.
func (c *Cloud) Forward(k Kubernetes) { c.kubernetes = k }

// forwards reports whether the control plane holds things of the type.
func (c *Cloud) forwards(typ string) bool {
	return c.kubernetes != nil && typ != helm.Type && strings.HasPrefix(typ, "kubernetes:")
}

// provision lets the control plane judge an object before the cloud keeps it.
func (c *Cloud) provision(ctx context.Context, typ string, inputs resource.PropertyMap) error {
	if !c.forwards(typ) {
		return nil
	}
	return c.kubernetes.Provision(ctx, schema.Plain(inputs))
}

// drifted says what an update that changes no input would change.
func (c *Cloud) drifted(ctx context.Context, typ string, inputs resource.PropertyMap) error {
	if !c.forwards(typ) || inputs.ContainsUnknowns() {
		return nil
	}
	return c.kubernetes.Differs(ctx, schema.Plain(inputs))
}

// lost reports whether the control plane has no such object any more.
func (c *Cloud) lost(ctx context.Context, t *Thing) (bool, error) {
	if !c.forwards(t.Type) {
		return false, nil
	}
	there, err := c.kubernetes.Exists(ctx, t.in)
	return !there, err
}

// withdraw removes an object from the control plane.
func (c *Cloud) withdraw(ctx context.Context, t *Thing) error {
	if t == nil || !c.forwards(t.Type) {
		return nil
	}
	if err := c.kubernetes.Remove(ctx, t.in); err != nil {
		return fmt.Errorf("the control plane: %w", err)
	}
	return nil
}

// replaced lists what of an object the provider changes only by making another
// one: what names it, and what Kubernetes lets nobody change.
// https://github.com/pulumi/pulumi-kubernetes/blob/master/provider/pkg/provider/diff.go
func replaced(typ string, old, new schema.Object) []string {
	paths := []string{"apiVersion", "kind", "metadata.name", "metadata.namespace"}
	switch typ {
	case "kubernetes:batch/v1:Job":
		paths = append(paths, "spec.selector", "spec.template", "spec.completions")
	case "kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:StatefulSet", "kubernetes:apps/v1:DaemonSet":
		paths = append(paths, "spec.selector")
	case "kubernetes:storage.k8s.io/v1:StorageClass":
		paths = append(paths, "parameters", "provisioner", "volumeBindingMode")
	case "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding":
		paths = append(paths, "roleRef")
	case "kubernetes:scheduling.k8s.io/v1:PriorityClass":
		paths = append(paths, "value")
	}
	var changed []string
	for _, path := range paths {
		if !equal(old.At(path), new.At(path)) {
			changed = append(changed, path)
		}
	}
	return changed
}

// sameObject reports whether two objects cannot stand beside each other.
func sameObject(old, new schema.Object) bool {
	return equal(old.At("metadata.name"), new.At("metadata.name")) && equal(old.At("metadata.namespace"), new.At("metadata.namespace"))
}
