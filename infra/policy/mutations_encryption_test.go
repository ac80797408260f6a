package policy_test

func encryptionMutations() []mutation {
	drop := func(kind, name, path string) func(graph) { return func(g graph) { g.unset(kind, name, path) } }
	off := func(kind, name, path string) func(graph) { return func(g graph) { g.set(kind, name, path, false) } }
	const sse = "s3/bucketServerSideEncryptionConfigurationV2"
	return []mutation{
		{"database-encrypted", "primary", off("rds/instance", "database", "storageEncrypted"), nil},
		{"database-encrypted", "replica", off("rds/instance", "database-replica-1", "storageEncrypted"), nil},
		{"database-encrypted", "own key", drop("rds/instance", "database", "kmsKeyId"), nil},
		{"database-encrypted", "insights", drop("rds/instance", "database", "performanceInsightsKmsKeyId"), nil},
		{"database-encrypted", "copies", drop("rds/instanceAutomatedBackupsReplication", "database-recovery", "kmsKeyId"), nil},
		{"cache-encrypted", "off", off("elasticache/replicationGroup", "cache", "atRestEncryptionEnabled"), nil},
		{"cache-encrypted", "own key", drop("elasticache/replicationGroup", "cache", "kmsKeyId"), nil},
		{"bucket-encrypted", "none", func(g graph) { g.drop(sse, "models") }, nil},
		{"bucket-encrypted", "keys of S3", func(g graph) {
			g.set(sse, "backups", "rules.0.applyServerSideEncryptionByDefault.sseAlgorithm", "AES256")
		}, nil},
		{"bucket-encrypted", "own key", drop(sse, "models", "rules.0.applyServerSideEncryptionByDefault.kmsMasterKeyId"), nil},
		{"disk-encrypted", "node", func(g graph) {
			g.set("ec2/launchTemplate", "cluster-nodes", "blockDeviceMappings.0.ebs.encrypted", "false")
		}, nil},
		{"disk-encrypted", "node without mapping", drop("ec2/launchTemplate", "cluster-nodes", "blockDeviceMappings"), nil},
		{"disk-encrypted", "volume", func(g graph) {
			g.add("aws:ebs/volume:Volume", "scratch", map[string]any{"size": 10, "kmsKeyId": "arn:aws:kms:us-east-2:111122223333:key/k"})
		}, nil},
		{"log-group-encrypted", "flow logs", drop("cloudwatch/logGroup", "flow-logs", "kmsKeyId"), nil},
		{"topic-encrypted", "alerts", drop("sns/topic", "alerts", "kmsMasterKeyId"), nil},
		{"secret-encrypted", "master", drop("secretsmanager/secret", "database-master", "kmsKeyId"), nil},
		{"cluster-secrets-encrypted", "cluster", drop("eks:index:Cluster", "cluster", "encryptionConfigKeyArn"), nil},
		{"vault-encrypted", "recovery", drop("backup/vault", "recovery-backup", "kmsKeyArn"), nil},
		{"trail-encrypted", "trail", drop("cloudtrail/trail", "audit", "kmsKeyId"), nil},
		{"trail-encrypted", "config", drop("cfg/deliveryChannel", "config", "s3KmsKeyArn"), nil},
		{"key-rotation", "logs", off("kms/key", "logs", "enableKeyRotation"), nil},

		{"bucket-tls-only", "no policy", func(g graph) { g.drop("s3/bucketPolicy", "models") }, nil},
		{"bucket-tls-only", "objects only", func(g graph) {
			g.replace("s3/bucketPolicy", "backups", "policy", `"arn:aws:s3:::script-ohio-prod-backups-111122223333-us-east-2",`, "")
		}, nil},
		{"bucket-tls-only", "allowed", func(g graph) {
			g.replace("s3/bucketPolicy", "backups", "policy", `"aws:SecureTransport":["false"]`, `"aws:SecureTransport":["true"]`)
		}, nil},
		{"bucket-tls-only", "only sometimes", func(g graph) {
			g.replace("s3/bucketPolicy", "backups", "policy", `{"aws:SecureTransport":["false"]}`, `{"aws:SecureTransport":["false"],"aws:MultiFactorAuthPresent":["false"]}`)
		}, nil},
		{"database-tls-only", "not forced", func(g graph) {
			g.set("rds/parameterGroup", "database-postgres17", "parameters.0.value", "0")
		}, nil},
		{"database-tls-only", "default parameters", drop("rds/instance", "database-replica-2", "parameterGroupName"), nil},
		{"cache-tls-only", "off", off("elasticache/replicationGroup", "cache", "transitEncryptionEnabled"), nil},
		{"cache-tls-only", "preferred", func(g graph) {
			g.set("elasticache/replicationGroup", "cache", "transitEncryptionMode", "preferred")
		}, nil},
	}
}
