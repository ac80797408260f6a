package storage

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// uploadDays is when the parts of an upload that nobody finished go.
const uploadDays = 7

// lifecycle moves objects to cheaper classes as they age and cleans up what
// nobody asks for any more. Glacier is the class with instant retrieval: a
// restore and a model that is brought back do not wait for hours.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html
func (s *storage) lifecycle(name string, bucket *s3.BucketV2, p plan, opts []pulumi.ResourceOption) error {
	enabled, everything := pulumi.String("Enabled"), s3.BucketLifecycleConfigurationV2RuleFilterArgs{Prefix: pulumi.String("")}
	// Markers of deletions that hide nothing go too: S3 does so by itself where
	// objects expire by age, and takes only one of the two settings.
	expiration := s3.BucketLifecycleConfigurationV2RuleExpirationArgs{ExpiredObjectDeleteMarker: pulumi.Bool(true)}
	if p.expire > 0 {
		expiration = s3.BucketLifecycleConfigurationV2RuleExpirationArgs{Days: pulumi.Int(p.expire)}
	}
	var colder s3.BucketLifecycleConfigurationV2RuleTransitionArray
	if !p.rewritten { // S3 bills a colder class for its least days, whenever an object goes
		colder = s3.BucketLifecycleConfigurationV2RuleTransitionArray{
			s3.BucketLifecycleConfigurationV2RuleTransitionArgs{Days: pulumi.Int(s.Config.InfrequentDays), StorageClass: pulumi.String("STANDARD_IA")},
			s3.BucketLifecycleConfigurationV2RuleTransitionArgs{Days: pulumi.Int(s.Config.GlacierDays), StorageClass: pulumi.String("GLACIER_IR")},
		}
	}
	_, err := s3.NewBucketLifecycleConfigurationV2(s.ctx, name, &s3.BucketLifecycleConfigurationV2Args{
		Bucket: bucket.ID(),
		Rules: s3.BucketLifecycleConfigurationV2RuleArray{
			s3.BucketLifecycleConfigurationV2RuleArgs{
				Id: pulumi.String("age"), Status: enabled, Filter: everything,
				Transitions: colder, Expiration: expiration,
			},
			s3.BucketLifecycleConfigurationV2RuleArgs{
				Id: pulumi.String("older-versions"), Status: enabled, Filter: everything,
				NoncurrentVersionExpiration: s3.BucketLifecycleConfigurationV2RuleNoncurrentVersionExpirationArgs{NoncurrentDays: pulumi.Int(p.keep)},
			},
			s3.BucketLifecycleConfigurationV2RuleArgs{
				Id: pulumi.String("unfinished-uploads"), Status: enabled, Filter: everything,
				AbortIncompleteMultipartUpload: s3.BucketLifecycleConfigurationV2RuleAbortIncompleteMultipartUploadArgs{DaysAfterInitiation: pulumi.Int(uploadDays)},
			},
		},
	}, opts...)
	return err
}

// lock keeps every version for its first days from everybody, the root user of
// the account included: in compliance mode nobody can shorten it.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
func (s *storage) lock(name string, bucket *s3.BucketV2, opts []pulumi.ResourceOption) error {
	_, err := s3.NewBucketObjectLockConfigurationV2(s.ctx, name, &s3.BucketObjectLockConfigurationV2Args{
		Bucket: bucket.ID(), ObjectLockEnabled: pulumi.String("Enabled"),
		Rule: s3.BucketObjectLockConfigurationV2RuleArgs{
			DefaultRetention: s3.BucketObjectLockConfigurationV2RuleDefaultRetentionArgs{
				Mode: pulumi.String("COMPLIANCE"), Days: pulumi.Int(s.Config.LockDays),
			},
		},
	}, opts...)
	return err
}
