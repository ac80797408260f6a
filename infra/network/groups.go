package network

import (
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// groups registers the security groups: clients may open connections to the
// data services on their port, the data services answer nobody else and open
// none themselves. AWS lets out everything from a new group until the provider
// removes that rule, which it does for groups without rules of their own.
func (b *builder) groups(n *Network) error {
	// Whatever forgets to name a group gets the default one, which lets
	// nothing in or out.
	// https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-2
	_, err := ec2.NewDefaultSecurityGroup(b.ctx, b.Name("default"), &ec2.DefaultSecurityGroupArgs{
		VpcId:   b.vpc,
		Ingress: ec2.DefaultSecurityGroupIngressArray{},
		Egress:  ec2.DefaultSecurityGroupEgressArray{},
		Tags:    b.tags(b.Name("default")),
	}, b.inside)
	if err != nil {
		return err
	}

	made := map[string]pulumi.IDOutput{}
	for _, g := range []struct {
		part, description string
		into              *pulumi.StringOutput
	}{
		{"nodes", "Nodes and the pods on them: may call databases and caches", &n.Nodes},
		{"pods", "Pods with an interface of their own: may call databases and caches", &n.Pods},
		{"database", "Databases: reachable from nodes and pods", &n.Database},
		{"cache", "Caches: reachable from nodes and pods", &n.Cache},
	} {
		group, err := b.group(g.part, g.description)
		if err != nil {
			return err
		}
		made[g.part] = group.ID()
		*g.into = group.ID().ToStringOutput()
	}
	for _, service := range []struct {
		part string
		port int
	}{{"database", b.DatabasePort}, {"cache", b.CachePort}} {
		for _, client := range []string{"nodes", "pods"} {
			if err := b.connect(client, service.part, service.port, made); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *builder) group(part, description string) (*ec2.SecurityGroup, error) {
	name := b.Name(part)
	return ec2.NewSecurityGroup(b.ctx, name, &ec2.SecurityGroupArgs{
		VpcId: b.vpc, Name: pulumi.String(name), Description: pulumi.String(description), Tags: b.tags(name),
	}, b.inside)
}

// connect lets one group open connections to a port of another: out of the
// one, into the other. Rules are resources of their own, for groups that name
// each other inline could be neither created nor destroyed.
func (b *builder) connect(client, service string, port int, made map[string]pulumi.IDOutput) error {
	what := pulumi.String(client + " to " + service + " on " + strconv.Itoa(port))
	_, err := vpc.NewSecurityGroupIngressRule(b.ctx, b.Name(service, "from", client), &vpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId:           made[service],
		ReferencedSecurityGroupId: made[client],
		IpProtocol:                pulumi.String("tcp"),
		FromPort:                  pulumi.Int(port),
		ToPort:                    pulumi.Int(port),
		Description:               what,
		Tags:                      b.tags(b.Name(service, "from", client)),
	}, b.inside)
	if err != nil {
		return err
	}
	_, err = vpc.NewSecurityGroupEgressRule(b.ctx, b.Name(client, "to", service), &vpc.SecurityGroupEgressRuleArgs{
		SecurityGroupId:           made[client],
		ReferencedSecurityGroupId: made[service],
		IpProtocol:                pulumi.String("tcp"),
		FromPort:                  pulumi.Int(port),
		ToPort:                    pulumi.Int(port),
		Description:               what,
		Tags:                      b.tags(b.Name(client, "to", service)),
	}, b.inside)
	return err
}
