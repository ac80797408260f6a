package clustertest

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
)

// floor follows the pods of a selector through every change, so that no dip
// between two looks is missed.
type floor struct {
	ready  map[string]bool // by pod
	lowest int             // how many were ready at the worst moment
	done   chan error
	cancel context.CancelFunc
}

// watchReady starts to follow the pods.
func (c *Cluster) watchReady(ctx context.Context, namespace string, selector *metav1.LabelSelector) (*floor, error) {
	o := metav1.ListOptions{LabelSelector: metav1.FormatLabelSelector(selector)}
	pods, err := c.Client.CoreV1().Pods(namespace).List(ctx, o)
	if err != nil {
		return nil, err
	}
	f := &floor{ready: map[string]bool{}, done: make(chan error, 1)}
	for i := range pods.Items {
		f.see(watch.Added, &pods.Items[i])
	}
	f.lowest = f.count()
	o.ResourceVersion = pods.ResourceVersion
	ctx, f.cancel = context.WithCancel(ctx)
	events, err := c.Client.CoreV1().Pods(namespace).Watch(ctx, o)
	if err != nil {
		f.cancel()
		return nil, err
	}
	go func() {
		defer events.Stop()
		f.done <- f.follow(ctx, events.ResultChan())
	}()
	return f, nil
}

func (f *floor) follow(ctx context.Context, events <-chan watch.Event) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case event, open := <-events:
			pod, is := event.Object.(*corev1.Pod)
			if ctx.Err() != nil {
				return nil
			}
			if !open || !is {
				return errors.New("the watch on the pods broke off")
			}
			f.see(event.Type, pod)
			f.lowest = min(f.lowest, f.count())
		}
	}
}

func (f *floor) see(what watch.EventType, pod *corev1.Pod) {
	if what == watch.Deleted {
		delete(f.ready, pod.Name)
		return
	}
	f.ready[pod.Name] = podReady(pod)
}

func (f *floor) count() int {
	ready := 0
	for _, is := range f.ready {
		if is {
			ready++
		}
	}
	return ready
}

// end stops following, and fails if fewer were ready than had to be.
func (f *floor) end(least int32) error {
	f.cancel()
	if err := <-f.done; err != nil {
		return err
	}
	if f.lowest < int(least) {
		return fmt.Errorf("%d pods were ready at a time, %d have to be", f.lowest, least)
	}
	return nil
}

// podReady tells whether a Service sends requests to the pod.
func podReady(pod *corev1.Pod) bool {
	if pod.DeletionTimestamp != nil {
		return false
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}
