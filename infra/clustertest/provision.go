package clustertest

import (
	"context"
	"encoding/json"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// within bounds the wait for one object.
const within = 2 * time.Minute

// Provision applies an object and waits until it does what it is for, as the
// program's provider does: a Job is complete, a Deployment is available.
func (c *Cluster) Provision(ctx context.Context, fields map[string]any) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	object, err := read(fields)
	if err != nil {
		return err
	}
	if _, err := c.ApplyOne(ctx, object, false); err != nil {
		return err
	}
	switch object.GetKind() {
	case "Job":
		return c.jobComplete(ctx, object.GetNamespace(), object.GetName())
	case "Deployment":
		return c.available(ctx, object.GetNamespace(), object.GetName())
	}
	return nil
}

// Differs says what applying the object would change, or nil.
func (c *Cluster) Differs(ctx context.Context, fields map[string]any) error {
	object, err := read(fields)
	if err != nil {
		return err
	}
	return c.unchanged(ctx, object)
}

// Exists tells whether an object is there.
func (c *Cluster) Exists(ctx context.Context, fields map[string]any) (bool, error) {
	object, err := read(fields)
	if err != nil {
		return false, err
	}
	resource, err := c.Resource(object)
	if err != nil {
		return false, err
	}
	_, err = resource.Get(ctx, object.GetName(), getOptions())
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

// Remove deletes an object and waits until it is gone with all that belongs to
// it.
func (c *Cluster) Remove(ctx context.Context, fields map[string]any) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	object, err := read(fields)
	if err != nil {
		return err
	}
	return c.Delete(ctx, object)
}

// read gives an object the types that JSON has.
func read(fields map[string]any) (*unstructured.Unstructured, error) {
	text, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	object := &unstructured.Unstructured{}
	return object, object.UnmarshalJSON(text)
}
