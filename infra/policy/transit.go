package policy

import (
	"slices"

	"github.com/script-ohio/platform/infra/iamdoc"
	"github.com/script-ohio/platform/infra/plan"
)

// transit: what travels cannot be read or changed on its way, and who answers
// is who was meant.
func transit() []Rule {
	return []Rule{
		{
			Name:      "bucket-tls-only",
			Reason:    "S3 answers plain HTTP, credentials and objects included, unless the bucket's policy denies it",
			Reference: hub("S3.5") + " (CIS AWS 5.0 2.1.1)",
			check: func(i *inspection) {
				for _, bucket := range i.buckets() {
					if !slices.ContainsFunc(i.ofBucket(bucket, bucketPolicyType), func(p *plan.Resource) bool { return deniesPlain(p, bucketName(bucket)) }) {
						i.fault(bucket, "", "no policy denies requests without TLS to the bucket and its objects: add iamdoc.BucketTLS to its policy")
					}
				}
			},
		},
		{
			Name:      "database-tls-only",
			Reason:    "PostgreSQL lets clients in without TLS unless it is told not to",
			Reference: hub("RDS.38"),
			check:     forceTLS,
		},
		{
			Name:      "cache-tls-only",
			Reason:    "passwords and sessions pass through the cache; the mode preferred still takes plain connections",
			Reference: hub("ElastiCache.5"),
			check: require(cacheGroupType,
				must{"transitEncryptionEnabled", yes, "connections to the cache are plain: set transitEncryptionEnabled to true"},
				must{"transitEncryptionMode", exactly("required"), "the cache still takes plain connections: set transitEncryptionMode to required"}),
		},
	}
}

// deniesPlain reports whether the policy denies everybody everything without
// TLS, whatever else may be true of the request.
func deniesPlain(policy *plan.Resource, bucket string) bool {
	doc, err := iamdoc.Parse(policy.Inputs.Text("policy"))
	if err != nil {
		return false
	}
	arn := iamdoc.ARN{Service: "s3", Resource: bucket}.String()
	return slices.ContainsFunc(doc.Statements, func(s iamdoc.Statement) bool {
		return s.Effect == iamdoc.EffectDeny && slices.Contains(s.Principals, iamdoc.Anyone()) &&
			slices.Contains(s.Actions, "s3:*") && slices.Contains(s.Resources, arn) && slices.Contains(s.Resources, arn+"/*") &&
			len(s.Conditions) == 1 && slices.Equal(s.Conditions[0].Values, []string{"false"}) &&
			s.Conditions[0].Operator == "Bool" && s.Conditions[0].Key == "aws:SecureTransport"
	})
}

// forceTLS wants a parameter group with rds.force_ssl at every instance.
func forceTLS(i *inspection) {
	forced := map[string]bool{} // by name of the group
	for _, group := range i.OfType(parametersType) {
		parameters, _ := group.Inputs.At("parameters").([]any)
		for _, p := range parameters {
			parameter, _ := p.(map[string]any)
			if parameter["name"] == "rds.force_ssl" && parameter["value"] == "1" {
				forced[group.Inputs.Text("name")] = true
			}
		}
	}
	for _, r := range i.OfType(databaseType) {
		if !forced[r.Inputs.Text("parameterGroupName")] {
			i.fault(r, "parameterGroupName", "the database takes plain connections: give it a parameter group with rds.force_ssl at 1")
		}
	}
}
