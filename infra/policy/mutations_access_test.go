package policy_test

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

func accessMutations() []mutation {
	// statement adds one to what the worker may do.
	statement := func(text string) func(graph) {
		return func(g graph) { g.allow("iam/rolePolicy", "worker", "policy", text) }
	}
	// trust changes who may deploy.
	trust := func(before, after string) func(graph) {
		return func(g graph) { g.replace("iam/role", "github-deploy", "assumeRolePolicy", before, after) }
	}
	const attachment = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	return []mutation{
		{"policy-readable", "no JSON", func(g graph) { g.set("iam/rolePolicy", "worker", "policy", `{"Statement": [`) }, nil},
		{"policy-readable", "NotResource", statement(`{"Effect":"Allow","Action":"s3:GetObject","NotResource":"arn:aws:s3:::x"}`), nil},
		{"policy-readable", "secret", func(g graph) {
			r := g.get("iam/rolePolicy", "worker")
			r.Inputs.Map["policy"] = resource.MakeSecret(r.Inputs.Map["policy"])
		}, nil},
		{"no-wildcard-access", "a service", statement(`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`), nil},
		{"no-wildcard-access", "everything of one", statement(`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::x"}`), []string{"no-escalation"}},
		{"no-wildcard-access", "every key", statement(`{"Effect":"Allow","Action":["kms:Decrypt","kms:DescribeKey"],"Resource":"*"}`), nil},
		{"no-wildcard-access", "all but", statement(`{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}`), nil},
		{"no-wildcard-access", "a managed policy", func(g graph) {
			g.add("aws:iam/policy:Policy", "p", map[string]any{"policy": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["ec2:Create*"],"Resource":["*"]}}`})
		}, nil},
		{"no-wildcard-access", "at a bucket", func(g graph) {
			g.allow("s3/bucketPolicy", "models", "policy", `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/x"},"Action":"*","Resource":"*"}`)
		}, nil},
		{"no-administrator", "attached", func(g graph) {
			g.add(attachment, "a", map[string]any{"role": "script-ohio-prod-app", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"})
		}, nil},
		{"no-administrator", "at the role", func(g graph) {
			g.set("iam/role", "worker", "managedPolicyArns", []any{"arn:aws:iam::aws:policy/AmazonS3FullAccess"})
		}, nil},
		{"no-public-policy", "bucket", func(g graph) {
			g.allow("s3/bucketPolicy", "models", "policy", `{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::x/*"}`)
		}, nil},
		{"no-public-policy", "key", func(g graph) {
			g.replace("kms/key", "storage", "policy", `"kms:CallerAccount":["111122223333"],`, "")
		}, nil},
		{"no-public-policy", "a condition that everybody meets", func(g graph) {
			g.allow("sns/topicPolicy", "alerts", "policy",
				`{"Effect":"Allow","Principal":"*","Action":"sns:Publish","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}`)
		}, nil},
		{"no-public-policy", "any account", func(g graph) {
			g.replace("kms/key", "cache", "policy", `"kms:CallerAccount":["111122223333"]`, `"kms:CallerAccount":["111122223333","444455556666"]`)
		}, nil},
		{"no-foreign-account", "role", func(g graph) {
			g.replace("iam/role", "cluster-operator", "assumeRolePolicy", "arn:aws:iam::111122223333:root", "arn:aws:iam::999999999999:root")
		}, nil},
		{"no-foreign-account", "bucket", func(g graph) {
			g.allow("s3/bucketPolicy", "logs", "policy", `{"Effect":"Allow","Principal":{"AWS":"127311923021"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::x/*"}`)
		}, nil},
		{"service-for-this-account", "trust", func(g graph) {
			g.replace("iam/role", "backup", "assumeRolePolicy", `,"Condition":{"StringEquals":{"aws:SourceAccount":["111122223333"]}}`, "")
		}, nil},
		{"service-for-this-account", "bucket", func(g graph) {
			g.allow("s3/bucketPolicy", "logs", "policy", `{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::x/*"}`)
		}, nil},
		{"no-escalation", "policies", statement(`{"Effect":"Allow","Action":"iam:Put*","Resource":"arn:aws:iam::111122223333:role/x"}`), nil},
		{"no-escalation", "hand over", statement(`{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::111122223333:role/*"}`), nil},

		{"workflow-trust-narrow", "every repository", trust("repo:script-ohio/platform:environment:prod", "repo:*"), nil},
		{"workflow-trust-narrow", "another repository", trust("repo:script-ohio/platform:", "repo:script-ohio/site:"), nil},
		{"workflow-trust-narrow", "everything of ours", trust(":environment:prod", ":*"), nil},
		{"workflow-trust-narrow", "no subject", trust(`"token.actions.githubusercontent.com:sub"`, `"token.actions.githubusercontent.com:actor"`), nil},
		{"workflow-trust-narrow", "tokens for others", trust(`["sts.amazonaws.com"]`, `["sts.amazonaws.com","https://github.com/script-ohio"]`), nil},
		{"pull-request-reads-only", "managed policy", func(g graph) {
			g.add(attachment, "p", map[string]any{"role": "script-ohio-prod-github-preview", "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"})
		}, nil},
		{"pull-request-reads-only", "inline", func(g graph) {
			g.allow("iam/rolePolicy", "github-preview", "policy", `{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::state/*"}`)
		}, nil},
		{"pull-request-reads-only", "the deploying role", trust(":environment:prod", ":pull_request"), nil},
	}
}
