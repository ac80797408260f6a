package plan_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/plan"
)

func TestRunKeepsTheRegistration(t *testing.T) {
	graph := run(t, toy)
	require.Len(t, graph.Resources, 10)

	storage := graph.Find("toy:storage:Storage", "storage")
	key := graph.Find(keyType, "key")
	bucket := graph.Find(bucketType, "bucket")
	remote := graph.Find(bucketType, "remote")

	require.Equal(t, "urn:pulumi:test::toy::toy:storage:Storage$aws:kms/key:Key::key", key.URN)
	require.Equal(t, storage.URN, key.Parent)
	require.True(t, key.Protect)
	require.True(t, key.RetainOnDelete)
	require.False(t, bucket.Protect)
	require.False(t, bucket.RetainOnDelete)
	require.Equal(t, []string{"urn:pulumi:test::toy::toy:storage:Storage$aws:kms/key:Key::old"}, key.Aliases)

	require.Equal(t, []string{key.URN}, bucket.Dependencies)
	require.Equal(t, map[string][]string{"tags": {key.URN}}, bucket.PropertyDepends)
	require.Equal(t, []string{"tags"}, bucket.IgnoreChanges)
	require.Equal(t, plan.Timeouts{Create: "5m"}, bucket.Timeouts)
	require.Equal(t, []string{bucket.URN}, remote.Dependencies)

	require.Equal(t, graph.Find("pulumi:providers:aws", "here").URN, bucket.Provider)
	require.Equal(t, graph.Find("pulumi:providers:aws", "there").URN, remote.Provider)

	require.True(t, graph.ByURN(bucket.Parent) == storage)
	require.Equal(t, storage, graph.Component(bucket))
	require.Nil(t, graph.Component(graph.Find("pulumi:providers:aws", "here")))
	require.Len(t, graph.OfType(bucketType), 2)
	require.Len(t, graph.Children(storage), 6)
	require.Len(t, graph.Roots(), 4)
	require.Nil(t, graph.Find(bucketType, "moon"))
}

func TestOutputsAreResolvedAndSecretsMasked(t *testing.T) {
	graph := run(t, toy)
	require.Equal(t, map[string]plan.Output{
		"bucket":    {Value: pulumi.ID("toy-bucket")},
		"keyArn":    {Value: "arn:aws:kms:us-east-2:111122223333:key/key"},
		"remoteArn": {Value: "arn:aws:s3:::remote"},
		"password":  {Value: plan.Masked, Secret: true},
		"numbers":   {Value: []int{1, 2}},
	}, graph.Outputs)
}

func TestRunIsTheSameEveryTime(t *testing.T) {
	first, err := json.Marshal(run(t, toy).Resources)
	require.NoError(t, err)
	for range 20 {
		again, err := json.Marshal(run(t, toy).Resources)
		require.NoError(t, err)
		require.Equal(t, string(first), string(again))
	}
}

func TestRunFailsWhereTheEngineWould(t *testing.T) {
	explicit := func(ctx *pulumi.Context) (pulumi.ResourceOption, error) {
		p, err := aws.NewProvider(ctx, "p", nil)
		return pulumi.Provider(p), err
	}
	for _, c := range []struct {
		name   string
		deploy pulumi.RunFunc
		want   string
	}{
		{"program", func(*pulumi.Context) error { return errors.New("no luck") }, "stack test: "},
		{"default provider", func(ctx *pulumi.Context) error {
			_, err := s3.NewBucketV2(ctx, "b", nil)
			return err
		}, "aws:s3/bucketV2:BucketV2 b has no provider"},
		{"twice", func(ctx *pulumi.Context) error {
			p, err := explicit(ctx)
			for range 2 {
				_, e := s3.NewBucketV2(ctx, "b", nil, p)
				err = errors.Join(err, e)
			}
			return err
		}, "b is registered twice"},
		{"function", func(ctx *pulumi.Context) error {
			_, err := aws.GetCallerIdentity(ctx, nil)
			return err
		}, "function aws:index/getCallerIdentity:getCallerIdentity asks the cloud"},
		{"read", func(ctx *pulumi.Context) error {
			p, err := explicit(ctx)
			if err != nil {
				return err
			}
			_, err = s3.GetBucketV2(ctx, "b", pulumi.ID("b"), nil, p)
			return err
		}, "reads what exists in the cloud"},
		{"failed output", func(ctx *pulumi.Context) error {
			ctx.Export("x", pulumi.String("").ToStringOutput().ApplyT(func(string) (string, error) {
				return "", errors.New("no value")
			}))
			return nil
		}, "no value"},
		{"unknown output", func(ctx *pulumi.Context) error {
			ctx.Export("x", pulumi.UnsafeUnknownOutput(nil))
			return nil
		}, "output x has no value"},
		{"failed input", func(ctx *pulumi.Context) error {
			p, err := explicit(ctx)
			if err != nil {
				return err
			}
			name := pulumi.String("").ToStringOutput().ApplyT(func(string) (string, error) {
				return "", errors.New("broken policy")
			}).(pulumi.StringOutput)
			_, err = s3.NewBucketV2(ctx, "b", &s3.BucketV2Args{Bucket: name}, p)
			return err
		}, "broken policy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			graph, err := plan.Run(t.Context(), target(), c.deploy)
			require.Nil(t, graph)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestSecretsStayMarked(t *testing.T) {
	version := run(t, toy).Find(secretType, "version")
	require.True(t, version.Inputs.Secret("secretString"))
	require.False(t, version.Inputs.Secret("secretId"))
	require.Equal(t, plan.Masked, version.Inputs.Text("secretString"))
	text, err := json.Marshal(version)
	require.NoError(t, err)
	require.NotContains(t, string(text), plan.GeneratedSecret)
	var leaked []string
	for _, leaf := range version.Inputs.Leaves() {
		if text, is := leaf.Value.(string); is && strings.HasPrefix(text, plan.GeneratedSecret) {
			require.True(t, leaf.Secret)
			leaked = append(leaked, leaf.Path)
		}
	}
	require.Equal(t, []string{"secretString"}, leaked)
}

func TestJSONOfAResource(t *testing.T) {
	text, err := json.Marshal(run(t, toy).Find(bucketType, "remote"))
	require.NoError(t, err)
	require.JSONEq(t, `{
		"urn": "urn:pulumi:test::toy::toy:storage:Storage$aws:s3/bucketV2:BucketV2::remote",
		"type": "aws:s3/bucketV2:BucketV2", "name": "remote",
		"parent": "urn:pulumi:test::toy::toy:storage:Storage::storage",
		"provider": "urn:pulumi:test::toy::pulumi:providers:aws::there",
		"inputs": {}, "protect": false, "retain_on_delete": false,
		"dependencies": ["urn:pulumi:test::toy::toy:storage:Storage$aws:s3/bucketV2:BucketV2::bucket"]
	}`, string(text))
}

func TestListsAreNeverNull(t *testing.T) {
	text, err := json.Marshal(run(t, toy).Find(keyType, "key"))
	require.NoError(t, err)
	require.Contains(t, string(text), `"dependencies":[]`)
}
