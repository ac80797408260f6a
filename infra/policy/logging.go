package policy

import (
	"slices"
	"strings"

	"github.com/script-ohio/platform/infra/plan"
)

// logging: whoever did something can be found out, afterwards and in order.
func logging() []Rule {
	return []Rule{
		{
			Name:      "cluster-logs",
			Reason:    "without the audit log nobody knows who read a secret or started a pod",
			Reference: hub("EKS.8") + " (CIS EKS 2.1.1)",
			check:     clusterLogs,
		},
		{
			Name:      "flow-logs",
			Reason:    "who talked to whom is the first question after an intrusion",
			Reference: hub("EC2.6") + " (CIS AWS 5.0 3.7)",
			check: func(i *inspection) {
				for _, vpc := range i.OfType(vpcType) {
					found := i.pointing(flowLogType, "vpcId", vpc)
					if len(found) == 0 {
						i.fault(vpc, "", "nothing records its traffic: add a flow log")
					}
					for _, r := range found {
						i.hold(r, must{"trafficType", exactly("ALL"), "a part of the traffic is not recorded: set trafficType to ALL"})
					}
				}
			},
		},
		{
			Name:      "bucket-access-logs",
			Reason:    "object reads are in no trail of management events; the access log shows a theft",
			Reference: hub("S3.9", "CloudTrail.7"),
			check: requireOfBuckets(bucketLoggingType, "no access log records who reads it: add a logging configuration",
				must{"targetBucket", given, "its access log goes nowhere: set targetBucket"}),
		},
		{
			Name:      "trail-complete",
			Reason:    "an intruder works in the region that nobody watches and then edits the record",
			Reference: hub("CloudTrail.1", "CloudTrail.4") + " (CIS AWS 5.0 3.1, 3.2)",
			check: require(trailType,
				must{"enableLogging", func(v any) bool { return v == nil || yes(v) }, "the trail is off: set enableLogging to true"},
				must{"isMultiRegionTrail", yes, "it sees one region: set isMultiRegionTrail to true"},
				must{"includeGlobalServiceEvents", func(v any) bool { return v == nil || yes(v) }, "it misses IAM: set includeGlobalServiceEvents to true"},
				must{"enableLogFileValidation", yes, "records can be changed without a trace: set enableLogFileValidation to true"}),
		},
		{
			Name:       "trail-exists",
			Reason:     "without a trail AWS keeps 90 days of events, which nobody can search for what was done in them",
			Reference:  hub("CloudTrail.1") + " (CIS AWS 5.0 3.1)",
			Production: true,
			check: func(i *inspection) {
				if len(i.OfType(trailType)) == 0 {
					i.fault(nil, "", "the account has no audit trail of this stack: set accountGuards to true, or exempt the stack whose account has another")
				}
			},
		},
		{
			Name:      "logs-retained",
			Reason:    "logs without an end cost for ever; logs that end too soon are gone when asked for",
			Reference: hub("CloudWatch.16"),
			check: func(i *inspection) {
				least := 1.0
				if i.production() {
					least = 90
				}
				require(logGroupType, must{"retentionInDays", atLeast(least), "logs are kept for ever or too short: set retentionInDays, in production to 90 or more"})(i)
			},
		},
		{
			Name:      "database-logs",
			Reason:    "logs on the instance are gone with it, and after some days anyway",
			Reference: hub("RDS.36", "RDS.9"),
			check: func(i *inspection) {
				for _, r := range i.OfType(databaseType) {
					if !slices.Contains(r.Inputs.Texts("enabledCloudwatchLogsExports"), r.Inputs.Text("engine")) &&
						!slices.Contains(r.Inputs.Texts("enabledCloudwatchLogsExports"), "postgresql") {
						i.fault(r, "enabledCloudwatchLogsExports", "its log stays on the instance: export postgresql")
					}
				}
			},
		},
	}
}

// clusterLogs wants all five, in a log group of ours: one that EKS makes keeps
// them for ever under no key.
func clusterLogs(i *inspection) {
	for _, r := range i.OfType(clusterType) {
		for _, kind := range []string{"api", "audit", "authenticator", "controllerManager", "scheduler"} {
			if !slices.Contains(r.Inputs.Texts("enabledClusterLogTypes"), kind) {
				i.fault(r, "enabledClusterLogTypes", "the control plane does not log %s: add it", kind)
			}
		}
		name := "/aws/eks/" + r.Inputs.Text("name") + "/cluster"
		if !slices.ContainsFunc(i.OfType(logGroupType), func(g *plan.Resource) bool { return strings.EqualFold(g.Inputs.Text("name"), name) }) {
			i.fault(r, "name", "EKS makes the log group %s itself, without our key and for ever: register it", name)
		}
	}
}
