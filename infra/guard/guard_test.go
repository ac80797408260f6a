package guard_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/guard"
	"github.com/script-ohio/platform/infra/iamdoc"
	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/plan/plantest"
	"github.com/script-ohio/platform/infra/provider"
	"github.com/script-ohio/platform/infra/stack"
)

const (
	vaultType     = "aws:backup/vault:Vault"
	lockType      = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"
	planType      = "aws:backup/plan:Plan"
	selectionType = "aws:backup/selection:Selection"
	detectorType  = "aws:guardduty/detector:Detector"
	featureType   = "aws:guardduty/detectorFeature:DetectorFeature"
	trailType     = "aws:cloudtrail/trail:Trail"
	recorderType  = "aws:cfg/recorder:Recorder"
	channelType   = "aws:cfg/deliveryChannel:DeliveryChannel"
	statusType    = "aws:cfg/recorderStatus:RecorderStatus"
	budgetType    = "aws:budgets/budget:Budget"
	topicType     = "aws:sns/topic:Topic"
	targetType    = "aws:cloudwatch/eventTarget:EventTarget"

	vaultKey    = "arn:aws:kms:us-east-2:111122223333:key/storage"
	recoveryKey = "arn:aws:kms:us-west-2:111122223333:key/recovery"
	logsKey     = "arn:aws:kms:us-east-2:111122223333:key/logs"
)

func run(t *testing.T, c stack.Config, change func(*guard.Args)) (*plan.Graph, error) {
	t.Helper()
	return plantest.Record(t, c, func(ctx *pulumi.Context) error {
		set, err := provider.New(ctx, c)
		if err != nil {
			return err
		}
		args := guard.Args{
			Name: c.Name, Account: c.General.Account, Region: c.General.Region, Config: c.Guard,
			Logs:     guard.Logs{Bucket: pulumi.String("logs"), ARN: pulumi.String("arn:aws:s3:::logs"), TrailPrefix: "trail", ConfigPrefix: "config"},
			Keys:     guard.Keys{Vault: pulumi.String(vaultKey), Logs: pulumi.String(logsKey)},
			Selected: map[string]string{"Stack": c.Stack, "Backup": "daily"}, Immutable: c.Production(),
		}
		if c.General.CrossRegion {
			args.Recovery = &guard.Recovery{Vault: pulumi.String(recoveryKey), Provider: set.InRecovery()}
		}
		if !c.General.Protect { // else nil, which means the same as true
			args.Protect = &c.General.Protect
		}
		if change != nil {
			change(&args)
		}
		out, err := guard.New(ctx, c.Name("guard"), args, set.Main())
		if err != nil {
			return err
		}
		ctx.Export("alerts", out.Alerts)
		ctx.Export("vault", out.Vault)
		return nil
	})
}

func deploy(t *testing.T, c stack.Config) *plan.Graph {
	t.Helper()
	graph, err := run(t, c, nil)
	require.NoError(t, err)
	return graph
}

func document(t *testing.T, text string, use iamdoc.Use) iamdoc.Document {
	t.Helper()
	d, err := iamdoc.Parse(text)
	require.NoError(t, err)
	require.NoError(t, d.Validate(use))
	return d
}

func TestTheAccountIsClosedByDefault(t *testing.T) {
	c := plantest.Config(t, "prod")
	graph := deploy(t, c)
	block := graph.OfType("aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock")[0]
	for _, switched := range []string{"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"} {
		require.True(t, block.Inputs.True(switched), switched)
	}
	require.True(t, block.RetainOnDelete, "a stack that goes opens nothing")
	require.True(t, graph.OfType("aws:ebs/encryptionByDefault:EncryptionByDefault")[0].Inputs.True("enabled"))
	require.Equal(t, "block-all-sharing", graph.OfType("aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess")[0].Inputs.Text("state"))
	require.Len(t, graph.OfType("aws:accessanalyzer/analyzer:Analyzer"), 1)
	c.Guard.Account = false
	require.Empty(t, deploy(t, c).OfType(block.Type), "another stack of the account owns them")
}

