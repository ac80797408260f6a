package iamdoc_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/iamdoc"
)

func TestRecipesAreValid(t *testing.T) {
	for name, c := range map[string]struct {
		doc iamdoc.Document
		use iamdoc.Use
	}{
		"service":             {iamdoc.TrustService("backup.amazonaws.com", account), iamdoc.Trust},
		"service of anybody":  {iamdoc.TrustServiceOfAnyAccount("ec2.amazonaws.com"), iamdoc.Trust},
		"pods":                {iamdoc.TrustPods("arn:aws:eks:us-east-2:123456789012:cluster/c", account, "ohio", "app"), iamdoc.Trust},
		"GitHub":              {iamdoc.TrustGitHub("arn:aws:iam::123456789012:oidc-provider/x", "script-ohio/platform", "pull_request"), iamdoc.Trust},
		"bucket over TLS":     {iamdoc.New(iamdoc.BucketTLS(bucket)...), iamdoc.Resource},
		"key":                 {iamdoc.New(iamdoc.KeyForAccount(account), iamdoc.KeyForService("RDS", account, "rds.us-east-2.amazonaws.com")), iamdoc.Resource},
		"describe everything": {iamdoc.New(iamdoc.Allow("ec2:Describe*", "s3:ListAllMyBuckets").On("*")), iamdoc.Identity},
		"all of one bucket":   {iamdoc.New(iamdoc.Allow("s3:*").On(bucket)), iamdoc.Identity},
		"deny all but reads":  {iamdoc.New(iamdoc.DenyAllBut("s3:GetObject").On("*")), iamdoc.Identity},
	} {
		t.Run(name, func(t *testing.T) { require.NoError(t, c.doc.Validate(c.use)) })
	}
}

func TestValidateReportsEverything(t *testing.T) {
	allow := func(actions ...string) iamdoc.Statement { return iamdoc.Allow(actions...).On(bucket) }
	federated := iamdoc.Allow("sts:AssumeRoleWithWebIdentity").To(iamdoc.Federated("p"))
	for _, c := range []struct {
		name string
		doc  iamdoc.Document
		use  iamdoc.Use
		want []string
	}{
		{"nothing", iamdoc.New(), iamdoc.Identity, []string{"needs a statement"}},
		{"several", iamdoc.New(
			iamdoc.Statement{Sid: "a b", Effect: "Maybe"},
			allow("GetObject").Named("Same"), allow("s3:GetObject").Named("Same").When(iamdoc.Condition{Operator: "Equals", Key: "k"}),
			iamdoc.Allow("s3:GetObject").On("bucket").To(iamdoc.Anyone()),
		), iamdoc.Identity, []string{
			"statement a b: its name may have letters", `effect "Maybe"`, "needs either actions", "names no resource",
			`statement Same: action "GetObject"`, "statement Same stands twice", `operator "Equals" is unknown`, "compares with nothing",
			`statement 4: resource "bucket" is not an ARN`, "names no principal",
		}},
		{"allow all but", iamdoc.New(iamdoc.Statement{Effect: iamdoc.EffectAllow, NotActions: []string{"iam:*"}, Resources: []string{bucket}}),
			iamdoc.Identity, []string{"it allows all actions but some"}},
		{"both lists", iamdoc.New(iamdoc.Statement{Effect: iamdoc.EffectDeny, Actions: []string{"a:B"}, NotActions: []string{"a:C"}, Resources: []string{bucket}}),
			iamdoc.Identity, []string{"either actions or excepted actions"}},
		{"too long", iamdoc.New(allow("s3:GetObject", "s3:"+strings.Repeat("x", 6144))), iamdoc.Identity, []string{"at most 6144 are allowed"}},
		{"resource policy", iamdoc.New(
			allow("s3:GetObject"),
			allow("s3:GetObject").To(iamdoc.Anyone()),
			iamdoc.Allow("s3:GetObject").To(iamdoc.Principal{Kind: "User"}),
		), iamdoc.Resource, []string{"statement 1: it names no principal", "statement 2: it allows everybody without a condition",
			`statement 3: principal kind "User"`, "statement 3: a principal has no name", "statement 3: it names no resource"}},
		{"trust policy", iamdoc.New(
			iamdoc.Allow("sts:*", "s3:GetObject").On(bucket).To(iamdoc.AWS("*")),
		), iamdoc.Trust, []string{"names no resource: it stands", "not sts:*", "not s3:GetObject", "everybody without a condition"}},
		{"any identity", iamdoc.New(federated.When(iamdoc.Like(iamdoc.GitHubIssuer+":sub", "*"))), iamdoc.Trust,
			[]string{"every identity of p in", "made for others"}},
		{"not this identity", iamdoc.New(federated.When(iamdoc.NotEquals(iamdoc.GitHubIssuer+":sub", "x"))), iamdoc.Trust,
			[]string{"every identity of p in"}},
		{"unknown use", iamdoc.New(allow("s3:GetObject")), iamdoc.Use(9), []string{"use 9 is unknown"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.doc.Validate(c.use)
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

func TestOverbroad(t *testing.T) {
	for _, c := range []struct {
		actions, resources, want []string
	}{
		{[]string{"*"}, []string{"*"}, []string{"*"}},
		{[]string{"s3:*", "s3:GetObject"}, []string{bucket, "*"}, []string{"s3:*"}},
		{[]string{"s3:Get*"}, []string{"arn:aws:s3:::*"}, []string{"s3:Get*"}},
		{[]string{"ec2:*"}, []string{"arn:aws:ec2:us-east-2:123456789012:*"}, []string{"ec2:*"}},
		{[]string{"ec2:D*"}, []string{"*"}, []string{"ec2:D*"}},
		{[]string{"ec2:Describe*", "s3:List*", "ec2:RunInstances"}, []string{"*"}, nil},
		{[]string{"s3:*"}, []string{bucket + "/*"}, nil},
	} {
		require.Equal(t, c.want, iamdoc.Allow(c.actions...).On(c.resources...).Overbroad(), "%v on %v", c.actions, c.resources)
	}
	require.Empty(t, iamdoc.Deny("*").On("*").Overbroad())
	require.Equal(t, []string{"*"}, iamdoc.Statement{Effect: iamdoc.EffectAllow, NotActions: []string{"a:B"}, Resources: []string{"*"}}.Overbroad())
}
