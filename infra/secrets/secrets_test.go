package secrets_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/plan/plantest"
	"github.com/script-ohio/platform/infra/provider"
	"github.com/script-ohio/platform/infra/secrets"
)

const key = "arn:aws:kms:us-east-2:111122223333:key/secrets"

func deploy(t *testing.T, protect *bool) *plan.Graph {
	t.Helper()
	c := plantest.Config(t, "prod")
	graph, err := plantest.Record(t, c, func(ctx *pulumi.Context) error {
		set, err := provider.New(ctx, c)
		if err != nil {
			return err
		}
		arn, err := secrets.New(ctx, c.Name("secrets"), secrets.Args{Name: c.Name, Key: pulumi.String(key), Protect: protect}, set.Main())
		ctx.Export("arn", arn)
		return err
	})
	require.NoError(t, err)
	return graph
}

func TestTheSecretHoldsWhatTheContractAsksFor(t *testing.T) {
	graph := deploy(t, nil)
	require.ElementsMatch(t, []string{"SECRET_KEY", "CFBD_API_KEY", "BACKUP_IDENTITY", "SLACK_WEBHOOK_URL", "PAGERDUTY_ROUTING_KEY", "SMTP_URL", "ALERT_TOKEN"}, secrets.Names())
	secret, version := graph.OfType("aws:secretsmanager/secret:Secret")[0], graph.OfType("aws:secretsmanager/secretVersion:SecretVersion")[0]
	require.Equal(t, key, secret.Inputs.Text("kmsKeyId"))
	require.True(t, secret.Protect && secret.RetainOnDelete)
	require.True(t, version.Inputs.Secret("secretString"))
	require.Len(t, graph.OfType("random:index/randomPassword:RandomPassword"), 2, "the signing key and the token of the webhook")
	require.Contains(t, version.IgnoreChanges, "secretString", "or a deployment would take a person's keys away")
	require.Equal(t, secret.ARN, graph.Outputs["arn"].Value)
}

func TestAnUnprotectedSecretFreesItsName(t *testing.T) {
	off := false
	secret := deploy(t, &off).OfType("aws:secretsmanager/secret:Secret")[0]
	require.Equal(t, 0.0, secret.Inputs.At("recoveryWindowInDays"))
	require.False(t, secret.Protect || secret.RetainOnDelete)
}
