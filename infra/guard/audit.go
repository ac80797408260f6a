package guard

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cfg"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudtrail"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/iamdoc"
)

// trail is the part of the trail's name; TrailARN is built of it.
const trail = "audit"

// newTrail records every call of AWS's management APIs in all regions, with
// digests that show whether a record was changed.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/best-practices-security.html
func (g *guard) newTrail() error {
	name := g.Name(trail)
	_, err := cloudtrail.NewTrail(g.ctx, name, &cloudtrail.TrailArgs{
		Name:                       pulumi.String(name),
		S3BucketName:               g.Logs.Bucket.ToStringOutput(),
		S3KeyPrefix:                pulumi.String(g.Logs.TrailPrefix),
		KmsKeyId:                   g.Keys.Logs.ToStringOutput(),
		EnableLogging:              pulumi.Bool(true),
		EnableLogFileValidation:    pulumi.Bool(true),
		IsMultiRegionTrail:         pulumi.Bool(true),
		IncludeGlobalServiceEvents: pulumi.Bool(true),
	}, pulumi.Parent(g), pulumi.Protect(g.protect))
	return err
}

// newRecorder keeps how every resource was configured and when that changed.
// The recorder starts after its channel and stops before it.
func (g *guard) newRecorder() error {
	name := g.Name("config")
	role, ready, err := g.role("config", "config.amazonaws.com", "Records how resources are configured", "AWS_ConfigRole")
	if err != nil {
		return err
	}
	policy, err := iam.NewRolePolicy(g.ctx, name, &iam.RolePolicyArgs{
		Name: pulumi.String(name), Role: role.Name,
		Policy: iamdoc.Output(iamdoc.Identity, g.deliver, g.Logs.ARN, g.Keys.Logs),
	}, pulumi.Parent(g))
	if err != nil {
		return err
	}
	recorder, err := cfg.NewRecorder(g.ctx, name, &cfg.RecorderArgs{
		Name: pulumi.String(name), RoleArn: role.Arn,
		RecordingGroup: cfg.RecorderRecordingGroupArgs{AllSupported: pulumi.Bool(true), IncludeGlobalResourceTypes: pulumi.Bool(true)},
	}, pulumi.Parent(g), pulumi.Protect(g.protect), pulumi.DependsOn(append(ready, policy)))
	if err != nil {
		return err
	}
	channel, err := cfg.NewDeliveryChannel(g.ctx, name, &cfg.DeliveryChannelArgs{
		Name: pulumi.String(name), S3BucketName: g.Logs.Bucket, S3KeyPrefix: pulumi.String(g.Logs.ConfigPrefix),
		S3KmsKeyArn:                g.Keys.Logs.ToStringOutput(),
		SnapshotDeliveryProperties: cfg.DeliveryChannelSnapshotDeliveryPropertiesArgs{DeliveryFrequency: pulumi.String("TwentyFour_Hours")},
	}, pulumi.Parent(g), pulumi.DependsOn([]pulumi.Resource{recorder}))
	if err != nil {
		return err
	}
	_, err = cfg.NewRecorderStatus(g.ctx, name, &cfg.RecorderStatusArgs{
		Name: recorder.Name, IsEnabled: pulumi.Bool(true),
	}, pulumi.Parent(g), pulumi.DependsOn([]pulumi.Resource{channel}))
	return err
}

// deliver lets Config write its records into the logs bucket.
// https://docs.aws.amazon.com/config/latest/developerguide/iamrole-permissions.html
func (g *guard) deliver(known []string) iamdoc.Document {
	bucket, key := known[0], known[1]
	return iamdoc.New(
		iamdoc.Allow("s3:PutObject").Named("Write").On(bucket+"/"+g.Logs.ConfigPrefix+"/AWSLogs/"+g.Account+"/*").
			When(iamdoc.Equals("s3:x-amz-acl", "bucket-owner-full-control")),
		iamdoc.Allow("s3:GetBucketAcl", "s3:ListBucket").Named("Check").On(bucket),
		iamdoc.Allow("kms:Decrypt", "kms:GenerateDataKey").Named("Encrypt").On(key).
			When(iamdoc.Equals("kms:ViaService", "s3."+g.Region+".amazonaws.com")),
	)
}