func TestEverythingLiesBelowTheComponent(t *testing.T) {
	for _, name := range []string{"prod", "staging"} {
		c := plantest.Config(t, name)
		graph := deploy(t, c)
		component := graph.Find(guard.Type, c.Name("guard"))
		for _, r := range graph.Children(component) {
			want := graph.Find("pulumi:providers:aws", c.Name("aws"))
			if strings.Contains(r.Name, "recovery") {
				want = graph.Find("pulumi:providers:aws", c.Name("aws", "recovery"))
			}
			require.Equal(t, want.URN, r.Provider, r.URN)
			require.True(t, strings.HasPrefix(r.Name, c.Name()), r.Name)
			for _, leaf := range r.Inputs.Leaves() {
				require.False(t, leaf.Secret, "%s %s", r.URN, leaf.Path)
			}
		}
		require.Equal(t, 5, len(graph.Resources)-len(graph.Children(component)), "the component and four providers")
		require.Equal(t, "arn:aws:backup:us-east-2:"+c.General.Account+":backup-vault:"+c.Name("backup"), graph.Outputs["vault"].Value)
	}
}

func TestVaultsAreLocked(t *testing.T) {
	c := plantest.Config(t, "prod")
	graph := deploy(t, c)
	for name, key := range map[string]string{c.Name("backup"): vaultKey, c.Name("recovery", "backup"): recoveryKey} {
		vault, lock := graph.Find(vaultType, name), graph.Find(lockType, name)
		require.Equal(t, key, vault.Inputs.Text("kmsKeyArn"))
		require.Nil(t, vault.Inputs.At("forceDestroy"))
		require.True(t, vault.Protect && vault.RetainOnDelete)
		require.True(t, lock.RetainOnDelete, "a kept vault stays locked")
		require.True(t, !lock.Protect && lock.DeleteBefore, "another period is another lock")
		require.Equal(t, name, lock.Inputs.Text("backupVaultName"))
		require.EqualValues(t, 35, lock.Inputs.Number("minRetentionDays"))
		require.EqualValues(t, 365, lock.Inputs.Number("maxRetentionDays"))
		require.EqualValues(t, 30, lock.Inputs.Number("changeableForDays"))
		require.True(t, graph.DestroyedBefore(lock, vault))
	}
	staging := deploy(t, plantest.Config(t, "staging"))
	require.Len(t, staging.OfType(lockType), 1)
	require.Nil(t, staging.OfType(lockType)[0].Inputs.At("changeableForDays"), "only production is locked for good")
}

// Neither lock may refuse what the plan asks for.
func TestThePlanFitsTheLock(t *testing.T) {
	for _, days := range []int{7, 35, 400} {
		c := plantest.Config(t, "prod")
		c.Guard.VaultDays = days
		graph := deploy(t, c)
		rule := graph.OfType(planType)[0].Inputs
		for _, lock := range graph.OfType(lockType) {
			for _, path := range []string{"rules.0.lifecycle.deleteAfter", "rules.0.copyActions.0.lifecycle.deleteAfter"} {
				require.EqualValues(t, days, rule.Number(path))
				require.LessOrEqual(t, lock.Inputs.Number("minRetentionDays"), rule.Number(path))
				require.GreaterOrEqual(t, lock.Inputs.Number("maxRetentionDays"), rule.Number(path))
			}
		}
	}
}

