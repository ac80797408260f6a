//go:build engine

package enginetest_test

import (
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/enginetest"
	"github.com/script-ohio/platform/infra/provider"
	"github.com/script-ohio/platform/infra/stack"
)

// A program that AWS would refuse fails, for AWS's reason, on this cloud too:
// else the scenarios of the stacks would prove nothing.
func TestWhatAWSRefusesFails(t *testing.T) {
	t.Parallel()
	e := start(t, "refused", "staging", nil, deploy)
	for _, c := range []struct {
		name    string
		program pulumi.RunFunc
		says    string
	}{
		{"a property that nothing has", small(misspelt), "depth: is no property of it"},
		{"a bucket that exists", small(twoBuckets), "AlreadyExists"},
		{"a key of another region", small(distantKey), "NotFound"},
		{"no provider", nobodysBucket, "Default provider for 'aws' disabled"},
		{"logs kept for 42 days", oddRetention, "42 is refused: one of the periods of CloudWatch"},
	} {
		e.scenario("refused: "+c.name, func() []enginetest.Change {
			e.stack.Workspace().SetProgram(c.program)
			changes, err := e.up()
			require.ErrorContains(t, err, c.says, c.name)
			return changes
		})
	}
}

// oddRetention is the whole program, but CloudWatch does not take its log
// groups.
func oddRetention(ctx *pulumi.Context) error {
	err := ctx.RegisterStackTransformation(func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
		if group, is := args.Props.(*cloudwatch.LogGroupArgs); is {
			group.RetentionInDays = pulumi.Int(42)
		}
		return &pulumi.ResourceTransformationResult{Props: args.Props, Opts: args.Opts}
	})
	if err != nil {
		return err
	}
	return deploy(ctx)
}

// small is a program with the providers of the stack.
func small(more func(*pulumi.Context, provider.Set) error) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		c, err := stack.Load(ctx, func(string) string { return "" })
		if err != nil {
			return err
		}
		providers, err := provider.New(ctx, c)
		if err != nil {
			return err
		}
		return more(ctx, providers)
	}
}

func misspelt(ctx *pulumi.Context, p provider.Set) error {
	var moat pulumi.CustomResourceState
	return ctx.RegisterResource("aws:kms/key:Key", "key", pulumi.Map{"depth": pulumi.Int(3)}, &moat, pulumi.Provider(p.AWS))
}

func twoBuckets(ctx *pulumi.Context, p provider.Set) error {
	for _, name := range []string{"one", "two"} {
		if _, err := s3.NewBucketV2(ctx, name, &s3.BucketV2Args{Bucket: pulumi.String("script-ohio")}, pulumi.Provider(p.AWS)); err != nil {
			return err
		}
	}
	return nil
}

func distantKey(ctx *pulumi.Context, p provider.Set) error {
	key, err := kms.NewKey(ctx, "key", nil, pulumi.Provider(p.Recovery))
	if err != nil {
		return err
	}
	_, err = cloudwatch.NewLogGroup(ctx, "logs", &cloudwatch.LogGroupArgs{KmsKeyId: key.Arn}, pulumi.Provider(p.AWS))
	return err
}

func nobodysBucket(ctx *pulumi.Context) error {
	_, err := s3.NewBucketV2(ctx, "bucket", nil)
	return err
}
