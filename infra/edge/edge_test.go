package edge_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/edge"
	"github.com/script-ohio/platform/infra/iamdoc"
	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/plan/plantest"
	"github.com/script-ohio/platform/infra/provider"
	"github.com/script-ohio/platform/infra/wafv2"
)

const (
	certificateType = "aws:acm/certificate:Certificate"
	validationType  = "aws:acm/certificateValidation:CertificateValidation"
	recordType      = "aws:route53/record:Record"
	logGroupType    = "aws:cloudwatch/logGroup:LogGroup"
	logPolicyType   = "aws:cloudwatch/logResourcePolicy:LogResourcePolicy"

	logsKey = "arn:aws:kms:us-east-2:111122223333:key/logs"
)

func deploy(t *testing.T, change func(*edge.Args)) *plan.Graph {
	t.Helper()
	c := plantest.Config(t, "prod")
	graph, err := plantest.Record(t, c, func(ctx *pulumi.Context) error {
		set, err := provider.New(ctx, c)
		if err != nil {
			return err
		}
		args := edge.Args{
			Name: c.Name, Account: c.General.Account, Region: c.General.Region,
			Config: c.Edge, LogDays: c.Network.LogDays, LogsKey: pulumi.String(logsKey),
		}
		if change != nil {
			change(&args)
		}
		out, err := edge.New(ctx, c.Name("edge"), args, set.Main())
		if err != nil {
			return err
		}
		ctx.Export("url", pulumi.String(out.URL))
		ctx.Export("certificate", out.Certificate)
		ctx.Export("firewall", out.Firewall)
		ctx.Export("blockList", out.BlockList)
		return nil
	})
	require.NoError(t, err)
	return graph
}

func TestTheCertificateIsUsedOnceItIsIssued(t *testing.T) {
	graph := deploy(t, nil)
	certificate, valid := graph.OfType(certificateType)[0], graph.OfType(validationType)[0]
	require.Equal(t, "api.script-ohio.example.com", certificate.Inputs.Text("domainName"))
	require.Equal(t, "DNS", certificate.Inputs.Text("validationMethod"))
	require.Equal(t, "30m", valid.Timeouts.Create, "a zone that is not delegated fails in time")

	proof := graph.Find(recordType, "script-ohio-prod-certificate")
	require.Equal(t, "CNAME", proof.Inputs.Text("type"))
	require.Equal(t, "Z0PRODEXAMPLE00000000", proof.Inputs.Text("zoneId"))
	require.Equal(t, []string{proof.Inputs.Text("name")}, valid.Inputs.Texts("validationRecordFqdns"))
	require.True(t, graph.CreatedBefore(proof, valid))
	require.True(t, graph.DestroyedBefore(proof, certificate))
	require.Equal(t, "https://api.script-ohio.example.com", graph.Outputs["url"].Value)
	require.Equal(t, "arn:aws:acm:us-east-2:111122223333:certificate/script-ohio-prod-certificate", graph.Outputs["certificate"].Value)
}

func TestOthersMayNotIssueCertificates(t *testing.T) {
	graph := deploy(t, nil)
	record := graph.Find(recordType, "script-ohio-prod-authorities")
	require.Equal(t, "CAA", record.Inputs.Text("type"))
	require.Equal(t, "api.script-ohio.example.com", record.Inputs.Text("name"))
	require.Contains(t, record.Inputs.Texts("records"), `0 issue "amazon.com"`)
	require.True(t, graph.CreatedBefore(record, graph.OfType(certificateType)[0]), "or ACM could be refused")
}

