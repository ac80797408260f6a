//go:build engine

package enginetest_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/enginetest"
	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/program"
)

const (
	databaseType  = "aws:rds/instance:Instance"
	cacheType     = "aws:elasticache/replicationGroup:ReplicationGroup"
	clusterType   = "aws:eks/cluster:Cluster"
	nodeGroupType = "aws:eks/nodeGroup:NodeGroup"
	addonType     = "aws:eks/addon:Addon"
	bucketType    = "aws:s3/bucketV2:BucketV2"
	keyType       = "aws:kms/key:Key"
	logGroupType  = "aws:cloudwatch/logGroup:LogGroup"
)

func TestStaging(t *testing.T) {
	t.Parallel()
	e := start(t, "staging", "staging", nil, deploy)
	e.bornAndSettled()
	e.scenario("a standby for the database", func() []enginetest.Change {
		changes := e.changed("databaseMultiAz", "true")
		e.only(changes, map[string][]string{databaseType: {"multiAz"}})
		return changes
	})
	e.scenario("a way out in every zone", func() []enginetest.Change {
		changes := e.changed("natPerZone", "true")
		e.touched(changes, "aws:ec2/eip:Eip", "aws:ec2/natGateway:NatGateway", "aws:ec2/route:Route")
		return changes
	})
	e.scenario("protection is lifted", func() []enginetest.Change {
		changes := e.changed("protect", "false")
		for _, c := range changes {
			require.Equal(t, "update", c.Op, c.URN)
		}
		return changes
	})
	e.destroyed()
}

func TestProd(t *testing.T) {
	t.Parallel()
	e := start(t, "prod", "prod", map[string]string{"clusterVersion": "1.35"}, deploy)
	e.bornAndSettled()
	e.allProtected()

	e.scenario("more nodes at most", func() []enginetest.Change {
		changes := e.changed("nodeMax", "24")
		// Each node has its share of those who watch.
		e.only(changes, map[string][]string{nodeGroupType: {"scalingConfig"}, "kubernetes:core/v1:ResourceQuota": {"spec"}})
		return changes
	})
	// Three nodes run, and who scales them is not this program.
	e.scenario("more nodes at least wait for the nodes", func() []enginetest.Change {
		return e.refused("nodeMin", "4", "at least as many as the least wanted")
	})
	e.scenario("more nodes at least, once they are there", func() []enginetest.Change {
		require.NoError(t, e.cloud.Drift(nodeGroupType, "script-ohio-prod-cluster-nodes", func(inputs resource.PropertyMap) {
			scaling := inputs["scalingConfig"].ObjectValue().Copy()
			scaling["desiredSize"] = resource.NewProperty(7.0)
			inputs["scalingConfig"] = resource.NewProperty(scaling)
		}))
		_, err := e.stack.Refresh(t.Context())
		require.NoError(t, err)
		changes := e.changed("nodeMin", "4")
		e.only(changes, map[string][]string{nodeGroupType: {"scalingConfig"}})
		group := e.one(nodeGroupType).Inputs["scalingConfig"].ObjectValue()
		require.Equal(t, []float64{4, 7}, []float64{group["minSize"].NumberValue(), group["desiredSize"].NumberValue()}, "the nodes of an autoscaler stay")
		return changes
	})
	e.scenario("bigger databases", func() []enginetest.Change {
		changes := e.changed("databaseClass", "db.m7g.xlarge")
		e.only(changes, map[string][]string{databaseType: {"instanceClass"}})
		require.Len(t, changes, 3)
		return changes
	})
	e.scenario("bigger cache nodes", func() []enginetest.Change {
		changes := e.changed("cacheNodeType", "cache.r7g.xlarge")
		e.only(changes, map[string][]string{cacheType: {"nodeType"}})
		return changes
	})
	e.scenario("Kubernetes 1.35 to 1.36", func() []enginetest.Change {
		changes := e.changed("clusterVersion", "1.36")
		e.only(changes, map[string][]string{clusterType: {"version"}, nodeGroupType: {"version"}, addonType: {"addonVersion"}})
		index := func(typ string) int {
			return slices.IndexFunc(changes, func(c enginetest.Change) bool { return c.Type == typ })
		}
		require.Zero(t, index(clusterType), "the control plane is the first")
		require.Less(t, index(clusterType), index(nodeGroupType))
		return changes
	})
	e.scenario("logs kept longer", func() []enginetest.Change {
		changes := e.changed("logDays", "120")
		e.only(changes, map[string][]string{logGroupType: {"retentionInDays"}})
		return changes
	})
	e.scenario("backups kept longer", func() []enginetest.Change {
		e.configure(map[string]string{"vaultDays": "40", "databaseBackupDays": "31"})
		changes, err := e.up()
		require.NoError(t, err)
		e.nothingLost(changes)
		e.touched(changes, databaseType, "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
			"aws:backup/plan:Plan", "aws:backup/vaultLockConfiguration:VaultLockConfiguration")
		return changes
	})
	e.scenario("nodes of another type", func() []enginetest.Change {
		changes := e.changed("nodeTypes", "m7g.xlarge")
		e.touched(changes, nodeGroupType)
		require.Len(t, changes, 2)
		require.Equal(t, []string{"create", "delete"}, []string{changes[0].Op, changes[1].Op}, "new nodes are there before the old ones go")
		return changes
	})
	// It would take all that holds data along.
	e.scenario("another network is refused", func() []enginetest.Change { return e.refused("vpcCidr", "10.2.0.0/16", "unable to replace") })
	e.scenario("another service network is refused", func() []enginetest.Change {
		return e.refused("serviceCidr", "172.24.0.0/16", "unable to replace")
	})
	e.scenario("destruction is refused", func() []enginetest.Change {
		before := len(e.cloud.Things())
		changes, err := e.destroy()
		require.ErrorContains(t, err, "cannot be deleted")
		require.Empty(t, changes)
		require.Len(t, e.cloud.Things(), before)
		return changes
	})
	e.scenario("preview and refresh find nothing", func() []enginetest.Change { e.settled(); return nil })
}

