package clustertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Available waits until all pods of a Deployment are: admitted, scheduled,
// ready for as long as it asks for.
func Available(namespace, deployment string) Scenario {
	return Scenario{
		Name: "Deployment " + deployment + " available",
		Run: func(ctx context.Context, c *Cluster) error {
			return c.available(ctx, namespace, deployment)
		},
	}
}

// RollingUpdate deploys another image: at no moment may fewer pods be ready
// than the Deployment asks for.
func RollingUpdate(namespace, deployment, container, image string) Scenario {
	return Scenario{
		Name:   "rolling update of " + deployment + " never below the desired replicas",
		Within: 2 * time.Minute,
		Run: func(ctx context.Context, c *Cluster) error {
			return c.neverBelow(ctx, namespace, deployment, func() error {
				if err := c.deployImage(ctx, namespace, deployment, container, image, 0); err != nil {
					return err
				}
				if err := c.available(ctx, namespace, deployment); err != nil {
					return err
				}
				return c.allRun(ctx, namespace, deployment, container, image)
			})
		},
	}
}

// BadImage deploys an image that never becomes ready, such as one with
// BrokenTag: the rollout must stop with the old pods serving, and be seen as
// failed; deploying the old image again must repair it.
func BadImage(namespace, deployment, container, image string) Scenario {
	return Scenario{
		Name:   "bad image stops the rollout of " + deployment + " and is rolled back: " + image[strings.LastIndex(image, ":")+1:],
		Within: 2 * time.Minute,
		Run: func(ctx context.Context, c *Cluster) error {
			good, err := c.Applied("Deployment", namespace, deployment)
			if err != nil {
				return err
			}
			return c.neverBelow(ctx, namespace, deployment, func() error {
				// The deadline is shortened, as nothing else is waited for.
				err := c.deployImage(ctx, namespace, deployment, container, image, 8*time.Second)
				if err == nil {
					err = c.stuck(ctx, namespace, deployment)
				}
				// Also after a failure, for the scenarios that follow.
				_, back := c.ApplyOne(ctx, good, false)
				if err := errors.Join(err, back); err != nil {
					return err
				}
				return c.available(ctx, namespace, deployment)
			})
		},
	}
}

// neverBelow runs something during which a Deployment must keep its replicas
// ready.
func (c *Cluster) neverBelow(ctx context.Context, namespace, name string, during func() error) error {
	if err := c.available(ctx, namespace, name); err != nil {
		return err
	}
	d, err := c.deployment(ctx, namespace, name)
	if err != nil {
		return err
	}
	f, err := c.watchReady(ctx, namespace, d.Spec.Selector)
	if err != nil {
		return err
	}
	return errors.Join(during(), f.end(*d.Spec.Replicas))
}

// deployImage applies the Deployment as it was applied, with another image. A
// deadline, counted from when a pod is available, replaces its own.
func (c *Cluster) deployImage(ctx context.Context, namespace, name, container, image string, deadline time.Duration) error {
	object, err := c.Applied("Deployment", namespace, name)
	if err != nil {
		return err
	}
	containers, _, err := unstructured.NestedSlice(object.Object, "spec", "template", "spec", "containers")
	if err != nil {
		return err
	}
	i := slices.IndexFunc(containers, func(item any) bool {
		fields, is := item.(map[string]any)
		return is && fields["name"] == container
	})
	if i < 0 {
		return fmt.Errorf("no container %s in Deployment %s/%s", container, namespace, name)
	}
	if fields, is := containers[i].(map[string]any); is {
		fields["image"] = image
	}
	if err := unstructured.SetNestedSlice(object.Object, containers, "spec", "template", "spec", "containers"); err != nil {
		return err
	}
	if deadline > 0 {
		live, err := c.deployment(ctx, namespace, name)
		if err != nil {
			return err
		}
		seconds := int64(live.Spec.MinReadySeconds) + int64(deadline.Seconds())
		if err := unstructured.SetNestedField(object.Object, seconds, "spec", "progressDeadlineSeconds"); err != nil {
			return err
		}
	}
	_, err = c.ApplyOne(ctx, object, false)
	return err
}

func (c *Cluster) deployment(ctx context.Context, namespace, name string) (*appsv1.Deployment, error) {
	return c.Client.AppsV1().Deployments(namespace).Get(ctx, name, getOptions())
}

func (c *Cluster) available(ctx context.Context, namespace, name string) error {
	err := Eventually(ctx, "Deployment "+namespace+"/"+name, func(ctx context.Context) error {
		d, err := c.deployment(ctx, namespace, name)
		if err != nil {
			return err
		}
		least, err := c.leastReplicas(ctx, namespace, name)
		if err != nil {
			return err
		}
		want, s := *d.Spec.Replicas, d.Status
		if want < least {
			return fmt.Errorf("its autoscaler has not raised it from %d to %d pods", want, least)
		}
		if s.ObservedGeneration < d.Generation || s.UpdatedReplicas != want || s.AvailableReplicas != want || s.Replicas != want {
			return fmt.Errorf("of %d pods %d are there, %d up to date, %d available", want, s.Replicas, s.UpdatedReplicas, s.AvailableReplicas)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%w; %s", err, c.trouble(ctx, namespace))
	}
	return nil
}

// leastReplicas is what the autoscaler of a Deployment keeps at least.
func (c *Cluster) leastReplicas(ctx context.Context, namespace, name string) (int32, error) {
	autoscalers, err := c.Client.AutoscalingV2().HorizontalPodAutoscalers(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return 0, err
	}
	for _, hpa := range autoscalers.Items {
		if hpa.Spec.ScaleTargetRef.Name == name && hpa.Spec.ScaleTargetRef.Kind == "Deployment" && hpa.Spec.MinReplicas != nil {
			return *hpa.Spec.MinReplicas, nil
		}
	}
	return 0, nil
}

// stuck waits until the controller gives a rollout up.
func (c *Cluster) stuck(ctx context.Context, namespace, name string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	return Eventually(ctx, "the end of the bad rollout of "+name, func(ctx context.Context) error {
		d, err := c.deployment(ctx, namespace, name)
		if err != nil {
			return err
		}
		if d.Status.ObservedGeneration < d.Generation {
			return errors.New("the rollout was not seen yet")
		}
		for _, condition := range d.Status.Conditions {
			if condition.Type == appsv1.DeploymentProgressing && condition.Reason == "ProgressDeadlineExceeded" {
				return nil
			}
		}
		if d.Status.UpdatedReplicas == *d.Spec.Replicas && d.Status.AvailableReplicas == *d.Spec.Replicas && d.Status.Replicas == *d.Spec.Replicas {
			cancel(errors.New("every pod has the bad image and counts as available: a readiness probe must tell"))
		}
		return fmt.Errorf("it goes on, with %d pods of the bad image", d.Status.UpdatedReplicas)
	})
}

// allRun checks that every ready pod has the image.
func (c *Cluster) allRun(ctx context.Context, namespace, name, container, image string) error {
	pods, err := c.podsOf(ctx, namespace, name)
	if err != nil {
		return err
	}
	for _, pod := range pods {
		i := slices.IndexFunc(pod.Spec.Containers, func(in corev1.Container) bool { return in.Name == container })
		if podReady(&pod) && pod.Spec.Containers[i].Image != image {
			return fmt.Errorf("pod %s still runs %s", pod.Name, pod.Spec.Containers[i].Image)
		}
	}
	return nil
}
