package cache_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/cache"
	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/plan/plantest"
	"github.com/script-ohio/platform/infra/provider"
	"github.com/script-ohio/platform/infra/stack"
)

const (
	groupType     = "aws:elasticache/replicationGroup:ReplicationGroup"
	parameterType = "aws:elasticache/parameterGroup:ParameterGroup"
	logType       = "aws:cloudwatch/logGroup:LogGroup"

	dataKey   = "arn:aws:kms:us-east-2:111122223333:key/cache"
	secretKey = "arn:aws:kms:us-east-2:111122223333:key/secrets"
	logKey    = "arn:aws:kms:us-east-2:111122223333:key/logs"
)

// deploy records the component as the stack file configures it.
func deploy(t *testing.T, name string, change func(*stack.Config)) *plan.Graph {
	t.Helper()
	c := plantest.Config(t, name)
	if change != nil {
		change(&c)
	}
	graph, err := run(t, c)
	require.NoError(t, err)
	return graph
}

func run(t *testing.T, c stack.Config) (*plan.Graph, error) {
	t.Helper()
	return plantest.Record(t, c, func(ctx *pulumi.Context) error {
		set, err := provider.New(ctx, c)
		if err != nil {
			return err
		}
		args := cache.Args{
			Name: c.Name, Config: c.Cache, LogDays: c.Network.LogDays,
			Network: cache.Network{
				Subnets:       pulumi.ToStringArray([]string{"subnet-a", "subnet-b", "subnet-c"}),
				SecurityGroup: pulumi.String("sg-cache"),
			},
			Keys: cache.Keys{Data: pulumi.String(dataKey), Secrets: pulumi.String(secretKey), Logs: pulumi.String(logKey)},
		}
		if !c.General.Protect { // else nil, which means the same as true
			args.Protect = &c.General.Protect
		}
		out, err := cache.New(ctx, c.Name("cache"), args, set.Main())
		if err != nil {
			return err
		}
		ctx.Export("host", out.Host)
		ctx.Export("reader", out.Reader)
		ctx.Export("arn", out.ARN)
		ctx.Export("secret", out.Secret)
		return nil
	})
}

func TestTheTableOfEachStack(t *testing.T) {
	for _, c := range []struct {
		stack, node      string
		nodes, keep, log float64
		failover         bool
	}{
		{"prod", "cache.r7g.large", 3, 7, 90, true},
		{"staging", "cache.t4g.small", 1, 1, 30, false},
	} {
		t.Run(c.stack, func(t *testing.T) {
			graph := deploy(t, c.stack, nil)
			group := graph.OfType(groupType)[0]
			in := group.Inputs
			require.Equal(t, "valkey", in.Text("engine"))
			require.Equal(t, "8.2", in.Text("engineVersion"))
			require.Equal(t, c.node, in.Text("nodeType"))
			require.Equal(t, c.nodes, in.Number("numCacheClusters"))
			require.Equal(t, c.failover, in.At("automaticFailoverEnabled"))
			require.Equal(t, c.failover, in.At("multiAzEnabled"))
			require.Equal(t, c.keep, in.Number("snapshotRetentionLimit"))
			require.Equal(t, "05:00-06:00", in.Text("snapshotWindow"))
			require.Equal(t, "sun:06:00-sun:07:00", in.Text("maintenanceWindow"))
			require.Contains(t, in.Text("finalSnapshotIdentifier"), "script-ohio-"+c.stack+"-cache-final-")
			require.Len(t, graph.OfType(logType), 2)
			for _, log := range graph.OfType(logType) {
				require.Equal(t, c.log, log.Inputs.Number("retentionInDays"))
				require.Equal(t, logKey, log.Inputs.Text("kmsKeyId"))
			}
		})
	}
}

func TestTheGroupIsClosedAndEncrypted(t *testing.T) {
	for _, name := range []string{"prod", "staging"} {
		graph := deploy(t, name, nil)
		group := graph.OfType(groupType)[0]
		in := group.Inputs
		require.True(t, in.True("atRestEncryptionEnabled"))
		require.Equal(t, dataKey, in.Text("kmsKeyId"))
		require.True(t, in.True("transitEncryptionEnabled"))
		require.Equal(t, "required", in.Text("transitEncryptionMode"), "preferred would take plain connections too")
		require.Equal(t, []string{"sg-cache"}, in.Texts("securityGroupIds"))
		require.Equal(t, "script-ohio-"+name+"-cache", in.Text("subnetGroupName"))
		require.Equal(t, []string{"script-ohio-" + name + "-cache"}, in.Texts("userGroupIds"))
		require.Nil(t, in.At("authToken"))
		require.True(t, group.Protect && group.RetainOnDelete)
	}
}

