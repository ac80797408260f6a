package schema

import (
	"encoding/json"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

const eksDocs = "https://docs.aws.amazon.com/eks/latest/APIReference/"

// graviton are instance types with arm64 processors: a g stands after their
// generation.
var graviton = regexp.MustCompile(`^[a-z]+\d+g[a-z]*\.`)

func clusterLaws() []law {
	clusterName := matches(`[0-9A-Za-z][A-Za-z0-9_-]{0,99}`)
	return []law{
		{[]string{"aws:eks/cluster:Cluster"}, eksDocs + "API_CreateCluster.html", []rule{
			{"name", "up to 100 of letters, digits, _ and -", clusterName},
			{"version", "a minor version such as 1.36", matches(`1\.\d\d`)},
			{"enabledClusterLogTypes.*", "a log of the control plane", oneOf("api", "audit", "authenticator", "controllerManager", "scheduler")},
			{"accessConfig.authenticationMode", "API, API_AND_CONFIG_MAP or CONFIG_MAP", oneOf("API", "API_AND_CONFIG_MAP", "CONFIG_MAP")},
			{"encryptionConfig.resources.*", "secrets", oneOf("secrets")},
			{"vpcConfig", "a public or a private endpoint, and subnets in two zones at least", within(func(in Object) bool {
				list, known := in.At("subnetIds").([]any)
				return (in.True("endpointPrivateAccess") || in.At("endpointPublicAccess") != false) && (!known || len(list) >= 2)
			})},
			{"vpcConfig.publicAccessCidrs.*", "an IPv4 network, written by its first address", network(0, 32)},
			{"kubernetesNetworkConfig.serviceIpv4Cidr", "/12 to /24 of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16", both(network(12, 24), ifText(func(s string) bool {
				p, err := netip.ParsePrefix(s)
				return err == nil && p.Addr().IsPrivate()
			}))},
			{"kubernetesNetworkConfig.ipFamily", "ipv4 or ipv6", oneOf("ipv4", "ipv6")},
		}},
		{[]string{"aws:eks/nodeGroup:NodeGroup"}, eksDocs + "API_CreateNodegroup.html", []rule{
			{"nodeGroupName", "up to 63 of letters, digits, _ and -", matches(`[0-9A-Za-z][A-Za-z0-9_-]{0,62}`)},
			{"nodeGroupNamePrefix", "up to 37 of letters, digits, _ and -, for 26 come after it", matches(`[0-9A-Za-z][A-Za-z0-9_-]{0,36}`)},
			{"amiType", "a machine image that EKS still makes", matches(`AL2023_(x86_64_(STANDARD|NVIDIA|NEURON)|ARM_64_(STANDARD|NVIDIA))|BOTTLEROCKET_(ARM_64|x86_64)(_FIPS|_NVIDIA)?|WINDOWS_(CORE|FULL)_20(19|22|25)_x86_64|CUSTOM`)},
			{"capacityType", "ON_DEMAND, SPOT or CAPACITY_BLOCK", oneOf("ON_DEMAND", "SPOT", "CAPACITY_BLOCK")},
			{"", "instance types of the image's processor", whole(func(in Object) bool {
				arm, ami := strings.Contains(in.Text("amiType"), "ARM_64"), in.Text("amiType")
				return !slices.ContainsFunc(in.All("instanceTypes.*"), func(f Found) bool {
					t, is := f.Value.(string)
					return is && ami != "" && ami != "CUSTOM" && graviton.MatchString(t) != arm
				})
			})},
			{"scalingConfig", "at least as many as the least wanted, at most as many as the most, 1 to 450", within(func(in Object) bool {
				least, now, most := in.Number("minSize"), in.Number("desiredSize"), in.Number("maxSize")
				return least >= 0 && least <= now && now <= most && most >= 1 && most <= 450
			})},
			{"updateConfig", "a number or a percentage, 1 to 100", within(func(in Object) bool {
				n := in.Number("maxUnavailable") + in.Number("maxUnavailablePercentage")
				return exactlyOne(in, "maxUnavailable", "maxUnavailablePercentage") && n >= 1 && n <= 100
			})},
			{"launchTemplate", "an id or a name", within(func(in Object) bool { return exactlyOne(in, "id", "name") })},
			{"", "no disk size or remote access beside a launch template", whole(func(in Object) bool { return !in.Has("launchTemplate") || count(in, "diskSize", "remoteAccess") == 0 })},
		}},
		{[]string{"aws:eks/addon:Addon"}, eksDocs + "API_CreateAddon.html", []rule{
			{"addonVersion", "a build such as v1.21.1-eksbuild.8", matches(`v\d+\.\d+\.\d+-eksbuild\.\d+`)},
			{"resolveConflictsOnCreate", "NONE or OVERWRITE", oneOf("NONE", "OVERWRITE")},
			{"resolveConflictsOnUpdate", "NONE, OVERWRITE or PRESERVE", oneOf("NONE", "OVERWRITE", "PRESERVE")},
			{"configurationValues", "JSON", ifText(func(s string) bool { return json.Valid([]byte(s)) })},
		}},
		{[]string{"aws:eks/accessEntry:AccessEntry"}, eksDocs + "API_CreateAccessEntry.html", []rule{
			{"type", "a type of access entry", oneOf("STANDARD", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "EC2", "HYBRID_LINUX", "HYPERPOD_LINUX")},
			{"principalArn", "the ARN of a role or user", matches(`arn:aws:iam::\d{12}:(role|user)/.+`)},
			{"", "groups and user names for STANDARD only", whole(func(in Object) bool {
				kind := in.Text("type")
				return kind == "" || kind == "STANDARD" || count(in, "kubernetesGroups", "userName") == 0
			})},
		}},
		{[]string{"aws:eks/accessPolicyAssociation:AccessPolicyAssociation"}, eksDocs + "API_AssociateAccessPolicy.html", []rule{
			{"policyArn", "a policy of EKS", matches(`arn:aws:eks::aws:cluster-access-policy/\w+`)},
			{"accessScope.type", "cluster or namespace", oneOf("cluster", "namespace")},
			{"accessScope", "namespaces for the type namespace, and for no other", within(func(in Object) bool {
				return in.Has("namespaces") == (in.Text("type") == "namespace")
			})},
		}},
		{[]string{"aws:eks/podIdentityAssociation:PodIdentityAssociation"}, eksDocs + "API_CreatePodIdentityAssociation.html", []rule{
			{"namespace", "the name of a namespace", matches(`[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?`)},
			{"serviceAccount", "the name of a service account", matches(`[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?`)},
			{"roleArn", "the ARN of a role", matches(`arn:aws:iam::\d{12}:role/.+`)},
		}},
		{[]string{"aws:cloudwatch/logGroup:LogGroup"}, "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html", []rule{
			{"name", "up to 512 of letters, digits and _ - / . #", matches(`[.\-_/#A-Za-z0-9]{1,512}`)},
			{"retentionInDays", "one of the periods of CloudWatch, or 0 for ever", oneOf(0.0, 1.0, 3.0, 5.0, 7.0, 14.0, 30.0, 60.0, 90.0, 120.0, 150.0, 180.0, 365.0, 400.0,
				545.0, 731.0, 1096.0, 1827.0, 2192.0, 2557.0, 2922.0, 3288.0, 3653.0)},
		}},
	}
}
