package policy_test

import "github.com/script-ohio/platform/infra/plan"

func durabilityMutations() []mutation {
	unprotected := func(kind, name string) func(graph) { return func(g graph) { g.get(kind, name).Protect = false } }
	unretained := func(kind, name string) func(graph) { return func(g graph) { g.get(kind, name).RetainOnDelete = false } }
	const cache, database = "elasticache/replicationGroup", "rds/instance"
	return []mutation{
		{"data-protected", "database", unprotected(database, "database"), nil},
		{"data-protected", "replica", unretained(database, "database-replica-2"), nil},
		{"data-protected", "cache", unprotected(cache, "cache"), nil},
		{"data-protected", "bucket", unretained("s3/bucketV2", "models"), nil},
		{"data-protected", "what closes a bucket", unretained("s3/bucketPublicAccessBlock", "models"), nil},
		{"data-protected", "key", unprotected("kms/key", "recovery-storage"), nil},
		{"data-protected", "vault", unprotected("backup/vault", "backup"), nil},
		{"data-protected", "secret", unretained("secretsmanager/secret", "cache-app"), nil},
		{"data-protected", "evidence", unprotected("cloudwatch/logGroup", "firewall"), nil},
		{"data-protected", "cluster", unprotected("eks:index:Cluster", "cluster"), nil},
		{"data-protected", "trail", unprotected("cloudtrail/trail", "audit"), nil},
		{"deletion-protected", "replica", func(g graph) { g.set(database, "database-replica-1", "deletionProtection", false) }, nil},
		{"key-deletion-slow", "a week", func(g graph) { g.set("kms/key", "database", "deletionWindowInDays", 7) }, nil},
		{"secret-deletion-slow", "at once", func(g graph) { g.set("secretsmanager/secret", "database-master", "recoveryWindowInDays", 0) }, nil},
		{"bucket-versioned", "suspended", func(g graph) {
			g.set("s3/bucketVersioningV2", "models", "versioningConfiguration.status", "Suspended")
		}, nil},
		{"bucket-versioned", "none", func(g graph) { g.drop("s3/bucketVersioningV2", "logs") }, nil},
		{"database-standby", "one zone", func(g graph) { g.set(database, "database", "multiAz", false) }, nil},
		{"cache-failover", "off", func(g graph) { g.set(cache, "cache", "automaticFailoverEnabled", false) }, nil},
		{"cache-failover", "one zone", func(g graph) { g.set(cache, "cache", "multiAzEnabled", false) }, nil},
		{"cache-failover", "one node", func(g graph) { g.set(cache, "cache", "numCacheClusters", 1) }, nil},
	}
}

func recoveryMutations() []mutation {
	const cache, database, lock = "elasticache/replicationGroup", "rds/instance", "s3/bucketObjectLockConfigurationV2"
	away := func(g graph, r *plan.Resource) { r.Provider = g.get("pulumi:providers:aws", "aws").URN }
	return []mutation{
		{"database-backups", "a week", func(g graph) { g.set(database, "database", "backupRetentionPeriod", 7) }, nil},
		{"database-backups", "go with it", func(g graph) { g.set(database, "database", "deleteAutomatedBackups", true) }, nil},
		{"final-snapshots", "skipped", func(g graph) { g.set(database, "database", "skipFinalSnapshot", true) }, nil},
		{"final-snapshots", "cache", func(g graph) { g.unset(cache, "cache", "finalSnapshotIdentifier") }, nil},
		{"cache-snapshots", "none", func(g graph) { g.set(cache, "cache", "snapshotRetentionLimit", 0) }, nil},
		{"database-in-backup-plan", "other tag", func(g graph) { g.set(database, "database", "tags.Backup", "weekly") }, nil},
		{"database-in-backup-plan", "other stack", func(g graph) {
			g.set("backup/selection", "backup", "conditions.0.stringEquals.1.value", "staging")
		}, nil},
		{"database-in-backup-plan", "no selection", func(g graph) { g.drop("backup/selection") }, nil},
		{"backup-plan", "a week", func(g graph) { g.set("backup/plan", "backup", "rules.0.lifecycle.deleteAfter", 7) }, nil},
		{"copies-in-another-region", "database", func(g graph) { g.drop("rds/instanceAutomatedBackupsReplication") }, nil},
		{"copies-in-another-region", "database, same region", func(g graph) {
			away(g, g.get("rds/instanceAutomatedBackupsReplication", "database-recovery"))
		}, nil},
		{"copies-in-another-region", "vault", func(g graph) { g.unset("backup/plan", "backup", "rules.0.copyActions") }, nil},
		{"copies-in-another-region", "vault, same region", func(g graph) {
			g.replace("backup/plan", "backup", "rules.0.copyActions.0.destinationVaultArn", "us-west-2", "us-east-2")
		}, nil},
		{"copies-in-another-region", "bucket", func(g graph) { g.drop("s3/bucketReplicationConfig") }, nil},
		{"copies-in-another-region", "bucket, off", func(g graph) {
			g.set("s3/bucketReplicationConfig", "backups-replication", "rules.0.status", "Disabled")
		}, nil},
		{"copies-in-another-region", "bucket, elsewhere", func(g graph) {
			g.set("s3/bucketReplicationConfig", "backups-replication", "rules.0.destination.bucket", "arn:aws:s3:::somebody")
		}, nil},
		{"vault-locked", "no lock", func(g graph) { g.drop("backup/vaultLockConfiguration", "recovery-backup") }, nil},
		{"vault-locked", "a week", func(g graph) { g.set("backup/vaultLockConfiguration", "backup", "minRetentionDays", 7) }, nil},
		{"vault-locked", "can be taken off", func(g graph) { g.unset("backup/vaultLockConfiguration", "backup", "changeableForDays") }, nil},
		{"backups-object-locked", "bucket", func(g graph) { g.set("s3/bucketV2", "backups", "objectLockEnabled", false) }, nil},
		{"backups-object-locked", "no retention", func(g graph) { g.drop(lock, "recovery-backups") }, nil},
		{"backups-object-locked", "governance", func(g graph) { g.set(lock, "backups", "rule.defaultRetention.mode", "GOVERNANCE") }, nil},
		{"backups-object-locked", "a week", func(g graph) { g.set(lock, "backups", "rule.defaultRetention.days", 7) }, nil},
		{"backups-object-locked", "no bucket", func(g graph) {
			g.set("s3/bucketV2", "backups", "tags.DataClass", "things")
			g.set("s3/bucketV2", "recovery-backups", "tags.DataClass", "things")
		}, nil},
	}
}
