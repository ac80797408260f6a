package reach

import (
	"encoding/json"
	"fmt"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Decode reads a NetworkPolicy out of the inputs of a resource. It is strict:
// a field that the API does not know, a number out of range or an object that
// the API server would refuse is an error, since a rule that is skipped would
// leave the table too green.
func Decode(inputs map[string]any) (networkingv1.NetworkPolicy, error) {
	var p networkingv1.NetworkPolicy
	text, err := json.Marshal(inputs)
	if err != nil {
		return p, fmt.Errorf("network policy: %w", err)
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return p, fmt.Errorf("network policy: %w", err)
	}
	// JSON takes podselector for podSelector; the API server does not, and
	// neither does this, which reads names only.
	var named networkingv1.NetworkPolicy
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(inputs, &named, true); err != nil {
		return p, fmt.Errorf("network policy %s: %w", nameOf(p), err)
	}
	want := networkingv1.SchemeGroupVersion.String()
	if p.APIVersion != want || p.Kind != "NetworkPolicy" {
		return p, fmt.Errorf("network policy %s is %s %s, not %s NetworkPolicy", nameOf(p), p.APIVersion, p.Kind, want)
	}
	return p, check(p)
}
