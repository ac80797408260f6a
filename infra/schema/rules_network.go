package schema

import "slices"

const (
	ec2Docs = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/"
	vpcDocs = "https://docs.aws.amazon.com/vpc/latest/userguide/"
)

// described is what EC2 takes as the description of a security group or rule.
const described = `[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{0,255}`

func networkLaws() []law {
	return []law{
		{[]string{"aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"}, vpcDocs + "vpc-cidr-blocks.html", []rule{
			{"cidrBlock", "an IPv4 network of /16 to /28, written by its first address", network(16, 28)},
		}},
		{[]string{"aws:ec2/subnet:Subnet"}, ec2Docs + "API_CreateSubnet.html", []rule{
			{"availabilityZone", "a zone such as us-east-2a", matches(`[a-z]{2}(-[a-z]+)+-\d[a-z]`)},
		}},
		{[]string{"aws:ec2/eip:Eip"}, ec2Docs + "API_AllocateAddress.html", []rule{
			{"domain", "vpc", oneOf("vpc")},
		}},
		{[]string{"aws:ec2/route:Route"}, ec2Docs + "API_CreateRoute.html", []rule{
			{"destinationCidrBlock", "an IPv4 network, written by its first address", network(0, 32)},
			{"", "one destination", whole(func(in Object) bool {
				return exactlyOne(in, "destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId")
			})},
			{"", "one target", whole(func(in Object) bool {
				return exactlyOne(in, "gatewayId", "natGatewayId", "networkInterfaceId", "transitGatewayId", "vpcEndpointId", "vpcPeeringConnectionId",
					"egressOnlyGatewayId", "carrierGatewayId", "localGatewayId", "coreNetworkArn")
			})},
		}},
		{[]string{"aws:ec2/routeTableAssociation:RouteTableAssociation"}, ec2Docs + "API_AssociateRouteTable.html", []rule{
			{"", "a subnet or a gateway", whole(func(in Object) bool { return exactlyOne(in, "subnetId", "gatewayId") })},
		}},
		{[]string{"aws:ec2/natGateway:NatGateway"}, ec2Docs + "API_CreateNatGateway.html", []rule{
			{"", "an allocation if it is public, none if it is private", whole(func(in Object) bool {
				return in.Has("allocationId") != (in.Text("connectivityType") == "private")
			})},
		}},
		{[]string{"aws:ec2/vpcEndpoint:VpcEndpoint"}, ec2Docs + "API_CreateVpcEndpoint.html", []rule{
			{"serviceName", "a service such as com.amazonaws.us-east-2.s3", matches(`(com|cn)\.amazonaws\.[a-z0-9.-]+`)},
			{"vpcEndpointType", "Interface, Gateway or another kind", oneOf("Interface", "Gateway", "GatewayLoadBalancer", "Resource", "ServiceNetwork")},
			{"", "subnets and groups for interfaces only, route tables for gateways only", whole(func(in Object) bool {
				if kind := in.Text("vpcEndpointType"); kind == "Interface" {
					return !in.Has("routeTableIds")
				}
				return count(in, "subnetIds", "securityGroupIds", "privateDnsEnabled") == 0
			})},
		}},
		{[]string{"aws:ec2/flowLog:FlowLog"}, ec2Docs + "API_CreateFlowLogs.html", []rule{
			{"maxAggregationInterval", "60 or 600 seconds", oneOf(60.0, 600.0)},
			{"trafficType", "ACCEPT, REJECT or ALL", oneOf("ACCEPT", "REJECT", "ALL")},
			{"logDestinationType", "cloud-watch-logs, s3 or kinesis-data-firehose", oneOf("cloud-watch-logs", "s3", "kinesis-data-firehose")},
			{"", "a role to write to CloudWatch", whole(func(in Object) bool {
				return in.Text("logDestinationType") != "cloud-watch-logs" || in.Has("iamRoleArn")
			})},
			{"", "one thing to watch", whole(func(in Object) bool {
				return exactlyOne(in, "vpcId", "subnetId", "eniId", "transitGatewayId", "transitGatewayAttachmentId")
			})},
		}},
		{[]string{"aws:ec2/launchTemplate:LaunchTemplate"}, ec2Docs + "API_CreateLaunchTemplate.html", []rule{
			{"name", "3 to 128 of letters, digits and ( ) . - / _", matches(`[a-zA-Z0-9().\-/_]{3,128}`)},
			{"metadataOptions.httpTokens", "optional or required", oneOf("optional", "required")},
			{"metadataOptions.httpEndpoint", "enabled or disabled", oneOf("enabled", "disabled")},
			{"metadataOptions.httpPutResponseHopLimit", "1 to 64 hops", between(1, 64)},
			{"blockDeviceMappings.*.ebs.volumeType", "a volume type", oneOf("standard", "io1", "io2", "gp2", "gp3", "sc1", "st1")},
			{"blockDeviceMappings.*.ebs.encrypted", "true or false as a text", oneOf("true", "false")},
			{"blockDeviceMappings.*.ebs", "encryption where there is a key", within(func(ebs Object) bool { return !ebs.Has("kmsKeyId") || ebs.Text("encrypted") == "true" })},
			{"tagSpecifications.*.resourceType", "what an instance is started with", oneOf("instance", "volume", "network-interface", "spot-instances-request", "elastic-gpu")},
		}},
	}
}

