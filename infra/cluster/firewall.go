package cluster

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// firewall is the security groups of control plane and nodes, and the rules
// between them.
type firewall struct {
	control, nodes *ec2.SecurityGroup
	rules          []pulumi.Resource
}

// toNodes are the ports that the API server calls: admission webhooks and
// aggregated APIs at 443, the webhooks of cert-manager and external-secrets at
// 10250, of the load balancer controller at 9443, the kubelets at 10250 and
// the metrics-server add-on at 10251.
func toNodes() []int { return []int{443, 9443, 10250, 10251} }

// firewall gives both sides groups of our own, because those that EKS makes
// are known to the remote component only. Nodes and pods reach each other and,
// outside, HTTPS and the servers of mail alone; the resolver and the clock of a
// VPC need no rule.
// https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html
func (b builder) firewall() (firewall, error) {
	var f firewall
	var err1, err2 error
	f.control, err1 = b.group("control", "Control plane of "+b.cluster.Name, nil)
	// The load balancer controller opens the group with this tag to its load
	// balancers.
	f.nodes, err2 = b.group("nodes", "Nodes and pods of "+b.cluster.Name, pulumi.StringMap{clusterTagPrefix + b.cluster.Name: pulumi.String("owned")})
	if err := errors.Join(err1, err2); err != nil {
		return f, err
	}
	control, nodes := f.control.ID(), f.nodes.ID()
	problems := []error{
		b.link(&f, "nodes-to-control", nodes, control, "tcp", 443),
		b.link(&f, "nodes-to-nodes", nodes, nodes, "-1", 0),
	}
	for _, port := range toNodes() {
		problems = append(problems, b.link(&f, fmt.Sprint("control-to-nodes-", port), control, nodes, "tcp", port))
	}
	out, err := vpc.NewSecurityGroupEgressRule(b.ctx, b.args.Name("cluster", "nodes-out"), &vpc.SecurityGroupEgressRuleArgs{
		SecurityGroupId: nodes, CidrIpv4: pulumi.String("0.0.0.0/0"), Description: pulumi.String("HTTPS to registries and APIs"),
		IpProtocol: pulumi.String("tcp"), FromPort: pulumi.Int(443), ToPort: pulumi.Int(443),
	}, b.parent)
	f.rules = append(f.rules, out)
	problems = append(problems, err)
	if port := b.args.MailPort; port != 0 {
		out, err := vpc.NewSecurityGroupEgressRule(b.ctx, b.args.Name("cluster", "nodes-mail"), &vpc.SecurityGroupEgressRuleArgs{
			SecurityGroupId: nodes, CidrIpv4: pulumi.String("0.0.0.0/0"), Description: pulumi.String("Mail to servers that want a login"),
			IpProtocol: pulumi.String("tcp"), FromPort: pulumi.Int(port), ToPort: pulumi.Int(port),
		}, b.parent)
		f.rules, problems = append(f.rules, out), append(problems, err)
	}
	for _, from := range b.args.VPNAccess {
		in, err := vpc.NewSecurityGroupIngressRule(b.ctx, b.args.Name("cluster", "control-from", from.String()), &vpc.SecurityGroupIngressRuleArgs{
			SecurityGroupId: control, CidrIpv4: pulumi.String(from.String()), Description: pulumi.String("Operators over VPN or peering"),
			IpProtocol: pulumi.String("tcp"), FromPort: pulumi.Int(443), ToPort: pulumi.Int(443),
		}, b.parent)
		f.rules, problems = append(f.rules, in), append(problems, err)
	}
	return f, errors.Join(problems...)
}

func (b builder) group(part, description string, tags pulumi.StringMap) (*ec2.SecurityGroup, error) {
	name := b.args.Name("cluster", part)
	all := pulumi.StringMap{"Name": pulumi.String(name)}
	for key, value := range tags {
		all[key] = value
	}
	return ec2.NewSecurityGroup(b.ctx, name, &ec2.SecurityGroupArgs{
		Name: pulumi.String(name), Description: pulumi.String(description), VpcId: b.args.Network.VPC.ToStringOutput(), Tags: all,
	}, b.parent)
}

// link lets one group call a port of another: out of the one, into the other.
// Protocol -1 is everything and has no port.
func (b builder) link(f *firewall, part string, from, to pulumi.IDOutput, protocol string, port int) error {
	var ports pulumi.IntPtrInput
	if protocol != "-1" {
		ports = pulumi.Int(port)
	}
	what, kind := pulumi.String(part), pulumi.String(protocol)
	out, err1 := vpc.NewSecurityGroupEgressRule(b.ctx, b.args.Name("cluster", part), &vpc.SecurityGroupEgressRuleArgs{
		SecurityGroupId: from, ReferencedSecurityGroupId: to, Description: what, IpProtocol: kind, FromPort: ports, ToPort: ports,
	}, b.parent)
	in, err2 := vpc.NewSecurityGroupIngressRule(b.ctx, b.args.Name("cluster", part), &vpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId: to, ReferencedSecurityGroupId: from, Description: what, IpProtocol: kind, FromPort: ports, ToPort: ports,
	}, b.parent)
	f.rules = append(f.rules, out, in)
	return errors.Join(err1, err2)
}
