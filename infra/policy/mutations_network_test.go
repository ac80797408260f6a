package policy_test

// open lets everybody in by a rule that let a group in.
func open(g graph, name, property, network string) {
	g.unset("vpc/securityGroupIngressRule", name, "referencedSecurityGroupId")
	g.set("vpc/securityGroupIngressRule", name, property, network)
}

func networkMutations() []mutation {
	const in, out = "no-open-ingress", "no-open-egress"
	return []mutation{
		{in, "database", func(g graph) { open(g, "database-from-nodes", "cidrIpv4", "0.0.0.0/0") }, []string{"data-clients-only"}},
		{in, "IPv6", func(g graph) { open(g, "cache-from-pods", "cidrIpv6", "::/0") }, []string{"data-clients-only"}},
		{in, "control plane", func(g graph) { open(g, "cluster-nodes-to-control", "cidrIpv4", "0.0.0.0/0") }, nil},
		{in, "half of everybody", func(g graph) { open(g, "cluster-nodes-to-control", "cidrIpv4", "0.0.0.0/1") }, nil},
		{in, "SSH", func(g graph) {
			g.add("aws:ec2/securityGroupRule:SecurityGroupRule", "ssh", map[string]any{
				"type": "ingress", "protocol": "tcp", "fromPort": 22, "toPort": 22, "securityGroupId": "sg-1", "cidrBlocks": []any{"0.0.0.0/0"},
			})
		}, nil},
		{in, "inline", func(g graph) {
			g.set("ec2/securityGroup", "endpoints", "ingress", []any{map[string]any{"cidrBlocks": []any{"0.0.0.0/0"}}})
		}, nil},
		{in, "network ACL", func(g graph) {
			g.add("aws:ec2/networkAclRule:NetworkAclRule", "all", map[string]any{"ruleAction": "allow", "egress": false, "cidrBlock": "0.0.0.0/0"})
		}, nil},
		{in, "load balancer on another port", func(g graph) {
			g.set("ec2/securityGroup", "endpoints", "tags.Purpose", "load-balancer")
			open8080 := map[string]any{"ipProtocol": "tcp", "fromPort": 8080, "toPort": 8080, "cidrIpv4": "0.0.0.0/0", "securityGroupId": "sg-1"}
			g.add("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "admin", open8080, g.get("ec2/securityGroup", "endpoints"))
		}, nil},
		{in, "not a load balancer", func(g graph) { g.set("vpc/securityGroupIngressRule", "endpoints-https", "cidrIpv4", "0.0.0.0/0") }, nil},
		{in, "condition of a policy", func(g graph) {
			g.replace("iam/role", "cluster-operator", "assumeRolePolicy", `{"StringEquals":`, `{"IpAddress":{"aws:SourceIp":["0.0.0.0/0"]},"StringEquals":`)
		}, nil},
		{out, "every port of nodes", func(g graph) {
			g.set("vpc/securityGroupEgressRule", "cluster-nodes-out", "ipProtocol", "-1")
		}, []string{"exemption-current"}},
		{out, "database", func(g graph) {
			g.add("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "leak", map[string]any{
				"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "0.0.0.0/0", "securityGroupId": "sg-1",
			}, g.get("ec2/securityGroup", "database"))
		}, nil},
		{"default-group-empty", "not adopted", func(g graph) { g.drop("ec2/defaultSecurityGroup") }, nil},
		{"default-group-empty", "rule", func(g graph) {
			g.set("ec2/defaultSecurityGroup", "default", "ingress", []any{map[string]any{"protocol": "-1", "self": true}})
		}, nil},
		{"default-group-empty", "rule of its own", func(g graph) {
			g.add("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "x", map[string]any{"securityGroupId": "sg-1"},
				g.get("ec2/defaultSecurityGroup", "default"))
		}, nil},
		{"no-public-addresses", "subnet", func(g graph) { g.set("ec2/subnet", "public-us-east-2a", "mapPublicIpOnLaunch", true) }, nil},
		{"no-public-addresses", "node", func(g graph) {
			g.set("ec2/launchTemplate", "cluster-nodes", "networkInterfaces", []any{map[string]any{"associatePublicIpAddress": "true"}})
		}, nil},
	}
}
