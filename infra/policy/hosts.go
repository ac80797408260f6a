package policy

import (
	"strconv"
	"strings"

	"github.com/script-ohio/platform/infra/plan"
)

// hosts: a pod or a request that an application forwards does not become the
// machine that it runs on.
func hosts() []Rule {
	const answers = "the instance hands its credentials to any request that is forwarded to it: set httpTokens to required"
	const hops = "containers reach the credentials of the instance: set httpPutResponseHopLimit to 1"
	return []Rule{
		{
			Name:      "imdsv2-required",
			Reason:    "version 1 of the metadata service answers whoever makes the machine ask, with its credentials",
			Reference: hub("EC2.170", "EC2.8") + " (CIS AWS 5.0 5.7)",
			check: each(
				require(templateType, must{"metadataOptions.httpTokens", exactly("required"), answers}),
				require(instanceType, must{"metadataOptions.httpTokens", exactly("required"), answers}),
			),
		},
		{
			Name:      "metadata-one-hop",
			Reason:    "an answer that dies after one hop does not reach a pod",
			Reference: "Control Tower CT.EC2.PR.2: https://docs.aws.amazon.com/controltower/latest/controlreference/ec2-rules.html#ct-ec2-pr-2-description",
			check: each(
				require(templateType, must{"metadataOptions.httpPutResponseHopLimit", exactly(1.0), hops}),
				require(instanceType, must{"metadataOptions.httpPutResponseHopLimit", exactly(1.0), hops}),
			),
		},
		{
			Name:      "nodes-private",
			Reason:    "nodes call out through NAT; nothing outside needs to call them",
			Reference: "CIS EKS 5.4.3: https://docs.aws.amazon.com/eks/latest/best-practices/subnets.html",
			check:     privateNodes,
		},
		{
			Name:      "nodes-from-template",
			Reason:    "without a launch template EKS makes one, which asks for neither IMDSv2 nor encryption with our key",
			Reference: "AWS, Customize managed nodes with launch templates: https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html",
			check:     require(nodesType, must{"launchTemplate.id", given, "the nodes have no launch template: name one of this stack"}),
		},
	}
}

// privateNodes wants neither node groups nor the cluster's interfaces in
// subnets with a route to an internet gateway.
func privateNodes(i *inspection) {
	for typ, properties := range map[string][]string{
		nodesType: {"subnetIds"}, clusterType: {"privateSubnetIds", "subnetIds", "nodeSubnetIds"},
	} {
		for _, r := range i.OfType(typ) {
			for _, property := range properties {
				for n, subnet := range r.Inputs.Texts(property) {
					for _, route := range i.ways(subnet) {
						if i.toInternet(route) {
							i.fault(r, property+"."+strconv.Itoa(n), "its subnet has a route to the internet gateway (%s): take one that goes out through NAT", i.local(route))
						}
					}
				}
			}
		}
	}
}

// isolated wants the subnets of data stores without any way out.
func isolated(i *inspection) {
	for _, typ := range []string{subnetsType, cacheSubnetsType} {
		for _, r := range i.OfType(typ) {
			for n, subnet := range r.Inputs.Texts("subnetIds") {
				path := "subnetIds." + strconv.Itoa(n)
				for _, route := range i.ways(subnet) {
					i.fault(r, path, "its subnet has a way out (%s): take one whose route table has none", i.local(route))
				}
				if len(i.links(subnet)) == 0 {
					i.fault(r, path, "its subnet has no route table of its own and uses the VPC's main one: associate one without a way out")
				}
			}
		}
	}
	for _, r := range i.OfType(databaseType) {
		if r.Inputs.Text("replicateSourceDb") == "" { // a replica has its primary's
			i.hold(r, must{"dbSubnetGroupName", given, "the database is in the default VPC: set dbSubnetGroupName"})
		}
	}
	require(cacheGroupType, must{"subnetGroupName", given, "the cache is in the default VPC: set subnetGroupName"})(i)
}

// links are the associations of a subnet with route tables.
func (i *inspection) links(subnet string) []*plan.Resource {
	var found []*plan.Resource
	for _, link := range i.OfType(tableLinkType) {
		if link.Inputs.Text("subnetId") == subnet {
			found = append(found, link)
		}
	}
	return found
}

// ways are the routes of a subnet to everywhere.
func (i *inspection) ways(subnet string) []*plan.Resource {
	var found []*plan.Resource
	for _, link := range i.links(subnet) {
		for _, route := range i.OfType(routeType) {
			to := route.Inputs.Text("destinationCidrBlock") + route.Inputs.Text("destinationIpv6CidrBlock")
			if route.Inputs.Text("routeTableId") == link.Inputs.Text("routeTableId") && everybody(to) {
				found = append(found, route)
			}
		}
	}
	return found
}

func (i *inspection) toInternet(route *plan.Resource) bool {
	for _, gateway := range i.OfType(gatewayType) {
		if points(route, "gatewayId", gateway) {
			return true
		}
	}
	return strings.HasPrefix(route.Inputs.Text("gatewayId"), "igw-")
}
