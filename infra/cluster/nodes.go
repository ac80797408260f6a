package cluster

import (
	"maps"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Nodes are the machines, all arm64.
type Nodes struct {
	Types  []string // instance types, most wanted first
	Min    int      // and how many there are at first
	Max    int
	DiskGB int
}

// machineImage is Amazon Linux 2023 for arm64; EKS picks its newest release
// for the cluster's version.
const machineImage = "AL2023_ARM_64_STANDARD"

// nodes makes the node group. It has no fixed name, for another instance type
// is another node group: the new one is there before the old one goes. The
// number of nodes is the first only, for an autoscaler moves it; where the
// minimum rises above it, scale the group first.
func (b builder) nodes(r roles, f firewall, after []pulumi.Resource) (*awseks.NodeGroup, error) {
	template, err := b.template(f)
	if err != nil {
		return nil, err
	}
	name := b.args.Name("cluster", "nodes")
	return awseks.NewNodeGroup(b.ctx, name, &awseks.NodeGroupArgs{
		ClusterName:         pulumi.String(b.cluster.Name),
		NodeGroupNamePrefix: pulumi.String("nodes-"),
		NodeRoleArn:         r.node.Arn,
		SubnetIds:           b.args.Network.PrivateSubnets,
		AmiType:             pulumi.String(machineImage),
		CapacityType:        pulumi.String("ON_DEMAND"),
		InstanceTypes:       pulumi.ToStringArray(b.args.Nodes.Types),
		Version:             pulumi.String(b.args.Version),
		LaunchTemplate: awseks.NodeGroupLaunchTemplateArgs{
			Id:      template.ID(),
			Version: template.LatestVersion.ApplyT(strconv.Itoa).(pulumi.StringOutput),
		},
		ScalingConfig: awseks.NodeGroupScalingConfigArgs{
			MinSize:     pulumi.Int(b.args.Nodes.Min),
			DesiredSize: pulumi.Int(b.args.Nodes.Min),
			MaxSize:     pulumi.Int(b.args.Nodes.Max),
		},
		UpdateConfig: awseks.NodeGroupUpdateConfigArgs{MaxUnavailable: pulumi.Int(1)},
	}, b.parent, pulumi.DependsOn(append(after, f.rules...)), pulumi.IgnoreChanges([]string{"scalingConfig.desiredSize"}))
}

// template is how every node starts. Pods cannot reach the instance's
// metadata, and so not its role: the answer to a token request dies after one
// hop.
// https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html
func (b builder) template(f firewall) (*ec2.LaunchTemplate, error) {
	name := b.args.Name("cluster", "nodes")
	tags := maps.Clone(b.args.Tags)
	if tags == nil {
		tags = map[string]string{}
	}
	tags["Name"] = name
	tags[clusterTagPrefix+b.cluster.Name] = "owned"
	var marked ec2.LaunchTemplateTagSpecificationArray
	for _, kind := range []string{"instance", "volume", "network-interface"} {
		marked = append(marked, ec2.LaunchTemplateTagSpecificationArgs{ResourceType: pulumi.String(kind), Tags: pulumi.ToStringMap(tags)})
	}
	return ec2.NewLaunchTemplate(b.ctx, name, &ec2.LaunchTemplateArgs{
		Name:                 pulumi.String(name),
		UpdateDefaultVersion: pulumi.Bool(true),
		VpcSecurityGroupIds:  pulumi.StringArray{f.nodes.ID(), b.args.Network.DataClients},
		EbsOptimized:         pulumi.String("true"),
		Monitoring:           ec2.LaunchTemplateMonitoringArgs{Enabled: pulumi.Bool(true)},
		MetadataOptions: ec2.LaunchTemplateMetadataOptionsArgs{
			HttpEndpoint:            pulumi.String("enabled"),
			HttpTokens:              pulumi.String("required"),
			HttpPutResponseHopLimit: pulumi.Int(1),
		},
		BlockDeviceMappings: ec2.LaunchTemplateBlockDeviceMappingArray{
			ec2.LaunchTemplateBlockDeviceMappingArgs{
				DeviceName: pulumi.String("/dev/xvda"), // the root of AL2023
				Ebs: ec2.LaunchTemplateBlockDeviceMappingEbsArgs{
					VolumeType: pulumi.String("gp3"), VolumeSize: pulumi.Int(b.args.Nodes.DiskGB),
					Encrypted: pulumi.String("true"), KmsKeyId: b.args.Keys.Cluster.ToStringOutput(),
					DeleteOnTermination: pulumi.String("true"),
				},
			},
		},
		TagSpecifications: marked,
	}, b.parent)
}
