package clustertest

import (
	"context"
	"errors"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// MigratedFirst checks on what was deployed that the Job was complete before
// the Deployment existed.
func MigratedFirst(namespace, job, deployment string) Scenario {
	return Scenario{
		Name: "Job " + job + " before rollout of " + deployment,
		Run: func(ctx context.Context, c *Cluster) error {
			j, err := c.Client.BatchV1().Jobs(namespace).Get(ctx, job, getOptions())
			if err != nil {
				return err
			}
			d, err := c.deployment(ctx, namespace, deployment)
			if err != nil {
				return err
			}
			if j.Status.CompletionTime == nil {
				return errors.New("the Job is not complete")
			}
			// The API server keeps whole seconds.
			if d.CreationTimestamp.Before(j.Status.CompletionTime) {
				return fmt.Errorf("the Deployment was there at %s, the Job complete at %s: let the Deployment depend on it",
					d.CreationTimestamp.UTC().Format("15:04:05"), j.Status.CompletionTime.UTC().Format("15:04:05"))
			}
			return nil
		},
	}
}

// jobComplete waits for a Job, and fails as soon as it fails.
func (c *Cluster) jobComplete(ctx context.Context, namespace, name string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	err := Eventually(ctx, "Job "+namespace+"/"+name, func(ctx context.Context) error {
		job, err := c.Client.BatchV1().Jobs(namespace).Get(ctx, name, getOptions())
		if err != nil {
			return err
		}
		for _, condition := range job.Status.Conditions {
			if condition.Type == batchv1.JobFailed && condition.Status == corev1.ConditionTrue {
				cancel(errors.New("it failed: " + condition.Message))
			}
			if condition.Type == batchv1.JobComplete && condition.Status == corev1.ConditionTrue {
				return nil
			}
		}
		return fmt.Errorf("%d pods succeeded, %d failed", job.Status.Succeeded, job.Status.Failed)
	})
	if err != nil {
		return fmt.Errorf("%w; %s", err, c.trouble(ctx, namespace))
	}
	return nil
}
