package policy

import (
	"slices"

	"github.com/script-ohio/platform/infra/plan"
)

// exposure: data stores and the control plane answer the stack and nobody
// else.
func exposure() []Rule {
	return []Rule{
		{
			Name:      "database-private",
			Reason:    "a database with a public name is one firewall rule away from everybody",
			Reference: hub("RDS.2") + " (CIS AWS 5.0 2.2.3)",
			check:     require(databaseType, must{"publiclyAccessible", no, "the database has a public address: set publiclyAccessible to false"}),
		},
		{
			Name:      "data-isolated",
			Reason:    "without a route out, what is stolen inside has no way out either",
			Reference: hub("RDS.46", "ElastiCache.7"),
			check:     isolated,
		},
		{
			Name:      "data-clients-only",
			Reason:    "addresses change hands, security groups do not: who may connect is a group, not a network",
			Reference: "AWS Well-Architected SEC05-BP02: https://docs.aws.amazon.com/wellarchitected/latest/security-pillar/sec_network_protection_layered.html",
			check:     clientsOnly,
		},
		{
			Name:      "bucket-private",
			Reason:    "one policy or ACL, from anybody who may write it, would publish a bucket",
			Reference: hub("S3.8", "S3.1") + " (CIS AWS 5.0 2.1.4)",
			check: each(
				requireOfBuckets(bucketBlockType, "nothing keeps the bucket from becoming public: add a public access block", blocks()...),
				require(accountBlockType, blocks()...),
			),
		},
		{
			Name:      "bucket-owner-enforced",
			Reason:    "ACLs are a second, older way to let others in that policies do not show",
			Reference: hub("S3.12"),
			check: requireOfBuckets(bucketOwnerType, "ACLs still decide about the bucket: add ownership controls",
				must{"rule.objectOwnership", exactly("BucketOwnerEnforced"), "ACLs still decide about objects: set objectOwnership to BucketOwnerEnforced"}),
		},
		{
			Name:      "snapshots-private",
			Reason:    "a public snapshot is the whole database, for everybody",
			Reference: hub("RDS.1", "EC2.1"),
			check: each(
				shared("aws:rds/snapshot:Snapshot"), shared("aws:rds/clusterSnapshot:ClusterSnapshot"),
				require("aws:ec2/snapshotCreateVolumePermission:SnapshotCreateVolumePermission",
					must{"accountId", given, "the snapshot is for everybody: name the account"}),
				require("aws:ec2/amiLaunchPermission:AmiLaunchPermission",
					must{"group", func(v any) bool { return v != "all" }, "the machine image is for everybody: name the account"}),
			),
		},
		{
			Name:      "cluster-endpoint-private",
			Reason:    "whoever reaches the API server may try every weakness that it has",
			Reference: hub("EKS.1") + " (CIS EKS 5.4.1, 5.4.2)",
			check:     endpoint,
		},
		{
			Name:      "cache-users",
			Reason:    "a user named default without a password is in every cache that does not replace it",
			Reference: "AWS, Role-based access control: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html",
			check:     cacheUsers,
		},
	}
}

// blocks are the four settings that together close a bucket.
func blocks() []must {
	var all []must
	for _, path := range []string{"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"} {
		all = append(all, must{path, yes, said("the bucket can become public: set " + path + " to true")})
	}
	return all
}

func shared(typ string) func(*inspection) {
	return func(i *inspection) {
		for _, r := range i.OfType(typ) {
			if slices.Contains(r.Inputs.Texts("sharedAccounts"), "all") {
				i.fault(r, "sharedAccounts", "the snapshot is for everybody: name the accounts")
			}
		}
	}
}

// endpoint lets networks in by name; everybody is a finding of
// no-open-ingress too.
func endpoint(i *inspection) {
	for _, r := range i.OfType(clusterType) {
		i.hold(r, must{"endpointPrivateAccess", yes, "nodes reach the API server over the internet: set endpointPrivateAccess to true"})
		if no(r.Inputs.At("endpointPublicAccess")) && r.Inputs.At("endpointPublicAccess") != nil {
			continue
		}
		networks := r.Inputs.Texts("publicAccessCidrs")
		if len(networks) == 0 || slices.ContainsFunc(networks, everybody) {
			i.fault(r, "publicAccessCidrs", "everybody reaches the API server: list the networks that need it, or set endpointPublicAccess to false")
		}
	}
}

// clientsOnly wants every data store in security groups of this stack that
// let in other groups only.
func clientsOnly(i *inspection) {
	for typ, property := range map[string]string{databaseType: "vpcSecurityGroupIds", cacheGroupType: "securityGroupIds"} {
		for _, r := range i.OfType(typ) {
			known := 0
			for _, group := range i.OfType(groupType) {
				if points(r, property, group) {
					known++
					i.groupsOnly(group)
				}
			}
			if known == 0 || known != len(r.Inputs.Texts(property)) {
				i.fault(r, property, "it is not in security groups of this stack only, so that its clients are not known: make the group here")
			}
		}
	}
}

// groupsOnly wants the rules of the group to let in groups.
func (i *inspection) groupsOnly(group *plan.Resource) {
	const network said = "it lets a network in to where data is: reference the security group of its clients"
	for _, rule := range i.pointing(ingressRuleType, "securityGroupId", group) {
		i.hold(rule, must{"referencedSecurityGroupId", given, network})
	}
	for _, rule := range i.pointing(groupRuleType, "securityGroupId", group) {
		if rule.Inputs.Text("type") != "egress" {
			i.hold(rule, must{"sourceSecurityGroupId", given, network})
		}
	}
	if inline, _ := group.Inputs.At("ingress").([]any); len(inline) > 0 {
		i.fault(group, "ingress", "%s, in a rule of its own", network)
	}
}

// cacheUsers wants access by users, a powerless default and no user without
// credentials.
func cacheUsers(i *inspection) {
	require(cacheGroupType, must{"userGroupIds.*", given, "everybody who reaches the cache may use it: give it a user group"})(i)
	members := map[string]bool{} // by user id
	for _, user := range i.OfType(cacheUserType) {
		if user.Inputs.Text("userName") == "default" {
			members[user.Inputs.Text("userId")] = true
			i.hold(user, must{"accessString", func(v any) bool { text, _ := v.(string); return len(text) > 3 && text[:4] == "off " },
				"the default user is on: begin its accessString with off"})
		}
		i.hold(user,
			must{"noPasswordRequired", no, "the user needs no password: set its authenticationMode"},
			must{"authenticationMode.type", func(v any) bool { return v == "password" || v == "iam" }, "the user needs no credentials: set authenticationMode.type to password or iam"})
	}
	for _, group := range i.OfType(cacheUsersType) {
		if !slices.ContainsFunc(group.Inputs.Texts("userIds"), func(id string) bool { return members[id] }) {
			i.fault(group, "userIds", "the group does not replace the default user, who may do everything: add one named default that is off")
		}
	}
}
