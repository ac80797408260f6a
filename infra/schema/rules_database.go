package schema

import (
	"slices"
	"strings"
	"time"

	"github.com/script-ohio/platform/infra/stack"
)

const (
	rdsDocs   = "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/"
	cacheDocs = "https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/"
)

// hyphened is a name that begins with a letter and has no two hyphens in a row
// and none at its end.
func hyphened(longest int) test {
	return both(matches(`[a-z][a-z0-9-]*`), ifText(func(s string) bool {
		return len(s) <= longest && !strings.Contains(s, "--") && !strings.HasSuffix(s, "-")
	}))
}

// daily and weekly are windows of a length at least.
func daily(least time.Duration) test {
	return ifText(func(s string) bool {
		var w stack.Daily
		return w.UnmarshalText([]byte(s)) == nil && w.Length() >= least
	})
}

func weekly(least time.Duration) test {
	return ifText(func(s string) bool {
		var w stack.Weekly
		// AWS takes the day twice only, which String writes.
		return w.UnmarshalText([]byte(s)) == nil && w.String() == s && w.Length() >= least
	})
}

// apart takes inputs whose daily window is clear of the weekly one.
func apart(day, week string) test {
	return whole(func(in Object) bool {
		var d stack.Daily
		var w stack.Weekly
		if d.UnmarshalText([]byte(in.Text(day))) != nil || w.UnmarshalText([]byte(in.Text(week))) != nil {
			return true
		}
		return !d.Overlaps(w.Daily)
	})
}

func databaseLaws() []law {
	return []law{
		{[]string{"aws:rds/instance:Instance"}, rdsDocs + "API_CreateDBInstance.html", []rule{
			{"identifier", "up to 63 of small letters, digits and single hyphens, from a letter", hyphened(63)},
			{"dbName", "up to 63 of letters, digits and _, from a letter", matches(`[A-Za-z][A-Za-z0-9_]{0,62}`)},
			{"username", "up to 63 of letters, digits and _, from a letter, and no word that RDS reserves", both(matches(`[A-Za-z][A-Za-z0-9_]{0,62}`),
				ifText(func(s string) bool { return !slices.Contains([]string{"admin", "rdsadmin", "public", "user"}, s) }))},
			{"password", "8 to 128 printable characters without / \" @ and space", matches(`[!#-.0-?A-~]{8,128}`)},
			{"instanceClass", "a class such as db.m7g.large", matches(`db\.[a-z0-9-]+\.[a-z0-9]+`)},
			{"storageType", "a storage type", oneOf("standard", "gp2", "gp3", "io1", "io2")},
			{"allocatedStorage", "20 to 65536 GB", between(20, 65536)},
			{"backupRetentionPeriod", "0 to 35 days", between(0, 35)},
			{"backupWindow", "a window of 30 minutes at least, such as 03:00-04:00", daily(30 * time.Minute)},
			{"maintenanceWindow", "a window of 30 minutes at least, such as sun:04:00-sun:05:00", weekly(30 * time.Minute)},
			{"", "a backup window clear of the maintenance window", apart("backupWindow", "maintenanceWindow")},
			{"monitoringInterval", "0, 1, 5, 10, 15, 30 or 60 seconds", oneOf(0.0, 1.0, 5.0, 10.0, 15.0, 30.0, 60.0)},
			{"", "a role where there is monitoring", whole(func(in Object) bool { return in.Number("monitoringInterval") == 0 || in.Has("monitoringRoleArn") })},
			{"performanceInsightsRetentionPeriod", "7, 731 or months of 31 days", ifNumber(func(n float64) bool { return n == 7 || n == 731 || n >= 31 && n <= 713 && int(n)%31 == 0 })},
			{"databaseInsightsMode", "standard or advanced", oneOf("standard", "advanced")},
			{"engineLifecycleSupport", "open-source-rds-extended-support or the same with -disabled", oneOf("open-source-rds-extended-support", "open-source-rds-extended-support-disabled")},
			{"enabledCloudwatchLogsExports.*", "a log that PostgreSQL has", oneOf("postgresql", "upgrade", "iam-db-auth-error")},
			{"", "encryption where there is a key", whole(func(in Object) bool { return !in.Has("kmsKeyId") || in.True("storageEncrypted") })},
			{"", "room to grow of a tenth at least", whole(func(in Object) bool {
				most := in.Number("maxAllocatedStorage")
				return most == 0 || most >= 1.1*in.Number("allocatedStorage")
			})},
			{"finalSnapshotIdentifier", "up to 255 of letters, digits and single hyphens, from a letter", both(matches(`[A-Za-z][A-Za-z0-9-]{0,254}`),
				ifText(func(s string) bool { return !strings.Contains(s, "--") && !strings.HasSuffix(s, "-") }))},
			{"", "a name for the final snapshot, unless it is skipped", whole(func(in Object) bool { return in.True("skipFinalSnapshot") || in.Has("finalSnapshotIdentifier") })},
		}},
		{[]string{"aws:rds/instance:Instance"}, rdsDocs + "API_CreateDBInstanceReadReplica.html", []rule{
			{"", "nothing in a replica that it has from its source", whole(func(in Object) bool {
				return !in.Has("replicateSourceDb") || count(in, "dbName", "username", "password", "manageMasterUserPassword") == 0
			})},
			{"", "no final snapshot of a replica", whole(func(in Object) bool {
				return !in.Has("replicateSourceDb") || in.True("skipFinalSnapshot") && !in.Has("finalSnapshotIdentifier")
			})},
			{"", "engine, user, password and storage unless it is a replica", whole(func(in Object) bool {
				return in.Has("replicateSourceDb") || in.Has("snapshotIdentifier") || count(in, "engine", "username", "allocatedStorage") == 3 && (in.Has("password") || in.True("manageMasterUserPassword"))
			})},
		}},
		{[]string{"aws:rds/subnetGroup:SubnetGroup"}, rdsDocs + "API_CreateDBSubnetGroup.html", []rule{
			{"name", "up to 255 of small letters, digits and . _ - and space, not default", both(matches(`[a-z0-9._ -]{1,255}`), ifText(func(s string) bool { return s != "default" }))},
		}},
		{[]string{"aws:rds/parameterGroup:ParameterGroup"}, rdsDocs + "API_CreateDBParameterGroup.html", []rule{
			{"name", "up to 255 of small letters, digits and single hyphens, from a letter", hyphened(255)},
			{"family", "a family such as postgres17", matches(`[a-z]+(-[a-z]+)*\d+(\.\d+)?`)},
			{"parameters.*.applyMethod", "immediate or pending-reboot", oneOf("immediate", "pending-reboot")},
		}},
		{[]string{"aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"}, rdsDocs + "API_StartDBInstanceAutomatedBackupsReplication.html", []rule{
			{"retentionPeriod", "1 to 35 days", between(1, 35)},
		}},
	}
}

