package policy

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/script-ohio/platform/infra/plan"
)

// balancerTag marks the security group of a load balancer: Purpose is
// load-balancer. Groups that the load balancer controller makes are not in the
// graph.
const balancerTag, balancerValue = "tags.Purpose", "load-balancer"

// networks: who may open a connection. A route to everywhere opens nothing by
// itself and is judged by what lies in its subnets (data-isolated,
// nodes-private); a security group, a network ACL, an endpoint and an address
// list do.
func networks() []Rule {
	return []Rule{
		{
			Name:      "no-open-ingress",
			Reason:    "what everybody may connect to is tried by everybody, within minutes",
			Reference: hub("EC2.18", "EC2.19", "EC2.53", "EC2.54") + " (CIS AWS 5.0 5.3, 5.4)",
			check:     func(i *inspection) { i.openings(in) },
		},
		{
			Name:      "no-open-egress",
			Reason:    "what may connect to everybody can carry data out to anybody",
			Reference: "AWS Well-Architected SEC05-BP02: https://docs.aws.amazon.com/wellarchitected/latest/security-pillar/sec_network_protection_layered.html",
			check:     func(i *inspection) { i.openings(out) },
		},
		{
			Name:      "default-group-empty",
			Reason:    "whatever forgets to name a security group lands in the default one",
			Reference: hub("EC2.2") + " (CIS AWS 5.0 5.5)",
			check:     defaultGroups,
		},
		{
			Name:      "no-public-addresses",
			Reason:    "what has no public address cannot be called from outside, whatever its firewall says",
			Reference: hub("EC2.15", "EC2.9", "EC2.25"),
			check: each(
				require(subnetType, must{"mapPublicIpOnLaunch", no, "what starts in the subnet gets a public address: set mapPublicIpOnLaunch to false"}),
				require(templateType, must{"networkInterfaces.*.associatePublicIpAddress", no, "instances get public addresses: set associatePublicIpAddress to false"}),
				require(instanceType, must{"associatePublicIpAddress", no, "the instance gets a public address: set associatePublicIpAddress to false"}),
			),
		},
	}
}

// direction is where an opening leads.
type direction int

const (
	nowhere direction = iota
	in
	out
)

// openings reports every network of everybody in inputs of AWS, those that no
// rule knows by type too. Networks in objects of Kubernetes are not judged.
func (i *inspection) openings(which direction) {
	for _, r := range i.Resources {
		if r.Package() != "aws" && r.Package() != "eks" {
			continue
		}
		for _, t := range i.read[r] {
			if t.secret || !everybody(t.value) || leads(r, t.path) != which || which == in && i.balances(r) {
				continue
			}
			if which == in {
				i.fault(r, t.path, "%s in from %s: name the networks or security groups that need it", traffic(r), t.value)
			} else {
				i.fault(r, t.path, "%s out to %s: name the networks or security groups that it needs", traffic(r), t.value)
			}
		}
	}
}

func leads(r *plan.Resource, path string) direction {
	switch {
	case strings.HasPrefix(r.Type, "aws:ec2/route") || strings.HasPrefix(r.Type, "aws:ec2/defaultRouteTable"):
		return nowhere
	case r.Inputs.Text("ruleAction") == "deny":
		return nowhere
	case r.Type == egressRuleType, r.Type == groupRuleType && r.Inputs.Text("type") == "egress",
		r.Inputs.True("egress"), strings.HasPrefix(path, "egress."):
		return out
	}
	return in
}

// balances reports whether it opens port 80 or 443 of a load balancer's group.
func (i *inspection) balances(r *plan.Resource) bool {
	from, to := r.Inputs.Number("fromPort"), r.Inputs.Number("toPort")
	if r.Type != ingressRuleType || r.Inputs.Text("ipProtocol") != "tcp" || from != to || from != 80 && from != 443 {
		return false
	}
	for _, group := range i.OfType(groupType) {
		if points(r, "securityGroupId", group) && group.Inputs.Text(balancerTag) == balancerValue {
			return true
		}
	}
	return false
}

// traffic is what a security group rule lets through, in words.
func traffic(r *plan.Resource) string {
	protocol := r.Inputs.Text("ipProtocol") + r.Inputs.Text("protocol")
	from, to := number(r.Inputs.Number("fromPort")), number(r.Inputs.Number("toPort"))
	switch {
	case protocol == "":
		return "it is open:"
	case protocol == "-1":
		return "everything"
	case from == to:
		return protocol + " " + from
	}
	return protocol + " " + from + "-" + to
}

// everybody reports whether the text is a network that no one organisation
// has: wider than /8 of IPv4 or /16 of IPv6, so that two halves of the
// internet do not pass for less.
func everybody(text string) bool {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return false
	}
	if p.Addr().Is4() {
		return p.Bits() < 8
	}
	return p.Bits() < 16 && (!p.Addr().IsPrivate() || p.Bits() < 7)
}

// defaultGroups wants every VPC's default group without a rule.
func defaultGroups(i *inspection) {
	for _, vpc := range i.OfType(vpcType) {
		groups := i.pointing(defaultGroupType, "vpcId", vpc)
		if len(groups) == 0 {
			i.fault(vpc, "", "its default security group lets its members talk to each other and to everybody: adopt it without rules")
		}
		for _, group := range groups {
			for _, path := range []string{"ingress", "egress"} {
				if rules, _ := group.Inputs.At(path).([]any); len(rules) > 0 {
					i.fault(group, path, "the default security group lets traffic through: leave %s empty", path)
				}
			}
			// A rule of its own points at what the VPC calls its default group.
			for _, typ := range []string{ingressRuleType, egressRuleType, groupRuleType} {
				for _, rule := range i.pointing(typ, "securityGroupId", group) {
					i.fault(rule, "securityGroupId", "the default security group lets traffic through: make a group for it")
				}
			}
		}
	}
}

func number(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
