package database_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/database"
	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/stack"
)

// passwords lists where the made-up password stands in plain inputs, and where
// it stands as a secret.
func passwords(graph *plan.Graph) (leaked, marked []string) {
	for _, r := range graph.Resources {
		for _, leaf := range r.Inputs.Leaves() {
			text, _ := leaf.Value.(string)
			if !strings.Contains(text, plan.GeneratedSecret) {
				continue
			}
			at := r.Type + " " + leaf.Path
			if leaf.Secret {
				marked = append(marked, at)
			} else {
				leaked = append(leaked, at)
			}
		}
	}
	return leaked, marked
}

func TestThePasswordIsASecretEverywhere(t *testing.T) {
	graph := deploy(t, "prod", nil)
	leaked, marked := passwords(graph)
	require.Empty(t, leaked)
	require.ElementsMatch(t, []string{instanceType + " password", versionType + " secretString"}, marked)
	require.NotContains(t, plain(t, graph), plan.GeneratedSecret)
	require.NotContains(t, plain(t, graph.Outputs), plan.GeneratedSecret)
	require.Equal(t, plan.Output{Value: "arn:aws:secretsmanager:us-east-2:111122223333:secret:script-ohio-prod-database-master-AbCdEf"}, graph.Outputs["secret"])
}

func TestTheSecretSaysHowToConnect(t *testing.T) {
	graph := deploy(t, "prod", nil)
	secret := graph.OfType(secretType)[0]
	require.Equal(t, secretKey, secret.Inputs.Text("kmsKeyId"))
	require.Equal(t, 30.0, secret.Inputs.Number("recoveryWindowInDays"))
	require.True(t, secret.Protect && secret.RetainOnDelete)
	version := graph.OfType(versionType)[0]
	require.True(t, graph.DestroyedBefore(version, secret))
	var got map[string]string
	for _, leaf := range version.Inputs.Leaves() {
		if leaf.Path == "secretString" {
			text, _ := leaf.Value.(string)
			require.NoError(t, json.Unmarshal([]byte(text), &got))
		}
	}
	require.Equal(t, map[string]string{
		"engine": "postgres", "host": graph.Outputs["host"].Value.(string), "port": "5432", "dbname": "ohio",
		"username": "ohio_master", "password": plan.GeneratedSecret + "script-ohio-prod-database-master",
	}, got)
}

func TestThePasswordCanBeRotated(t *testing.T) {
	graph := deploy(t, "prod", nil)
	password := graph.OfType(passwordType)[0]
	require.GreaterOrEqual(t, password.Inputs.Number("length"), 32.0)
	require.Equal(t, false, password.Inputs.At("special"))
	for _, r := range []*plan.Resource{password, graph.OfType(versionType)[0]} {
		require.False(t, r.Protect, "%s: a protected resource cannot be replaced", r.Type)
	}
}

func TestBackupsSurviveTheRegion(t *testing.T) {
	graph := deploy(t, "prod", nil)
	primary, _ := split(graph)
	copies := graph.OfType(replicationType)[0]
	require.Equal(t, graph.Find("pulumi:providers:aws", "script-ohio-prod-aws-recovery").URN, copies.Provider)
	require.Equal(t, 30.0, copies.Inputs.Number("retentionPeriod"))
	require.Equal(t, "arn:aws:rds:us-east-2:111122223333:db:script-ohio-prod-database", copies.Inputs.Text("sourceDbInstanceArn"))
	require.Equal(t, recoveryKey, copies.Inputs.Text("kmsKeyId"))
	require.True(t, graph.DestroyedBefore(copies, primary))
	require.True(t, !copies.Protect && copies.DeleteBefore, "another retention is another replication")
}

func TestEverythingHangsBelowTheComponent(t *testing.T) {
	graph := deploy(t, "prod", nil)
	component := graph.OfType(database.Type)[0]
	require.Equal(t, "script-ohio-prod-database", component.Name)
	main := graph.Find("pulumi:providers:aws", "script-ohio-prod-aws")
	for _, r := range graph.Resources {
		if r == component || strings.HasPrefix(r.Type, "pulumi:providers:") {
			continue
		}
		require.Equal(t, component.URN, r.Parent, r.URN)
		require.True(t, strings.HasPrefix(r.Name, "script-ohio-prod-database"), r.Name)
		if strings.HasPrefix(r.Type, "aws:rds/") && r.Type != replicationType {
			require.Equal(t, main.URN, r.Provider, r.URN)
		}
	}
	_, err := graph.DestroyOrder()
	require.NoError(t, err)
}

func TestWithoutProtectionEverythingGoes(t *testing.T) {
	graph := deploy(t, "prod", func(c *stack.Config) { c.General.Protect = false })
	for _, r := range graph.Resources {
		require.False(t, r.Protect || r.RetainOnDelete, r.URN)
	}
	for _, r := range graph.OfType(instanceType) {
		require.Equal(t, false, r.Inputs.At("deletionProtection"))
	}
	require.Equal(t, 0.0, graph.OfType(secretType)[0].Inputs.At("recoveryWindowInDays"), "the name must be free again")
	primary, _ := split(graph)
	require.True(t, primary.Inputs.True("deleteAutomatedBackups"))
	require.Equal(t, false, primary.Inputs.At("skipFinalSnapshot"), "the last snapshot stays all the same")
}

func TestWhatIsMissingIsSaidAtOnce(t *testing.T) {
	target := plan.Stack{Project: stack.Project, Name: "prod", Account: "111122223333", Region: "us-east-2"}
	_, err := plan.Run(t.Context(), target, func(ctx *pulumi.Context) error {
		_, err := database.New(ctx, "database", database.Args{Recovery: &database.Recovery{}})
		return err
	})
	for _, what := range []string{"Name", "Account", "Zones", "Network.Subnets", "Network.SecurityGroup", "Keys.Data", "Keys.Secrets", "Keys.Logs", "Recovery.Key", "Recovery.Provider"} {
		require.ErrorContains(t, err, what+" is missing")
	}
}
