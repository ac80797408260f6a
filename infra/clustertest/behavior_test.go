package clustertest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
)

func rules(window int32, choice autoscalingv2.ScalingPolicySelect, policies ...autoscalingv2.HPAScalingPolicy) *autoscalingv2.HPAScalingRules {
	return &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: &window, SelectPolicy: &choice, Policies: policies}
}

func percent(value, period int32) autoscalingv2.HPAScalingPolicy {
	return autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PercentScalingPolicy, Value: value, PeriodSeconds: period}
}

func podsEach(value, period int32) autoscalingv2.HPAScalingPolicy {
	return autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PodsScalingPolicy, Value: value, PeriodSeconds: period}
}

func TestBound(t *testing.T) {
	const widest, narrowest, disabled = autoscalingv2.MaxChangePolicySelect, autoscalingv2.MinChangePolicySelect, autoscalingv2.DisabledPolicySelect
	now := time.Unix(1000, 0)
	earlier := []change{{at: now.Add(-30 * time.Second), from: 4, to: 6}}
	for name, test := range map[string]struct {
		rules   *autoscalingv2.HPAScalingRules
		up      bool
		current int32
		earlier []change
		limit   int32
	}{
		"half more, rounded up":         {rules(0, widest, percent(50, 60)), true, 3, nil, 5},
		"nothing more in the period":    {rules(0, widest, percent(50, 60)), true, 6, earlier, 6},
		"more after the period":         {rules(0, widest, percent(50, 20)), true, 6, earlier, 9},
		"the larger way up":             {rules(0, widest, percent(50, 60), podsEach(4, 60)), true, 4, nil, 8},
		"the smaller way up":            {rules(0, narrowest, podsEach(4, 60), percent(50, 60)), true, 4, nil, 6},
		"a quarter fewer, rounded down": {rules(0, widest, percent(25, 60)), false, 6, nil, 4},
		"the larger way down":           {rules(0, widest, percent(25, 60), podsEach(3, 60)), false, 8, nil, 5},
		"the smaller way down":          {rules(0, narrowest, percent(25, 60), podsEach(3, 60)), false, 8, nil, 6},
		"not at all":                    {rules(0, disabled, percent(25, 60)), false, 8, nil, 8},
	} {
		require.Equal(t, test.limit, bound(test.rules, test.up, test.current, test.earlier, now), name)
	}
}

func TestObeys(t *testing.T) {
	half := rules(6, autoscalingv2.MaxChangePolicySelect, percent(50, 6))
	since := time.Unix(1000, 0)
	step := func(after float64, from, to int32) change {
		return change{since.Add(time.Duration(after * float64(time.Second))), from, to}
	}
	for name, test := range map[string]struct {
		steps []change
		wrong string // empty if the steps are right
	}{
		"as written":              {[]change{step(6.5, 4, 6), step(12.6, 6, 9)}, ""},
		"no further than the end": {[]change{step(6.5, 9, 10)}, ""},
		"not at all":              {nil, "did not scale"},
		"within the window":       {[]change{step(3, 4, 6)}, "within the window of 6s"},
		"too large a step":        {[]change{step(6.5, 4, 7)}, "goes from 4 to 7 replicas after 6.5 s, 6 are allowed"},
		"too small a step":        {[]change{step(6.5, 4, 5)}, "6 were expected"},
		"too soon a second step":  {[]change{step(6.5, 4, 6), step(9, 6, 7)}, "step 2 goes from 6 to 7"},
	} {
		err := obeys(half, true, 4, 10, since, test.steps)
		if test.wrong == "" {
			require.NoError(t, err, name)
		} else {
			require.ErrorContains(t, err, test.wrong, name)
		}
	}
	down := rules(0, autoscalingv2.MaxChangePolicySelect, percent(25, 6))
	require.NoError(t, obeys(down, false, 4, 10, since, []change{step(1, 9, 6), step(7, 6, 4)}))
	require.ErrorContains(t, obeys(down, false, 4, 10, since, []change{step(1, 9, 5)}), "6 are allowed")
}
