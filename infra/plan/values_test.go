package plan_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/plan"
)

func values() plan.Values {
	return plan.Values{Map: resource.PropertyMap{
		"on":   resource.NewProperty(true),
		"size": resource.NewProperty(20.0),
		"options": resource.NewProperty(resource.PropertyMap{
			"httpTokens": resource.NewProperty("required"),
			"token":      resource.MakeSecret(resource.NewProperty(resource.PropertyMap{"a": resource.NewProperty("hidden")})),
		}),
		"rules": resource.NewProperty([]resource.PropertyValue{
			resource.NewProperty(resource.PropertyMap{"cidrs": resource.NewProperty([]resource.PropertyValue{resource.NewProperty("10.0.0.0/8")})}),
		}),
		"none": resource.NewNullProperty(),
	}}
}

func TestValuesByPath(t *testing.T) {
	v := values()
	require.True(t, v.True("on"))
	require.Equal(t, 20.0, v.Number("size"))
	require.Equal(t, "required", v.Text("options.httpTokens"))
	require.Equal(t, []string{"10.0.0.0/8"}, v.Texts("rules.0.cidrs"))
	require.Equal(t, "10.0.0.0/8", v.Text("rules.0.cidrs.0"))
	require.Equal(t, plan.Masked, v.At("options.token"))
	for _, path := range []string{"", "off", "rules.1", "rules.x", "rules.-1", "size.deeper", "options.token.a", "none"} {
		require.Nil(t, v.At(path), path)
	}
	require.Empty(t, v.Texts("off"))
}

func TestLeavesReachEverything(t *testing.T) {
	require.Equal(t, []plan.Leaf{
		{Path: "on", Value: true},
		{Path: "options.httpTokens", Value: "required"},
		{Path: "options.token.a", Value: "hidden", Secret: true},
		{Path: "rules.0.cidrs.0", Value: "10.0.0.0/8"},
		{Path: "size", Value: 20.0},
	}, values().Leaves())
}

func TestSecretLooksInside(t *testing.T) {
	require.True(t, values().Secret("options"))
	require.False(t, values().Secret("rules"))
	require.False(t, values().Secret("off"))
}
