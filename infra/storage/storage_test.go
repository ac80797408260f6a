package storage_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/iamdoc"
	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/plan/plantest"
	"github.com/script-ohio/platform/infra/provider"
	"github.com/script-ohio/platform/infra/stack"
	"github.com/script-ohio/platform/infra/storage"
)

const (
	bucketType      = "aws:s3/bucketV2:BucketV2"
	policyType      = "aws:s3/bucketPolicy:BucketPolicy"
	versionType     = "aws:s3/bucketVersioningV2:BucketVersioningV2"
	encryptType     = "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2"
	lifeType        = "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2"
	lockType        = "aws:s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2"
	loggingType     = "aws:s3/bucketLoggingV2:BucketLoggingV2"
	replicationType = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"

	key         = "arn:aws:kms:us-east-2:111122223333:key/storage"
	recoveryKey = "arn:aws:kms:us-west-2:111122223333:key/recovery"
	trail       = "arn:aws:cloudtrail:us-east-2:111122223333:trail/audit"
)

func run(t *testing.T, c stack.Config, change func(*storage.Args)) (*plan.Graph, error) {
	t.Helper()
	return plantest.Record(t, c, func(ctx *pulumi.Context) error {
		set, err := provider.New(ctx, c)
		if err != nil {
			return err
		}
		args := storage.Args{
			Name: c.Name, Bucket: c.Bucket, Account: c.General.Account, Region: c.General.Region,
			Config: c.Storage, Key: pulumi.String(key), Trail: trail,
		}
		if c.General.CrossRegion {
			args.Recovery = &storage.Recovery{Region: c.General.RecoveryRegion, Key: pulumi.String(recoveryKey), Provider: set.InRecovery()}
		}
		if !c.General.Protect { // else nil, which means the same as true
			args.Protect = &c.General.Protect
		}
		if change != nil {
			change(&args)
		}
		out, err := storage.New(ctx, c.Name("storage"), args, set.Main())
		if err != nil {
			return err
		}
		for name, b := range map[string]*storage.Bucket{"backups": &out.Backups, "models": &out.Models, "logs": &out.Logs, "backups-copy": out.BackupsCopy, "models-copy": out.ModelsCopy} {
			if b != nil {
				ctx.Export(name, b.Name)
				ctx.Export(name+"-arn", b.ARN)
			}
		}
		return nil
	})
}

func deploy(t *testing.T, c stack.Config) *plan.Graph {
	t.Helper()
	graph, err := run(t, c, nil)
	require.NoError(t, err)
	return graph
}

func document(t *testing.T, r *plan.Resource, use iamdoc.Use) iamdoc.Document {
	t.Helper()
	d, err := iamdoc.Parse(r.Inputs.Text("policy"))
	require.NoError(t, err)
	require.NoError(t, d.Validate(use))
	return d
}

func TestBucketsOfEachStack(t *testing.T) {
	for name, want := range map[string]map[string]any{
		"prod": {
			"backups": "script-ohio-prod-backups-111122223333-us-east-2", "models": "script-ohio-prod-models-111122223333-us-east-2",
			"logs": "script-ohio-prod-logs-111122223333-us-east-2", "backups-copy": "script-ohio-prod-backups-111122223333-us-west-2",
			"models-copy": "script-ohio-prod-models-111122223333-us-west-2",
		},
		"staging": {
			"backups": "script-ohio-staging-backups-444455556666-us-east-2", "models": "script-ohio-staging-models-444455556666-us-east-2",
			"logs": "script-ohio-staging-logs-444455556666-us-east-2",
		},
	} {
		graph := deploy(t, plantest.Config(t, name))
		require.Len(t, graph.Outputs, 2*len(want))
		for bucket, physical := range want {
			require.Equal(t, physical, graph.Outputs[bucket].Value)
			require.Equal(t, "arn:aws:s3:::"+physical.(string), graph.Outputs[bucket+"-arn"].Value)
		}
		require.Len(t, graph.OfType(bucketType), len(want))
	}
}

