package clustertest

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// EvictionBlocked evicts pods as a drained node does: as many as the budget
// allows must go, the next one must be refused, and the budget must recover.
func EvictionBlocked(namespace, budget string) Scenario {
	return Scenario{
		Name: "budget " + budget + " blocks an eviction",
		Run: func(ctx context.Context, c *Cluster) error {
			pods, allowed, err := c.undisturbed(ctx, namespace, budget)
			if err != nil {
				return err
			}
			for i := range pods {
				err := c.evict(ctx, &pods[i])
				switch {
				case i < allowed && err != nil:
					return fmt.Errorf("eviction %d of %d allowed ones: %w", i+1, allowed, err)
				case i == allowed && err == nil:
					return fmt.Errorf("an eviction beyond the %d allowed ones went through", allowed)
				case i == allowed && (!apierrors.IsTooManyRequests(err) || !apierrors.HasStatusCause(err, policyv1.DisruptionBudgetCause)):
					return fmt.Errorf("it was refused for another reason: %w", err)
				}
				if i == allowed {
					break
				}
			}
			_, _, err = c.undisturbed(ctx, namespace, budget)
			return err
		},
	}
}

// undisturbed waits until all pods of a budget are ready, and returns them and
// how many may be evicted.
func (c *Cluster) undisturbed(ctx context.Context, namespace, name string) (pods []corev1.Pod, allowed int, err error) {
	err = Eventually(ctx, "the pods of budget "+name, func(ctx context.Context) error {
		budget, err := c.Client.PolicyV1().PodDisruptionBudgets(namespace).Get(ctx, name, getOptions())
		if err != nil {
			return err
		}
		s := budget.Status
		if s.ObservedGeneration < budget.Generation || s.ExpectedPods == 0 || s.CurrentHealthy < s.ExpectedPods {
			return fmt.Errorf("%d of %d pods are healthy", s.CurrentHealthy, s.ExpectedPods)
		}
		list, err := c.Client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: metav1.FormatLabelSelector(budget.Spec.Selector)})
		if err != nil {
			return err
		}
		pods, allowed = list.Items, int(s.DisruptionsAllowed)
		for _, pod := range pods {
			if !podReady(&pod) {
				return errors.New(pod.Name + " is not ready")
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, 0, err
	case allowed == 0:
		return nil, 0, errors.New("it allows no eviction at all: no node could ever be drained")
	case allowed >= len(pods):
		return nil, 0, fmt.Errorf("it allows all of its %d pods to be evicted at once", len(pods))
	}
	return pods, allowed, nil
}

func (c *Cluster) evict(ctx context.Context, pod *corev1.Pod) error {
	return c.Client.PolicyV1().Evictions(pod.Namespace).Evict(ctx, &policyv1.Eviction{
		ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace},
	})
}
