package network

import (
	"net/netip"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/layout"
)

const everywhere = "0.0.0.0/0"

// subnets registers the three subnets of every zone with their ways out and
// puts their ids into n. It returns the route tables of the private ones.
//
// Every private subnet has a table of its own even where one NAT gateway
// serves all, so that a gateway per zone is a change of routes and replaces
// nothing.
func (b *builder) subnets(n *Network) ([]*ec2.RouteTable, error) {
	gateway, err := ec2.NewInternetGateway(b.ctx, b.Name("internet"), &ec2.InternetGatewayArgs{
		VpcId: b.vpc, Tags: b.tags(b.Name("internet")),
	}, b.inside)
	if err != nil {
		return nil, err
	}
	public, err := b.table("public")
	if err != nil {
		return nil, err
	}
	out, err := ec2.NewRoute(b.ctx, b.Name("public", "internet"), &ec2.RouteArgs{
		RouteTableId: public.ID(), DestinationCidrBlock: pulumi.String(everywhere), GatewayId: gateway.ID(),
	}, b.inside)
	if err != nil {
		return nil, err
	}
	// Databases have no route but the VPC's own.
	database, err := b.table("database")
	if err != nil {
		return nil, err
	}

	var publics, privates, databases, addresses pulumi.StringArray
	var tables []*ec2.RouteTable
	var nat *ec2.NatGateway
	for _, zone := range b.Zones {
		publicID, err := b.subnet("public", zone, zone.Public, public, out)
		if err != nil {
			return nil, err
		}
		if nat == nil || b.NATPerZone {
			address, err := ec2.NewEip(b.ctx, b.Name("nat", zone.Name), &ec2.EipArgs{
				Domain: pulumi.String("vpc"), Tags: b.tags(b.Name("nat", zone.Name)),
			}, b.inside, pulumi.DependsOn([]pulumi.Resource{gateway}))
			if err != nil {
				return nil, err
			}
			// Its subnet id brings the route to the internet along.
			nat, err = ec2.NewNatGateway(b.ctx, b.Name("nat", zone.Name), &ec2.NatGatewayArgs{
				SubnetId: publicID, AllocationId: address.ID(), Tags: b.tags(b.Name("nat", zone.Name)),
			}, b.inside)
			if err != nil {
				return nil, err
			}
			addresses = append(addresses, address.PublicIp)
		}
		table, err := b.table("private", zone.Name)
		if err != nil {
			return nil, err
		}
		out, err := ec2.NewRoute(b.ctx, b.Name("private", zone.Name, "nat"), &ec2.RouteArgs{
			RouteTableId: table.ID(), DestinationCidrBlock: pulumi.String(everywhere), NatGatewayId: nat.ID(),
		}, b.inside)
		if err != nil {
			return nil, err
		}
		privateID, err := b.subnet("private", zone, zone.Private, table, out)
		if err != nil {
			return nil, err
		}
		databaseID, err := b.subnet("database", zone, zone.Database, database, nil)
		if err != nil {
			return nil, err
		}
		tables = append(tables, table)
		publics, privates, databases = append(publics, publicID), append(privates, privateID), append(databases, databaseID)
	}
	n.PublicSubnets, n.PrivateSubnets = publics.ToStringArrayOutput(), privates.ToStringArrayOutput()
	n.DatabaseSubnets, n.NATAddresses = databases.ToStringArrayOutput(), addresses.ToStringArrayOutput()
	return tables, nil
}

func (b *builder) table(parts ...string) (*ec2.RouteTable, error) {
	name := b.Name(parts...)
	return ec2.NewRouteTable(b.ctx, name, &ec2.RouteTableArgs{VpcId: b.vpc, Tags: b.tags(name)}, b.inside)
}

// subnet registers a subnet with its table and returns its id, which is ready
// once the table and the route, where there is one, hold.
func (b *builder) subnet(kind string, zone layout.Zone, cidr netip.Prefix, table *ec2.RouteTable, route *ec2.Route) (pulumi.StringOutput, error) {
	var none pulumi.StringOutput
	name := b.Name(kind, zone.Name)
	subnet, err := ec2.NewSubnet(b.ctx, name, &ec2.SubnetArgs{
		VpcId:            b.vpc,
		AvailabilityZone: pulumi.String(zone.Name),
		CidrBlock:        pulumi.String(cidr.String()),
		// Load balancers and NAT gateways bring their own addresses; nobody
		// else has one.
		MapPublicIpOnLaunch: pulumi.Bool(false),
		Tags:                b.discovery(kind, name),
	}, b.inside)
	if err != nil {
		return none, err
	}
	joined, err := ec2.NewRouteTableAssociation(b.ctx, name, &ec2.RouteTableAssociationArgs{
		SubnetId: subnet.ID(), RouteTableId: table.ID(),
	}, b.inside)
	if err != nil {
		return none, err
	}
	ready := []any{subnet.ID(), joined.ID()}
	if route != nil {
		ready = append(ready, route.ID())
	}
	return pulumi.All(ready...).ApplyT(func(ids []any) string {
		return string(ids[0].(pulumi.ID)) // never another type: it is subnet.ID()
	}).(pulumi.StringOutput), nil
}

// discovery is the tags by which EKS and its load balancer controller know
// what a subnet is for.
// https://docs.aws.amazon.com/eks/latest/userguide/network-load-balancing.html
func (b *builder) discovery(kind, name string) pulumi.StringMap {
	tags := b.tags(name)
	switch kind {
	case "public":
		tags["kubernetes.io/role/elb"] = pulumi.String("1")
	case "private":
		tags["kubernetes.io/role/internal-elb"] = pulumi.String("1")
	default:
		return tags
	}
	tags["kubernetes.io/cluster/"+b.ClusterName] = pulumi.String("shared")
	return tags
}

// vpn attaches a VPN gateway whose routes reach the private subnets.
func (b *builder) vpn(tables []*ec2.RouteTable) error {
	if !b.VPNGateway {
		return nil
	}
	gateway, err := ec2.NewVpnGateway(b.ctx, b.Name("vpn"), &ec2.VpnGatewayArgs{
		VpcId: b.vpc, Tags: b.tags(b.Name("vpn")),
	}, b.inside)
	if err != nil {
		return err
	}
	for i, table := range tables {
		_, err := ec2.NewVpnGatewayRoutePropagation(b.ctx, b.Name("private", b.Zones[i].Name, "vpn"), &ec2.VpnGatewayRoutePropagationArgs{
			VpnGatewayId: gateway.ID(), RouteTableId: table.ID(),
		}, b.inside)
		if err != nil {
			return err
		}
	}
	return nil
}
