package clustertest

import (
	"context"
	"errors"
	"fmt"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Autoscaled feeds metrics of ten times and a tenth of what the autoscaler
// aims at, and holds its first two steps in each direction to the behaviour
// that the program writes. For as long, every window and period is divided by
// a number, so that minutes become seconds; sizes stay.
func Autoscaled(namespace, name string, divide int64) Scenario {
	return Scenario{
		Name:   fmt.Sprintf("HPA %s scales up and down as written, time 1:%d", name, divide),
		Within: 4 * time.Minute,
		Run: func(ctx context.Context, c *Cluster) (err error) {
			written, err := c.Applied("HorizontalPodAutoscaler", namespace, name)
			if err != nil {
				return err
			}
			faster, err := hastened(written, divide)
			if err != nil {
				return err
			}
			if _, err := c.ApplyOne(ctx, faster, false); err != nil {
				return err
			}
			back := context.WithoutCancel(ctx)
			defer func() {
				_, failed := c.ApplyOne(back, written, false)
				err = errors.Join(err, failed)
			}()
			hpa, err := c.Client.AutoscalingV2().HorizontalPodAutoscalers(namespace).Get(ctx, name, getOptions())
			if err != nil {
				return err
			}
			l, err := c.startLoad(ctx, hpa)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, l.end(back)) }()
			if err := c.scales(ctx, namespace, name); err != nil {
				return err
			}
			if err := c.follow(ctx, hpa, l, true); err != nil {
				return fmt.Errorf("up: %w", err)
			}
			if err := c.follow(ctx, hpa, l, false); err != nil {
				return fmt.Errorf("down: %w", err)
			}
			return nil
		},
	}
}

// follow changes the load and checks the steps that follow.
func (c *Cluster) follow(ctx context.Context, hpa *autoscalingv2.HorizontalPodAutoscaler, l *load, up bool) error {
	lowest, highest := int32(1), hpa.Spec.MaxReplicas
	if hpa.Spec.MinReplicas != nil {
		lowest = *hpa.Spec.MinReplicas
	}
	rules, ratio, end := hpa.Spec.Behavior.ScaleUp, 10.0, highest
	if !up {
		rules, ratio, end = hpa.Spec.Behavior.ScaleDown, 0.1, lowest
	}
	autoscalers := c.Client.AutoscalingV2().HorizontalPodAutoscalers(hpa.Namespace)
	before, err := autoscalers.Get(ctx, hpa.Name, getOptions())
	if err != nil {
		return err
	}
	current := before.Status.DesiredReplicas
	if current == end {
		return fmt.Errorf("it has %d replicas already, there is no way to go", current)
	}
	since := time.Now()
	l.set(ratio)
	var steps []change
	const enough = 2
	err = Eventually(ctx, "steps of the autoscaler", func(ctx context.Context) error {
		seen, err := autoscalers.Get(ctx, hpa.Name, getOptions())
		if err != nil {
			return err
		}
		// The time is the controller's own: we may be late to look.
		if s := seen.Status; s.DesiredReplicas != current && s.LastScaleTime != nil {
			steps = append(steps, change{at: s.LastScaleTime.Time, from: current, to: s.DesiredReplicas})
			current = s.DesiredReplicas
		}
		if len(steps) < enough && current != end {
			return fmt.Errorf("it has %d replicas after %d steps", current, len(steps))
		}
		return nil
	})
	return errors.Join(err, obeys(rules, up, lowest, highest, since, steps))
}

// scales waits until the autoscaler reads the metrics of all pods.
func (c *Cluster) scales(ctx context.Context, namespace, name string) error {
	return Eventually(ctx, "HPA "+name, func(ctx context.Context) error {
		hpa, err := c.Client.AutoscalingV2().HorizontalPodAutoscalers(namespace).Get(ctx, name, getOptions())
		if err != nil {
			return err
		}
		for _, condition := range hpa.Status.Conditions {
			if condition.Type == autoscalingv2.ScalingActive && condition.Status != "True" {
				return errors.New(condition.Message)
			}
		}
		if s := hpa.Status; len(s.CurrentMetrics) == 0 || s.CurrentReplicas != s.DesiredReplicas {
			return fmt.Errorf("it has %d replicas and wants %d", s.CurrentReplicas, s.DesiredReplicas)
		}
		return nil
	})
}

// hastened divides the times of an autoscaler, which must write them down.
func hastened(written *unstructured.Unstructured, divide int64) (*unstructured.Unstructured, error) {
	hpa := written.DeepCopy()
	for _, direction := range []string{"scaleUp", "scaleDown"} {
		rules, found, err := unstructured.NestedMap(hpa.Object, "spec", "behavior", direction)
		if err != nil || !found {
			return nil, errors.Join(fmt.Errorf("it writes no behavior.%s", direction), err)
		}
		policies, _, _ := unstructured.NestedSlice(rules, "policies")
		if len(policies) == 0 || rules["stabilizationWindowSeconds"] == nil {
			return nil, fmt.Errorf("behavior.%s has no policies or no stabilizationWindowSeconds", direction)
		}
		rules["stabilizationWindowSeconds"] = divided(rules["stabilizationWindowSeconds"], divide)
		for _, item := range policies {
			if policy, is := item.(map[string]any); is {
				policy["periodSeconds"] = max(divided(policy["periodSeconds"], divide), 1)
			}
		}
		rules["policies"] = policies
		if err := unstructured.SetNestedMap(hpa.Object, rules, "spec", "behavior", direction); err != nil {
			return nil, err
		}
	}
	return hpa, nil
}

// divided reads a number as a recorded program or a file has it.
func divided(value any, by int64) int64 {
	switch n := value.(type) {
	case int64:
		return n / by
	case float64:
		return int64(n) / by
	}
	return 0
}