// Whatever is said of buckets in general holds for each one.
func TestEveryBucketIsClosed(t *testing.T) {
	for _, name := range []string{"prod", "staging"} {
		c := plantest.Config(t, name)
		graph := deploy(t, c)
		component := graph.Find(storage.Type, c.Name("storage"))
		for _, b := range graph.OfType(bucketType) {
			recovery := strings.Contains(b.Name, "recovery")
			main := graph.Find("pulumi:providers:aws", c.Name("aws"))
			if recovery {
				main = graph.Find("pulumi:providers:aws", c.Name("aws", "recovery"))
			}
			require.True(t, b.Protect && b.RetainOnDelete, b.Name)
			require.Nil(t, b.Inputs.At("forceDestroy"))
			part := func(typ string) *plan.Resource {
				r := graph.Find(typ, b.Name)
				require.NotNil(t, r, "%s of %s", typ, b.Name)
				require.Equal(t, component.URN, r.Parent)
				require.Equal(t, main.URN, r.Provider)
				require.Equal(t, b.Inputs.Text("bucket"), r.Inputs.Text("bucket"))
				require.True(t, graph.DestroyedBefore(r, b))
				return r
			}
			block := part("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
			for _, what := range []string{"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"} {
				require.True(t, block.Inputs.True(what), what)
			}
			owner := part("aws:s3/bucketOwnershipControls:BucketOwnershipControls")
			require.Equal(t, "BucketOwnerEnforced", owner.Inputs.Text("rule.objectOwnership"))
			require.Equal(t, "Enabled", part(versionType).Inputs.Text("versioningConfiguration.status"))

			policy := part(policyType)
			require.True(t, policy.RetainOnDelete && block.RetainOnDelete && owner.RetainOnDelete, "a kept bucket stays closed")
			require.True(t, graph.CreatedBefore(block, policy))
			statements := document(t, policy, iamdoc.Resource).Statements
			for _, want := range iamdoc.BucketTLS("arn:aws:s3:::" + b.Inputs.Text("bucket")) {
				require.Contains(t, statements, want)
			}

			rule := part(encryptType).Inputs
			switch {
			case strings.HasSuffix(b.Name, "logs"):
				require.Equal(t, "AES256", rule.Text("rules.0.applyServerSideEncryptionByDefault.sseAlgorithm"), "S3 delivers logs to nothing else")
			default:
				want := key
				if recovery {
					want = recoveryKey
				}
				require.Equal(t, "aws:kms", rule.Text("rules.0.applyServerSideEncryptionByDefault.sseAlgorithm"))
				require.Equal(t, want, rule.Text("rules.0.applyServerSideEncryptionByDefault.kmsMasterKeyId"))
				require.True(t, rule.True("rules.0.bucketKeyEnabled"))
			}
		}
	}
}

func TestObjectsAge(t *testing.T) {
	c := plantest.Config(t, "prod")
	c.Storage = stack.Storage{InfrequentDays: 30, GlacierDays: 91, ExpireDays: 366, LockDays: 45}
	graph := deploy(t, c)
	for _, b := range graph.OfType(bucketType) {
		in := graph.Find(lifeType, b.Name).Inputs
		require.Equal(t, "STANDARD_IA", in.Text("rules.0.transitions.0.storageClass"))
		require.EqualValues(t, 30, in.Number("rules.0.transitions.0.days"))
		require.Equal(t, "GLACIER_IR", in.Text("rules.0.transitions.1.storageClass"))
		require.EqualValues(t, 91, in.Number("rules.0.transitions.1.days"))
		require.EqualValues(t, 7, in.Number("rules.2.abortIncompleteMultipartUpload.daysAfterInitiation"))
		for i := range 3 {
			require.Equal(t, "Enabled", in.Text("rules."+string(rune('0'+i))+".status"))
		}
		expire, older := any(366.0), 30.0
		if strings.HasSuffix(b.Name, "models") {
			expire = nil // a model may serve for years
			require.True(t, in.True("rules.0.expiration.expiredObjectDeleteMarker"))
		}
		if strings.HasSuffix(b.Name, "backups") {
			older = 45
		}
		require.Equal(t, expire, in.At("rules.0.expiration.days"), b.Name)
		require.Equal(t, older, in.Number("rules.1.noncurrentVersionExpiration.noncurrentDays"), b.Name)
	}
}

func TestBackupsAreLocked(t *testing.T) {
	graph := deploy(t, plantest.Config(t, "prod"))
	require.Len(t, graph.OfType(lockType), 2)
	for _, name := range []string{"script-ohio-prod-backups", "script-ohio-prod-recovery-backups"} {
		require.True(t, graph.Find(bucketType, name).Inputs.True("objectLockEnabled"))
		lock := graph.Find(lockType, name)
		require.Equal(t, "COMPLIANCE", lock.Inputs.Text("rule.defaultRetention.mode"), "governance has an exception for administrators")
		require.EqualValues(t, 30, lock.Inputs.Number("rule.defaultRetention.days"))
		require.True(t, graph.CreatedBefore(graph.Find(versionType, name), lock))
	}
}

func TestBackupsAreCopied(t *testing.T) {
	graph := deploy(t, plantest.Config(t, "prod"))
	rule := graph.OfType(replicationType)[0]
	in := rule.Inputs
	require.Equal(t, graph.Outputs["backups"].Value, in.Text("bucket"))
	require.Equal(t, graph.Outputs["backups-copy-arn"].Value, in.Text("rules.0.destination.bucket"))
	require.Equal(t, recoveryKey, in.Text("rules.0.destination.encryptionConfiguration.replicaKmsKeyId"))
	require.Equal(t, "Enabled", in.Text("rules.0.status"))
	require.Equal(t, "Enabled", in.Text("rules.0.sourceSelectionCriteria.sseKmsEncryptedObjects.status"))
	require.Equal(t, "Disabled", in.Text("rules.0.deleteMarkerReplication.status"), "a deletion stays here")
	for _, name := range []string{"script-ohio-prod-backups", "script-ohio-prod-recovery-backups"} {
		require.True(t, graph.CreatedBefore(graph.Find(versionType, name), rule))
	}
	policy := graph.OfType("aws:iam/rolePolicy:RolePolicy")[0]
	require.True(t, graph.CreatedBefore(policy, rule))
	models := graph.Find(replicationType, "script-ohio-prod-models-replication").Inputs
	require.Equal(t, graph.Outputs["models"].Value, models.Text("bucket"))
	require.Equal(t, graph.Outputs["models-copy-arn"].Value, models.Text("rules.0.destination.bucket"))
	require.Empty(t, deploy(t, plantest.Config(t, "staging")).OfType(replicationType), "crossRegion is off")
}

// The role reads the source under its key and writes the copy under the
// other; the table is all that it may do.
func TestTheCopyingRoleMayDoNothingElse(t *testing.T) {
	graph := deploy(t, plantest.Config(t, "prod"))
	source, target := graph.Outputs["backups-arn"].Value.(string), graph.Outputs["backups-copy-arn"].Value.(string)
	got := map[string][]string{}
	for _, s := range document(t, graph.OfType("aws:iam/rolePolicy:RolePolicy")[0], iamdoc.Identity).Statements {
		require.Len(t, s.Resources, 1)
		got[s.Resources[0]] = s.Actions
		if strings.HasPrefix(s.Actions[0], "kms:") {
			require.Equal(t, "kms:ViaService", s.Conditions[0].Key)
			require.Equal(t, "kms:EncryptionContext:aws:s3:arn", s.Conditions[1].Key)
		}
		slices.Sort(s.Actions)
	}
	require.Equal(t, map[string][]string{
		source: {"s3:GetReplicationConfiguration", "s3:ListBucket"},
		source + "/*": {"s3:GetObjectLegalHold", "s3:GetObjectRetention", "s3:GetObjectVersionAcl",
			"s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging"},
		target + "/*": {"s3:ReplicateObject", "s3:ReplicateTags"},
		key:           {"kms:Decrypt"},
		recoveryKey:   {"kms:Encrypt", "kms:GenerateDataKey"},
	}, got)
}

func TestWhoWritesLogs(t *testing.T) {
	c := plantest.Config(t, "prod")
	graph := deploy(t, c)
	require.Len(t, graph.OfType(loggingType), 2)
	for _, part := range []string{"backups", "models"} {
		logging := graph.Find(loggingType, c.Name(part))
		require.Equal(t, graph.Outputs["logs"].Value, logging.Inputs.Text("targetBucket"))
		require.Equal(t, "access/"+part+"/", logging.Inputs.Text("targetPrefix"))
		require.True(t, graph.CreatedBefore(graph.Find(policyType, c.Name("logs")), logging), "the policy lets S3 in first")
	}
	logs := graph.Outputs["logs-arn"].Value.(string)
	got := map[string][]string{}
	for _, s := range document(t, graph.Find(policyType, c.Name("logs")), iamdoc.Resource).Statements {
		if s.Effect == iamdoc.EffectDeny {
			continue
		}
		got[s.Sid] = []string{s.Principals[0].ID, s.Actions[0], s.Resources[0]}
		require.True(t, slices.ContainsFunc(s.Conditions, func(x iamdoc.Condition) bool {
			return strings.HasPrefix(x.Key, "aws:Source") && !slices.ContainsFunc(x.Values, func(v string) bool {
				return !strings.Contains(v, c.General.Account)
			})
		}), "%s is held to the account", s.Sid)
	}
	require.Equal(t, map[string][]string{
		"AccessLogs":  {"logging.s3.amazonaws.com", "s3:PutObject", logs + "/access/*"},
		"TrailChecks": {"cloudtrail.amazonaws.com", "s3:GetBucketAcl", logs},
		"TrailWrites": {"cloudtrail.amazonaws.com", "s3:PutObject", logs + "/trail/AWSLogs/111122223333/*"},
	}, got)

	graph, err := run(t, c, func(a *storage.Args) { a.Trail = "" })
	require.NoError(t, err)
	require.NotContains(t, graph.Find(policyType, c.Name("logs")).Inputs.Text("policy"), "cloudtrail")
}

func TestAnUnprotectedCopyCanGo(t *testing.T) {
	c := plantest.Config(t, "staging")
	c.General.Protect = false
	for _, r := range deploy(t, c).Resources {
		require.False(t, r.Protect || r.RetainOnDelete, r.URN)
	}
}

// Loki and Tempo remove what they keep; the bucket is there for what they
// forget, and nothing in it grows cold.
func TestTelemetryExpires(t *testing.T) {
	c := plantest.Config(t, "prod")
	graph, err := run(t, c, func(a *storage.Args) { a.Telemetry = &storage.Telemetry{LogDays: 30, TraceDays: 7} })
	require.NoError(t, err)
	for part, days := range map[string]float64{"loki": 60, "tempo": 14} {
		bucket := graph.Find(bucketType, c.Name(part))
		require.Equal(t, "script-ohio-prod-"+part+"-111122223333-us-east-2", bucket.Inputs.Text("bucket"))
		require.Equal(t, part, bucket.Inputs.Text("tags.DataClass"))
		life := graph.Find(lifeType, bucket.Name).Inputs
		require.Equal(t, days, life.Number("rules.0.expiration.days"))
		require.Nil(t, life.At("rules.0.transitions"))
		require.Equal(t, 7.0, life.Number("rules.1.noncurrentVersionExpiration.noncurrentDays"))
		require.Equal(t, key, graph.Find(encryptType, bucket.Name).Inputs.Text("rules.0.applyServerSideEncryptionByDefault.kmsMasterKeyId"))
		require.Nil(t, graph.Find(lockType, bucket.Name))
		require.Nil(t, graph.Find(bucketType, c.Name("recovery", part)), "telemetry has no copy")
		require.Equal(t, "access/"+part+"/", graph.Find(loggingType, bucket.Name).Inputs.Text("targetPrefix"))
		logs := document(t, graph.Find(policyType, c.Name("logs")), iamdoc.Resource).Statements
		require.True(t, slices.ContainsFunc(logs, func(s iamdoc.Statement) bool {
			return s.Sid == "AccessLogs" && slices.ContainsFunc(s.Conditions, func(x iamdoc.Condition) bool {
				return slices.Contains(x.Values, "arn:aws:s3:::"+bucket.Inputs.Text("bucket"))
			})
		}), "S3 may report on it")
	}
	_, err = run(t, c, func(a *storage.Args) { a.Telemetry = &storage.Telemetry{LogDays: 30} })
	require.ErrorContains(t, err, "traces for 0 days")
}

func TestArgsReportEverything(t *testing.T) {
	c := plantest.Config(t, "prod")
	_, err := run(t, c, func(a *storage.Args) {
		*a = storage.Args{Region: "us-west-2", Recovery: &storage.Recovery{Region: "us-west-2"}}
	})
	for _, want := range []string{"naming", "account", "the KMS key is missing", "provider of the recovery region", "is the region itself"} {
		require.ErrorContains(t, err, want)
	}
}
