package clustertest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// OwnLimits checks on the running pods of Deployments that every container has
// requests and limits that the program wrote, not a LimitRange.
func OwnLimits(namespace string, deployments ...string) Scenario {
	return Scenario{
		Name: "every container states its requests and limits",
		Run: func(ctx context.Context, c *Cluster) error {
			var errs []error
			for _, name := range deployments {
				var pods []corev1.Pod
				err := Eventually(ctx, "pods of "+name, func(ctx context.Context) (err error) {
					if pods, err = c.podsOf(ctx, namespace, name); err == nil && len(pods) == 0 {
						err = errors.New("there are none")
					}
					return err
				})
				if err == nil {
					err = bounded(&pods[0])
				} else {
					err = fmt.Errorf("%w; %s", err, c.trouble(ctx, namespace))
				}
				errs = append(errs, err)
			}
			return errors.Join(errs...)
		},
	}
}

func bounded(pod *corev1.Pod) error {
	// The admission plugin writes down what it filled in.
	if filled := pod.Annotations["kubernetes.io/limit-ranger"]; filled != "" {
		return fmt.Errorf("pod %s got limits from a LimitRange: %s", pod.Name, filled)
	}
	var errs []error
	for _, in := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		r := in.Resources
		// CPU may go unlimited: a limit only makes a container slow.
		if r.Requests.Cpu().IsZero() || r.Requests.Memory().IsZero() || r.Limits.Memory().IsZero() {
			errs = append(errs, fmt.Errorf("container %s of pod %s needs requests of CPU and memory and a limit of memory", in.Name, pod.Name))
		}
	}
	return errors.Join(errs...)
}

// QuotaEnforced tries pods with so many containers that each resource of the
// quota in turn would not suffice.
func QuotaEnforced(namespace, quota, deployment string) Scenario {
	return Scenario{
		Name: "quota " + quota + " enforced",
		Run: func(ctx context.Context, c *Cluster) error {
			good, err := c.tried(ctx, namespace, deployment)
			if err != nil {
				return err
			}
			var hard, used corev1.ResourceList
			err = Eventually(ctx, "the status of quota "+quota, func(ctx context.Context) error {
				q, err := c.Client.CoreV1().ResourceQuotas(namespace).Get(ctx, quota, getOptions())
				if err == nil && len(q.Status.Hard) == 0 {
					err = errors.New("it is not counted yet")
				}
				if err == nil {
					hard, used = q.Status.Hard, q.Status.Used
				}
				return err
			})
			if err != nil {
				return err
			}
			var errs []error
			checked := 0
			for name, limit := range hard {
				each, counts := perContainer(&good.Spec.Containers[0], name)
				if !counts {
					continue
				}
				checked++
				spent := used[name]
				limit.Sub(spent)
				pod := multiplied(good, limit, each)
				errs = append(errs, refused(c.tryPod(ctx, pod), "exceeded quota: "+quota, fmt.Sprintf("a pod with %d containers", len(pod.Spec.Containers))))
			}
			if checked == 0 {
				errs = append(errs, errors.New("it bounds neither CPU nor memory"))
			}
			return errors.Join(errs...)
		},
	}
}

// perContainer is what a container takes of a resource as a quota names it.
func perContainer(in *corev1.Container, name corev1.ResourceName) (resource.Quantity, bool) {
	var each resource.Quantity
	switch name {
	case corev1.ResourceRequestsCPU, corev1.ResourceCPU:
		each = in.Resources.Requests[corev1.ResourceCPU]
	case corev1.ResourceRequestsMemory, corev1.ResourceMemory:
		each = in.Resources.Requests[corev1.ResourceMemory]
	case corev1.ResourceLimitsCPU:
		each = in.Resources.Limits[corev1.ResourceCPU]
	case corev1.ResourceLimitsMemory:
		each = in.Resources.Limits[corev1.ResourceMemory]
	}
	return each, !each.IsZero()
}

// multiplied is a pod with just too many containers for what is left; each
// stays within the bounds for one.
func multiplied(good *corev1.Pod, left, each resource.Quantity) *corev1.Pod {
	pod := good.DeepCopy()
	for total := each.DeepCopy(); total.Cmp(left) <= 0; total.Add(each) {
		next := good.Spec.Containers[0].DeepCopy()
		next.Name = fmt.Sprintf("more-%d", len(pod.Spec.Containers))
		next.Ports = nil
		next.LivenessProbe, next.ReadinessProbe, next.StartupProbe = nil, nil, nil // of a named port
		pod.Spec.Containers = append(pod.Spec.Containers, *next)
	}
	return pod
}
