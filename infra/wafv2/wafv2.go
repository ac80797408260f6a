// Package wafv2 is the part of AWS WAF that a stack uses, as small structs:
// the SDK's own package needs 4.5 GB to compile. Names and meanings are those
// of https://docs.aws.amazon.com/waf/latest/APIReference/.
package wafv2

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/token"
)

// The type tokens.
const (
	WebACLType  = "aws:wafv2/webAcl:WebAcl"
	IPSetType   = "aws:wafv2/ipSet:IpSet"
	LoggingType = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"
)

// Regional is the scope of load balancers; the other one is CloudFront's.
const Regional = "REGIONAL"

// Resource is what one of them is once registered.
type Resource struct {
	pulumi.CustomResourceState
	ARN pulumi.StringOutput `pulumi:"arn"`
}

// WebACL judges requests by its rules, lowest priority number first.
type WebACL struct {
	Name          string            `pulumi:"name"`
	Description   string            `pulumi:"description"`
	Scope         string            `pulumi:"scope"`
	DefaultAction Action            `pulumi:"defaultAction"` // where no rule ends the matter
	Rules         []Rule            `pulumi:"rules"`
	Visibility    Visibility        `pulumi:"visibilityConfig"`
	Tags          map[string]string `pulumi:"tags"`
}

// Rule has an action, or for a rule group an override of the group's own.
type Rule struct {
	Name       string     `pulumi:"name"`
	Priority   int        `pulumi:"priority"`
	Action     *Action    `pulumi:"action"`
	Override   *Override  `pulumi:"overrideAction"`
	Statement  Statement  `pulumi:"statement"`
	Visibility Visibility `pulumi:"visibilityConfig"`
}

// Action is one of its fields.
type Action struct {
	Allow *Yes `pulumi:"allow"`
	Block *Yes `pulumi:"block"`
	Count *Yes `pulumi:"count"`
}

// Override is one of its fields: None keeps the actions of the group.
type Override struct {
	None  *Yes `pulumi:"none"`
	Count *Yes `pulumi:"count"`
}

// Yes marks a choice that has no settings.
type Yes struct{}

// Statement is one of its fields.
type Statement struct {
	IPSet   *IPSetReference `pulumi:"ipSetReferenceStatement"`
	Managed *ManagedGroup   `pulumi:"managedRuleGroupStatement"`
	Rate    *Rate           `pulumi:"rateBasedStatement"`
}

// IPSetReference matches the addresses of a set.
type IPSetReference struct {
	ARN pulumi.StringInput `pulumi:"arn"`
}

// ManagedGroup is a group of rules that a vendor maintains.
type ManagedGroup struct {
	Vendor    string         `pulumi:"vendorName"`
	Name      string         `pulumi:"name"`
	Overrides []RuleOverride `pulumi:"ruleActionOverrides"`
}

// RuleOverride gives one rule of a group another action.
type RuleOverride struct {
	Name   string `pulumi:"name"`
	Action Action `pulumi:"actionToUse"`
}

// Rate matches an aggregate of requests while it is above the limit.
type Rate struct {
	Limit         int    `pulumi:"limit"`               // requests in a window, 10 to 2,000,000,000
	WindowSeconds int    `pulumi:"evaluationWindowSec"` // 60, 120, 300 or 600
	AggregateKey  string `pulumi:"aggregateKeyType"`    // IP: one aggregate for each address
}

// Visibility is what WAF shows of a rule.
type Visibility struct {
	Metrics bool   `pulumi:"cloudwatchMetricsEnabled"`
	Metric  string `pulumi:"metricName"`
	Samples bool   `pulumi:"sampledRequestsEnabled"`
}

// IPSet is a list of networks.
type IPSet struct {
	Name        string            `pulumi:"name"`
	Description string            `pulumi:"description"`
	Scope       string            `pulumi:"scope"`
	Version     string            `pulumi:"ipAddressVersion"` // IPV4 or IPV6
	Addresses   []string          `pulumi:"addresses"`        // CIDRs
	Tags        map[string]string `pulumi:"tags"`
}

// Logging sends what a web ACL sees to log groups whose names begin with
// aws-waf-logs-.
type Logging struct {
	WebACL       pulumi.StringInput   `pulumi:"resourceArn"`
	Destinations []pulumi.StringInput `pulumi:"logDestinationConfigs"` // ARNs
	Redacted     []Field              `pulumi:"redactedFields"`
}

// Field is a part of a request.
type Field struct {
	Header *Header `pulumi:"singleHeader"`
}

// Header is a header by its name in lower case.
type Header struct {
	Name string `pulumi:"name"`
}

// Shapes are the structs by type token, for checks of inputs.
func Shapes() map[string]any {
	return map[string]any{WebACLType: WebACL{}, IPSetType: IPSet{}, LoggingType: Logging{}}
}

// NewWebACL registers a web ACL.
func NewWebACL(ctx *pulumi.Context, name string, args WebACL, opts ...pulumi.ResourceOption) (*Resource, error) {
	return register(ctx, WebACLType, name, args, opts)
}

// NewIPSet registers an IP set.
func NewIPSet(ctx *pulumi.Context, name string, args IPSet, opts ...pulumi.ResourceOption) (*Resource, error) {
	return register(ctx, IPSetType, name, args, opts)
}

// NewLogging registers the logging of a web ACL.
func NewLogging(ctx *pulumi.Context, name string, args Logging, opts ...pulumi.ResourceOption) (*Resource, error) {
	return register(ctx, LoggingType, name, args, opts)
}

func register(ctx *pulumi.Context, typ, name string, args any, opts []pulumi.ResourceOption) (*Resource, error) {
	r := &Resource{}
	return r, ctx.RegisterResource(typ, name, token.Inputs(args), r, opts...)
}
