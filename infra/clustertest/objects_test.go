package clustertest

import (
	"errors"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/plan"
)

// provider is any that a resource names; no resource may use a default one.
type provider struct{ pulumi.ProviderResourceState }

// record registers objects in a program and records it.
func record(t *testing.T, register func(ctx *pulumi.Context, add func(typ, name string, inputs pulumi.Map, o ...pulumi.ResourceOption) pulumi.Resource)) *plan.Graph {
	t.Helper()
	graph, err := plan.Run(t.Context(), plan.Stack{Project: "toy", Name: "test", Account: "111122223333", Region: "us-east-2"}, func(ctx *pulumi.Context) error {
		var cluster provider
		errs := []error{ctx.RegisterResource("pulumi:providers:kubernetes", "cluster", pulumi.Map{}, &cluster)}
		register(ctx, func(typ, name string, inputs pulumi.Map, o ...pulumi.ResourceOption) pulumi.Resource {
			r := &pulumi.CustomResourceState{}
			errs = append(errs, ctx.RegisterResource(typ, name, inputs, r, append(o, pulumi.Provider(&cluster))...))
			return r
		})
		return errors.Join(errs...)
	})
	require.NoError(t, err)
	return graph
}

func configMap(name string, data pulumi.Map) pulumi.Map {
	return pulumi.Map{
		"apiVersion": pulumi.String("v1"), "kind": pulumi.String("ConfigMap"),
		"metadata": pulumi.Map{"name": pulumi.String(name), "namespace": pulumi.String("toy")}, "data": data,
	}
}

func TestObjectsInTheOrderOfTheEngine(t *testing.T) {
	graph := record(t, func(_ *pulumi.Context, add func(string, string, pulumi.Map, ...pulumi.ResourceOption) pulumi.Resource) {
		late := add("kubernetes:core/v1:ConfigMap", "a", configMap("needed", pulumi.Map{"size": pulumi.Int(3)}))
		add("kubernetes:helm.sh/v3:Release", "chart", pulumi.Map{"chart": pulumi.String("loki")})
		add("kubernetes:core/v1:ConfigMap", "b", configMap("needs", nil), pulumi.DependsOn([]pulumi.Resource{late}))
	})
	objects, err := Objects(graph)
	require.NoError(t, err)
	require.Len(t, objects, 2)
	require.Equal(t, map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]any{"name": "needed", "namespace": "toy"},
		"data":     map[string]any{"size": 3.0},
	}, objects[0].Object)
	require.Equal(t, "needs", objects[1].GetName())
}

func TestObjectsThatCannotBeApplied(t *testing.T) {
	for wrong, inputs := range map[string]pulumi.Map{
		"data.key is a secret":             configMap("x", pulumi.Map{"key": pulumi.ToSecret(pulumi.String("hidden")).(pulumi.StringOutput)}),
		"it has no metadata.name":          configMap("", nil),
		"no apiVersion or no kind":         {"metadata": pulumi.Map{"name": pulumi.String("x")}},
		"kubernetes:core/v1:ConfigMap one": configMap("", nil),
	} {
		graph := record(t, func(_ *pulumi.Context, add func(string, string, pulumi.Map, ...pulumi.ResourceOption) pulumi.Resource) {
			add("kubernetes:core/v1:ConfigMap", "one", inputs)
		})
		_, err := Objects(graph)
		require.ErrorContains(t, err, wrong)
		require.NotContains(t, err.Error(), "hidden")
	}
}
