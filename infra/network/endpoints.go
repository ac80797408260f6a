package network

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Services are the AWS services with an interface endpoint: what nodes need to
// start, and what carries credentials, secrets, images and logs.
// https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html
func Services() []string {
	return []string{
		"ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "elasticloadbalancing", "kms", "logs", "secretsmanager", "sts",
	}
}

// endpoints keeps calls to AWS inside the VPC. The gateway endpoint of S3,
// which images come from as well, costs nothing and is always there; an
// interface endpoint costs an hourly fee in every zone.
func (b *builder) endpoints(n *Network, tables []*ec2.RouteTable) error {
	ids := make(pulumi.StringArray, len(tables))
	for i, table := range tables {
		ids[i] = table.ID()
	}
	_, err := ec2.NewVpcEndpoint(b.ctx, b.Name("s3"), &ec2.VpcEndpointArgs{
		VpcId:           b.vpc,
		ServiceName:     b.service("s3"),
		VpcEndpointType: pulumi.String("Gateway"),
		RouteTableIds:   ids,
		Tags:            b.tags(b.Name("s3")),
	}, b.inside)
	if err != nil || !b.Endpoints {
		return err
	}
	group, err := b.group("endpoints", "Endpoints of AWS services: HTTPS from within the VPC")
	if err != nil {
		return err
	}
	rule, err := vpc.NewSecurityGroupIngressRule(b.ctx, b.Name("endpoints", "https"), &vpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId: group.ID(),
		CidrIpv4:        pulumi.String(b.CIDR.String()),
		IpProtocol:      pulumi.String("tcp"),
		FromPort:        pulumi.Int(443),
		ToPort:          pulumi.Int(443),
		Description:     pulumi.String("VPC to AWS services"),
		Tags:            b.tags(b.Name("endpoints", "https")),
	}, b.inside)
	if err != nil {
		return err
	}
	for _, service := range Services() {
		// From its creation its private name answers for the service: without
		// the rule nothing could call it.
		_, err := ec2.NewVpcEndpoint(b.ctx, b.Name(service), &ec2.VpcEndpointArgs{
			VpcId:             b.vpc,
			ServiceName:       b.service(service),
			VpcEndpointType:   pulumi.String("Interface"),
			SubnetIds:         n.PrivateSubnets,
			SecurityGroupIds:  pulumi.StringArray{group.ID()},
			PrivateDnsEnabled: pulumi.Bool(true),
			Tags:              b.tags(b.Name(service)),
		}, b.inside, pulumi.DependsOn([]pulumi.Resource{rule}))
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) service(name string) pulumi.String {
	return pulumi.String("com.amazonaws." + b.Region + "." + name)
}
