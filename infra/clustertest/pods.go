package clustertest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// podsOf lists the pods of a Deployment.
func (c *Cluster) podsOf(ctx context.Context, namespace, deployment string) ([]corev1.Pod, error) {
	d, err := c.deployment(ctx, namespace, deployment)
	if err != nil {
		return nil, err
	}
	pods, err := c.Client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: metav1.FormatLabelSelector(d.Spec.Selector)})
	if err != nil {
		return nil, err
	}
	return pods.Items, nil
}

// podLike is a pod as a Deployment makes it, to be changed in one thing.
func (c *Cluster) podLike(ctx context.Context, namespace, deployment string) (*corev1.Pod, error) {
	d, err := c.deployment(ctx, namespace, deployment)
	if err != nil {
		return nil, err
	}
	pod := &corev1.Pod{ObjectMeta: d.Spec.Template.ObjectMeta, Spec: d.Spec.Template.Spec}
	pod.Name, pod.Namespace = deployment+"-tried", namespace
	return pod, nil
}

// tryPod asks the API server whether it would accept a pod.
func (c *Cluster) tryPod(ctx context.Context, pod *corev1.Pod) error {
	_, err := c.Client.CoreV1().Pods(pod.Namespace).Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	return err
}

// tried is a pod of a Deployment that the API server is known to accept, so
// that a refusal of a changed one can only be due to the change.
func (c *Cluster) tried(ctx context.Context, namespace, deployment string) (*corev1.Pod, error) {
	pod, err := c.podLike(ctx, namespace, deployment)
	if err != nil {
		return nil, err
	}
	if err := c.tryPod(ctx, pod); err != nil {
		return nil, fmt.Errorf("already an unchanged pod of %s is refused: %w", deployment, err)
	}
	return pod, nil
}

// trouble is what the latest warnings of a namespace tell of its pods. The
// wait that failed has used up its context.
func (c *Cluster) trouble(ctx context.Context, namespace string) string {
	events, err := c.Client.CoreV1().Events(namespace).List(context.WithoutCancel(ctx), metav1.ListOptions{FieldSelector: "type=Warning"})
	if err != nil {
		return "its events cannot be read: " + err.Error()
	}
	slices.SortStableFunc(events.Items, func(a, b corev1.Event) int { return b.LastTimestamp.Compare(a.LastTimestamp.Time) })
	var lines []string
	const most = 3
	for _, event := range events.Items {
		line := fmt.Sprintf("\n%s: %s", event.Reason, event.Message)
		// Autoscalers miss their metrics all the time.
		if event.InvolvedObject.Kind != "HorizontalPodAutoscaler" && !slices.Contains(lines, line) && len(lines) < most {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return "there are no warnings"
	}
	return "the last warnings are" + strings.Join(lines, "")
}
