package provider_test

import (
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi-eks/sdk/v2/go/eks"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/plan/plantest"
	"github.com/script-ohio/platform/infra/provider"
)

func TestEverythingHasAnExplicitProvider(t *testing.T) {
	c := plantest.Config(t, "prod")
	graph, err := plantest.Record(t, c, func(ctx *pulumi.Context) error {
		set, err := provider.New(ctx, c)
		if err != nil {
			return err
		}
		component := &pulumi.ResourceState{}
		if err := ctx.RegisterComponentResource("script-ohio:storage:Storage", "storage", component, set.Main()); err != nil {
			return err
		}
		if _, err := s3.NewBucketV2(ctx, "here", nil, pulumi.Parent(component)); err != nil {
			return err
		}
		if _, err := s3.NewBucketV2(ctx, "there", nil, pulumi.Parent(component), set.InRecovery()); err != nil {
			return err
		}
		if _, err := random.NewRandomPassword(ctx, "password", &random.RandomPasswordArgs{Length: pulumi.Int(32)}, pulumi.Parent(component)); err != nil {
			return err
		}
		_, err = eks.NewCluster(ctx, "cluster", &eks.ClusterArgs{Name: pulumi.String("c")}, pulumi.Parent(component), set.Cluster())
		return err
	})
	require.NoError(t, err)

	main := graph.Find("pulumi:providers:aws", "script-ohio-prod-aws")
	recovery := graph.Find("pulumi:providers:aws", "script-ohio-prod-aws-recovery")
	require.Equal(t, main.URN, graph.Find("aws:s3/bucketV2:BucketV2", "here").Provider)
	require.Equal(t, recovery.URN, graph.Find("aws:s3/bucketV2:BucketV2", "there").Provider)
	require.Equal(t, graph.OfType("pulumi:providers:random")[0].URN, graph.Find("random:index/randomPassword:RandomPassword", "password").Provider)
	cluster := graph.Find("eks:index:Cluster", "cluster")
	require.Equal(t, graph.OfType("pulumi:providers:eks")[0].URN, cluster.Provider)
	require.Equal(t, main.URN, cluster.Providers["aws"])

	for p, region := range map[*plan.Resource]string{main: "us-east-2", recovery: "us-west-2"} {
		require.Equal(t, region, p.Inputs.Text("region"))
		require.Equal(t, []string{"111122223333"}, p.Inputs.Texts("allowedAccountIds"))
		require.Equal(t, map[string]any{
			"Project": "script-ohio", "Stack": "prod", "Environment": "prod", "Owner": "platform",
			"Repository": "script-ohio/platform", "ManagedBy": "pulumi",
		}, p.Inputs.At("defaultTags.tags"))
	}
}
