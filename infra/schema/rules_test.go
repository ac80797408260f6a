package schema

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"
)

// bad is a value that AWS refuses within inputs that it takes: at a path, one
// of nil is taken out.
type bad struct {
	path  string
	value any
	says  string // a part of the reason
}

// examples are at least one for each rule.
func examples() map[string][]bad {
	return map[string][]bad{
		"aws:ec2/vpc:Vpc":                                     {{"cidrBlock", "10.0.0.1/16", "/16 to /28"}, {"cidrBlock", "10.0.0.0/8", "/16 to /28"}},
		"aws:ec2/subnet:Subnet":                               {{"cidrBlock", "10.0.0.0/29", "/16 to /28"}, {"availabilityZone", "us-east-2", "a zone such as"}},
		"aws:ec2/eip:Eip":                                     {{"domain", "standard", "vpc"}},
		"aws:ec2/route:Route":                                 {{"destinationCidrBlock", "0.0.0.0", "an IPv4 network"}, {"vpcPeeringConnectionId", "pcx-1", "one target"}, {"destinationIpv6CidrBlock", "::/0", "one destination"}},
		"aws:ec2/vpcEndpoint:VpcEndpoint":                     {{"serviceName", "s3", "com.amazonaws"}, {"vpcEndpointType", "interface", "Interface, Gateway"}, {"", map[string]any{"vpcId": "vpc-1", "serviceName": "com.amazonaws.us-east-2.kms", "vpcEndpointType": "Interface", "routeTableIds": []any{"rtb-1"}}, "subnets and groups"}},
		"aws:ec2/natGateway:NatGateway":                       {{"allocationId", nil, "an allocation"}},
		"aws:ec2/routeTableAssociation:RouteTableAssociation": {{"gatewayId", "igw-1", "a subnet or a gateway"}},
		"aws:ec2/flowLog:FlowLog": {{"maxAggregationInterval", 300, "60 or 600"}, {"trafficType", "all", "ACCEPT"}, {"logDestinationType", "s4", "cloud-watch-logs"},
			{"iamRoleArn", nil, "a role"}, {"subnetId", "subnet-1", "one thing"}},
		"aws:ec2/launchTemplate:LaunchTemplate": {{"name", "a b", "3 to 128"}, {"metadataOptions.httpTokens", "yes", "optional"}, {"metadataOptions.httpEndpoint", "on", "enabled"},
			{"metadataOptions.httpPutResponseHopLimit", 65, "1 to 64"}, {"blockDeviceMappings.0.ebs.volumeType", "gp4", "a volume type"},
			{"blockDeviceMappings.0.ebs.encrypted", "yes", "true or false"}, {"blockDeviceMappings.0.ebs.encrypted", "false", "encryption where"}, {"tagSpecifications.0.resourceType", "disk", "started with"}},
		"aws:ec2/securityGroup:SecurityGroup": {{"name", "sg-mine", "begin with sg-"}, {"description", "it's mine", "up to 255"}},
		"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {{"description", "“quoted”", "up to 255"}, {"ipProtocol", "http", "tcp, udp"}, {"cidrIpv4", "10.0.0.0", "an IPv4 network"},
			{"fromPort", 70000, "a port"}, {"toPort", 70000, "a port"}, {"ipProtocol", "-1", "no ports"}, {"toPort", 1, "in order"}, {"prefixListId", "pl-1", "one other side"}},
		"aws:ec2/securityGroupRule:SecurityGroupRule": {{"type", "in", "ingress"}, {"protocol", "any", "tcp, udp"}, {"cidrBlocks", []any{"10.0.0.1/8"}, "an IPv4 network"},
			{"protocol", "-1", "ports 0 to 0"}, {"self", nil, "another side"}},

		"aws:rds/instance:Instance": {{"identifier", "Ohio", "small letters"}, {"identifier", "ohio--1", "single hyphens"}, {"dbName", "1ohio", "from a letter"}, {"username", "admin", "reserves"},
			{"password", "with space", "printable"}, {"instanceClass", "m7g.large", "db.m7g.large"}, {"storageType", "ssd", "a storage type"}, {"allocatedStorage", 10, "20 to 65536"},
			{"backupRetentionPeriod", 36, "0 to 35"}, {"backupWindow", "03:00-03:20", "30 minutes"}, {"maintenanceWindow", "sun:04:00-05:00", "sun:04:00-sun:05:00"},
			{"maintenanceWindow", "sun:03:30-sun:04:30", "clear of"}, {"monitoringInterval", 20, "0, 1, 5"}, {"monitoringRoleArn", nil, "a role"},
			{"performanceInsightsRetentionPeriod", 30, "31 days"}, {"databaseInsightsMode", "best", "standard"}, {"engineLifecycleSupport", "none", "open-source"},
			{"enabledCloudwatchLogsExports.0", "error", "a log"}, {"availabilityZone", "us-east-2a", "no zone"}, {"storageEncrypted", false, "encryption where"},
			{"maxAllocatedStorage", 50, "room to grow"}, {"finalSnapshotIdentifier", "final-", "single hyphens"}, {"finalSnapshotIdentifier", nil, "a name for"},
			{"replicateSourceDb", "ohio", "nothing in a replica"}, {"replicateSourceDb", "ohio", "no final snapshot"}, {"password", nil, "unless it is a replica"}},
		"aws:rds/subnetGroup:SubnetGroup":                                                 {{"name", "default", "not default"}},
		"aws:rds/parameterGroup:ParameterGroup":                                           {{"name", "Ohio", "small letters"}, {"family", "postgres", "a family"}, {"parameters.0.applyMethod", "now", "immediate"}},
		"aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": {{"retentionPeriod", 0, "1 to 35"}},

		"aws:elasticache/replicationGroup:ReplicationGroup": {{"replicationGroupId", strings.Repeat("a", 41), "up to 40"}, {"engine", "memcached", "valkey"}, {"nodeType", "r7g.large", "a node type"},
			{"snapshotRetentionLimit", 36, "0 to 35"}, {"snapshotWindow", "05:00-05:30", "an hour"}, {"maintenanceWindow", "sun:06:00-sun:06:30", "an hour"},
			{"maintenanceWindow", "sun:05:30-sun:06:30", "clear of"}, {"numCacheClusters", 7, "1 to 6"}, {"numCacheClusters", 1, "two nodes"}, {"automaticFailoverEnabled", false, "a failover for"},
			{"atRestEncryptionEnabled", false, "encryption where"}, {"transitEncryptionEnabled", false, "TLS"}, {"transitEncryptionMode", "on", "preferred"},
			{"logDeliveryConfigurations.0.destinationType", "s3", "cloudwatch-logs"}, {"logDeliveryConfigurations.0.logFormat", "csv", "text"}, {"logDeliveryConfigurations.0.logType", "fast-log", "slow-log"}},
		"aws:elasticache/user:User": {{"userId", "1ohio", "from a letter"}, {"engine", "memcached", "valkey"}, {"authenticationMode.type", "none", "password"},
			{"authenticationMode.passwords.0", "short", "16 to 128"}, {"authenticationMode.type", "no-password-required", "a user of Valkey"}},
		"aws:elasticache/userGroup:UserGroup":           {{"userGroupId", "", "up to 40"}, {"engine", "memcached", "valkey"}},
		"aws:elasticache/subnetGroup:SubnetGroup":       {{"name", "a_b", "up to 255"}},
		"aws:elasticache/parameterGroup:ParameterGroup": {{"name", "a--b", "single hyphens"}, {"family", "postgres17", "a family"}},

		"aws:s3/bucketV2:BucketV2":                                                                   {{"bucket", "Logs", "3 to 63"}, {"bucket", "10.0.0.1", "no IP"}, {"bucket", "a..b", "3 to 63"}, {"bucket", "xn--logs", "reserves"}},
		"aws:s3/bucketVersioningV2:BucketVersioningV2":                                               {{"versioningConfiguration.status", "On", "Enabled"}},
		"aws:s3/bucketOwnershipControls:BucketOwnershipControls":                                     {{"rule.objectOwnership", "Mine", "BucketOwnerEnforced"}},
		"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": {{"rules.0.applyServerSideEncryptionByDefault.sseAlgorithm", "aes", "AES256"}, {"rules.0.applyServerSideEncryptionByDefault", map[string]any{"sseAlgorithm": "AES256", "kmsMasterKeyId": "key"}, "with KMS only"}},
		"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2": {{"rules.0.status", "on", "Enabled"}, {"rules.0.transitions.0.storageClass", "COLD", "a colder"}, {"rules.0.transitions.0.days", 20, "30 days"},
			{"rules.0.transitions.1.days", 40, "30 days"}, {"rules.0.expiration.days", 91, ""}, {"rules.0.expiration.days", 80, "an expiration after"}, {"rules.0.expiration.expiredObjectDeleteMarker", true, "one of them"},
			{"rules.1.noncurrentVersionExpiration.noncurrentDays", 0, "a day"}, {"rules.2.abortIncompleteMultipartUpload.daysAfterInitiation", 0, "a day"}},
		"aws:s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2": {{"rule.defaultRetention.mode", "SOFT", "GOVERNANCE"}, {"rule.defaultRetention.years", 1, "days or years"}, {"rule.defaultRetention.days", 0, "1 to 36500"}},
		"aws:s3/bucketReplicationConfig:BucketReplicationConfig":                 {{"rules.0.status", "on", "Enabled"}, {"rules.0.priority", nil, "a priority"}, {"rules.0.destination.encryptionConfiguration", nil, "a key for"}},
		"aws:s3/bucketPolicy:BucketPolicy":                                       {{"policy", "Allow everybody", "a JSON document"}},
		"aws:secretsmanager/secret:Secret":                                       {{"name", "a b", "up to 512"}, {"recoveryWindowInDays", 3, "7 to 30"}},
		"aws:secretsmanager/secretVersion:SecretVersion":                         {{"secretString", strings.Repeat("a", 65537), ""}},

		"aws:iam/role:Role":                                   {{"name", strings.Repeat("a", 65), "up to 64"}, {"description", strings.Repeat("a", 1001), "up to 1000"}, {"maxSessionDuration", 60, "3600"}, {"assumeRolePolicy", "{", "a JSON document"}},
		"aws:iam/rolePolicy:RolePolicy":                       {{"name", strings.Repeat("a", 129), "up to 128"}, {"policy", `{"a":"` + strings.Repeat("a", 10240) + `"}`, "10240"}},
		"aws:iam/rolePolicyAttachment:RolePolicyAttachment":   {{"policyArn", "AmazonEKSClusterPolicy", "the ARN"}},
		"aws:iam/openIdConnectProvider:OpenIdConnectProvider": {{"url", "http://ohio.example", "https"}, {"clientIdLists.0", strings.Repeat("a", 256), "up to 255"}},
		"aws:kms/key:Key":                                     {{"deletionWindowInDays", 5, "7 to 30"}, {"rotationPeriodInDays", 30, "90 to 2560"}, {"enableKeyRotation", false, "a rotation"}, {"policy", "none", "a JSON document"}, {"description", strings.Repeat("a", 8193), ""}},
		"aws:kms/alias:Alias":                                 {{"name", "alias/aws/s3", "not alias/aws/"}},
		"random:index/randomPassword:RandomPassword":          {{"length", 0, "a character"}},
		"random:index/randomId:RandomId":                      {{"byteLength", 0, "a byte"}},

		"aws:eks/cluster:Cluster": {{"name", "-ohio", "up to 100"}, {"version", "v1.36", "a minor version"}, {"enabledClusterLogTypes.0", "kubelet", "a log"}, {"accessConfig.authenticationMode", "RBAC", "API"},
			{"encryptionConfig.resources.0", "pods", "secrets"}, {"vpcConfig.subnetIds", []any{"subnet-1"}, "two zones"}, {"vpcConfig.publicAccessCidrs", []any{"1.2.3.4"}, "an IPv4 network"},
			{"kubernetesNetworkConfig.serviceIpv4Cidr", "8.8.0.0/16", "172.16"}, {"kubernetesNetworkConfig.ipFamily", "both", "ipv4"}},
		"aws:eks/nodeGroup:NodeGroup": {{"nodeGroupName", "a b", "up to 63"}, {"nodeGroupNamePrefix", strings.Repeat("a", 38), "up to 37"}, {"amiType", "AL2_x86_64", "still makes"}, {"capacityType", "CHEAP", "ON_DEMAND"},
			{"instanceTypes.0", "m5.large", "processor"}, {"scalingConfig.minSize", 4, "at least as many"}, {"updateConfig.maxUnavailablePercentage", 10, "a percentage"}, {"launchTemplate.name", "a", "an id or a name"}, {"diskSize", 20, "beside a launch template"}},
		"aws:eks/addon:Addon":                                     {{"addonVersion", "latest", "a build"}, {"resolveConflictsOnCreate", "PRESERVE", "NONE or"}, {"resolveConflictsOnUpdate", "KEEP", "PRESERVE"}, {"configurationValues", "{", "JSON"}},
		"aws:eks/accessEntry:AccessEntry":                         {{"type", "NODES", "a type"}, {"principalArn", "developer", "the ARN"}, {"", map[string]any{"clusterName": "ohio", "principalArn": "arn:aws:iam::111122223333:role/node", "type": "EC2_LINUX", "userName": "node"}, "STANDARD only"}},
		"aws:eks/accessPolicyAssociation:AccessPolicyAssociation": {{"policyArn", "arn:aws:iam::aws:policy/AmazonEKSViewPolicy", "a policy of EKS"}, {"accessScope.type", "all", "cluster or"}, {"accessScope", map[string]any{"type": "namespace"}, "namespaces for"}},
		"aws:eks/podIdentityAssociation:PodIdentityAssociation":   {{"namespace", "Ohio", "a namespace"}, {"serviceAccount", "_", "a service account"}, {"roleArn", "app", "the ARN"}},
		"aws:cloudwatch/logGroup:LogGroup":                        {{"name", "a b", "up to 512"}, {"retentionInDays", 42, "one of the periods"}},

		"aws:accessanalyzer/analyzer:Analyzer":                        {{"analyzerName", "1", "from a letter"}, {"type", "ANY", "a type"}},
		"aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess": {{"state", "block", "block-all-sharing"}},
		"aws:backup/vault:Vault":                                      {{"name", "a", "2 to 50"}},
		"aws:backup/vaultLockConfiguration:VaultLockConfiguration":    {{"changeableForDays", 1, "3 days"}, {"minRetentionDays", 0, "a day"}, {"maxRetentionDays", 36501, "36500"}, {"maxRetentionDays", 1, "a shortest"}},
		"aws:backup/plan:Plan":                                        {{"rules.0.ruleName", "a b", "up to 50"}, {"rules.0.schedule", "daily", "cron"}, {"rules.0.startWindow", 30, "an hour"}, {"rules.0.lifecycle.coldStorageAfter", 30, "90 days"}},
		"aws:backup/selection:Selection":                              {{"name", "a b", "up to 50"}, {"resources", nil, "resources or tags"}},
		"aws:budgets/budget:Budget": {{"name", "a:b", "up to 100"}, {"budgetType", "MONEY", "a kind"}, {"timeUnit", "WEEKLY", "DAILY"}, {"limitAmount", "much", "a number"}, {"notifications.0.notificationType", "GUESSED", "ACTUAL"},
			{"notifications.0.comparisonOperator", "ABOVE", "GREATER_THAN"}, {"notifications.0.subscriberEmailAddresses", nil, "somebody"}},
		"aws:cfg/recorder:Recorder":                     {{"recordingGroup.allSupported", false, "all types"}},
		"aws:cfg/deliveryChannel:DeliveryChannel":       {{"snapshotDeliveryProperties.deliveryFrequency", "Daily", "a period"}},
		"aws:cloudtrail/trail:Trail":                    {{"name", "a", "3 to 128"}, {"s3KeyPrefix", "trail/", "without a slash"}, {"includeGlobalServiceEvents", false, "global events"}},
		"aws:guardduty/detector:Detector":               {{"findingPublishingFrequency", "ALWAYS", "FIFTEEN_MINUTES"}},
		"aws:guardduty/detectorFeature:DetectorFeature": {{"name", "EVERYTHING", "a feature"}, {"status", "ON", "ENABLED"}},
		"aws:cloudwatch/eventRule:EventRule":            {{"name", strings.Repeat("a", 65), "up to 64"}, {"description", strings.Repeat("a", 513), "up to 512"}, {"eventPattern", "{", "a JSON document"}, {"eventPattern", nil, "a pattern or"}},
		"aws:sns/topic:Topic":                           {{"name", "a b", "up to 256"}},
		"aws:sns/topicPolicy:TopicPolicy":               {{"policy", "", "a JSON document"}},
		"aws:sns/topicSubscription:TopicSubscription":   {{"protocol", "slack", "a protocol"}, {"endpoint", "ops", "an address"}},

		"aws:acm/certificate:Certificate":                    {{"domainName", "api_1.example.com", "a domain"}, {"validationMethod", "TRUST", "DNS"}},
		"aws:route53/record:Record":                          {{"type", "URL", "a type"}, {"ttl", -1, "seconds"}, {"ttl", nil, "a time to live"}, {"records", []any{"amazon.com"}, "a quoted value"}},
		"aws:cloudwatch/logResourcePolicy:LogResourcePolicy": {{"policyDocument", "-", "a JSON document"}},
		"aws:wafv2/webAcl:WebAcl": {{"name", "a b", "up to 128"}, {"description", "it's", "up to 256"}, {"scope", "GLOBAL", "REGIONAL"}, {"defaultAction.block", map[string]any{}, "allow or block"}, {"visibilityConfig.metricName", "a b", "up to 128"},
			{"rules.0.name", "a b", "up to 128"}, {"rules.0.priority", 1, "different"}, {"rules.0.action", nil, "an action for"}, {"rules.1.statement.rateBasedStatement.limit", 1, "10 to"},
			{"rules.1.statement.rateBasedStatement.evaluationWindowSec", 30, "60, 120"}, {"rules.1.statement.rateBasedStatement.aggregateKeyType", "USER", "what to count"}},
		"aws:wafv2/ipSet:IpSet": {{"name", "a b", "up to 128"}, {"ipAddressVersion", "IPv4", "IPV4"}, {"scope", "GLOBAL", "REGIONAL"}, {"addresses", []any{"0.0.0.0/0"}, "not everything"}},
		"aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": {{"logDestinationConfigs.0", "arn:aws:logs:us-east-2:111122223333:log-group:waf", "begins with"}, {"redactedFields.0.singleHeader.name", "Cookie", "small letters"}},
	}
}

