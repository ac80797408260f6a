// Package plantest records parts of a stack in tests.
package plantest

import (
	"embed"
	"path/filepath"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/stack"
)

// Day is when the stack files were last looked over; tests judge support by
// it.
func Day() time.Time { return time.Date(2026, time.November, 26, 0, 0, 0, 0, time.UTC) }

//go:embed testdata
var files embed.FS

// Config is staging or prod as a component's tests know them, whatever the
// project's own stacks have become.
func Config(t testing.TB, name string) stack.Config {
	t.Helper()
	text, err := files.ReadFile("testdata/Pulumi." + name + ".yaml")
	require.NoError(t, err)
	c, err := stack.Parse(name, text)
	require.NoError(t, err)
	return c
}

// Deployed is the stack as the project deploys it.
func Deployed(t testing.TB, name string) stack.Config {
	t.Helper()
	folder, err := stack.Folder()
	require.NoError(t, err)
	c, err := stack.ReadFile(filepath.Join(folder, "Pulumi."+name+".yaml"))
	require.NoError(t, err)
	return c
}

// Record records the program for the stack.
func Record(t testing.TB, c stack.Config, deploy pulumi.RunFunc) (*plan.Graph, error) {
	t.Helper()
	target := plan.Stack{Project: stack.Project, Name: c.Stack, Account: c.General.Account, Region: c.General.Region}
	return plan.Run(t.Context(), target, deploy)
}
