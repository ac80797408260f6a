package schema

import "strings"

const iamDocs = "https://docs.aws.amazon.com/IAM/latest/APIReference/"

// named is what IAM takes as a name.
const named = `[A-Za-z0-9_+=,.@-]`

func identityLaws() []law {
	return []law{
		{[]string{"aws:iam/role:Role"}, iamDocs + "API_CreateRole.html", []rule{
			{"name", "up to 64 of letters, digits and _+=,.@-", matches(named + `{1,64}`)},
			{"description", "up to 1000 characters", longest(1000)},
			{"maxSessionDuration", "3600 to 43200 seconds", between(3600, 43200)},
			{"assumeRolePolicy", "a JSON document of up to 2048 characters", document(2048)},
		}},
		{[]string{"aws:iam/rolePolicy:RolePolicy"}, iamDocs + "API_PutRolePolicy.html", []rule{
			{"name", "up to 128 of letters, digits and _+=,.@-", matches(named + `{1,128}`)},
			{"policy", "a JSON document of up to 10240 characters", document(10240)},
		}},
		{[]string{"aws:iam/rolePolicyAttachment:RolePolicyAttachment"}, iamDocs + "API_AttachRolePolicy.html", []rule{
			{"policyArn", "the ARN of a managed policy", matches(`arn:aws:iam::(aws|\d{12}):policy/[A-Za-z0-9_+=,.@/-]{1,512}`)},
		}},
		{[]string{"aws:iam/openIdConnectProvider:OpenIdConnectProvider"}, iamDocs + "API_CreateOpenIDConnectProvider.html", []rule{
			{"url", "an https URL without a port", matches(`https://[^:?]{1,247}`)},
			{"clientIdLists.*", "up to 255 characters", longest(255)},
		}},
		{[]string{"aws:kms/key:Key"}, "https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html", []rule{
			{"deletionWindowInDays", "7 to 30 days", between(7, 30)},
			{"rotationPeriodInDays", "90 to 2560 days", between(90, 2560)},
			{"", "a rotation where there is a period for it", whole(func(in Object) bool { return !in.Has("rotationPeriodInDays") || in.True("enableKeyRotation") })},
			{"policy", "a JSON document of up to 32 KB", document(32 * 1024)},
			{"description", "up to 8192 characters", longest(8192)},
		}},
		{[]string{"aws:kms/alias:Alias"}, "https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html", []rule{
			{"name", "alias/ and letters, digits and /_-, not alias/aws/", both(matches(`alias/[a-zA-Z0-9/_-]{1,250}`), ifText(func(s string) bool { return !strings.HasPrefix(s, "alias/aws/") }))},
		}},
		{[]string{"random:index/randomPassword:RandomPassword"}, "https://www.pulumi.com/registry/packages/random/api-docs/randompassword/", []rule{
			{"length", "a character at least", between(1, 1<<20)},
		}},
		{[]string{"random:index/randomId:RandomId"}, "https://www.pulumi.com/registry/packages/random/api-docs/randomid/", []rule{
			{"byteLength", "a byte at least", between(1, 1<<20)},
		}},
	}
}