// addressLaws are those of security groups.
func addressLaws() []law {
	rules := []string{"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"}
	return []law{
		{[]string{"aws:ec2/securityGroup:SecurityGroup"}, ec2Docs + "API_CreateSecurityGroup.html", []rule{
			{"name", "up to 255 characters that do not begin with sg-", both(matches(described), ifText(func(s string) bool { return len(s) > 0 && (len(s) < 3 || s[:3] != "sg-") }))},
			{"description", "up to 255 of letters, digits and . _-:/()#,@[]+=&;{}!$*", matches(described)},
		}},
		{rules, ec2Docs + "API_IpPermission.html", []rule{
			{"description", "up to 255 of letters, digits and . _-:/()#,@[]+=&;{}!$*", matches(described)},
			{"ipProtocol", "tcp, udp, icmp, icmpv6, a number, or -1 for everything", matches(`tcp|udp|icmp|icmpv6|-1|\d{1,3}`)},
			{"cidrIpv4", "an IPv4 network, written by its first address", network(0, 32)},
			{"fromPort", "a port, or -1", between(-1, 65535)},
			{"toPort", "a port, or -1", between(-1, 65535)},
			{"", "no ports for everything, both in order for TCP and UDP", whole(func(in Object) bool {
				switch protocol := in.Text("ipProtocol"); {
				case protocol == "-1":
					return count(in, "fromPort", "toPort") == 0
				case slices.Contains([]string{"tcp", "udp"}, protocol):
					return count(in, "fromPort", "toPort") == 2 && in.Number("fromPort") <= in.Number("toPort")
				}
				return true
			})},
			{"", "one other side", whole(func(in Object) bool {
				return exactlyOne(in, "cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")
			})},
		}},
		{[]string{"aws:ec2/securityGroupRule:SecurityGroupRule"}, ec2Docs + "API_IpPermission.html", []rule{
			{"type", "ingress or egress", oneOf("ingress", "egress")},
			{"protocol", "tcp, udp, icmp, icmpv6, a number, or -1 for everything", matches(`tcp|udp|icmp|icmpv6|-1|all|\d{1,3}`)},
			{"cidrBlocks.*", "an IPv4 network, written by its first address", network(0, 32)},
			{"", "ports 0 to 0 for everything", whole(func(in Object) bool {
				return in.Text("protocol") != "-1" || in.Number("fromPort") == 0 && in.Number("toPort") == 0
			})},
			{"", "another side", whole(func(in Object) bool {
				return count(in, "cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "sourceSecurityGroupId", "self") > 0
			})},
		}},
	}
}
