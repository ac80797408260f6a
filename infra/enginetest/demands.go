package enginetest

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/script-ohio/platform/infra/schema"
)

// demand is what must be so for a thing of a type to be made or changed, beyond
// that what it refers to exists.
type demand struct {
	typ, why, url string
	met           func(*Cloud, *Thing) bool
}

func demands() []demand {
	return slices.Concat(networkDemands(), dataDemands(), guardDemands(), clusterDemands())
}

func networkDemands() []demand {
	const subnet, docs = "aws:ec2/subnet:Subnet", "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/"
	attached := func(c *Cloud, region string, vpc any) bool {
		return slices.ContainsFunc(c.all("aws:ec2/internetGateway:InternetGateway", region), func(g *Thing) bool { return g.in.At("vpcId") == vpc })
	}
	return []demand{
		{subnet, "InvalidSubnet: a subnet lies within its VPC and overlaps no other", docs + "API_CreateSubnet.html",
			func(c *Cloud, t *Thing) bool {
				own := prefix(t)
				for _, other := range c.all(subnet, t.Region) {
					if other.ID != t.ID && other.in.At("vpcId") == t.in.At("vpcId") && prefix(other).Overlaps(own) {
						return false
					}
				}
				vpc := prefix(c.find("aws:ec2/vpc:Vpc", t.Region, t.in.At("vpcId")))
				return vpc.Contains(own.Addr()) && vpc.Bits() <= own.Bits()
			}},
		{"aws:ec2/natGateway:NatGateway", "Gateway.NotAttached: the VPC has no internet gateway", docs + "API_CreateNatGateway.html",
			func(c *Cloud, t *Thing) bool {
				return attached(c, t.Region, c.find(subnet, t.Region, t.in.At("subnetId")).in.At("vpcId"))
			}},
		{"aws:ec2/internetGateway:InternetGateway", "DependencyViolation: the VPC has mapped public addresses", docs + "API_DetachInternetGateway.html",
			func(c *Cloud, t *Thing) bool {
				old := c.things[t.key()]
				return old == nil || old.in.At("vpcId") == t.in.At("vpcId") || !mapped(c, old)
			}},
		{"aws:ec2/vpcEndpoint:VpcEndpoint", "InvalidParameter: private names need a VPC with DNS support and host names", docs + "API_CreateVpcEndpoint.html",
			func(c *Cloud, t *Thing) bool {
				vpc := c.find("aws:ec2/vpc:Vpc", t.Region, t.in.At("vpcId")).in
				return !t.in.True("privateDnsEnabled") || vpc.True("enableDnsSupport") && vpc.True("enableDnsHostnames")
			}},
	}
}

// mapped reports whether NAT gateways use an internet gateway.
func mapped(c *Cloud, gateway *Thing) bool {
	return slices.ContainsFunc(c.all("aws:ec2/natGateway:NatGateway", gateway.Region), func(nat *Thing) bool {
		subnet := c.find("aws:ec2/subnet:Subnet", gateway.Region, nat.in.At("subnetId"))
		return subnet != nil && subnet.in.At("vpcId") == gateway.in.At("vpcId")
	})
}

// prefix is the network of a VPC or subnet.
func prefix(t *Thing) netip.Prefix {
	p, _ := netip.ParsePrefix(t.in.Text("cidrBlock")) // checked before
	return p
}

