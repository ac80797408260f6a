package clustertest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// load feeds the metrics of a Deployment's pods, as a multiple of what the
// autoscaler aims at: at 1 it is content.
type load struct {
	c                     *Cluster
	namespace, deployment string
	targets               []autoscalingv2.MetricSpec
	ratio                 atomic.Uint64 // bits of a float64
	done                  chan error
	cancel                context.CancelFunc
}

// feedEvery is more often than the autoscaler looks.
const feedEvery = 500 * time.Millisecond

func (c *Cluster) startLoad(ctx context.Context, hpa *autoscalingv2.HorizontalPodAutoscaler) (*load, error) {
	for _, m := range hpa.Spec.Metrics {
		if m.Type != autoscalingv2.ResourceMetricSourceType && m.Type != autoscalingv2.ContainerResourceMetricSourceType {
			return nil, fmt.Errorf("it scales by metrics of type %s, and only Resource and ContainerResource are fed", m.Type)
		}
	}
	if err := c.Define(ctx, schema.GroupKind{Group: metricsResource().Group, Kind: "PodMetrics"}); err != nil {
		return nil, err
	}
	l := &load{c: c, namespace: hpa.Namespace, deployment: hpa.Spec.ScaleTargetRef.Name, targets: hpa.Spec.Metrics, done: make(chan error, 1)}
	l.set(1)
	ctx, l.cancel = context.WithCancel(ctx)
	go func() { l.done <- l.feed(ctx) }()
	return l, nil
}

func (l *load) set(ratio float64) { l.ratio.Store(math.Float64bits(ratio)) }

// end stops feeding and takes the metrics away, on which the autoscaler would
// act still.
func (l *load) end(ctx context.Context) error {
	l.cancel()
	err := <-l.done
	fed := l.c.Dynamic.Resource(metricsResource()).Namespace(l.namespace)
	return errors.Join(err, fed.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{}))
}

func (l *load) feed(ctx context.Context) error {
	ticker := time.NewTicker(feedEvery)
	defer ticker.Stop()
	for {
		if err := l.write(ctx); err != nil && ctx.Err() == nil {
			return fmt.Errorf("feed metrics: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (l *load) write(ctx context.Context) error {
	pods, err := l.c.podsOf(ctx, l.namespace, l.deployment)
	if err != nil {
		return err
	}
	for i := range pods {
		metrics, err := l.metrics(&pods[i])
		if err != nil {
			return err
		}
		o := metav1.ApplyOptions{FieldManager: harness, Force: true}
		if _, err := l.c.Dynamic.Resource(metricsResource()).Namespace(l.namespace).Apply(ctx, pods[i].Name, metrics, o); err != nil {
			return err
		}
	}
	return nil
}

func (l *load) metrics(pod *corev1.Pod) (*unstructured.Unstructured, error) {
	ratio := math.Float64frombits(l.ratio.Load())
	containers := make([]any, 0, len(pod.Spec.Containers))
	for i := range pod.Spec.Containers {
		in := &pod.Spec.Containers[i]
		usage := map[string]any{"cpu": "0", "memory": "0"}
		for _, m := range l.targets {
			name, target, share := resourceTarget(m, len(pod.Spec.Containers))
			aim, err := aimOf(in, name, target)
			if err != nil {
				return nil, err
			}
			used := float64(aim.MilliValue()) / float64(share) * ratio
			usage[string(name)] = resource.NewMilliQuantity(int64(used), aim.Format).String()
		}
		containers = append(containers, map[string]any{"name": in.Name, "usage": usage})
	}
	metrics := &unstructured.Unstructured{Object: map[string]any{
		"timestamp": time.Now().UTC().Format(time.RFC3339), "window": "1s", "containers": containers,
	}}
	metrics.SetAPIVersion(metricsResource().GroupVersion().String())
	metrics.SetKind("PodMetrics")
	metrics.SetName(pod.Name)
	metrics.SetNamespace(pod.Namespace)
	metrics.SetLabels(pod.Labels)
	return metrics, nil
}

// resourceTarget returns what a metric aims at, and how many containers share
// it: an average value is one of whole pods.
func resourceTarget(m autoscalingv2.MetricSpec, containers int) (corev1.ResourceName, autoscalingv2.MetricTarget, int) {
	switch {
	case m.ContainerResource != nil:
		return m.ContainerResource.Name, m.ContainerResource.Target, 1
	case m.Resource.Target.AverageValue != nil:
		return m.Resource.Name, m.Resource.Target, containers
	}
	return m.Resource.Name, m.Resource.Target, 1
}

// aimOf is how much of a resource a container uses when the target is met.
func aimOf(in *corev1.Container, name corev1.ResourceName, target autoscalingv2.MetricTarget) (resource.Quantity, error) {
	if target.AverageValue != nil {
		return *target.AverageValue, nil
	}
	request, has := in.Resources.Requests[name]
	if !has || target.AverageUtilization == nil {
		return request, errors.New("utilization needs a request of " + string(name) + " in container " + in.Name)
	}
	return *resource.NewMilliQuantity(request.MilliValue()*int64(*target.AverageUtilization)/100, request.Format), nil
}

func metricsResource() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "metrics.k8s.io", Version: "v1beta1", Resource: "pods"}
}