func TestBackupsRunDaily(t *testing.T) {
	c := plantest.Config(t, "prod")
	graph := deploy(t, c)
	in := graph.OfType(planType)[0].Inputs
	require.Equal(t, "cron(0 8 * * ? *)", in.Text("rules.0.schedule"))
	require.Equal(t, c.Name("backup"), in.Text("rules.0.targetVaultName"))
	require.Equal(t, "arn:aws:backup:us-west-2:111122223333:backup-vault:"+c.Name("recovery", "backup"),
		in.Text("rules.0.copyActions.0.destinationVaultArn"))
	require.Nil(t, deploy(t, plantest.Config(t, "staging")).OfType(planType)[0].Inputs.At("rules.0.copyActions"), "crossRegion is off")

	selection := graph.OfType(selectionType)[0]
	require.Equal(t, []any{
		map[string]any{"key": "aws:ResourceTag/Backup", "value": "daily"},
		map[string]any{"key": "aws:ResourceTag/Stack", "value": "prod"},
	}, selection.Inputs.At("conditions.0.stringEquals"))
	require.Nil(t, selection.Inputs.At("selectionTags"), "of these one would do")
	attached := graph.OfType("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
	backups := slices.DeleteFunc(attached, func(a *plan.Resource) bool {
		return !strings.Contains(a.Inputs.Text("policyArn"), "AWSBackupServiceRolePolicyFor")
	})
	require.Len(t, backups, 2)
	for _, a := range backups {
		require.True(t, graph.CreatedBefore(a, selection))
	}
}

func TestRolesServeThisAccountOnly(t *testing.T) {
	c := plantest.Config(t, "prod")
	services := map[string]string{}
	for _, role := range deploy(t, c).OfType("aws:iam/role:Role") {
		trust := document(t, role.Inputs.Text("assumeRolePolicy"), iamdoc.Trust)
		require.Equal(t, iamdoc.TrustService(trust.Statements[0].Principals[0].ID, c.General.Account), trust)
		services[role.Name] = trust.Statements[0].Principals[0].ID
	}
	require.Equal(t, map[string]string{c.Name("backup"): "backup.amazonaws.com", c.Name("config"): "config.amazonaws.com"}, services)
}

func TestTheTrailSeesEverything(t *testing.T) {
	c := plantest.Config(t, "prod")
	graph := deploy(t, c)
	trail := graph.OfType(trailType)[0]
	require.True(t, trail.Protect)
	for _, what := range []string{"enableLogging", "enableLogFileValidation", "isMultiRegionTrail", "includeGlobalServiceEvents"} {
		require.True(t, trail.Inputs.True(what), what)
	}
	require.Equal(t, "logs", trail.Inputs.Text("s3BucketName"))
	require.Equal(t, "trail", trail.Inputs.Text("s3KeyPrefix"))
	require.Equal(t, logsKey, trail.Inputs.Text("kmsKeyId"))
	require.Equal(t, "arn:aws:cloudtrail:us-east-2:111122223333:trail/"+trail.Inputs.Text("name"), guard.TrailARN(c))
}

func TestTheRecorderStartsLast(t *testing.T) {
	c := plantest.Config(t, "prod")
	graph := deploy(t, c)
	recorder, channel, status := graph.OfType(recorderType)[0], graph.OfType(channelType)[0], graph.OfType(statusType)[0]
	require.True(t, recorder.Protect)
	require.True(t, recorder.Inputs.True("recordingGroup.allSupported"))
	require.True(t, recorder.Inputs.True("recordingGroup.includeGlobalResourceTypes"))
	require.True(t, status.Inputs.True("isEnabled"))
	require.True(t, graph.CreatedBefore(recorder, channel) && graph.CreatedBefore(channel, status))
	require.Equal(t, "logs", channel.Inputs.Text("s3BucketName"))
	require.Equal(t, logsKey, channel.Inputs.Text("s3KmsKeyArn"))

	policy := graph.Find("aws:iam/rolePolicy:RolePolicy", c.Name("config"))
	require.True(t, graph.CreatedBefore(policy, recorder))
	got := map[string][]string{}
	for _, s := range document(t, policy.Inputs.Text("policy"), iamdoc.Identity).Statements {
		got[s.Resources[0]] = s.Actions
	}
	require.Equal(t, map[string][]string{
		"arn:aws:s3:::logs/config/AWSLogs/111122223333/*": {"s3:PutObject"},
		"arn:aws:s3:::logs": {"s3:GetBucketAcl", "s3:ListBucket"},
		logsKey:             {"kms:Decrypt", "kms:GenerateDataKey"},
	}, got)
}

func TestThreatsAreLookedFor(t *testing.T) {
	graph := deploy(t, plantest.Config(t, "prod"))
	detector := graph.OfType(detectorType)[0]
	require.True(t, detector.Protect)
	require.True(t, detector.Inputs.True("enable"))
	require.Equal(t, "FIFTEEN_MINUTES", detector.Inputs.Text("findingPublishingFrequency"))
	var on []string
	for _, f := range graph.OfType(featureType) {
		require.Equal(t, "ENABLED", f.Inputs.Text("status"))
		require.True(t, graph.DestroyedBefore(f, detector))
		on = append(on, f.Inputs.Text("name"))
	}
	require.ElementsMatch(t, []string{"S3_DATA_EVENTS", "EKS_AUDIT_LOGS", "EBS_MALWARE_PROTECTION", "RDS_LOGIN_EVENTS"}, on)
}

func TestAlertsReachPeople(t *testing.T) {
	c := plantest.Config(t, "prod")
	graph := deploy(t, c)
	topic := graph.OfType(topicType)[0]
	require.Equal(t, logsKey, topic.Inputs.Text("kmsMasterKeyId"))
	arn := "arn:aws:sns:us-east-2:111122223333:" + c.Name("alerts")
	require.Equal(t, arn, graph.Outputs["alerts"].Value)
	policy := graph.OfType("aws:sns/topicPolicy:TopicPolicy")[0]
	require.Equal(t, []iamdoc.Statement{
		iamdoc.Allow("sns:Publish").Named("Events").To(iamdoc.Service("events.amazonaws.com")).On(arn),
		iamdoc.RequireTLS("sns:Publish", arn),
	}, document(t, policy.Inputs.Text("policy"), iamdoc.Resource).Statements)
	subscription := graph.OfType("aws:sns/topicSubscription:TopicSubscription")[0].Inputs
	require.Equal(t, c.Guard.AlertEmail, subscription.Text("endpoint"))
	require.Equal(t, "email", subscription.Text("protocol"))
	require.Len(t, graph.OfType(targetType), 2)
	for part, want := range map[string]string{
		"threats":         `{"source":["aws.guardduty"],"detail-type":["GuardDuty Finding"],"detail":{"severity":[{"numeric":[">=",7]}]}}`,
		"backup-failures": `{"source":["aws.backup"],"detail-type":["Backup Job State Change","Copy Job State Change"],"detail":{"state":["FAILED","ABORTED","EXPIRED"]}}`,
	} {
		target := graph.Find(targetType, c.Name(part))
		require.Equal(t, arn, target.Inputs.Text("arn"))
		require.True(t, graph.CreatedBefore(policy, target))
		text := graph.Find("aws:cloudwatch/eventRule:EventRule", c.Name(part)).Inputs.Text("eventPattern")
		require.True(t, json.Valid([]byte(text)))
		require.JSONEq(t, want, text)
	}
}

func TestBudgetOfEachStack(t *testing.T) {
	for name, limit := range map[string]string{"prod": "4000", "staging": "900"} {
		c := plantest.Config(t, name)
		in := deploy(t, c).OfType(budgetType)[0].Inputs
		require.Equal(t, limit, in.Text("limitAmount"))
		require.Equal(t, "USD MONTHLY COST", strings.Join([]string{in.Text("limitUnit"), in.Text("timeUnit"), in.Text("budgetType")}, " "))
		for i, want := range []struct {
			kind    string
			percent float64
		}{{"ACTUAL", 80}, {"ACTUAL", 100}, {"FORECASTED", 100}} {
			at := "notifications." + string(rune('0'+i)) + "."
			require.Equal(t, want.kind, in.Text(at+"notificationType"))
			require.Equal(t, want.percent, in.Number(at+"threshold"))
			require.Equal(t, []string{c.Guard.AlertEmail}, in.Texts(at+"subscriberEmailAddresses"))
		}
	}
}

func TestASecondStackLeavesTheAccountAlone(t *testing.T) {
	c := plantest.Config(t, "staging")
	c.Guard.Account = false
	graph, err := run(t, c, func(a *guard.Args) { a.Logs = guard.Logs{} })
	require.NoError(t, err)
	for _, once := range []string{detectorType, featureType, trailType, recorderType, channelType, statusType} {
		require.Empty(t, graph.OfType(once), once)
	}
	for _, own := range []string{vaultType, planType, budgetType, topicType, targetType} {
		require.Len(t, graph.OfType(own), 1, own)
	}
	require.Empty(t, guard.TrailARN(c))
}

func TestAnUnprotectedCopyCanGo(t *testing.T) {
	c := plantest.Config(t, "staging")
	c.General.Protect = false
	for _, r := range deploy(t, c).Resources {
		require.False(t, r.Protect || r.RetainOnDelete, r.URN)
	}
}

func TestArgsReportEverything(t *testing.T) {
	_, err := run(t, plantest.Config(t, "prod"), func(a *guard.Args) {
		*a = guard.Args{Config: stack.Guard{Account: true}, Recovery: &guard.Recovery{}}
	})
	for _, want := range []string{"naming", "account", "a KMS key", "the tag that selects", "the logs bucket", "recovery region"} {
		require.ErrorContains(t, err, want)
	}
}