// zones are those of the subnets at the path.
func zones(c *Cloud, t *Thing, path string) []string {
	var names []string
	for _, found := range t.in.All(path) {
		names = append(names, c.find("aws:ec2/subnet:Subnet", t.Region, found.Value).in.Text("availabilityZone"))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func dataDemands() []demand {
	const database, bucket, docs = "aws:rds/instance:Instance", "aws:s3/bucketV2:BucketV2", "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/"
	source := func(c *Cloud, t *Thing) *Thing { return c.find(database, "", t.in.At("sourceDbInstanceArn")) }
	versioned := func(c *Cloud, name any) bool {
		b := c.find(bucket, "", name)
		return b != nil && slices.ContainsFunc(c.all("aws:s3/bucketVersioningV2:BucketVersioningV2", b.Region), func(v *Thing) bool {
			return b.known(v.in.At("bucket")) && v.in.Text("versioningConfiguration.status") == "Enabled"
		})
	}
	return []demand{
		{"aws:rds/subnetGroup:SubnetGroup", "DBSubnetGroupDoesNotCoverEnoughAZs: subnets of two zones at least", docs + "API_CreateDBSubnetGroup.html",
			func(c *Cloud, t *Thing) bool { return len(zones(c, t, "subnetIds.*")) >= 2 }},
		{database, "InvalidVPCNetworkStateFault: the subnet group does not cover the zone", docs + "API_CreateDBInstance.html",
			func(c *Cloud, t *Thing) bool {
				in := t.in
				if source := c.find(database, t.Region, in.At("replicateSourceDb")); source != nil {
					in = source.in
				}
				group := c.find("aws:rds/subnetGroup:SubnetGroup", t.Region, in.At("dbSubnetGroupName"))
				return group == nil || !t.in.Has("availabilityZone") || slices.Contains(zones(c, group, "subnetIds.*"), t.in.Text("availabilityZone"))
			}},
		{database, "InvalidDBInstanceState: the source of a replica has automated backups", docs + "API_CreateDBInstanceReadReplica.html",
			func(c *Cloud, t *Thing) bool {
				return !t.in.Has("replicateSourceDb") || c.find(database, t.Region, t.in.At("replicateSourceDb")).in.Number("backupRetentionPeriod") > 0
			}},
		{"aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication", "InvalidParameterValue: backups are replicated to another region", docs + "API_StartDBInstanceAutomatedBackupsReplication.html",
			func(c *Cloud, t *Thing) bool {
				return source(c, t).Region != t.Region && source(c, t).in.Number("backupRetentionPeriod") > 0
			}},
		{"aws:elasticache/userGroup:UserGroup", "DefaultUserRequired: a group of Redis OSS has a user named default", "https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateUserGroup.html",
			func(c *Cloud, t *Thing) bool {
				return t.in.Text("engine") != "redis" || slices.ContainsFunc(t.in.All("userIds.*"), func(f schema.Found) bool {
					return c.find("aws:elasticache/user:User", t.Region, f.Value).in.Text("userName") == "default"
				})
			}},
		{"aws:s3/bucketReplicationConfig:BucketReplicationConfig", "InvalidRequest: replication needs versioning on both sides", "https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-requirements.html",
			func(c *Cloud, t *Thing) bool {
				return versioned(c, t.in.At("bucket")) && versioned(c, t.in.At("rules.0.destination.bucket"))
			}},
		{"aws:s3/bucketReplicationConfig:BucketReplicationConfig", "InvalidRequest: replicas of locked objects need Object Lock too", "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html",
			func(c *Cloud, t *Thing) bool {
				from, to := c.find(bucket, "", t.in.At("bucket")), c.find(bucket, "", t.in.At("rules.0.destination.bucket"))
				return !from.in.True("objectLockEnabled") || to.in.True("objectLockEnabled")
			}},
		{"aws:s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2", "InvalidBucketState: Object Lock needs versioning", "https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLockConfiguration.html",
			func(c *Cloud, t *Thing) bool { return versioned(c, t.in.At("bucket")) }},
	}
}

func guardDemands() []demand {
	return []demand{
		{"aws:cloudtrail/trail:Trail", "InsufficientS3BucketPolicyException: the bucket does not let CloudTrail in", "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html",
			func(c *Cloud, t *Thing) bool {
				b := c.find("aws:s3/bucketV2:BucketV2", "", t.in.At("s3BucketName"))
				return slices.ContainsFunc(c.all("aws:s3/bucketPolicy:BucketPolicy", b.Region), func(p *Thing) bool {
					return b.known(p.in.At("bucket")) && strings.Contains(p.in.Text("policy"), "cloudtrail.amazonaws.com")
				})
			}},
		{"aws:cfg/deliveryChannel:DeliveryChannel", "NoAvailableConfigurationRecorderException: there is no recorder", "https://docs.aws.amazon.com/config/latest/APIReference/API_PutDeliveryChannel.html",
			func(c *Cloud, t *Thing) bool { return len(c.all("aws:cfg/recorder:Recorder", t.Region)) > 0 }},
		{"aws:cfg/recorderStatus:RecorderStatus", "NoAvailableDeliveryChannelException: there is no delivery channel", "https://docs.aws.amazon.com/config/latest/APIReference/API_StartConfigurationRecorder.html",
			func(c *Cloud, t *Thing) bool {
				return !t.in.True("isEnabled") || len(c.all("aws:cfg/deliveryChannel:DeliveryChannel", t.Region)) > 0
			}},
		{"aws:acm/certificateValidation:CertificateValidation", "the certificate is never issued: no record proves the domain", "https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html",
			func(c *Cloud, t *Thing) bool {
				certificate := schema.Plain(c.find("aws:acm/certificate:Certificate", t.Region, t.in.At("certificateArn")).Outputs)
				for _, proof := range certificate.All("domainValidationOptions.*.resourceRecordName") {
					if !slices.ContainsFunc(c.all("aws:route53/record:Record", t.Region), func(r *Thing) bool { return r.in.At("name") == proof.Value }) {
						return false
					}
				}
				return true
			}},
		{"aws:backup/plan:Plan", "backups would fail: the vault's lock does not take their retention", "https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html",
			func(c *Cloud, t *Thing) bool {
				for _, lock := range c.all("aws:backup/vaultLockConfiguration:VaultLockConfiguration", t.Region) {
					for _, found := range t.in.All("rules.*") {
						item, _ := found.Value.(map[string]any)
						rule := schema.Object(item)
						days := rule.Number("lifecycle.deleteAfter")
						if rule.At("targetVaultName") == lock.in.At("backupVaultName") && (days < lock.in.Number("minRetentionDays") || days > lock.in.Number("maxRetentionDays")) {
							return false
						}
					}
				}
				return true
			}},
	}
}

func clusterDemands() []demand {
	const docs = "https://docs.aws.amazon.com/eks/latest/APIReference/"
	cluster := func(c *Cloud, t *Thing) schema.Object {
		return c.find(clusterType, t.Region, t.in.At("clusterName")).in
	}
	return []demand{
		{clusterType, "InvalidParameterException: subnets of two zones at least", docs + "API_CreateCluster.html",
			func(c *Cloud, t *Thing) bool { return len(zones(c, t, "vpcConfig.subnetIds.*")) >= 2 }},
		{"aws:eks/nodeGroup:NodeGroup", "InvalidParameterException: nodes are not newer than their control plane", docs + "API_CreateNodegroup.html",
			func(c *Cloud, t *Thing) bool {
				return minor(t.in.Text("version")) <= minor(cluster(c, t).Text("version"))
			}},
		{"aws:eks/accessPolicyAssociation:AccessPolicyAssociation", "ResourceNotFoundException: the principal has no access entry", docs + "API_AssociateAccessPolicy.html",
			func(c *Cloud, t *Thing) bool {
				return slices.ContainsFunc(c.all("aws:eks/accessEntry:AccessEntry", t.Region), func(e *Thing) bool {
					return e.in.At("clusterName") == t.in.At("clusterName") && e.in.At("principalArn") == t.in.At("principalArn")
				})
			}},
	}
}
