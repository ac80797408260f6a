package database_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/database"
	"github.com/script-ohio/platform/infra/iamdoc"
	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/plan/plantest"
	"github.com/script-ohio/platform/infra/provider"
	"github.com/script-ohio/platform/infra/stack"
)

const (
	instanceType    = "aws:rds/instance:Instance"
	replicationType = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
	secretType      = "aws:secretsmanager/secret:Secret"
	versionType     = "aws:secretsmanager/secretVersion:SecretVersion"
	passwordType    = "random:index/randomPassword:RandomPassword"
	logType         = "aws:cloudwatch/logGroup:LogGroup"
	roleType        = "aws:iam/role:Role"
	attachmentType  = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"

	dataKey   = "arn:aws:kms:us-east-2:111122223333:key/data"
	secretKey = "arn:aws:kms:us-east-2:111122223333:key/secrets"
	logKey    = "arn:aws:kms:us-east-2:111122223333:key/logs"

	recoveryKey = "arn:aws:kms:us-west-2:111122223333:key/recovery"
)

// deploy records the component as the stack file configures it.
func deploy(t *testing.T, name string, change func(*stack.Config)) *plan.Graph {
	t.Helper()
	c := plantest.Config(t, name)
	if change != nil {
		change(&c)
	}
	graph, err := plantest.Record(t, c, func(ctx *pulumi.Context) error {
		set, err := provider.New(ctx, c)
		if err != nil {
			return err
		}
		args := database.Args{
			Name: c.Name, Account: c.General.Account, Zones: c.General.Zones,
			Config: c.Database, LogDays: c.Network.LogDays, Tags: map[string]string{"Backup": "daily"},
			Network: database.Network{
				Subnets:       pulumi.ToStringArray([]string{"subnet-a", "subnet-b", "subnet-c"}),
				SecurityGroup: pulumi.String("sg-database"),
			},
			Keys: database.Keys{Data: pulumi.String(dataKey), Secrets: pulumi.String(secretKey), Logs: pulumi.String(logKey)},
		}
		if c.General.CrossRegion {
			args.Recovery = &database.Recovery{Key: pulumi.String(recoveryKey), Provider: set.InRecovery()}
		}
		if !c.General.Protect { // else nil, which means the same as true
			args.Protect = &c.General.Protect
		}
		out, err := database.New(ctx, c.Name("database"), args, set.Main())
		if err != nil {
			return err
		}
		ctx.Export("host", out.Host)
		ctx.Export("arn", out.ARN)
		ctx.Export("secret", out.Secret)
		ctx.Export("readers", pulumi.ToStringArrayOutput(out.Readers))
		return nil
	})
	require.NoError(t, err)
	return graph
}

func split(graph *plan.Graph) (primary *plan.Resource, replicas []*plan.Resource) {
	for _, r := range graph.OfType(instanceType) {
		if r.Inputs.Text("replicateSourceDb") == "" {
			primary = r
		} else {
			replicas = append(replicas, r)
		}
	}
	return primary, replicas
}

func TestTheTableOfEachStack(t *testing.T) {
	for _, c := range []struct {
		stack, class               string
		storage, most, backup, log float64
		multiAZ, zone              any
		replicas, recovery         int
	}{
		{"prod", "db.m7g.large", 500, 1000, 30, 90, true, nil, 2, 1},
		{"staging", "db.t4g.medium", 50, 200, 7, 30, false, "us-east-2a", 0, 0},
	} {
		t.Run(c.stack, func(t *testing.T) {
			graph := deploy(t, c.stack, nil)
			primary, replicas := split(graph)
			in := primary.Inputs
			require.Equal(t, "postgres", in.Text("engine"))
			require.Equal(t, "17", in.Text("engineVersion"))
			require.True(t, in.True("autoMinorVersionUpgrade"), "a prefix is a version only while minor upgrades are automatic")
			require.NotContains(t, primary.IgnoreChanges, "engineVersion")
			require.Equal(t, c.class, in.Text("instanceClass"))
			require.Equal(t, "gp3", in.Text("storageType"))
			require.Equal(t, c.storage, in.Number("allocatedStorage"))
			require.Equal(t, c.most, in.Number("maxAllocatedStorage"))
			require.Equal(t, c.multiAZ, in.At("multiAz"))
			require.Equal(t, c.zone, in.At("availabilityZone"))
			require.Equal(t, c.backup, in.Number("backupRetentionPeriod"))
			require.Equal(t, "03:00-04:00", in.Text("backupWindow"))
			require.Equal(t, "sun:04:00-sun:05:00", in.Text("maintenanceWindow"))
			require.Equal(t, false, in.At("skipFinalSnapshot"))
			require.Contains(t, in.Text("finalSnapshotIdentifier"), "script-ohio-"+c.stack+"-database-final-")
			require.Equal(t, false, in.At("deleteAutomatedBackups"))
			require.Len(t, replicas, c.replicas)
			require.Len(t, graph.OfType(replicationType), c.recovery)
			for _, group := range graph.OfType(logType) {
				require.Equal(t, c.log, group.Inputs.Number("retentionInDays"))
				require.Equal(t, logKey, group.Inputs.Text("kmsKeyId"))
			}
		})
	}
}

