package plan_test

import (
	"errors"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/script-ohio/platform/infra/plan"
)

// The SDK's logger flushes for the life of the process.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/golang/glog.(*fileSink).flushDaemon"))
}

const (
	bucketType = "aws:s3/bucketV2:BucketV2"
	keyType    = "aws:kms/key:Key"
	secretType = "aws:secretsmanager/secretVersion:SecretVersion"
)

func target() plan.Stack {
	return plan.Stack{Project: "toy", Name: "test", Account: "111122223333", Region: "us-east-2"}
}

// toy is a program with all that a recorder must keep: a component, explicit
// and implied dependencies, options, a secret, two regions and outputs.
func toy(ctx *pulumi.Context) error {
	here, err1 := aws.NewProvider(ctx, "here", &aws.ProviderArgs{Region: pulumi.String("us-east-2")})
	there, err2 := aws.NewProvider(ctx, "there", &aws.ProviderArgs{Region: pulumi.String("us-west-2")})
	made, err3 := random.NewProvider(ctx, "made", nil)
	component := &pulumi.ResourceState{}
	err4 := ctx.RegisterComponentResource("toy:storage:Storage", "storage", component, pulumi.Providers(here, made))
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return err
	}
	inside := pulumi.Parent(component)

	key, err := kms.NewKey(ctx, "key", &kms.KeyArgs{EnableKeyRotation: pulumi.Bool(true)}, inside, pulumi.Protect(true),
		pulumi.RetainOnDelete(true), pulumi.Aliases([]pulumi.Alias{{Name: pulumi.String("old")}}))
	if err != nil {
		return err
	}
	bucket, err := s3.NewBucketV2(ctx, "bucket", &s3.BucketV2Args{
		Bucket: pulumi.String("toy-bucket"),
		Tags:   pulumi.StringMap{"Key": key.Arn},
	}, inside, pulumi.IgnoreChanges([]string{"tags"}), pulumi.Timeouts(&pulumi.CustomTimeouts{Create: "5m"}))
	if err != nil {
		return err
	}
	remote, err := s3.NewBucketV2(ctx, "remote", nil, inside, pulumi.Provider(there), pulumi.DependsOn([]pulumi.Resource{bucket}))
	if err != nil {
		return err
	}
	password, err := random.NewRandomPassword(ctx, "password", &random.RandomPasswordArgs{Length: pulumi.Int(32)}, inside)
	if err != nil {
		return err
	}
	secret, err := secretsmanager.NewSecret(ctx, "secret", &secretsmanager.SecretArgs{Name: pulumi.String("toy/db")}, inside)
	if err != nil {
		return err
	}
	_, err = secretsmanager.NewSecretVersion(ctx, "version", &secretsmanager.SecretVersionArgs{
		SecretId: secret.ID(), SecretString: password.Result,
	}, inside)
	if err != nil {
		return err
	}
	ctx.Export("bucket", bucket.ID())
	ctx.Export("keyArn", key.Arn)
	ctx.Export("remoteArn", remote.Arn)
	ctx.Export("password", password.Result)
	ctx.Export("numbers", pulumi.ToIntArray([]int{1, 2}))
	return nil
}

func run(t *testing.T, deploy pulumi.RunFunc) *plan.Graph {
	t.Helper()
	graph, err := plan.Run(t.Context(), target(), deploy)
	require.NoError(t, err)
	return graph
}
