//go:build engine && cluster

package enginetest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/infra/clustertest"
	"github.com/script-ohio/platform/infra/enginetest"
	"github.com/script-ohio/platform/infra/helm"
)

const (
	deploymentType = "kubernetes:apps/v1:Deployment"
	jobType        = "kubernetes:batch/v1:Job"
)

// The real engine deploys to a real API server, which judges every object and
// whose controllers bring them to life.
func TestAgainstKubernetes(t *testing.T) {
	cluster := clustertest.ForTest(t, clustertest.Options{})
	e := start(t, "real", "prod", map[string]string{"protect": "false", "inside": "true"}, deploy)
	e.cloud.Forward(cluster)
	image := e.config().Release.Image

	e.scenario("up", func() []enginetest.Change {
		changes, err := e.up()
		require.NoError(t, err)
		return changes
	})
	e.deployed(cluster)
	e.scenario("preview and refresh find nothing", func() []enginetest.Change { e.settled(); return nil })
	var released []string
	e.scenario("another image", func() []enginetest.Change {
		changes := e.changed("image", "ghcr.io/script-ohio/platform:v9.9.9")
		released = steps(changes)
		require.Equal(t, "create "+jobType, released[0], "the schema comes first")
		require.Equal(t, "delete "+jobType, released[len(released)-1])
		require.Equal(t, slices.Repeat([]string{"update " + deploymentType}, 1+len(contract.Queues())), released[1:len(released)-1])
		return changes
	})
	e.deployed(cluster)
	e.scenario("preview and refresh find nothing", func() []enginetest.Change { e.settled(); return nil })
	e.scenario("back to the release before", func() []enginetest.Change {
		e.rollBack()
		require.Equal(t, image, e.config().Release.Image)
		changes, err := e.up()
		require.NoError(t, err)
		require.Equal(t, released, steps(changes))
		return changes
	})
	e.destroyed()
	left, err := cluster.Managed(t.Context())
	require.NoError(t, err)
	require.Empty(t, left)
}

// deployed proves that the API server has as many objects as the engine made.
func (e *engine) deployed(cluster *clustertest.Cluster) {
	e.t.Helper()
	made := 0
	for _, t := range e.cloud.Things() {
		if strings.HasPrefix(t.Type, "kubernetes:") && t.Type != helm.Type {
			made++
		}
	}
	managed, err := cluster.Managed(e.t.Context())
	require.NoError(e.t, err)
	require.Len(e.t, managed, made)
}

// rollBack configures the release before, by the script that people and the
// workflow run.
func (e *engine) rollBack() {
	e.t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(e.t, err)
	w := e.stack.Workspace()
	script := exec.CommandContext(e.t.Context(), filepath.Join(root, "tools", "rollback.sh"), e.stack.Name())
	script.Dir = e.dir
	script.Env = append(os.Environ(), "PULUMI_HOME="+w.PulumiHome())
	for name, value := range w.GetEnvVars() {
		script.Env = append(script.Env, name+"="+value)
	}
	script.Env = append(script.Env, "PATH="+filepath.Join(root, "bin")+string(filepath.ListSeparator)+w.GetEnvVars()["PATH"])
	out, err := script.CombinedOutput()
	require.NoError(e.t, err, string(out))
}

// steps are changes in a word each.
func steps(changes []enginetest.Change) []string {
	var all []string
	for _, c := range changes {
		all = append(all, c.Op+" "+c.Type)
	}
	return all
}