func TestAnUnprotectedCopyGoes(t *testing.T) {
	t.Parallel()
	e := start(t, "copy", "prod", map[string]string{"protect": "false"}, deploy)
	e.scenario("up", func() []enginetest.Change {
		changes, err := e.up()
		require.NoError(t, err)
		return changes
	})
	e.destroyed()
}

// destroyed proves that a stack without protection goes, in an order that AWS
// takes, and leaves nothing behind.
func (e *engine) destroyed() {
	e.t.Helper()
	e.scenario("destroy", func() []enginetest.Change {
		changes, err := e.destroy()
		require.NoError(e.t, err)
		require.Empty(e.t, e.cloud.Things())
		require.Empty(e.t, e.state())
		return changes
	})
}

// bornAndSettled takes a stack from nothing to where nothing is left to do.
func (e *engine) bornAndSettled() {
	t := e.t
	t.Helper()
	recorded, err := program.Record(t.Context(), e.config(), today)
	require.NoError(t, err)
	e.scenario("preview", func() []enginetest.Change {
		summary := e.preview()
		require.Greater(t, summary[apitype.OpCreate], len(recorded.Resources))
		require.Len(t, summary, 1, "nothing but creations")
		return e.cloud.Changes()
	})
	e.scenario("up", func() []enginetest.Change {
		changes, err := e.up()
		require.NoError(t, err)
		return changes
	})
	e.scenario("preview and refresh find nothing", func() []enginetest.Change { e.settled(); return nil })

	state := e.state()
	for _, r := range recorded.Resources {
		require.Contains(t, state, r.URN, "recorded and not deployed")
		delete(state, r.URN)
	}
	for urn := range state {
		// The engine itself is a provider: by it the EKS component looks up what
		// is handed to it.
		engines := strings.Contains(urn, "::pulumi:pulumi:Stack::") || strings.Contains(urn, "::pulumi:providers:pulumi::")
		require.True(t, engines || strings.Contains(urn, "$eks:index:Cluster$"), "%s is deployed and was not recorded", urn)
	}
	e.secretsAreEncrypted()
}

// secretsAreEncrypted proves that what is kept of the stack, older states
// among it, shows no password.
func (e *engine) secretsAreEncrypted() {
	e.t.Helper()
	files := 0
	require.NoError(e.t, filepath.WalkDir(filepath.Join(e.dir, "state"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		require.False(e.t, strings.Contains(string(text), plan.GeneratedSecret), "%s shows a secret", path)
		files++
		return err
	}))
	require.NotZero(e.t, files)
}

// allProtected proves that what holds data cannot go by mistake.
func (e *engine) allProtected() {
	for urn, r := range e.state() {
		if slices.Contains(kept(), string(r.Type)) {
			require.True(e.t, r.Protect, "%s is not protected", urn)
		}
	}
}

// changed deploys another setting and proves that nothing is lost by it.
func (e *engine) changed(setting, value string) []enginetest.Change {
	e.t.Helper()
	e.configure(map[string]string{setting: value})
	changes, err := e.up()
	require.NoError(e.t, err)
	e.nothingLost(changes)
	return changes
}

// refused proves that a setting cannot become the value, that trying changes
// nothing and that going back has nothing to mend.
func (e *engine) refused(setting, value, reason string) []enginetest.Change {
	e.t.Helper()
	w := e.stack.Workspace()
	before, err := w.StackSettings(e.t.Context(), e.stack.Name())
	require.NoError(e.t, err)
	e.configure(map[string]string{setting: value})
	changes, err := e.up()
	require.ErrorContains(e.t, err, reason)
	require.NoError(e.t, w.SaveStackSettings(e.t.Context(), e.stack.Name(), before))
	more, err := e.up()
	require.NoError(e.t, err)
	require.Empty(e.t, slices.Concat(changes, more))
	return nil
}
