package storage

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/iamdoc"
)

// replicate copies every new object, with its lock if it has one, under the key
// of the recovery region. Deletions do not follow.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
func (s *storage) replicate(part string, source, target Bucket) error {
	name, child := s.Name(part, "replication"), pulumi.Parent(s)
	// S3 does not say for whom it replicates; a role can be handed to it only
	// by its own account.
	trust, err := iamdoc.TrustServiceOfAnyAccount("s3.amazonaws.com").Text(iamdoc.Trust)
	if err != nil {
		return err
	}
	role, err := iam.NewRole(s.ctx, name, &iam.RoleArgs{
		Name: pulumi.String(name), AssumeRolePolicy: pulumi.String(trust),
		Description: pulumi.String("Copies " + part + " to the recovery region"),
	}, child)
	if err != nil {
		return err
	}
	policy, err := iam.NewRolePolicy(s.ctx, name, &iam.RolePolicyArgs{
		Name: pulumi.String(name), Role: role.Name,
		Policy: iamdoc.Output(iamdoc.Identity, s.copies, source.ARN, target.ARN, s.Key, s.Recovery.Key),
	}, child)
	if err != nil {
		return err
	}
	on, off := pulumi.String("Enabled"), pulumi.String("Disabled")
	_, err = s3.NewBucketReplicationConfig(s.ctx, name, &s3.BucketReplicationConfigArgs{
		Bucket: source.Name, Role: role.Arn,
		Rules: s3.BucketReplicationConfigRuleArray{s3.BucketReplicationConfigRuleArgs{
			Id: pulumi.String("all"), Status: on, Priority: pulumi.Int(1),
			Filter:                  s3.BucketReplicationConfigRuleFilterArgs{Prefix: pulumi.String("")},
			DeleteMarkerReplication: s3.BucketReplicationConfigRuleDeleteMarkerReplicationArgs{Status: off},
			SourceSelectionCriteria: s3.BucketReplicationConfigRuleSourceSelectionCriteriaArgs{
				SseKmsEncryptedObjects: s3.BucketReplicationConfigRuleSourceSelectionCriteriaSseKmsEncryptedObjectsArgs{Status: on},
			},
			Destination: s3.BucketReplicationConfigRuleDestinationArgs{
				Bucket: target.ARN,
				EncryptionConfiguration: s3.BucketReplicationConfigRuleDestinationEncryptionConfigurationArgs{
					ReplicaKmsKeyId: s.Recovery.Key,
				},
				Metrics: s3.BucketReplicationConfigRuleDestinationMetricsArgs{Status: on},
			},
		}},
	}, child, pulumi.DependsOn([]pulumi.Resource{policy}))
	return err
}

// copies is what the role may do: read versions with their locks and tags here,
// write replicas there, each under the bucket's own key. With bucket keys the
// encryption context is the bucket, else the object.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
func (s *storage) copies(known []string) iamdoc.Document {
	source, target, sourceKey, targetKey := known[0], known[1], known[2], known[3]
	through := func(region, bucket string) []iamdoc.Condition {
		return []iamdoc.Condition{
			iamdoc.Equals("kms:ViaService", "s3."+region+".amazonaws.com"),
			iamdoc.Like("kms:EncryptionContext:aws:s3:arn", bucket, bucket+"/*"),
		}
	}
	return iamdoc.New(
		iamdoc.Allow("s3:GetReplicationConfiguration", "s3:ListBucket").Named("Find").On(source),
		iamdoc.Allow("s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging",
			"s3:GetObjectRetention", "s3:GetObjectLegalHold").Named("Read").On(source+"/*"),
		iamdoc.Allow("s3:ReplicateObject", "s3:ReplicateTags").Named("Copy").On(target+"/*"),
		iamdoc.Allow("kms:Decrypt").Named("Decrypt").On(sourceKey).When(through(s.Region, source)...),
		iamdoc.Allow("kms:Encrypt", "kms:GenerateDataKey").Named("Encrypt").On(targetKey).When(through(s.Recovery.Region, target)...),
	)
}
