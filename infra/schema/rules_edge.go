package schema

import (
	"slices"
	"strings"

	"github.com/script-ohio/platform/infra/wafv2"
)

// different reports whether no two items have the same value at the path.
func different(in Object, path string) bool {
	seen := map[any]bool{}
	for _, found := range in.All(path) {
		if seen[found.Value] {
			return false
		}
		seen[found.Value] = true
	}
	return true
}

func edgeLaws() []law {
	const wafDocs = "https://docs.aws.amazon.com/waf/latest/APIReference/"
	metric := matches(`[\w-]{1,128}`)
	return []law{
		{[]string{"aws:acm/certificate:Certificate"}, "https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html", []rule{
			{"domainName", "a domain of up to 253 characters, with the part before the first dot or all of it a star", matches(`(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}`)},
			{"validationMethod", "DNS, EMAIL or HTTP", oneOf("DNS", "EMAIL", "HTTP")},
		}},
		{[]string{"aws:route53/record:Record"}, "https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html", []rule{
			{"type", "a type of Route 53", oneOf("SOA", "A", "TXT", "NS", "CNAME", "MX", "NAPTR", "PTR", "SRV", "SPF", "AAAA", "CAA", "DS", "TLSA", "SSHFP", "SVCB", "HTTPS")},
			{"ttl", "0 to 2147483647 seconds", between(0, 2147483647)},
			{"", "records with a time to live, or an alias", whole(func(in Object) bool {
				return in.Has("records") == in.Has("ttl") && in.Has("records") != in.Has("aliases")
			})},
			{"", "flag, tag and a quoted value in records of type CAA", whole(func(in Object) bool {
				caa := matches(`\d{1,3} [a-z0-9]+ ".*"`)
				return in.Text("type") != "CAA" || !slices.ContainsFunc(in.All("records.*"), func(f Found) bool { return !caa(f.Value, in) })
			})},
		}},
		{[]string{"aws:cloudwatch/logResourcePolicy:LogResourcePolicy"}, "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html", []rule{
			{"policyDocument", "a JSON document of up to 5120 characters", document(5120)},
		}},
		{[]string{wafv2.WebACLType}, wafDocs + "API_CreateWebACL.html", []rule{
			{"name", "up to 128 of letters, digits, _ and -", metric},
			{"description", "up to 256 of letters, digits and +=:#@/-,. and space", matches(`[\w+=:#@/\-,.][\w+=:#@/\-,.\s]{0,254}[\w+=:#@/\-,.]`)},
			{"scope", "REGIONAL or CLOUDFRONT", oneOf("REGIONAL", "CLOUDFRONT")},
			{"defaultAction", "allow or block", within(func(in Object) bool { return exactlyOne(in, "allow", "block") })},
			{"visibilityConfig.metricName", "up to 128 of letters, digits, _ and -", metric},
			{"rules.*.name", "up to 128 of letters, digits, _ and -", metric},
			{"", "rules of different names and priorities", whole(func(in Object) bool { return different(in, "rules.*.name") && different(in, "rules.*.priority") })},
			{"rules.*", "an override of the action for groups, an action for others", within(func(in Object) bool {
				group := count(in, "statement.managedRuleGroupStatement", "statement.ruleGroupReferenceStatement") > 0
				return exactlyOne(in, "action", "overrideAction") && in.Has("overrideAction") == group
			})},
			{"rules.*.statement.rateBasedStatement.limit", "10 to 2000000000 requests", between(10, 2_000_000_000)},
			{"rules.*.statement.rateBasedStatement.evaluationWindowSec", "60, 120, 300 or 600 seconds", oneOf(60.0, 120.0, 300.0, 600.0)},
			{"rules.*.statement.rateBasedStatement.aggregateKeyType", "what to count by", oneOf("IP", "FORWARDED_IP", "CUSTOM_KEYS", "CONSTANT")},
		}},
		{[]string{wafv2.IPSetType}, wafDocs + "API_CreateIPSet.html", []rule{
			{"name", "up to 128 of letters, digits, _ and -", metric},
			{"ipAddressVersion", "IPV4 or IPV6", oneOf("IPV4", "IPV6")},
			{"scope", "REGIONAL or CLOUDFRONT", oneOf("REGIONAL", "CLOUDFRONT")},
			{"addresses.*", "a network, not everything", network(1, 32)},
		}},
		{[]string{wafv2.LoggingType}, wafDocs + "API_PutLoggingConfiguration.html", []rule{
			{"logDestinationConfigs.*", "a destination whose name begins with aws-waf-logs-", ifText(func(s string) bool { return strings.Contains(s, ":aws-waf-logs-") })},
			{"redactedFields.*.singleHeader.name", "a header in small letters", matches(`[a-z0-9-]{1,64}`)},
		}},
	}
}
