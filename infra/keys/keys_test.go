package keys_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/iamdoc"
	"github.com/script-ohio/platform/infra/keys"
	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/plan/plantest"
	"github.com/script-ohio/platform/infra/provider"
	"github.com/script-ohio/platform/infra/stack"
)

const (
	keyType   = "aws:kms/key:Key"
	aliasType = "aws:kms/alias:Alias"
)

// deploy records the keys of both regions.
func deploy(t *testing.T, c stack.Config, protect *bool) *plan.Graph {
	t.Helper()
	graph, err := plantest.Record(t, c, func(ctx *pulumi.Context) error {
		set, err := provider.New(ctx, c)
		if err != nil {
			return err
		}
		args := keys.Args{Account: c.General.Account, Region: c.General.Region, Name: c.Name, Protect: protect}
		main, err := keys.New(ctx, c.Name("keys"), args, set.Main())
		if err != nil {
			return err
		}
		args.Region = c.General.RecoveryRegion
		args.Name = func(parts ...string) string { return c.Name(append([]string{"recovery"}, parts...)...) }
		recovery, err := keys.NewRecovery(ctx, c.Name("recovery", "keys"), args, set.InRecovery())
		if err != nil {
			return err
		}
		for name, arn := range map[string]pulumi.StringOutput{
			"database": main.Database, "cache": main.Cache, "storage": main.Storage, "logs": main.Logs,
			"secrets": main.Secrets, "cluster": main.Cluster,
			"recovery-database": recovery.Database, "recovery-storage": recovery.Storage,
		} {
			ctx.Export(name, arn)
		}
		return nil
	})
	require.NoError(t, err)
	return graph
}

func policyOf(t *testing.T, key *plan.Resource) iamdoc.Document {
	t.Helper()
	document, err := iamdoc.Parse(key.Inputs.Text("policy"))
	require.NoError(t, err)
	require.NoError(t, document.Validate(iamdoc.Resource))
	return document
}

func TestEveryClassHasAKeyOfItsOwn(t *testing.T) {
	for _, name := range []string{"staging", "prod"} {
		t.Run(name, func(t *testing.T) {
			c := plantest.Config(t, name)
			graph := deploy(t, c, nil)
			main := graph.Find("pulumi:providers:aws", c.Name("aws"))
			recovery := graph.Find("pulumi:providers:aws", c.Name("aws", "recovery"))
			require.Len(t, graph.OfType(keyType), 8)
			require.Len(t, graph.OfType(aliasType), 8)
			for class, output := range graph.Outputs {
				region, from, parent := c.General.Region, main, c.Name("keys")
				if strings.HasPrefix(class, "recovery-") {
					region, from, parent = c.General.RecoveryRegion, recovery, c.Name("recovery", "keys")
				}
				key, alias := graph.Find(keyType, c.Name(class)), graph.Find(aliasType, c.Name(class))
				require.NotNil(t, key, class)
				require.Equal(t, "arn:aws:kms:"+region+":"+c.General.Account+":key/"+c.Name(class), output.Value)
				component := graph.Find("script-ohio:keys:Keys", parent)
				require.Equal(t, component.URN, key.Parent)
				require.Equal(t, from.URN, key.Provider)

				require.True(t, key.Protect)
				require.True(t, key.RetainOnDelete)
				require.True(t, key.Inputs.True("enableKeyRotation"))
				require.EqualValues(t, 365, key.Inputs.Number("rotationPeriodInDays"))
				require.EqualValues(t, 30, key.Inputs.Number("deletionWindowInDays"))

				require.Equal(t, component.URN, alias.Parent)
				require.Equal(t, from.URN, alias.Provider)
				require.Equal(t, "alias/"+c.Name(class), alias.Inputs.Text("name"))
				require.False(t, alias.RetainOnDelete)
				require.True(t, graph.DestroyedBefore(alias, key))
			}
		})
	}
}

func TestAnUnprotectedCopyCanGo(t *testing.T) {
	off := false
	for _, key := range deploy(t, plantest.Config(t, "staging"), &off).OfType(keyType) {
		require.False(t, key.Protect)
		require.False(t, key.RetainOnDelete)
	}
}

// The table of who may use what: a service more or less is a decision.
func TestServicesOfEachKey(t *testing.T) {
	c := plantest.Config(t, "prod")
	graph := deploy(t, c, nil)
	for class, want := range map[string][]string{
		"database": {"rds.us-east-2"}, "cache": {"elasticache.us-east-2"}, "secrets": {"secretsmanager.us-east-2"},
		"cluster": {"ec2.us-east-2"}, "storage": {"backup.us-east-2", "rds.us-east-2", "s3.us-east-2"},
		"recovery-database": {"rds.us-west-2"}, "recovery-storage": {"backup.us-west-2", "rds.us-west-2", "s3.us-west-2"},
		"logs": {"backup", "budgets", "cloudtrail", "cloudtrail", "cloudwatch", "config", "delivery.logs", "events",
			"logs.us-east-2", "s3.us-east-2", "sns.us-east-2"},
	} {
		var got []string
		for _, s := range policyOf(t, graph.Find(keyType, c.Name(class))).Statements {
			for _, p := range s.Principals {
				if p.Kind == iamdoc.PrincipalService {
					got = append(got, strings.TrimSuffix(p.ID, ".amazonaws.com"))
				}
			}
			for _, cond := range s.Conditions {
				if cond.Key == "kms:ViaService" {
					got = append(got, strings.TrimSuffix(cond.Values[0], ".amazonaws.com"))
				}
			}
		}
		slices.Sort(got)
		require.Empty(t, cmp.Diff(want, got), class)
	}
}

func TestNobodyOutsideTheAccountUsesAKey(t *testing.T) {
	c := plantest.Config(t, "prod")
	root := "arn:aws:iam::" + c.General.Account + ":root"
	for _, key := range deploy(t, c, nil).OfType(keyType) {
		owned := false
		for _, s := range policyOf(t, key).Statements {
			require.Equal(t, iamdoc.EffectAllow, s.Effect)
			if len(s.Principals) == 1 && s.Principals[0].ID == root {
				owned = true
				continue
			}
			// Everybody else is held to this account by a positive condition.
			require.NotContains(t, s.Actions, "kms:*", s.Sid)
			require.True(t, slices.ContainsFunc(s.Conditions, func(cond iamdoc.Condition) bool {
				return slices.Contains([]string{"StringEquals", "StringLike", "ArnLike"}, cond.Operator) &&
					!slices.ContainsFunc(cond.Values, func(v string) bool {
						return v != c.General.Account && !strings.Contains(v, ":"+c.General.Account+":")
					})
			}), "%s: %s", key.Name, s.Sid)
		}
		require.True(t, owned, "%s: without the account in its policy nobody can manage the key", key.Name)
	}
}

// EventBridge sends no source to KMS: a condition on it would lose alerts.
func TestAlertsAreBoundByTheTopicOnly(t *testing.T) {
	c := plantest.Config(t, "prod")
	for _, s := range policyOf(t, deploy(t, c, nil).Find(keyType, c.Name("logs"))).Statements {
		if slices.Contains(s.Principals, iamdoc.Service("events.amazonaws.com")) {
			require.Len(t, s.Conditions, 1)
			require.Equal(t, "kms:EncryptionContext:aws:sns:topicArn", s.Conditions[0].Key)
			return
		}
	}
	t.Fatal("no statement for events.amazonaws.com")
}