// good are inputs of types that the program itself does not register.
func good() map[string]map[string]any {
	return map[string]map[string]any{
		"aws:eks/cluster:Cluster": {
			"name": "ohio", "version": "1.36", "roleArn": "arn:aws:iam::111122223333:role/ohio", "enabledClusterLogTypes": []any{"api"},
			"accessConfig":            map[string]any{"authenticationMode": "API"},
			"encryptionConfig":        map[string]any{"provider": map[string]any{"keyArn": "arn"}, "resources": []any{"secrets"}},
			"vpcConfig":               map[string]any{"endpointPrivateAccess": true, "endpointPublicAccess": false, "subnetIds": []any{"subnet-1", "subnet-2"}},
			"kubernetesNetworkConfig": map[string]any{"serviceIpv4Cidr": "172.20.0.0/16", "ipFamily": "ipv4"},
		},
		"aws:eks/accessPolicyAssociation:AccessPolicyAssociation": {
			"clusterName": "ohio", "principalArn": "arn:aws:iam::111122223333:role/admin",
			"policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy", "accessScope": map[string]any{"type": "cluster"},
		},
		"aws:ec2/securityGroupRule:SecurityGroupRule": {"type": "ingress", "protocol": "tcp", "fromPort": 1.0, "toPort": 2.0, "securityGroupId": "sg-1", "self": true},
	}
}