// birthLaws hold for what is made, not for what is changed.
func birthLaws() []law {
	return []law{
		// A database keeps the zone that it had when it gains a standby.
		{[]string{"aws:rds/instance:Instance"}, rdsDocs + "API_CreateDBInstance.html", []rule{
			{"", "no zone where there is a standby", whole(func(in Object) bool { return !in.True("multiAz") || !in.Has("availabilityZone") })},
		}},
	}
}

func cacheLaws() []law {
	return []law{
		{[]string{"aws:elasticache/replicationGroup:ReplicationGroup"}, cacheDocs + "API_CreateReplicationGroup.html", []rule{
			{"replicationGroupId", "up to 40 of small letters, digits and single hyphens, from a letter", hyphened(40)},
			{"engine", "valkey or redis", oneOf("valkey", "redis")},
			{"nodeType", "a node type such as cache.r7g.large", matches(`cache\.[a-z0-9]+\.[a-z0-9]+`)},
			{"snapshotRetentionLimit", "0 to 35 days", between(0, 35)},
			{"snapshotWindow", "a window of an hour at least, such as 05:00-06:00", daily(time.Hour)},
			{"maintenanceWindow", "a window of an hour at least, such as sun:06:00-sun:07:00", weekly(time.Hour)},
			{"", "a snapshot window clear of the maintenance window", apart("snapshotWindow", "maintenanceWindow")},
			{"numCacheClusters", "1 to 6 nodes", between(1, 6)},
			{"", "two nodes for a failover, and a failover for several zones", whole(func(in Object) bool {
				return (!in.True("automaticFailoverEnabled") || in.Number("numCacheClusters") != 1) && (!in.True("multiAzEnabled") || in.True("automaticFailoverEnabled"))
			})},
			{"", "encryption where there is a key", whole(func(in Object) bool { return !in.Has("kmsKeyId") || in.True("atRestEncryptionEnabled") })},
			{"", "TLS where there are users, and users or a token, not both", whole(func(in Object) bool {
				return (!in.Has("userGroupIds") || in.True("transitEncryptionEnabled")) && count(in, "userGroupIds", "authToken") < 2
			})},
			{"transitEncryptionMode", "preferred or required", oneOf("preferred", "required")},
			{"logDeliveryConfigurations.*.destinationType", "cloudwatch-logs or kinesis-firehose", oneOf("cloudwatch-logs", "kinesis-firehose")},
			{"logDeliveryConfigurations.*.logFormat", "text or json", oneOf("text", "json")},
			{"logDeliveryConfigurations.*.logType", "slow-log or engine-log", oneOf("slow-log", "engine-log")},
		}},
		{[]string{"aws:elasticache/user:User"}, cacheDocs + "API_CreateUser.html", []rule{
			{"userId", "up to 40 of letters, digits and hyphens, from a letter", matches(`[a-zA-Z][a-zA-Z0-9-]{0,39}`)},
			{"engine", "valkey or redis", oneOf("valkey", "redis")},
			{"authenticationMode.type", "password, no-password-required or iam", oneOf("password", "no-password-required", "iam")},
			{"authenticationMode.passwords.*", "16 to 128 printable characters", matches(`[!-~]{16,128}`)},
			{"", "a password or IAM for a user of Valkey", whole(func(in Object) bool {
				return in.Text("engine") != "valkey" || in.Text("authenticationMode.type") != "no-password-required" && !in.True("noPasswordRequired")
			})},
		}},
		{[]string{"aws:elasticache/userGroup:UserGroup"}, cacheDocs + "API_CreateUserGroup.html", []rule{
			{"userGroupId", "up to 40 of letters, digits and hyphens, from a letter", matches(`[a-zA-Z][a-zA-Z0-9-]{0,39}`)},
			{"engine", "valkey or redis", oneOf("valkey", "redis")},
		}},
		{[]string{"aws:elasticache/subnetGroup:SubnetGroup"}, cacheDocs + "API_CreateCacheSubnetGroup.html", []rule{
			{"name", "up to 255 of letters, digits and hyphens", matches(`[a-zA-Z0-9-]{1,255}`)},
		}},
		{[]string{"aws:elasticache/parameterGroup:ParameterGroup"}, cacheDocs + "API_CreateCacheParameterGroup.html", []rule{
			{"name", "up to 255 of small letters, digits and single hyphens, from a letter", hyphened(255)},
			{"family", "a family such as valkey8", matches(`(valkey|redis|memcached)[0-9.x]+`)},
		}},
	}
}
