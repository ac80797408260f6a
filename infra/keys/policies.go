package keys

import "github.com/script-ohio/platform/infra/iamdoc"

// Who may use which key, beside the account's own IAM policies. A service that
// acts for a caller of this account is known by kms:ViaService; one that acts
// by itself is a principal, held to this account by what it sends along.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service

// database: RDS; Performance Insights asks through it too.
func (m *maker) database() []iamdoc.Statement {
	return []iamdoc.Statement{m.through("RDS", "rds")}
}

func (m *maker) cache() []iamdoc.Statement {
	return []iamdoc.Statement{m.through("ElastiCache", "elasticache")}
}

// storage: S3 and AWS Backup. What AWS Backup copies of RDS into a vault of
// another region is written by RDS under the key of that vault.
// https://docs.aws.amazon.com/aws-backup/latest/devguide/encryption.html
func (m *maker) storage() []iamdoc.Statement {
	return []iamdoc.Statement{m.through("S3", "s3"), m.through("Backup", "backup"), m.through("RDS", "rds")}
}

func (m *maker) secrets() []iamdoc.Statement {
	return []iamdoc.Statement{m.through("SecretsManager", "secretsmanager")}
}

// cluster: EC2 encrypts the volumes for node groups (through Auto Scaling) and
// for pods (through the EBS driver). EKS itself encrypts Kubernetes secrets by
// the cluster role, whose IAM policy names this key.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
func (m *maker) cluster() []iamdoc.Statement {
	return []iamdoc.Statement{m.through("EC2", "ec2")}
}

// logs: the services that write logs and audit trails, and those that publish
// alerts to encrypted topics.
func (m *maker) logs() []iamdoc.Statement {
	use := []string{"kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"}
	ofAccount := iamdoc.Equals("aws:SourceAccount", m.Account)
	trails := iamdoc.ARN{Service: "cloudtrail", Region: "*", Account: m.Account, Resource: "trail/*"}.String()
	return []iamdoc.Statement{
		m.through("S3", "s3"),
		m.through("SNS", "sns"),
		// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
		iamdoc.Allow(use...).Named("LogGroups").On("*").To(iamdoc.Service("logs." + m.Region + ".amazonaws.com")).
			When(iamdoc.ArnLike("kms:EncryptionContext:aws:logs:arn", m.any("logs"))),
		// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-S3.html
		iamdoc.Allow(use...).Named("LogDelivery").On("*").To(iamdoc.Service("delivery.logs.amazonaws.com")).
			When(ofAccount, iamdoc.ArnLike("aws:SourceArn", m.any("logs"))),
		// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html
		iamdoc.Allow("kms:GenerateDataKey*").Named("CloudTrailWrites").On("*").To(iamdoc.Service("cloudtrail.amazonaws.com")).
			When(iamdoc.Like("kms:EncryptionContext:aws:cloudtrail:arn", trails), iamdoc.ArnLike("aws:SourceArn", trails)),
		iamdoc.Allow("kms:DescribeKey").Named("CloudTrailChecks").On("*").To(iamdoc.Service("cloudtrail.amazonaws.com")).
			When(iamdoc.ArnLike("aws:SourceArn", trails)),
		// https://docs.aws.amazon.com/config/latest/developerguide/s3-kms-key-policy.html
		iamdoc.Allow("kms:Decrypt", "kms:GenerateDataKey").Named("Config").On("*").To(iamdoc.Service("config.amazonaws.com")).
			When(ofAccount),
		// The topic, not the source: EventBridge sends no aws:SourceAccount to
		// KMS and its alerts would be lost without a word.
		// https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
		iamdoc.Allow("kms:Decrypt", "kms:GenerateDataKey*").Named("AlertTopics").On("*").
			To(iamdoc.Service("events.amazonaws.com"), iamdoc.Service("cloudwatch.amazonaws.com"),
				iamdoc.Service("budgets.amazonaws.com"), iamdoc.Service("backup.amazonaws.com")).
			When(iamdoc.ArnLike("kms:EncryptionContext:aws:sns:topicArn", m.any("sns"))),
	}
}

// through lets callers of this account use the key by way of the service only.
func (m *maker) through(sid, service string) iamdoc.Statement {
	return iamdoc.KeyForService(sid, m.Account, service+"."+m.Region+".amazonaws.com")
}

// any matches everything of the service in this account and region.
func (m *maker) any(service string) string {
	return iamdoc.ARN{Service: service, Region: m.Region, Account: m.Account, Resource: "*"}.String()
}