func TestBothLogsGoToTheirGroups(t *testing.T) {
	graph := deploy(t, "prod", nil)
	group := graph.OfType(groupType)[0]
	list, _ := group.Inputs.At("logDeliveryConfigurations").([]any)
	got := map[string]string{}
	for _, item := range list {
		log, _ := item.(map[string]any)
		require.Equal(t, "cloudwatch-logs", log["destinationType"])
		require.Equal(t, "json", log["logFormat"])
		kind, _ := log["logType"].(string)
		got[kind], _ = log["destination"].(string)
	}
	require.Equal(t, map[string]string{
		"slow-log":   "/aws/elasticache/script-ohio-prod-cache/slow-log",
		"engine-log": "/aws/elasticache/script-ohio-prod-cache/engine-log",
	}, got)
	for _, log := range graph.OfType(logType) {
		require.True(t, graph.DestroyedBefore(group, log))
	}
}

func TestTheEngineIsAChoice(t *testing.T) {
	for _, c := range []struct{ engine, version, family string }{
		{"valkey", "8.2", "valkey8"}, {"valkey", "7.2", "valkey7"}, {"redis", "7.1", "redis7"},
	} {
		graph := deploy(t, "prod", func(s *stack.Config) { s.Cache.Engine, s.Cache.Version = c.engine, c.version })
		parameters, group := graph.OfType(parameterType)[0], graph.OfType(groupType)[0]
		require.Equal(t, c.family, parameters.Inputs.Text("family"))
		require.Equal(t, "script-ohio-prod-cache-"+c.family, parameters.Inputs.Text("name"))
		require.Equal(t, parameters.Inputs.Text("name"), group.Inputs.Text("parameterGroupName"))
		require.Equal(t, c.engine, group.Inputs.Text("engine"))
		require.Equal(t, c.version, group.Inputs.Text("engineVersion"))
		for _, typ := range []string{userType, userGroupType} {
			for _, r := range graph.OfType(typ) {
				require.Equal(t, c.engine, r.Inputs.Text("engine"), "%s: Redis OSS takes no users of Valkey", r.Name)
			}
		}
	}
}

func TestEverythingHangsBelowTheComponent(t *testing.T) {
	graph := deploy(t, "prod", nil)
	component := graph.OfType(cache.Type)[0]
	main, made := graph.Find("pulumi:providers:aws", "script-ohio-prod-aws"), graph.OfType("pulumi:providers:random")[0]
	for _, r := range graph.Resources {
		if r == component || strings.HasPrefix(r.Type, "pulumi:providers:") {
			continue
		}
		require.Equal(t, component.URN, r.Parent, r.URN)
		require.True(t, strings.HasPrefix(r.Name, "script-ohio-prod-cache"), r.Name)
		want := main.URN
		if r.Package() == "random" {
			want = made.URN
		}
		require.Equal(t, want, r.Provider, r.URN)
	}
	_, err := graph.DestroyOrder()
	require.NoError(t, err)
}

func TestWithoutProtectionEverythingGoes(t *testing.T) {
	graph := deploy(t, "prod", func(c *stack.Config) { c.General.Protect = false })
	for _, r := range graph.Resources {
		require.False(t, r.Protect || r.RetainOnDelete, r.URN)
	}
	require.Equal(t, 0.0, graph.OfType(secretType)[0].Inputs.At("recoveryWindowInDays"), "the name must be free again")
	require.NotEmpty(t, graph.OfType(groupType)[0].Inputs.Text("finalSnapshotIdentifier"), "the last snapshot stays all the same")
}

func TestWhatIsMissingIsSaidAtOnce(t *testing.T) {
	_, err := plan.Run(t.Context(), plan.Stack{Project: stack.Project, Name: "prod"}, func(ctx *pulumi.Context) error {
		_, err := cache.New(ctx, "cache", cache.Args{})
		return err
	})
	for _, what := range []string{"Name", "Network.Subnets", "Network.SecurityGroup", "Keys.Data", "Keys.Secrets", "Keys.Logs"} {
		require.ErrorContains(t, err, what+" is missing")
	}
}

func TestAnIdTooLongForElastiCacheIsRefused(t *testing.T) {
	c := plantest.Config(t, "prod")
	c.Stack = "prod-of-the-western-half"
	_, err := run(t, c)
	require.ErrorContains(t, err, "script-ohio-prod-of-the-western-half-cache-default is longer than 40")
	c.Stack = "prod-of-the-we" // 40 with what stands around it
	_, err = run(t, c)
	require.NoError(t, err)
}

func plain(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}
