package policy_test

func exposureMutations() []mutation {
	on := func(kind, name, path string) func(graph) { return func(g graph) { g.set(kind, name, path, true) } }
	const block, owner = "s3/bucketPublicAccessBlock", "s3/bucketOwnershipControls"
	return []mutation{
		{"database-private", "public", on("rds/instance", "database", "publiclyAccessible"), nil},
		{"data-isolated", "way out", func(g graph) {
			g.set("ec2/routeTableAssociation", "database-us-east-2a", "routeTableId", "rtb-script-ohio-prod-private-us-east-2a")
		}, nil},
		{"data-isolated", "main route table", func(g graph) { g.drop("ec2/routeTableAssociation", "database-us-east-2b") }, nil},
		{"data-isolated", "public subnet", func(g graph) {
			g.set("elasticache/subnetGroup", "cache", "subnetIds.0", "subnet-script-ohio-prod-public-us-east-2a")
		}, nil},
		{"data-isolated", "default VPC", func(g graph) { g.unset("rds/instance", "database", "dbSubnetGroupName") }, nil},
		{"data-isolated", "default subnets", func(g graph) { g.unset("elasticache/replicationGroup", "cache", "subnetGroupName") }, nil},
		{"data-clients-only", "network", func(g graph) {
			g.unset("vpc/securityGroupIngressRule", "database-from-nodes", "referencedSecurityGroupId")
			g.set("vpc/securityGroupIngressRule", "database-from-nodes", "cidrIpv4", "10.0.0.0/16")
		}, nil},
		{"data-clients-only", "network, older type", func(g graph) {
			g.add("aws:ec2/securityGroupRule:SecurityGroupRule", "vpn", map[string]any{
				"type": "ingress", "securityGroupId": "sg-1", "cidrBlocks": []any{"10.2.0.0/16"},
			}, g.get("ec2/securityGroup", "cache"))
		}, nil},
		{"data-clients-only", "inline", func(g graph) {
			g.set("ec2/securityGroup", "database", "ingress", []any{map[string]any{"cidrBlocks": []any{"10.0.0.0/16"}}})
		}, nil},
		{"data-clients-only", "foreign group", func(g graph) {
			g.set("rds/instance", "database", "vpcSecurityGroupIds", []any{"sg-script-ohio-prod-database", "sg-0123456789abcdef0"})
		}, nil},
		{"bucket-private", "no block", func(g graph) { g.drop(block, "logs") }, nil},
		{"bucket-private", "ACLs", func(g graph) { g.set(block, "logs", "ignorePublicAcls", false) }, nil},
		{"bucket-private", "policies", func(g graph) { g.unset(block, "backups", "restrictPublicBuckets") }, nil},
		{"bucket-owner-enforced", "ACLs", func(g graph) { g.set(owner, "backups", "rule.objectOwnership", "ObjectWriter") }, nil},
		{"bucket-owner-enforced", "none", func(g graph) { g.drop(owner, "models") }, nil},
		{"snapshots-private", "database", func(g graph) {
			g.add("aws:rds/snapshot:Snapshot", "s", map[string]any{"sharedAccounts": []any{"all"}})
		}, nil},
		{"snapshots-private", "volume", func(g graph) {
			g.add("aws:ec2/snapshotCreateVolumePermission:SnapshotCreateVolumePermission", "s", map[string]any{"snapshotId": "snap-1"})
		}, nil},
		{"cluster-endpoint-private", "everybody", func(g graph) {
			g.set("eks:index:Cluster", "cluster", "endpointPublicAccess", true)
		}, nil},
		{"cluster-endpoint-private", "by default", func(g graph) {
			g.unset("eks:index:Cluster", "cluster", "endpointPublicAccess")
		}, nil},
		{"cluster-endpoint-private", "half of everybody", func(g graph) {
			g.set("eks:index:Cluster", "cluster", "endpointPublicAccess", true)
			g.set("eks:index:Cluster", "cluster", "publicAccessCidrs", []any{"128.0.0.0/1"})
		}, []string{"no-open-ingress"}},
		{"cluster-endpoint-private", "no private one", func(g graph) {
			g.set("eks:index:Cluster", "cluster", "endpointPrivateAccess", false)
		}, nil},
		{"cache-users", "no group", func(g graph) { g.unset("elasticache/replicationGroup", "cache", "userGroupIds") }, nil},
		{"cache-users", "default user on", func(g graph) {
			g.set("elasticache/user", "cache-default", "accessString", "on ~* +@all")
		}, nil},
		{"cache-users", "default user not replaced", func(g graph) {
			g.set("elasticache/userGroup", "cache", "userIds", []any{"script-ohio-prod-cache-app"})
		}, nil},
		{"cache-users", "no password", on("elasticache/user", "cache-app", "noPasswordRequired"), nil},
		{"cache-users", "no credentials", func(g graph) {
			g.set("elasticache/user", "cache-app", "authenticationMode.type", "no-password-required")
		}, nil},

		{"imdsv2-required", "optional", func(g graph) {
			g.set("ec2/launchTemplate", "cluster-nodes", "metadataOptions.httpTokens", "optional")
		}, nil},
		{"metadata-one-hop", "two hops", func(g graph) {
			g.set("ec2/launchTemplate", "cluster-nodes", "metadataOptions.httpPutResponseHopLimit", 2)
		}, nil},
		{"nodes-private", "public subnet", func(g graph) {
			g.set("eks/nodeGroup", "cluster-nodes", "subnetIds.0", "subnet-script-ohio-prod-public-us-east-2a")
		}, nil},
		{"nodes-private", "route to the internet", func(g graph) {
			g.unset("ec2/route", "private-us-east-2a-nat", "natGatewayId")
			g.set("ec2/route", "private-us-east-2a-nat", "gatewayId", "igw-script-ohio-prod-internet")
		}, nil},
		{"nodes-from-template", "none", func(g graph) { g.unset("eks/nodeGroup", "cluster-nodes", "launchTemplate") }, nil},
	}
}