func TestTheRulesOfTheFirewall(t *testing.T) {
	graph := deploy(t, func(a *edge.Args) { a.Config.RateLimit = 1234 })
	firewall := graph.OfType(wafv2.WebACLType)[0]
	require.Equal(t, "REGIONAL", firewall.Inputs.Text("scope"))
	require.Equal(t, map[string]any{"allow": map[string]any{}}, firewall.Inputs.At("defaultAction"))
	rules, _ := firewall.Inputs.At("rules").([]any)
	var names, managed []string
	for i, rule := range rules {
		values := rule.(map[string]any)
		require.Equal(t, float64(i), values["priority"], "as it stands, so it is judged")
		names = append(names, values["name"].(string))
		statement := values["statement"].(map[string]any)
		if group, is := statement["managedRuleGroupStatement"].(map[string]any); is {
			require.Equal(t, "AWS", group["vendorName"])
			require.Equal(t, map[string]any{"none": map[string]any{}}, values["overrideAction"])
			managed = append(managed, group["name"].(string))
		} else {
			require.Equal(t, map[string]any{"block": map[string]any{}}, values["action"])
		}
	}
	require.Equal(t, []string{"blocked", "rate", "reputation", "common", "bad-inputs", "sql-injection"}, names)
	require.ElementsMatch(t, []string{
		"AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesSQLiRuleSet",
	}, managed)
	require.Equal(t, 1234.0, firewall.Inputs.Number("rules.1.statement.rateBasedStatement.limit"))
	require.Equal(t, 300.0, firewall.Inputs.Number("rules.1.statement.rateBasedStatement.evaluationWindowSec"))
	require.Equal(t, "SizeRestrictions_BODY", firewall.Inputs.Text("rules.3.statement.managedRuleGroupStatement.ruleActionOverrides.0.name"),
		"batches are larger than the 8 KB of the common group")
}

func TestTheAppOwnsTheBlockedAddresses(t *testing.T) {
	graph := deploy(t, nil)
	set := graph.OfType(wafv2.IPSetType)[0]
	require.Equal(t, []any{}, set.Inputs.At("addresses"), "a deployment bans nobody")
	require.Contains(t, set.IgnoreChanges, "addresses", "and frees nobody")
	require.Equal(t, graph.Outputs["blockList"].Value, graph.OfType(wafv2.WebACLType)[0].Inputs.Text("rules.0.statement.ipSetReferenceStatement.arn"))
}

func TestTheLogHidesCredentials(t *testing.T) {
	graph := deploy(t, nil)
	logging, logs := graph.OfType(wafv2.LoggingType)[0], graph.OfType(logGroupType)[0]
	require.Equal(t, graph.Outputs["firewall"].Value, logging.Inputs.Text("resourceArn"))
	require.True(t, strings.HasPrefix(logs.Inputs.Text("name"), "aws-waf-logs-"), "WAF takes no other name")
	require.Equal(t, logsKey, logs.Inputs.Text("kmsKeyId"))
	require.Equal(t, 90.0, logs.Inputs.Number("retentionInDays"))
	require.True(t, logs.Protect && logs.RetainOnDelete)
	fields, _ := logging.Inputs.At("redactedFields").([]any)
	var hidden []string
	for i := range fields {
		hidden = append(hidden, fields[i].(map[string]any)["singleHeader"].(map[string]any)["name"].(string))
	}
	require.Equal(t, []string{"authorization", "cookie", "x-api-key"}, hidden)

	writer := graph.OfType(logPolicyType)[0]
	require.True(t, graph.CreatedBefore(writer, logging))
	document, err := iamdoc.Parse(writer.Inputs.Text("policyDocument"))
	require.NoError(t, err)
	require.NoError(t, document.Validate(iamdoc.Resource))
	require.True(t, slices.Contains(document.Statements[0].Resources, "arn:aws:logs:us-east-2:111122223333:log-group:"+logs.Inputs.Text("name")+":*"))
}

func TestWhatIsMissingIsSaidAtOnce(t *testing.T) {
	_, err := edge.New(nil, "edge", edge.Args{})
	for _, what := range []string{"naming", "account or region", "domain or its hosted zone", "KMS key"} {
		require.ErrorContains(t, err, what)
	}
}