// bases are inputs that AWS takes, by type: the first of the program's that has
// most of the properties that the examples change.
func bases(t *testing.T) map[string]map[string]any {
	t.Helper()
	found := good()
	for _, r := range recorded(t)["prod"] {
		in := Plain(r.Inputs.Map)
		fit := func(o Object) int {
			n := 0
			for _, e := range examples()[r.Type] {
				n += len(o.All(e.path))
			}
			return n
		}
		if old, has := found[r.Type]; !has || fit(in) > fit(old) {
			found[r.Type] = in
		}
	}
	return found
}

// changed is the object with another value at the path.
func changed(v any, path string, value any) any {
	if path == "" {
		return value
	}
	step, rest, _ := strings.Cut(path, ".")
	switch in := v.(type) {
	case []any:
		list := slices.Clone(in)
		i, _ := strconv.Atoi(step) // examples are ours
		list[i] = changed(list[i], rest, value)
		return list
	case map[string]any:
		object := maps.Clone(in)
		if object[step] = changed(object[step], rest, value); object[step] == nil {
			delete(object, step)
		}
		return object
	}
	return changed(map[string]any{}, path, value)
}

func TestWhatAWSRefuses(t *testing.T) {
	all := bases(t)
	for typ, bads := range examples() {
		base, known := all[typ]
		require.True(t, known, "no inputs of %s to change", typ)
		require.Empty(t, Check(typ, resource.NewPropertyMapFromMap(base)), typ)
		for _, e := range bads {
			object, _ := changed(base, e.path, e.value).(map[string]any)
			var reasons []string
			for _, problem := range Check(typ, resource.NewPropertyMapFromMap(object)) {
				reasons = append(reasons, problem.Error())
				require.True(t, strings.HasPrefix(problem.URL, "https://"), "%v", problem)
			}
			if e.value == 91 && e.path == "rules.0.expiration.days" {
				require.Empty(t, reasons, "the day after the last move is late enough")
				continue
			}
			require.Contains(t, strings.Join(reasons, "\n"), e.says, "%s %s", typ, e.path)
			require.NotEmpty(t, reasons, "%s %s", typ, e.path)
		}
	}
}

