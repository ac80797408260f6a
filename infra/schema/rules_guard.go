package schema

func guardLaws() []law {
	const backupDocs = "https://docs.aws.amazon.com/aws-backup/latest/devguide/"
	return []law{
		{[]string{"aws:accessanalyzer/analyzer:Analyzer"}, "https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_CreateAnalyzer.html", []rule{
			{"analyzerName", "up to 255 of letters, digits and _ . -, from a letter", matches(`[A-Za-z][A-Za-z0-9_.-]{0,254}`)},
			{"type", "a type of analyzer", oneOf("ACCOUNT", "ORGANIZATION", "ACCOUNT_UNUSED_ACCESS", "ORGANIZATION_UNUSED_ACCESS", "ACCOUNT_INTERNAL_ACCESS", "ORGANIZATION_INTERNAL_ACCESS")},
		}},
		{[]string{"aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess"}, ec2Docs + "API_EnableSnapshotBlockPublicAccess.html", []rule{
			{"state", "block-all-sharing, block-new-sharing or unblocked", oneOf("block-all-sharing", "block-new-sharing", "unblocked")},
		}},
		{[]string{"aws:backup/vault:Vault"}, backupDocs + "API_CreateBackupVault.html", []rule{
			{"name", "2 to 50 of letters, digits, hyphens and underscores", matches(`[a-zA-Z0-9_-]{2,50}`)},
		}},
		{[]string{"aws:backup/vaultLockConfiguration:VaultLockConfiguration"}, backupDocs + "API_PutBackupVaultLockConfiguration.html", []rule{
			{"changeableForDays", "3 days at least", between(3, 36500)},
			{"minRetentionDays", "a day at least", between(1, 36500)},
			{"maxRetentionDays", "36500 days at most", between(1, 36500)},
			{"", "a shortest retention that is not above the longest", whole(func(in Object) bool {
				return !in.Has("maxRetentionDays") || in.Number("minRetentionDays") <= in.Number("maxRetentionDays")
			})},
		}},
		{[]string{"aws:backup/plan:Plan"}, backupDocs + "API_BackupRule.html", []rule{
			{"rules.*.ruleName", "up to 50 of letters, digits and _ - .", matches(`[a-zA-Z0-9_.-]{1,50}`)},
			{"rules.*.schedule", "a schedule such as cron(0 8 * * ? *)", matches(`cron\(\S+ \S+ \S+ \S+ \S+ \S+\)`)},
			{"rules.*", "an hour to start, and an hour more to end", within(func(in Object) bool {
				start, end := in.Number("startWindow"), in.Number("completionWindow")
				return (start == 0 || start >= 60) && (end == 0 || end >= start+60)
			})},
			{"rules.*.lifecycle", "90 days in cold storage at least", within(func(in Object) bool {
				return !in.Has("coldStorageAfter") || !in.Has("deleteAfter") || in.Number("deleteAfter") >= in.Number("coldStorageAfter")+90
			})},
		}},
		{[]string{"aws:backup/selection:Selection"}, backupDocs + "API_BackupSelection.html", []rule{
			{"name", "up to 50 of letters, digits and _ - .", matches(`[a-zA-Z0-9_.-]{1,50}`)},
			{"", "resources or tags", whole(func(in Object) bool { return count(in, "resources", "selectionTags") > 0 })},
		}},
		{[]string{"aws:budgets/budget:Budget"}, "https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_Budget.html", []rule{
			{"name", "up to 100 characters without : and \\", matches(`[^:\\]{1,100}`)},
			{"budgetType", "a kind of budget", oneOf("COST", "USAGE", "RI_UTILIZATION", "RI_COVERAGE", "SAVINGS_PLANS_UTILIZATION", "SAVINGS_PLANS_COVERAGE")},
			{"timeUnit", "DAILY, MONTHLY, QUARTERLY or ANNUALLY", oneOf("DAILY", "MONTHLY", "QUARTERLY", "ANNUALLY")},
			{"limitAmount", "a number as a text", matches(`\d+(\.\d+)?`)},
			{"notifications.*.notificationType", "ACTUAL or FORECASTED", oneOf("ACTUAL", "FORECASTED")},
			{"notifications.*.comparisonOperator", "GREATER_THAN, LESS_THAN or EQUAL_TO", oneOf("GREATER_THAN", "LESS_THAN", "EQUAL_TO")},
			{"notifications.*", "somebody to tell", within(func(in Object) bool { return count(in, "subscriberEmailAddresses", "subscriberSnsTopicArns") > 0 })},
		}},
		{[]string{"aws:cfg/recorder:Recorder"}, "https://docs.aws.amazon.com/config/latest/APIReference/API_RecordingGroup.html", []rule{
			{"recordingGroup", "global types with all types only", within(func(in Object) bool { return !in.True("includeGlobalResourceTypes") || in.At("allSupported") != false })},
		}},
		{[]string{"aws:cfg/deliveryChannel:DeliveryChannel"}, "https://docs.aws.amazon.com/config/latest/APIReference/API_ConfigSnapshotDeliveryProperties.html", []rule{
			{"snapshotDeliveryProperties.deliveryFrequency", "a period of Config", oneOf("One_Hour", "Three_Hours", "Six_Hours", "Twelve_Hours", "TwentyFour_Hours")},
		}},
		{[]string{"aws:cloudtrail/trail:Trail"}, "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html", []rule{
			{"name", "3 to 128 of letters, digits and single . _ -, from a letter or digit to a letter or digit", matches(`[A-Za-z0-9]([._-]?[A-Za-z0-9]){2,127}`)},
			{"s3KeyPrefix", "up to 200 characters without a slash at its end", matches(`.{0,199}[^/]`)},
			{"", "global events in a trail of all regions", whole(func(in Object) bool {
				return !in.True("isMultiRegionTrail") || in.At("includeGlobalServiceEvents") != false
			})},
		}},
		{[]string{"aws:guardduty/detector:Detector"}, "https://docs.aws.amazon.com/guardduty/latest/APIReference/API_CreateDetector.html", []rule{
			{"findingPublishingFrequency", "FIFTEEN_MINUTES, ONE_HOUR or SIX_HOURS", oneOf("FIFTEEN_MINUTES", "ONE_HOUR", "SIX_HOURS")},
		}},
		{[]string{"aws:guardduty/detectorFeature:DetectorFeature"}, "https://docs.aws.amazon.com/guardduty/latest/APIReference/API_DetectorFeatureConfiguration.html", []rule{
			{"name", "a feature of GuardDuty", oneOf("S3_DATA_EVENTS", "EKS_AUDIT_LOGS", "EBS_MALWARE_PROTECTION", "RDS_LOGIN_EVENTS", "EKS_RUNTIME_MONITORING", "LAMBDA_NETWORK_LOGS", "RUNTIME_MONITORING")},
			{"status", "ENABLED or DISABLED", oneOf("ENABLED", "DISABLED")},
		}},
		{[]string{"aws:cloudwatch/eventRule:EventRule"}, "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html", []rule{
			{"name", "up to 64 of letters, digits and . - _", matches(`[.\-_A-Za-z0-9]{1,64}`)},
			{"description", "up to 512 characters", longest(512)},
			{"eventPattern", "a JSON document of up to 2048 characters", document(2048)},
			{"", "a pattern or a schedule", whole(func(in Object) bool { return count(in, "eventPattern", "scheduleExpression") > 0 })},
		}},
		{[]string{"aws:sns/topic:Topic"}, "https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html", []rule{
			{"name", "up to 256 of letters, digits, _ and -", matches(`[A-Za-z0-9_-]{1,256}`)},
		}},
		{[]string{"aws:sns/topicPolicy:TopicPolicy"}, "https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html", []rule{
			{"policy", "a JSON document of up to 30 KB", document(30 * 1024)},
		}},
		{[]string{"aws:sns/topicSubscription:TopicSubscription"}, "https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html", []rule{
			{"protocol", "a protocol of SNS", oneOf("http", "https", "email", "email-json", "sms", "sqs", "application", "lambda", "firehose")},
			{"", "an address for mail", whole(func(in Object) bool {
				return in.Text("protocol") != "email" || matches(`[^@\s]+@[^@\s]+`)(in.At("endpoint"), in)
			})},
		}},
	}
}
