package policy

import "strings"

// ownKey asks for one of the stack's KMS keys: with AWS's own nobody can say
// who may decrypt, nor see who did.
func ownKey(path string) must {
	return must{path, given, said("no KMS key of the stack encrypts it: set " + path[strings.LastIndex(path, ".")+1:])}
}

// encryption: what a lost disk, snapshot or bucket holds cannot be read.
func encryption() []Rule {
	return []Rule{
		{
			Name:      "database-encrypted",
			Reason:    "volumes, snapshots and backups of a database outlive it; encryption cannot be added to them later",
			Reference: hub("RDS.3", "RDS.4") + " (CIS AWS 5.0 2.2.1)",
			check: each(
				require(databaseType,
					must{"storageEncrypted", yes, "the database is stored in plain: set storageEncrypted to true"},
					ownKey("kmsKeyId")),
				require(copyType, ownKey("kmsKeyId")),
				insights,
			),
		},
		{
			Name:      "cache-encrypted",
			Reason:    "nodes and snapshots of a cache hold what callers sent and received",
			Reference: hub("ElastiCache.4"),
			check: require(cacheGroupType,
				must{"atRestEncryptionEnabled", yes, "the cache is stored in plain: set atRestEncryptionEnabled to true"},
				ownKey("kmsKeyId")),
		},
		{
			Name:      "bucket-encrypted",
			Reason:    "a key of the stack is a second lock: who may read a bucket must also be let decrypt",
			Reference: hub("S3.17"),
			check: each(
				requireOfBuckets(bucketEncryptionType, "nothing says how the bucket is encrypted: add a server-side encryption configuration",
					must{"rules.*.applyServerSideEncryptionByDefault.sseAlgorithm", exactly("aws:kms"), "objects are not encrypted by KMS: set sseAlgorithm to aws:kms with a key of the stack"}),
				bucketKeys,
			),
		},
		{
			Name:      "disk-encrypted",
			Reason:    "the disks of nodes hold images, logs and what pods write",
			Reference: hub("EC2.181", "EC2.3"),
			check: each(
				require(templateType,
					must{"blockDeviceMappings.*.ebs.encrypted", yes, "instances start with a plain disk: map it with ebs.encrypted"},
					ownKey("blockDeviceMappings.*.ebs.kmsKeyId")),
				require(volumeType, must{"encrypted", yes, "the volume is plain: set encrypted to true"}, ownKey("kmsKeyId")),
			),
		},
		{
			Name:      "log-group-encrypted",
			Reason:    "logs tell who did what, and now and then what they should not",
			Reference: "AWS, Encrypt log data using KMS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html",
			check:     require(logGroupType, ownKey("kmsKeyId")),
		},
		{
			Name:      "topic-encrypted",
			Reason:    "alerts describe weaknesses while they are open",
			Reference: hub("SNS.1"),
			check:     require(topicType, ownKey("kmsMasterKeyId")),
		},
		{
			Name:      "secret-encrypted",
			Reason:    "without its own key, whoever may read secrets in the account reads this one",
			Reference: "AWS, Secret encryption and decryption: https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html",
			check:     require(hiddenType, ownKey("kmsKeyId")),
		},
		{
			Name:      "cluster-secrets-encrypted",
			Reason:    "Kubernetes keeps secrets readable in etcd unless KMS wraps them",
			Reference: hub("EKS.3") + " (CIS EKS 5.3.1)",
			check:     require(clusterType, ownKey("encryptionConfigKeyArn")),
		},
		{
			Name:      "vault-encrypted",
			Reason:    "a vault holds everything that the stack holds",
			Reference: hub("Backup.1"),
			check:     require(vaultType, ownKey("kmsKeyArn")),
		},
		{
			Name:      "trail-encrypted",
			Reason:    "audit trails name every principal and resource of the account",
			Reference: hub("CloudTrail.2") + " (CIS AWS 5.0 3.5)",
			check:     each(require(trailType, ownKey("kmsKeyId")), require(deliveryType, ownKey("s3KmsKeyArn"))),
		},
		{
			Name:      "key-rotation",
			Reason:    "a year of data is the most that one leaked key may open",
			Reference: hub("KMS.4") + " (CIS AWS 5.0 3.6)",
			check:     require(keyType, must{"enableKeyRotation", yes, "the key never changes: set enableKeyRotation to true"}),
		},
	}
}

// bucketKeys wants a key where KMS encrypts: without one it is AWS's own.
func bucketKeys(i *inspection) {
	for _, r := range i.OfType(bucketEncryptionType) {
		for _, how := range expand(r.Inputs, "rules.*.applyServerSideEncryptionByDefault") {
			if r.Inputs.Text(how+".sseAlgorithm") == "aws:kms" {
				i.hold(r, ownKey(how+".kmsMasterKeyId"))
			}
		}
	}
}

// insights holds parts of queries, with their values.
func insights(i *inspection) {
	for _, r := range i.OfType(databaseType) {
		if r.Inputs.True("performanceInsightsEnabled") {
			i.hold(r, ownKey("performanceInsightsKmsKeyId"))
		}
	}
}
