package edge

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/iamdoc"
	"github.com/script-ohio/platform/infra/wafv2"
)

// rateSeconds is the window of the rate limit in the configuration.
const rateSeconds = 300

// group is a managed group of AWS and the rules of it that only count.
type group struct {
	part, name string
	counted    []string
}

// groups are the managed groups in the order of their judgement. The common
// group refuses bodies above 8 KB; a batch of predictions is up to 1 MB, which
// the app bounds itself.
// https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html
func groups() []group {
	return []group{
		{"reputation", "AWSManagedRulesAmazonIpReputationList", nil},
		{"common", "AWSManagedRulesCommonRuleSet", []string{"SizeRestrictions_BODY"}},
		{"bad-inputs", "AWSManagedRulesKnownBadInputsRuleSet", nil},
		{"sql-injection", "AWSManagedRulesSQLiRuleSet", nil},
	}
}

// redacted are the headers that carry credentials.
func redacted() []string { return []string{"authorization", "cookie", "x-api-key"} }

// firewall registers the web ACL for the load balancer and the set of blocked
// addresses, and returns the ARNs of both. The app fills the set; the stack
// only makes it.
func (e *edge) firewall() (acl, blocked pulumi.StringOutput, err error) {
	child := pulumi.Parent(e)
	set, err := wafv2.NewIPSet(e.ctx, e.Name("blocked"), wafv2.IPSet{
		Name: e.Name("blocked"), Description: "Addresses that the app bans", Scope: wafv2.Regional, Version: "IPV4",
		Addresses: []string{}, Tags: map[string]string{"Name": e.Name("blocked")},
	}, child, pulumi.IgnoreChanges([]string{"addresses"}))
	if err != nil {
		return acl, blocked, err
	}
	name := e.Name("firewall")
	firewall, err := wafv2.NewWebACL(e.ctx, name, wafv2.WebACL{
		Name: name, Description: "In front of the API", Scope: wafv2.Regional,
		DefaultAction: wafv2.Action{Allow: &wafv2.Yes{}},
		Rules:         e.rules(set.ARN),
		Visibility:    visible(name),
		Tags:          map[string]string{"Name": name},
	}, child)
	if err != nil {
		return acl, blocked, err
	}
	return firewall.ARN, set.ARN, e.log(name, firewall)
}

// rules are cheap before dear: who is banned or too many is judged by address
// alone.
func (e *edge) rules(blocked pulumi.StringInput) []wafv2.Rule {
	block := &wafv2.Action{Block: &wafv2.Yes{}}
	rules := []wafv2.Rule{
		{Name: "blocked", Action: block, Statement: wafv2.Statement{IPSet: &wafv2.IPSetReference{ARN: blocked}}},
		{Name: "rate", Action: block, Statement: wafv2.Statement{Rate: &wafv2.Rate{
			Limit: e.Config.RateLimit, WindowSeconds: rateSeconds, AggregateKey: "IP",
		}}},
	}
	for _, g := range groups() {
		managed := &wafv2.ManagedGroup{Vendor: "AWS", Name: g.name}
		for _, rule := range g.counted {
			managed.Overrides = append(managed.Overrides, wafv2.RuleOverride{Name: rule, Action: wafv2.Action{Count: &wafv2.Yes{}}})
		}
		rules = append(rules, wafv2.Rule{
			Name: g.part, Override: &wafv2.Override{None: &wafv2.Yes{}}, Statement: wafv2.Statement{Managed: managed},
		})
	}
	for i := range rules {
		rules[i].Priority, rules[i].Visibility = i, visible(e.Name(rules[i].Name))
	}
	return rules
}

func visible(metric string) wafv2.Visibility {
	return wafv2.Visibility{Metrics: true, Metric: metric, Samples: true}
}

// log keeps what the firewall saw, less what callers prove themselves with.
// https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
func (e *edge) log(name string, firewall *wafv2.Resource) error {
	child := pulumi.Parent(e)
	logs, err := cloudwatch.NewLogGroup(e.ctx, name, &cloudwatch.LogGroupArgs{
		Name: pulumi.String("aws-waf-logs-" + name), RetentionInDays: pulumi.Int(e.LogDays), KmsKeyId: e.LogsKey.ToStringOutput(),
		Tags: pulumi.StringMap{"Name": pulumi.String(name)},
	}, child, pulumi.Protect(e.protect), pulumi.RetainOnDelete(e.protect))
	if err != nil {
		return err
	}
	writer, err := cloudwatch.NewLogResourcePolicy(e.ctx, name, &cloudwatch.LogResourcePolicyArgs{
		PolicyName: pulumi.String(name), PolicyDocument: iamdoc.Output(iamdoc.Resource, e.delivers, logs.Arn),
	}, child)
	if err != nil {
		return err
	}
	args := wafv2.Logging{WebACL: firewall.ARN, Destinations: []pulumi.StringInput{logs.Arn}}
	for _, header := range redacted() {
		args.Redacted = append(args.Redacted, wafv2.Field{Header: &wafv2.Header{Name: header}})
	}
	_, err = wafv2.NewLogging(e.ctx, name, args, child, pulumi.DependsOn([]pulumi.Resource{writer}))
	return err
}

// delivers lets the log delivery of this account write into the group.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
func (e *edge) delivers(known []string) iamdoc.Document {
	from := iamdoc.ARN{Service: "logs", Region: e.Region, Account: e.Account, Resource: "*"}
	return iamdoc.New(iamdoc.Allow("logs:CreateLogStream", "logs:PutLogEvents").Named("Delivery").
		To(iamdoc.Service("delivery.logs.amazonaws.com")).On(known[0]+":*").
		When(iamdoc.Equals("aws:SourceAccount", e.Account), iamdoc.ArnLike("aws:SourceArn", from.String())))
}
