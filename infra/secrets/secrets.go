// Package secrets keeps what the app needs to know and no other component
// makes: a key for each secret variable of the contract that is not a
// connection to database or cache.
package secrets

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/infra/args"
)

// Type is the type of the component.
const Type = "script-ohio:secrets:Secrets"

const (
	// keyLength is that of what is made here: letters and digits, 285 bits.
	keyLength = 48
	// recoveryDays is how long a deleted secret can be brought back; AWS takes
	// 7 to 30, or 0 for at once.
	recoveryDays = 30
)

// Args say what to build.
type Args struct {
	Name func(parts ...string) string // names a resource of the stack
	Key  pulumi.StringInput           // ARN of the KMS key for secrets
	// Protect refuses to destroy the secret and keeps it when the stack lets
	// go of it; nil means true.
	Protect *bool
}

// Names are the variables that the secret holds, by their names in the
// contract.
func Names() []string {
	var names []string
	for _, v := range contract.Variables() {
		if v.Secret && v.Name != "DATABASE_URL" && v.Name != "REDIS_URL" {
			names = append(names, v.Name)
		}
	}
	return names
}

type secrets struct{ pulumi.ResourceState }

// New registers the secret and returns its ARN. It begins with a signing key,
// the token of the alert webhook, and without the keys that others issue: a person puts those in, and from
// then on the stack leaves the value alone.
func New(ctx *pulumi.Context, name string, given Args, opts ...pulumi.ResourceOption) (pulumi.StringOutput, error) {
	var p args.Problems
	p.Missing(given.Name == nil, "the naming of resources")
	p.Missing(given.Key == nil, "the KMS key")
	none := pulumi.StringOutput{}
	if err := p.Of("secrets"); err != nil {
		return none, err
	}
	s, protect, window := &secrets{}, args.On(given.Protect), recoveryDays
	if !protect {
		window = 0 // the next life of the stack needs the name
	}
	if err := ctx.RegisterComponentResource(Type, name, s, opts...); err != nil {
		return none, err
	}
	child, part := pulumi.Parent(s), given.Name("app")
	values := pulumi.StringMap{}
	for _, name := range Names() {
		values[name] = pulumi.String("")
	}
	// What no third party issues.
	for variable, name := range map[string]string{"SECRET_KEY": part, "ALERT_TOKEN": given.Name("app", "alert-token")} {
		made, err := random.NewRandomPassword(ctx, name, &random.RandomPasswordArgs{Length: pulumi.Int(keyLength), Special: pulumi.Bool(false)}, child)
		if err != nil {
			return none, err
		}
		values[variable] = made.Result
	}
	secret, err := secretsmanager.NewSecret(ctx, part, &secretsmanager.SecretArgs{
		Name: pulumi.String(part), Description: pulumi.String("Secret variables of the app"),
		KmsKeyId: given.Key.ToStringOutput(), RecoveryWindowInDays: pulumi.Int(window),
	}, child, pulumi.Protect(protect), pulumi.RetainOnDelete(protect))
	if err != nil {
		return none, err
	}
	version, err := secretsmanager.NewSecretVersion(ctx, part, &secretsmanager.SecretVersionArgs{
		SecretId: secret.ID(), SecretString: pulumi.JSONMarshal(values),
	}, child, pulumi.IgnoreChanges([]string{"secretString"}))
	if err != nil {
		return none, err
	}
	// Known once there is a value to read.
	arn := pulumi.All(secret.Arn, version.VersionId).ApplyT(func(both []any) string {
		text, _ := both[0].(string)
		return text
	}).(pulumi.StringOutput)
	return arn, ctx.RegisterResourceOutputs(s, pulumi.Map{"app": arn})
}
