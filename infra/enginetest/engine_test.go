//go:build engine

package enginetest_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/enginetest"
	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/program"
	"github.com/script-ohio/platform/infra/stack"
)

// today is within the support of all engine versions.
var today = time.Date(2026, time.November, 26, 0, 0, 0, 0, time.UTC)

// engine is one stack on the real engine, with a cloud of its own.
type engine struct {
	t     *testing.T
	dir   string // with the configuration
	stack auto.Stack
	cloud *enginetest.Cloud
}

// deploy is the program as main runs it.
func deploy(ctx *pulumi.Context) error {
	c, err := stack.Load(ctx, func(string) string { return "" })
	if err != nil {
		return err
	}
	return program.Deploy(ctx, c, today)
}

// start makes a stack that is configured as the file of another one says,
// less what the settings change.
func start(t *testing.T, name, from string, settings map[string]string, run pulumi.RunFunc) *engine {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "infra"), 0o700)) // where Pulumi.yaml looks for the program
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	project, err := os.ReadFile(filepath.Join(root, "Pulumi.yaml"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), project, 0o600))
	file, err := os.ReadFile(filepath.Join(root, "Pulumi."+from+".yaml"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi."+name+".yaml"), file, 0o600))
	c, err := stack.ReadFile(filepath.Join(dir, "Pulumi."+name+".yaml"))
	require.NoError(t, err)

	cloud := enginetest.New(c.General.Account, plan.Answer)
	server, err := enginetest.Serve(cloud)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop()) })

	command, err := auto.NewPulumiCommand(&auto.PulumiCommandOptions{Root: root})
	require.NoError(t, err, "build the engine by `make test-engine`")
	ctx := t.Context()
	s, err := auto.UpsertStackInlineSource(ctx, name, stack.Project, run,
		auto.WorkDir(dir), auto.Pulumi(command), auto.PulumiHome(filepath.Join(dir, "home")),
		auto.EnvVars(environment(t, root, dir, server.Providers)))
	require.NoError(t, err)
	e := &engine{t: t, dir: dir, stack: s, cloud: cloud}
	e.configure(settings)
	return e
}

// environment is what an engine needs to stay on this machine.
func environment(t *testing.T, root, dir, providers string) map[string]string {
	t.Helper()
	state, programs := filepath.Join(dir, "state"), filepath.Join(dir, "bin")
	require.NoError(t, os.MkdirAll(state, 0o700))
	require.NoError(t, os.MkdirAll(programs, 0o700))
	component := filepath.Join(root, "tools", "eks-provider", "node_modules", "@pulumi", "eks", "cmd", "provider", "index.js")
	require.FileExists(t, component, "install it by `make test-engine`")
	for name, script := range map[string]string{
		"pulumi-resource-eks": "exec node " + component + ` "$@"`,
		// The component only asks them for their versions.
		"kubectl": `echo '{"clientVersion": {"gitVersion": "v1.36.0"}}'`,
		"aws":     "echo aws-cli/2.30.0",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(programs, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700))
	}
	nowhere := "http://127.0.0.1:1"
	return map[string]string{
		"PATH":                                        programs + string(filepath.ListSeparator) + os.Getenv("PATH"),
		"PULUMI_DEBUG_PROVIDERS":                      providers,
		"PULUMI_BACKEND_URL":                          "file://" + state,
		"PULUMI_CONFIG_PASSPHRASE":                    "a test",
		"PULUMI_SKIP_UPDATE_CHECK":                    "true",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
		"AWS_PROFILE":                                 "",
		"HTTP_PROXY":                                  nowhere, "HTTPS_PROXY": nowhere, "NO_PROXY": "127.0.0.1,localhost",
	}
}

// configure changes settings of the stack.
func (e *engine) configure(settings map[string]string) {
	e.t.Helper()
	w := e.stack.Workspace()
	file, err := w.StackSettings(e.t.Context(), e.stack.Name())
	require.NoError(e.t, err)
	for name, value := range settings {
		file.Config[config.MustMakeKey(stack.Project, name)] = config.NewValue(value)
	}
	require.NoError(e.t, w.SaveStackSettings(e.t.Context(), e.stack.Name(), file))
}

// config is the stack's configuration as it is now.
func (e *engine) config() stack.Config {
	e.t.Helper()
	c, err := stack.ReadFile(filepath.Join(e.dir, "Pulumi."+e.stack.Name()+".yaml"))
	require.NoError(e.t, err)
	return c
}

// up deploys and returns what was done to the cloud.
func (e *engine) up() ([]enginetest.Change, error) {
	_, err := e.stack.Up(e.t.Context())
	return e.cloud.Changes(), reasons(err)
}

// preview tells what up would do, by operation.
func (e *engine) preview() map[apitype.OpType]int {
	e.t.Helper()
	result, err := e.stack.Preview(e.t.Context())
	require.NoError(e.t, reasons(err))
	return result.ChangeSummary
}

// settled proves that neither the program nor the cloud has anything to
// change.
func (e *engine) settled() {
	e.t.Helper()
	_, err := e.stack.Preview(e.t.Context(), optpreview.ExpectNoChanges(), optpreview.Diff())
	require.NoError(e.t, err)
	_, err = e.stack.Refresh(e.t.Context(), optrefresh.ExpectNoChanges())
	require.NoError(e.t, err)
	require.Empty(e.t, e.cloud.Changes())
}

// destroy removes the stack as `pulumi destroy` does: after a preview, which
// the engine's Automation API skips.
func (e *engine) destroy() ([]enginetest.Change, error) {
	w := e.stack.Workspace()
	env := []string{"PULUMI_HOME=" + w.PulumiHome()}
	for name, value := range w.GetEnvVars() {
		env = append(env, name+"="+value)
	}
	out, problems, _, err := w.PulumiCommand().Run(e.t.Context(), e.dir, nil, nil, nil, env, "destroy", "--yes", "--non-interactive", "--color=never", "--stack", e.stack.Name())
	if err != nil {
		err = reasons(errors.New(out + problems))
	}
	return e.cloud.Changes(), err
}

// reasons are the lines of the engine's output that say what went wrong.
func reasons(err error) error {
	if err == nil {
		return nil
	}
	var lines []string
	for line := range strings.Lines(err.Error()) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "error:") {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return err
	}
	slices.Sort(lines)
	return errors.New(strings.Join(slices.Compact(lines), "\n"))
}

// state lists the resources that the engine remembers, by URN.
func (e *engine) state() map[string]apitype.ResourceV3 {
	e.t.Helper()
	exported, err := e.stack.Export(e.t.Context())
	require.NoError(e.t, err)
	var deployment apitype.DeploymentV3
	require.NoError(e.t, json.Unmarshal(exported.Deployment, &deployment))
	found := map[string]apitype.ResourceV3{}
	for _, r := range deployment.Resources {
		found[string(r.URN)] = r
	}
	return found
}
