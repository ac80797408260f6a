package policy_test

func loggingMutations() []mutation {
	const acl, logging = "wafv2/webAcl", "wafv2/webAclLoggingConfiguration"
	return []mutation{
		{"cluster-logs", "no audit", func(g graph) {
			g.set("eks:index:Cluster", "cluster", "enabledClusterLogTypes", []any{"api", "authenticator", "controllerManager", "scheduler"})
		}, nil},
		{"cluster-logs", "group of EKS", func(g graph) { g.drop("cloudwatch/logGroup", "cluster-logs") }, nil},
		{"flow-logs", "none", func(g graph) { g.drop("ec2/flowLog") }, nil},
		{"flow-logs", "refused only", func(g graph) { g.set("ec2/flowLog", "flow-logs", "trafficType", "REJECT") }, nil},
		{"bucket-access-logs", "none", func(g graph) { g.drop("s3/bucketLoggingV2", "backups") }, nil},
		{"trail-complete", "one region", func(g graph) { g.set("cloudtrail/trail", "audit", "isMultiRegionTrail", false) }, nil},
		{"trail-complete", "no digests", func(g graph) { g.unset("cloudtrail/trail", "audit", "enableLogFileValidation") }, nil},
		{"trail-complete", "off", func(g graph) { g.set("cloudtrail/trail", "audit", "enableLogging", false) }, nil},
		{"trail-exists", "none", func(g graph) { g.drop("cloudtrail/trail") }, nil},
		{"logs-retained", "for ever", func(g graph) { g.unset("cloudwatch/logGroup", "flow-logs", "retentionInDays") }, nil},
		{"logs-retained", "a week", func(g graph) { g.set("cloudwatch/logGroup", "cluster-logs", "retentionInDays", 7) }, nil},
		{"database-logs", "on the instance", func(g graph) {
			g.set("rds/instance", "database", "enabledCloudwatchLogsExports", []any{"upgrade"})
		}, nil},

		{"firewall-rules", "no firewall", func(g graph) { g.drop("wafv2/webAcl:") }, nil},
		{"firewall-rules", "managed group missing", func(g graph) {
			g.set(acl, "firewall", "rules.5.statement.managedRuleGroupStatement.name", "AWSManagedRulesLinuxRuleSet")
		}, nil},
		{"firewall-rules", "managed group counts", func(g graph) {
			g.unset(acl, "firewall", "rules.3.overrideAction.none")
			g.set(acl, "firewall", "rules.3.overrideAction.count", map[string]any{})
		}, nil},
		{"firewall-rules", "no rate", func(g graph) { g.unset(acl, "firewall", "rules.1.statement.rateBasedStatement") }, nil},
		{"firewall-rules", "rate counts", func(g graph) { g.unset(acl, "firewall", "rules.1.action.block") }, nil},
		{"firewall-rules", "no metrics", func(g graph) {
			g.set(acl, "firewall", "rules.2.visibilityConfig.cloudwatchMetricsEnabled", false)
		}, nil},
		{"firewall-logs", "none", func(g graph) { g.drop(logging) }, nil},
		{"firewall-logs", "cookies", func(g graph) { g.set(logging, "firewall", "redactedFields.1.singleHeader.name", "host") }, nil},
		{"firewall-logs", "nothing redacted", func(g graph) { g.unset(logging, "firewall", "redactedFields") }, nil},
	}
}
