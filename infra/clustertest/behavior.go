package clustertest

import (
	"errors"
	"fmt"
	"math"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
)

// change is one step of an autoscaler.
type change struct {
	at       time.Time
	from, to int32
}

// The times of steps are whole seconds, and the autoscaler looks once a
// second: it may have seen the old load for the last time before it changed.
const (
	slack       = 1500 * time.Millisecond // between two steps
	windowSlack = 2500 * time.Millisecond // between the change of the load and the first step
)

// bound is how far the rules allow to go from a number of replicas after
// earlier steps.
func bound(rules *autoscalingv2.HPAScalingRules, up bool, current int32, earlier []change, now time.Time) int32 {
	if rules.SelectPolicy != nil && *rules.SelectPolicy == autoscalingv2.DisabledPolicySelect {
		return current
	}
	widest := rules.SelectPolicy == nil || *rules.SelectPolicy == autoscalingv2.MaxChangePolicySelect
	limit := current
	for i, policy := range rules.Policies {
		start := current // replicas when the policy's period began
		for _, step := range earlier {
			if now.Sub(step.at) < time.Duration(policy.PeriodSeconds)*time.Second-slack {
				start -= step.to - step.from
			}
		}
		to := reach(policy, up, start)
		switch {
		case i == 0:
			limit = to
		case widest == up:
			limit = max(limit, to)
		default:
			limit = min(limit, to)
		}
	}
	return limit
}

func reach(policy autoscalingv2.HPAScalingPolicy, up bool, start int32) int32 {
	percent := policy.Type == autoscalingv2.PercentScalingPolicy
	share := float64(policy.Value) / 100
	switch {
	case up && percent:
		return int32(math.Ceil(float64(start) * (1 + share)))
	case up:
		return start + policy.Value
	case percent:
		return int32(float64(start) * (1 - share))
	}
	return start - policy.Value
}

// obeys checks steps, asked for since a moment, against the rules and the
// range. The first must be as large as they allow: the load asks for more.
func obeys(rules *autoscalingv2.HPAScalingRules, up bool, lowest, highest int32, since time.Time, steps []change) error {
	if len(steps) == 0 {
		return errors.New("it did not scale")
	}
	if rules.StabilizationWindowSeconds != nil {
		window := time.Duration(*rules.StabilizationWindowSeconds) * time.Second
		if waited := steps[0].at.Sub(since); waited < window-windowSlack {
			return fmt.Errorf("it scaled after %.1f s, within the window of %s", waited.Seconds(), window)
		}
	}
	for i, step := range steps {
		limit := min(max(bound(rules, up, step.from, steps[:i], step.at), lowest), highest)
		switch {
		case up && step.to > limit, !up && step.to < limit:
			return fmt.Errorf("step %d goes from %d to %d replicas after %.1f s, %d are allowed", i+1, step.from, step.to, step.at.Sub(since).Seconds(), limit)
		case i == 0 && step.to != limit:
			return fmt.Errorf("its first step goes from %d to %d replicas, %d were expected", step.from, step.to, limit)
		}
	}
	return nil
}
