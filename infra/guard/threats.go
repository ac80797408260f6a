package guard

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/guardduty"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// features are the sources that GuardDuty reads beside flow logs, DNS and
// CloudTrail. Runtime monitoring is left out: it puts endpoints into the VPC
// that no stack knows and that keep the VPC from being destroyed. There are no
// Lambda functions.
// https://docs.aws.amazon.com/guardduty/latest/ug/guardduty-features-activation-model.html
func features() []string {
	return []string{"S3_DATA_EVENTS", "EKS_AUDIT_LOGS", "EBS_MALWARE_PROTECTION", "RDS_LOGIN_EVENTS"}
}

// severe is where GuardDuty's high severity begins, of 1 to 10.
// https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings-severity.html
const severe = 7.0

// newDetector looks for threats and tells people about severe findings.
func (g *guard) newDetector() error {
	name := g.Name("threats")
	detector, err := guardduty.NewDetector(g.ctx, name, &guardduty.DetectorArgs{
		Enable: pulumi.Bool(true), FindingPublishingFrequency: pulumi.String("FIFTEEN_MINUTES"),
	}, pulumi.Parent(g), pulumi.Protect(g.protect))
	if err != nil {
		return err
	}
	for _, feature := range features() {
		if _, err := guardduty.NewDetectorFeature(g.ctx, g.Name("threats", feature), &guardduty.DetectorFeatureArgs{
			DetectorId: detector.ID(), Name: pulumi.String(feature), Status: pulumi.String("ENABLED"),
		}, pulumi.Parent(g)); err != nil {
			return err
		}
	}
	return g.tell("threats", "Severe findings of GuardDuty", pattern{
		Source: []string{"aws.guardduty"}, Kind: []string{"GuardDuty Finding"},
		Detail: detail{Severity: []numeric{{[]any{">=", severe}}}},
	})
}
