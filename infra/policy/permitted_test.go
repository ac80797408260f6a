package policy_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/plan/plantest"
)

// What looks like a fault and is none: a rule that cries wolf is switched off.
func TestPermitted(t *testing.T) {
	prod := record(t, plantest.Config(t, "prod"))
	before := prod.judge().Findings
	const ingress = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	for what, change := range map[string]func(g graph){
		"load balancer on 80 and 443": func(g graph) {
			group := g.add("aws:ec2/securityGroup:SecurityGroup", "balancer", map[string]any{"tags": map[string]any{"Purpose": "load-balancer"}})
			for name, port := range map[string]int{"http": 80, "https": 443} {
				g.add(ingress, name, map[string]any{"ipProtocol": "tcp", "fromPort": port, "toPort": port, "cidrIpv4": "0.0.0.0/0", "securityGroupId": "sg-1"}, group)
			}
		},
		"private network": func(g graph) { g.set("vpc/securityGroupIngressRule", "endpoints-https", "cidrIpv4", "10.0.0.0/8") },
		"network ACL that denies": func(g graph) {
			g.add("aws:ec2/networkAclRule:NetworkAclRule", "all", map[string]any{"ruleAction": "deny", "cidrBlock": "0.0.0.0/0"})
		},
		"default route": func(g graph) {
			g.add("aws:ec2/routeTable:RouteTable", "t", map[string]any{"routes": []any{map[string]any{"cidrBlock": "0.0.0.0/0"}}})
		},
		"Kubernetes network policy": func(g graph) {
			g.add("kubernetes:networking.k8s.io/v1:NetworkPolicy", "p", object("script-ohio", map[string]any{"cidr": "0.0.0.0/0"}))
		},
		"API server for an office": func(g graph) {
			g.set("eks:index:Cluster", "cluster", "endpointPublicAccess", true)
			g.set("eks:index:Cluster", "cluster", "publicAccessCidrs", []any{"198.51.100.0/24"})
		},
		"organisation": func(g graph) {
			g.allow("s3/bucketPolicy", "models", "policy",
				`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::x/*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}`)
		},
		"everything of one bucket": func(g graph) {
			g.allow("iam/rolePolicy", "worker", "policy", `{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::x"}`)
		},
		"roles with a boundary": func(g graph) {
			g.allow("iam/rolePolicy", "worker", "policy",
				`{"Effect":"Allow","Action":"iam:CreateRole","Resource":"arn:aws:iam::111122223333:role/x","Condition":{"StringEquals":{"iam:PermissionsBoundary":"arn:aws:iam::111122223333:policy/b"}}}`)
		},
		"minor version": func(g graph) { g.set("rds/instance", "database", "engineVersion", "17.6") },
		"closed account": func(g graph) {
			g.add("aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock", "account", map[string]any{
				"blockPublicAcls": true, "blockPublicPolicy": true, "ignorePublicAcls": true, "restrictPublicBuckets": true,
			})
		},
	} {
		t.Run(what, func(t *testing.T) {
			g := prod.copy(t)
			change(g)
			require.Equal(t, before, g.judge().Findings)
		})
	}
}
