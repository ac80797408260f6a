package policy_test

func hygieneMutations() []mutation {
	const provider = "pulumi:providers:aws"
	return []mutation{
		{"tags-present", "no owner", func(g graph) { g.unset(provider, "aws-recovery", "defaultTags.tags.Owner") }, nil},
		{"tags-present", "none", func(g graph) { g.unset(provider, "aws-recovery", "defaultTags") }, nil},
		{"tags-present", "another stack", func(g graph) { g.set(provider, "aws-recovery", "defaultTags.tags.Stack", "staging") }, nil},
		{"tags-not-overridden", "environment", func(g graph) { g.set("s3/bucketV2", "models", "tags.Environment", "staging") }, nil},
		{"instances-tagged", "volumes", func(g graph) {
			g.set("ec2/launchTemplate", "cluster-nodes", "tagSpecifications.1.resourceType", "spot-instances-request")
		}, nil},
		{"instances-tagged", "no owner", func(g graph) {
			g.unset("ec2/launchTemplate", "cluster-nodes", "tagSpecifications.0.tags.Owner")
		}, nil},
		{"explicit-provider", "none", func(g graph) { g.get("ec2/vpc", "vpc").Provider = "" }, nil},
		{"explicit-provider", "of children", func(g graph) { delete(g.get("eks:index:Cluster", "cluster").Providers, "aws") }, nil},
		{"one-account", "any", func(g graph) { g.unset(provider, "aws", "allowedAccountIds") }, nil},
		{"one-account", "two", func(g graph) { g.set(provider, "aws", "allowedAccountIds", []any{"111122223333", "444455556666"}) }, nil},

		{"version-supported", "EKS", func(g graph) { g.set("eks:index:Cluster", "cluster", "version", "1.33") }, nil},
		{"version-supported", "nodes", func(g graph) { g.set("eks/nodeGroup", "cluster-nodes", "version", "1.28") }, nil},
		{"version-supported", "PostgreSQL", func(g graph) { g.set("rds/instance", "database", "engineVersion", "14.9") }, nil},
		{"version-supported", "another engine", func(g graph) { g.set("rds/instance", "database", "engine", "mysql") }, nil},
		{"version-supported", "cache", func(g graph) {
			g.set("elasticache/replicationGroup", "cache", "engine", "redis")
		}, nil},
		{"version-supported", "AWS chooses", func(g graph) { g.unset("rds/instance", "database", "engineVersion") }, nil},

		{"exemption-current", "nodes call nobody", func(g graph) {
			g.set("vpc/securityGroupEgressRule", "cluster-nodes-out", "cidrIpv4", "198.51.100.0/24")
		}, nil},
		{"exemption-current", "bucket is gone", func(g graph) { g.drop("s3/bucketV2", "logs") }, nil},
	}
}

// sample are made-up secrets by kind. They are put together here so that none
// stands in the sources.
func sample() map[string]string {
	return map[string]string{
		"generated":   "generated-" + "secret-master",
		"AWS key":     "AKIA" + "IOSFODNN7EXAMPLE",
		"AWS secret":  "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY",
		"session key": "ASIA" + "IOSFODNN7EXAMPLE",
		"private key": "-----BEGIN RSA PRIVATE" + " KEY-----\nMIIBOgIBAAJBAK\n-----END RSA PRIVATE KEY-----",
		"age":         "AGE-SECRET-" + "KEY-1QQPQPQ3R0R0T7Y7Y7X8X8W9W9V2V2U3U3S4S4",
		"GitHub":      "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345",
		"Slack":       "xoxb-" + "123456789012-abcdefABCDEF",
		"webhook":     "https://hooks.slack.com/" + "services/T0000/B0000/XXXXXXXX",
		"Stripe":      "sk_live_" + "0123456789abcdefABCD",
		"Pulumi":      "pul-" + "0123456789abcdef0123456789abcdef01234567",
		"JWT":         "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiJvaGlvIn0." + "c2lnbmF0dXJl",
		"URL":         "postgres://ohio:" + "correct-horse@db.example.com:5432/ohio",
		"Redis URL":   "rediss://:" + "correct-horse@cache.example.com:6379",
		"assignment":  "host=db password=" + "correct-horse",
		"JSON":        `{"username":"ohio","password":"` + `correct-horse"}`,
		"nested JSON": `{"file":"{\"master\":{\"password\":\"` + `correct-horse\"}}"}`,
		"bearer":      "Authorization: Bearer " + "0123456789abcdefghijklmnop",
		"hash":        "$2b$12$" + "abcdefghijklmnopqrstuvABCDEFGHIJKLMNOPQRSTUV0123456789",
		"random":      "q8Zr2Lk0VxTn5Yw7Bf3Hd9Jc1Gm6Ps4A",
	}
}

func secretMutations() []mutation {
	const rule = "no-plain-secret"
	all := []mutation{
		{rule, "master password", func(g graph) { g.set("rds/instance", "database", "password", "hunter2") }, nil},
		{rule, "cache token", func(g graph) { g.set("elasticache/replicationGroup", "cache", "authToken", "hunter2") }, nil},
		{rule, "cache users", func(g graph) {
			g.set("elasticache/user", "cache-app", "authenticationMode.passwords", []any{"hunter2"})
		}, nil},
		{rule, "secret string", func(g graph) { g.set("secretsmanager/secretVersion", "cache-app", "secretString", "hunter2") }, nil},
		{rule, "provider", func(g graph) { g.set("pulumi:providers:aws", "aws", "secretKey", "hunter2") }, nil},
		{rule, "named beside it", func(g graph) {
			g.set("apps/v1", "serve", "spec.template.spec.containers.0.env", []any{map[string]any{"name": "DB_PASSWORD", "value": "hunter2"}})
		}, nil},
		{rule, "parameter", func(g graph) {
			g.set("elasticache/parameterGroup", "cache-valkey8", "parameters", []any{map[string]any{"name": "requirepass-password", "value": "hunter2"}})
		}, nil},
		{rule, "Kubernetes secret", func(g graph) {
			g.add("kubernetes:core/v1:Secret", "app", map[string]any{"stringData": map[string]any{"file": "abc"}})
		}, []string{"no-secret-in-config"}},
		{rule, "key of a map", func(g graph) { g.set("sns/topic", "alerts", "tags", map[string]any{sample()["GitHub"]: "x"}) }, nil},
	}
	for kind, text := range sample() {
		all = append(all, mutation{rule, "description: " + kind, func(g graph) { g.set("ec2/securityGroup", "nodes", "description", text) }, nil})
	}
	return all
}