func TestEveryInstanceIsClosedEncryptedAndWatched(t *testing.T) {
	graph := deploy(t, "prod", nil)
	role := graph.OfType(roleType)[0]
	for _, r := range graph.OfType(instanceType) {
		in, id := r.Inputs, r.Inputs.Text("identifier")
		require.True(t, in.True("storageEncrypted"), id)
		require.Equal(t, dataKey, in.Text("kmsKeyId"), id)
		require.Equal(t, false, in.At("publiclyAccessible"), id)
		require.Equal(t, []string{"sg-database"}, in.Texts("vpcSecurityGroupIds"), id)
		require.True(t, in.True("deletionProtection"), id)
		require.True(t, in.True("copyTagsToSnapshot"), id)
		require.True(t, in.True("performanceInsightsEnabled"), id)
		require.Equal(t, dataKey, in.Text("performanceInsightsKmsKeyId"), id)
		require.Equal(t, 7.0, in.Number("performanceInsightsRetentionPeriod"), id)
		require.Equal(t, "standard", in.Text("databaseInsightsMode"), id)
		require.Equal(t, 60.0, in.Number("monitoringInterval"), id)
		require.Equal(t, "arn:aws:iam::111122223333:role/"+role.Inputs.Text("name"), in.Text("monitoringRoleArn"), id)
		require.Equal(t, []string{"postgresql", "upgrade"}, in.Texts("enabledCloudwatchLogsExports"), id)
		require.Nil(t, in.At("manageMasterUserPassword"), id)
		require.Equal(t, "script-ohio-prod-database-postgres17", in.Text("parameterGroupName"), id)
		require.True(t, r.Protect && r.RetainOnDelete, id)
		for _, log := range in.Texts("enabledCloudwatchLogsExports") {
			group := graph.Find(logType, id+"-"+log)
			require.Equal(t, "/aws/rds/instance/"+id+"/"+log, group.Inputs.Text("name"))
			require.True(t, graph.CreatedBefore(group, r), "RDS would make %s itself", group.Name)
		}
		require.True(t, graph.CreatedBefore(graph.OfType(attachmentType)[0], r), "RDS checks what the role may do")
	}
}

func TestMonitoringRoleIsForRDSOfThisAccount(t *testing.T) {
	graph := deploy(t, "prod", nil)
	trust, err := iamdoc.Parse(graph.OfType(roleType)[0].Inputs.Text("assumeRolePolicy"))
	require.NoError(t, err)
	require.Equal(t, iamdoc.TrustService("monitoring.rds.amazonaws.com", "111122223333"), trust)
	require.Equal(t, "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole", graph.OfType(attachmentType)[0].Inputs.Text("policyArn"))
}

func TestParameters(t *testing.T) {
	group := deploy(t, "prod", nil).OfType("aws:rds/parameterGroup:ParameterGroup")[0]
	require.Equal(t, "postgres17", group.Inputs.Text("family"))
	set, method := map[string]string{}, map[string]string{}
	list, _ := group.Inputs.At("parameters").([]any)
	for _, item := range list {
		p, _ := item.(map[string]any)
		name, _ := p["name"].(string)
		set[name], _ = p["value"].(string)
		method[name], _ = p["applyMethod"].(string)
	}
	require.Len(t, set, len(list), "no parameter stands twice")
	require.Equal(t, "1", set["rds.force_ssl"])
	require.Contains(t, set["shared_preload_libraries"], "pg_stat_statements")
	require.Equal(t, "pending-reboot", method["shared_preload_libraries"], "RDS refuses a static parameter at once")
	require.Equal(t, "immediate", method["rds.force_ssl"])
	for _, log := range []string{"log_connections", "log_disconnections", "log_lock_waits", "log_min_duration_statement", "log_temp_files"} {
		require.NotEmpty(t, set[log], log)
	}
	require.NotContains(t, set, "log_statement", "it would log passwords")
}

func TestReplicasStandInOtherZonesAndTakeFromThePrimary(t *testing.T) {
	graph := deploy(t, "prod", nil)
	primary, replicas := split(graph)
	var zones []string
	for _, r := range replicas {
		require.Equal(t, primary.Inputs.Text("identifier"), r.Inputs.Text("replicateSourceDb"))
		require.True(t, graph.DestroyedBefore(r, primary))
		require.True(t, r.Inputs.True("skipFinalSnapshot"), "RDS refuses a final snapshot of a replica")
		for _, from := range []string{"username", "password", "dbName", "allocatedStorage", "engineVersion", "dbSubnetGroupName", "finalSnapshotIdentifier"} {
			require.Nil(t, r.Inputs.At(from), "%s comes from the primary", from)
		}
		require.Equal(t, primary.Inputs.Number("maxAllocatedStorage"), r.Inputs.Number("maxAllocatedStorage"), "a replica that cannot grow stops")
		zones = append(zones, r.Inputs.Text("availabilityZone"))
	}
	slices.Sort(zones)
	require.Equal(t, []string{"us-east-2b", "us-east-2c"}, zones)
	require.Equal(t, 2, strings.Count(plain(t, graph.Outputs["readers"].Value), "rds.amazonaws.com"))
}

func TestLosingTheStandbyReplacesNothing(t *testing.T) {
	with, _ := split(deploy(t, "prod", nil))
	without, _ := split(deploy(t, "prod", func(c *stack.Config) { c.Database.MultiAZ = false }))
	require.NotEqual(t, with.Inputs.At("availabilityZone"), without.Inputs.At("availabilityZone"))
	require.Contains(t, with.IgnoreChanges, "availabilityZone")
	require.Contains(t, without.IgnoreChanges, "availabilityZone")
}

func TestAMajorUpgradeBringsItsOwnParameterGroup(t *testing.T) {
	graph := deploy(t, "prod", func(c *stack.Config) { c.Database.Version = "18" })
	group := graph.OfType("aws:rds/parameterGroup:ParameterGroup")[0]
	require.Equal(t, "postgres18", group.Inputs.Text("family"))
	require.Equal(t, "script-ohio-prod-database-postgres18", group.Inputs.Text("name"))
	primary, _ := split(graph)
	require.Equal(t, group.Inputs.Text("name"), primary.Inputs.Text("parameterGroupName"))
}

func plain(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}
