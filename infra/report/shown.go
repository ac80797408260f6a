package report

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/wafv2"
)

// value is one input that matters to a reader, and how it reads: a text with
// the value at its %s; without one it speaks for itself.
type value struct{ path, reads string }

// shown is what matters of each type. A type that is not in it is only
// counted.
func shown() map[string][]value {
	return map[string][]value{
		"aws:ec2/vpc:Vpc":               {{"cidrBlock", ""}},
		"aws:ec2/subnet:Subnet":         {{"cidrBlock", ""}, {"availabilityZone", ""}},
		"aws:ec2/natGateway:NatGateway": {},
		"aws:ec2/vpnGateway:VpnGateway": {},
		"aws:ec2/flowLog:FlowLog":       {{"trafficType", ""}},
		"aws:kms/key:Key":               {{"description", ""}, {"enableKeyRotation", "rotates %s"}},

		"eks:index:Cluster": {
			{"version", ""}, {"endpointPrivateAccess", "private endpoint %s"}, {"endpointPublicAccess", "public endpoint %s"},
			{"publicAccessCidrs", "open to %s"}, {"enabledClusterLogTypes", "logs %s"},
		},
		"aws:eks/nodeGroup:NodeGroup": {
			{"instanceTypes", ""}, {"scalingConfig.minSize", "from %s"}, {"scalingConfig.maxSize", "to %s"}, {"amiType", ""},
		},
		"aws:ec2/launchTemplate:LaunchTemplate": {
			{"blockDeviceMappings.0.ebs.volumeSize", "%s GB"}, {"blockDeviceMappings.0.ebs.volumeType", ""},
			{"blockDeviceMappings.0.ebs.encrypted", "encrypted %s"}, {"metadataOptions.httpTokens", "IMDSv2 %s"}, {"metadataOptions.httpPutResponseHopLimit", "%s hop"},
		},
		"aws:eks/addon:Addon":             {{"addonVersion", ""}},
		"aws:eks/accessEntry:AccessEntry": {{"type", ""}},

		"aws:rds/instance:Instance": {
			{"engine", ""}, {"engineVersion", ""}, {"instanceClass", ""}, {"multiAz", "multi-AZ %s"}, {"availabilityZone", "in %s"}, {"allocatedStorage", "%s GB"},
			{"maxAllocatedStorage", "at most %s GB"}, {"backupRetentionPeriod", "backups kept %s days"}, {"backupWindow", "at %s"}, {"maintenanceWindow", "maintenance %s"},
		},
		"aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": {{"retentionPeriod", "%s days"}},
		"aws:elasticache/replicationGroup:ReplicationGroup": {
			{"engine", ""}, {"engineVersion", ""}, {"nodeType", ""}, {"numCacheClusters", "%s nodes"}, {"automaticFailoverEnabled", "failover %s"},
			{"multiAzEnabled", "multi-AZ %s"}, {"transitEncryptionMode", "TLS %s"}, {"snapshotRetentionLimit", "snapshots kept %s days"},
		},
		"aws:secretsmanager/secret:Secret": {{"description", ""}},

		"aws:s3/bucketV2:BucketV2":                                               {{"bucket", ""}, {"objectLockEnabled", "Object Lock %s"}},
		"aws:s3/bucketReplicationConfig:BucketReplicationConfig":                 {{"rules.0.destination.bucket", "to %s"}},
		"aws:s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2": {{"rule.defaultRetention.mode", ""}, {"rule.defaultRetention.days", "%s days"}},
		"aws:acm/certificate:Certificate":                                        {{"domainName", ""}},
		"aws:route53/record:Record":                                              {{"type", ""}, {"name", ""}},
		wafv2.WebACLType:                                                         {{"rules.#.name", "rules %s"}, {"rules.1.statement.rateBasedStatement.limit", "%s requests in 5 min"}},
		wafv2.IPSetType:                                                          {{"ipAddressVersion", ""}},
		"aws:iam/role:Role":                                                      {},
		"aws:iam/openIdConnectProvider:OpenIdConnectProvider":                    {{"url", ""}},
		"aws:backup/plan:Plan":                                                   {{"rules.0.schedule", ""}, {"rules.0.lifecycle.deleteAfter", "kept %s days"}},
		"aws:backup/vaultLockConfiguration:VaultLockConfiguration":               {{"minRetentionDays", "at least %s days"}, {"changeableForDays", "final after %s days"}},
		"aws:guardduty/detector:Detector":                                        {{"enable", "on %s"}},
		"aws:cloudtrail/trail:Trail":                                             {{"isMultiRegionTrail", "all regions %s"}, {"enableLogFileValidation", "validated %s"}},
		"aws:cfg/recorder:Recorder":                                              {{"recordingGroup.allSupported", "all types %s"}},
		"aws:budgets/budget:Budget":                                              {{"limitAmount", "%s USD a month"}},
		"kubernetes:apps/v1:Deployment":                                          {{"spec.replicas", "%s replicas"}, {"spec.template.spec.containers.0.image", ""}, {"spec.template.spec.containers.0.resources.requests.cpu", "%s CPU"}, {"spec.template.spec.containers.0.resources.requests.memory", ""}},
		"kubernetes:autoscaling/v2:HorizontalPodAutoscaler":                      {{"spec.minReplicas", "from %s"}, {"spec.maxReplicas", "to %s"}},
		"kubernetes:batch/v1:Job":                                                {{"metadata.name", ""}, {"spec.template.spec.containers.0.args", "%s"}},
		"kubernetes:networking.k8s.io/v1:Ingress":                                {{"spec.rules.0.host", ""}, {"spec.ingressClassName", "class %s"}},
		"kubernetes:helm.sh/v3:Release":                                          {{"chart", ""}, {"version", ""}, {"namespace", "in %s"}},

		"aws:sns/topicSubscription:TopicSubscription": {{"protocol", ""}, {"endpoint", "to %s"}},
	}
}

// describe is the values of a resource in a line.
func describe(r *plan.Resource, values []value) string {
	var words []string
	for _, v := range values {
		text := show(r.Inputs, v.path)
		if text == "" {
			continue
		}
		if v.reads != "" {
			text = fmt.Sprintf(v.reads, text)
		}
		words = append(words, text)
	}
	return strings.Join(words, ", ")
}

// show is the value at a path as a reader would say it. A # stands for every
// element of a list.
func show(inputs plan.Values, path string) string {
	if before, after, each := strings.Cut(path, ".#."); each {
		list, _ := inputs.At(before).([]any)
		var words []string
		for i := range list {
			words = append(words, show(inputs, before+"."+strconv.Itoa(i)+"."+after))
		}
		return strings.Join(words, " ")
	}
	switch v := inputs.At(path).(type) {
	case nil:
		return ""
	case bool:
		return map[bool]string{true: "yes", false: "no"}[v]
	case []any:
		return strings.Trim(fmt.Sprint(v), "[]")
	default:
		return fmt.Sprint(v)
	}
}
