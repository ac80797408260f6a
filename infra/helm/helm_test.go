package helm_test

import (
	"testing"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/helm"
	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/plan/plantest"
	"github.com/script-ohio/platform/infra/provider"
)

type values struct {
	Replicas int  `pulumi:"replicaCount"`
	Pod      pod  `pulumi:"pod"`
	Missing  *pod `pulumi:"missing"`
}

type pod struct {
	Ports []int `pulumi:"ports"`
}

// after is what takes the release's output.
const after = "random:index/randomId:RandomId"

func deploy[V any](t *testing.T, release helm.Release[V]) (*plan.Graph, error) {
	c := plantest.Config(t, "prod")
	return plantest.Record(t, c, func(ctx *pulumi.Context) error {
		set, err := provider.New(ctx, c)
		if err != nil {
			return err
		}
		cluster, err := kubernetes.NewProvider(ctx, c.Name("kubernetes"), &kubernetes.ProviderArgs{Kubeconfig: pulumi.String("{}")})
		if err != nil {
			return err
		}
		r, err := helm.New(ctx, "release", release, pulumi.Provider(cluster))
		if err != nil {
			return err
		}
		ctx.Export("name", r.Name)
		_, err = random.NewRandomId(ctx, "after", &random.RandomIdArgs{
			ByteLength: pulumi.Int(4), Keepers: pulumi.StringMap{"ready": r.Ready("alb")},
		}, pulumi.Provider(set.Random))
		return err
	})
}

func chart() helm.Chart {
	return helm.Chart{Repository: "https://charts.example.com", Name: "toy", Version: "1.2.3"}
}

func TestAReleaseIsWhatItsValuesSay(t *testing.T) {
	graph, err := deploy(t, helm.Install(chart(), pulumi.String("toys"), values{Replicas: 2, Pod: pod{[]int{80}}}))
	require.NoError(t, err)
	r := graph.Find(helm.Type, "release")
	require.Equal(t, map[string]any{
		"name": "toy", "namespace": "toys", "chart": "toy", "version": "1.2.3", "repositoryOpts": map[string]any{"repo": "https://charts.example.com"},
		"values":  map[string]any{"replicaCount": 2.0, "pod": map[string]any{"ports": []any{80.0}}},
		"timeout": 600.0, "atomic": true, "cleanupOnFail": true, "createNamespace": false, "skipAwait": false, "skipCrds": false, "maxHistory": 5.0,
	}, r.Inputs.Plain())
	require.Equal(t, "toy", graph.Outputs["name"].Value)
}

func TestWhoTakesReadyComesAfterTheRelease(t *testing.T) {
	graph, err := deploy(t, helm.Install(chart(), pulumi.String("toys"), values{}))
	require.NoError(t, err)
	r, user := graph.Find(helm.Type, "release"), graph.Find(after, "after")
	require.Equal(t, "alb", user.Inputs.Text("keepers.ready"))
	require.True(t, graph.CreatedBefore(r, user))
	require.True(t, graph.DestroyedBefore(user, r))
}

func TestARegistryHasNoIndex(t *testing.T) {
	c := chart()
	c.Repository = "oci://registry.example.com/charts"
	graph, err := deploy(t, helm.Install(c, pulumi.String("toys"), values{}))
	require.NoError(t, err)
	r := graph.Find(helm.Type, "release")
	require.Equal(t, "oci://registry.example.com/charts/toy", r.Inputs.Text("chart"))
	require.Nil(t, r.Inputs.At("repositoryOpts"))
	require.Equal(t, "toy", r.Inputs.Text("name"))
}

func TestWhatAnotherDayWouldInstallOtherwiseIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*helm.Release[values])
		says   string
	}{
		"no name":               {func(r *helm.Release[values]) { r.Name = "" }, "the name of the release is missing"},
		"no namespace":          {func(r *helm.Release[values]) { r.Namespace = nil }, "the namespace is missing"},
		"no chart":              {func(r *helm.Release[values]) { r.Chart = "" }, "the chart is missing"},
		"no version":            {func(r *helm.Release[values]) { r.Version = "" }, "not exact"},
		"the latest":            {func(r *helm.Release[values]) { r.Version = "latest" }, "not exact"},
		"a range":               {func(r *helm.Release[values]) { r.Version = "~1.2.3" }, "not exact"},
		"any patch":             {func(r *helm.Release[values]) { r.Version = "1.2" }, "not exact"},
		"no repository":         {func(r *helm.Release[values]) { r.Repository = nil }, "must name its repository"},
		"an address and a repo": {func(r *helm.Release[values]) { r.Chart = "oci://registry.example.com/toy" }, "without one"},
		"atomic without seeing": {func(r *helm.Release[values]) { r.SkipAwait = true }, "cannot be atomic"},
	} {
		t.Run(name, func(t *testing.T) {
			release := helm.Install(chart(), pulumi.String("toys"), values{})
			c.change(&release)
			_, err := deploy(t, release)
			require.ErrorContains(t, err, c.says)
		})
	}
}
