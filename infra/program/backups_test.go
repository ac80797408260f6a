package program_test

import (
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/infra/iamdoc"
	"github.com/script-ohio/platform/infra/identity"
	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/plan/plantest"
)

// touching are the roles whose own policies allow anything with the bucket or
// what is in it, by whatever pattern, without the stack's part of their names.
func touching(t *testing.T, graph *plan.Graph, bucket string) []string {
	t.Helper()
	var roles []string
	for _, r := range graph.OfType("aws:iam/rolePolicy:RolePolicy") {
		d, err := iamdoc.Parse(r.Inputs.Text("policy"))
		require.NoError(t, err, r.Name)
		for _, s := range d.Statements {
			on := func(pattern string) bool {
				// A * of IAM crosses slashes.
				match := func(name string) bool {
					ok, err := path.Match(strings.ReplaceAll(pattern, "/", "|"), strings.ReplaceAll(name, "/", "|"))
					return err == nil && ok
				}
				return match(bucket) || match(bucket+"/2026/database.dump.zst") || strings.HasPrefix(pattern, bucket+"/")
			}
			stored := func(action string) bool { return action == "*" || strings.HasPrefix(action, "s3:") }
			if s.Effect == iamdoc.EffectAllow && slices.ContainsFunc(s.Actions, stored) && slices.ContainsFunc(s.Resources, on) {
				roles = append(roles, strings.TrimPrefix(r.Inputs.Text("role"), graph.Stack.Project+"-"+graph.Stack.Name+"-"))
			}
		}
	}
	slices.Sort(roles)
	return slices.Compact(roles)
}

// What is asked for over the API with a backup is done by the worker of backups:
// its role alone reaches their bucket, and no other pods run as it. S3's own
// copies to the recovery region come beside it.
func TestTheBackupWorkerAloneReachesBackups(t *testing.T) {
	for _, task := range contract.Tasks() {
		require.Equal(t, contract.QueueBackup, task.Queue, "%s: it runs where the bucket is out of reach", task.Name)
	}
	for name, want := range map[string][]string{"staging": {"backup-worker"}, "prod": {"backup-worker", "backups-replication"}} {
		graph := record(t, plantest.Config(t, name))
		bucket, _ := graph.Outputs["backupsBucket"].Value.(string)
		arn := "arn:aws:s3:::" + bucket
		require.Equal(t, want, touching(t, graph, arn), name)

		own, err := iamdoc.Parse(graph.Find("aws:s3/bucketPolicy:BucketPolicy", "script-ohio-"+name+"-backups").Inputs.Text("policy"))
		require.NoError(t, err)
		require.NotEmpty(t, own.Statements)
		for _, s := range own.Statements {
			require.Equal(t, iamdoc.EffectDeny, s.Effect, "the bucket itself lets nobody in")
		}
		for _, a := range graph.OfType("aws:iam/rolePolicyAttachment:RolePolicyAttachment") {
			for _, pod := range identity.Pods() {
				require.NotEqual(t, graph.Stack.Project+"-"+name+"-"+string(pod), a.Inputs.Text("role"), "a policy of AWS may hold more")
			}
		}
		var run []string
		for _, kind := range []string{"kubernetes:apps/v1:Deployment", "kubernetes:batch/v1:Job"} {
			for _, r := range graph.OfType(kind) {
				if r.Inputs.Text("spec.template.spec.serviceAccountName") == identity.BackupWorker.Account().Name {
					run = append(run, r.Inputs.Text("metadata.name"))
				}
			}
		}
		require.Equal(t, []string{"worker-" + string(contract.QueueBackup)}, run, name)
	}
}

func TestAnotherRoleAtTheBackupsIsSeen(t *testing.T) {
	graph := record(t, plantest.Config(t, "staging"))
	bucket, _ := graph.Outputs["backupsBucket"].Value.(string)
	for _, pattern := range []string{"arn:aws:s3:::" + bucket, "arn:aws:s3:::" + bucket + "/*", "arn:aws:s3:::script-ohio-*", "*"} {
		text, err := iamdoc.New(iamdoc.Allow("s3:GetObject").Named("More").On(pattern)).JSON()
		require.NoError(t, err)
		app := graph.Find("aws:iam/rolePolicy:RolePolicy", "script-ohio-staging-app")
		app.Inputs.Map["policy"] = resource.NewProperty(text)
		require.Equal(t, []string{"app", "backup-worker"}, touching(t, graph, "arn:aws:s3:::"+bucket), pattern)
	}
}
