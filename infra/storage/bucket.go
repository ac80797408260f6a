package storage

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/iamdoc"
)

// olderDays is how long an overwritten or deleted object can be brought back.
const olderDays = 30

// mistakeDays is that of telemetry, which is removed all the time.
const mistakeDays = 7

// plan is what makes one bucket differ from the others.
type plan struct {
	part      string
	key       pulumi.StringInput // KMS; nil for keys of S3
	expire    int                // age in days at which objects expire; 0 for never
	keep      int                // days that older versions are kept
	lock      bool               // Object Lock
	rewritten bool               // its writer replaces and removes objects: none grows cold
	logs      *Bucket            // receives the access log
	allow     func(bucketARN string) []iamdoc.Statement
	recovery  *Recovery // nil for the stack's region
}

// bucket registers a bucket that is private, encrypted, versioned and reached
// over TLS only.
func (s *storage) bucket(p plan) (Bucket, error) {
	name, region, child := s.Name(p.part), s.Region, []pulumi.ResourceOption{pulumi.Parent(s)}
	if p.recovery != nil {
		name, region = s.Name("recovery", p.part), p.recovery.Region
		child = append(child, p.recovery.Provider)
	}
	bucket, err := s3.NewBucketV2(s.ctx, name, &s3.BucketV2Args{
		Bucket:            pulumi.String(s.Bucket(p.part, region)),
		ObjectLockEnabled: pulumi.Bool(p.lock),
		Tags:              pulumi.StringMap{"Name": pulumi.String(name), "DataClass": pulumi.String(p.part)},
	}, with(child, pulumi.Protect(s.protect), pulumi.RetainOnDelete(s.protect))...)
	if err != nil {
		return Bucket{}, err
	}
	// What closes a bucket stays with it: a kept bucket stays closed.
	kept := with(child, pulumi.RetainOnDelete(s.protect))
	private, err := s3.NewBucketPublicAccessBlock(s.ctx, name, &s3.BucketPublicAccessBlockArgs{
		Bucket:          bucket.ID(),
		BlockPublicAcls: pulumi.Bool(true), BlockPublicPolicy: pulumi.Bool(true),
		IgnorePublicAcls: pulumi.Bool(true), RestrictPublicBuckets: pulumi.Bool(true),
	}, kept...)
	if err != nil {
		return Bucket{}, err
	}
	owned, err := s3.NewBucketOwnershipControls(s.ctx, name, &s3.BucketOwnershipControlsArgs{
		Bucket: bucket.ID(),
		Rule:   s3.BucketOwnershipControlsRuleArgs{ObjectOwnership: pulumi.String("BucketOwnerEnforced")},
	}, kept...)
	if err != nil {
		return Bucket{}, err
	}
	encrypted, err := s3.NewBucketServerSideEncryptionConfigurationV2(s.ctx, name, &s3.BucketServerSideEncryptionConfigurationV2Args{
		Bucket: bucket.ID(),
		Rules:  s3.BucketServerSideEncryptionConfigurationV2RuleArray{encryption(p.key)},
	}, kept...)
	if err != nil {
		return Bucket{}, err
	}
	versioned, err := s3.NewBucketVersioningV2(s.ctx, name, &s3.BucketVersioningV2Args{
		Bucket:                  bucket.ID(),
		VersioningConfiguration: s3.BucketVersioningV2VersioningConfigurationArgs{Status: pulumi.String("Enabled")},
	}, kept...)
	if err != nil {
		return Bucket{}, err
	}
	// S3 takes a policy and a lifecycle reliably only once these have settled.
	after := pulumi.DependsOn([]pulumi.Resource{private, owned, encrypted, versioned})
	policy, err := s3.NewBucketPolicy(s.ctx, name, &s3.BucketPolicyArgs{
		Bucket: bucket.ID(),
		Policy: iamdoc.Output(iamdoc.Resource, func(known []string) iamdoc.Document {
			statements := iamdoc.BucketTLS(known[0])
			if p.allow != nil {
				statements = append(statements, p.allow(known[0])...)
			}
			return iamdoc.New(statements...)
		}, bucket.Arn),
	}, with(kept, after)...)
	if err != nil {
		return Bucket{}, err
	}
	if err := s.lifecycle(name, bucket, p, with(child, after)); err != nil {
		return Bucket{}, err
	}
	if p.lock {
		if err := s.lock(name, bucket, with(kept, after)); err != nil {
			return Bucket{}, err
		}
	}
	if p.logs != nil {
		_, err = s3.NewBucketLoggingV2(s.ctx, name, &s3.BucketLoggingV2Args{
			Bucket: bucket.ID(), TargetBucket: p.logs.Name, TargetPrefix: pulumi.String(PrefixAccess + p.part + "/"),
		}, child...)
	}
	return Bucket{Name: policy.Bucket, ARN: pulumi.Sprintf("arn:aws:s3:::%s", policy.Bucket)}, err
}

// encryption is SSE-KMS with bucket keys, which ask KMS once for many objects.
// S3 and load balancers deliver logs only to buckets that encrypt with keys of
// S3; CloudTrail and Config name a KMS key with every object.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
func encryption(key pulumi.StringInput) s3.BucketServerSideEncryptionConfigurationV2RuleArgs {
	how := s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{SseAlgorithm: pulumi.String("AES256")}
	if key != nil {
		how.SseAlgorithm, how.KmsMasterKeyId = pulumi.String("aws:kms"), key.ToStringOutput().ToStringPtrOutput()
	}
	return s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
		ApplyServerSideEncryptionByDefault: how, BucketKeyEnabled: pulumi.Bool(key != nil),
	}
}

// with is the options and more, without sharing memory.
func with(opts []pulumi.ResourceOption, more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append(opts[:len(opts):len(opts)], more...)
}