// A database that gains a standby keeps its zone in its inputs.
func TestSomeRulesAreForWhatIsMade(t *testing.T) {
	in, _ := changed(bases(t)["aws:rds/instance:Instance"], "availabilityZone", "us-east-2a").(map[string]any)
	require.Len(t, Check("aws:rds/instance:Instance", resource.NewPropertyMapFromMap(in)), 1)
	require.Empty(t, CheckChange("aws:rds/instance:Instance", resource.NewPropertyMapFromMap(in)))
}

func TestEveryRuleHasAnExample(t *testing.T) {
	all := bases(t)
	for _, l := range slices.Concat(laws(), birthLaws()) {
		for _, r := range l.rules {
			for _, typ := range l.types {
				if typ == "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule" {
					continue // the same as of ingress
				}
				shown := slices.ContainsFunc(examples()[typ], func(e bad) bool {
					object, _ := changed(all[typ], e.path, e.value).(map[string]any)
					in := Plain(resource.NewPropertyMapFromMap(object))
					return slices.ContainsFunc(in.All(r.path), func(f Found) bool { return !r.holds(f.Value, in) })
				})
				require.True(t, shown, fmt.Sprintf("%s %s must be %s: show inputs that break it", typ, r.path, r.must))
			}
		}
	}
}
