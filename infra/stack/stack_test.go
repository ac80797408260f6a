package stack_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/stack"
)

var update = flag.Bool("update", false, "rewrite generated documentation")

// today is when the stack files were last looked over; engine versions leave
// support by the clock that the program passes, not by the test's.
var today = time.Date(2026, time.November, 23, 0, 0, 0, 0, time.UTC)

func file(name string) string { return filepath.Join("..", "..", "Pulumi."+name+".yaml") }

func TestTheStacksAreValid(t *testing.T) {
	for _, name := range []string{"staging", "prod"} {
		t.Run(name, func(t *testing.T) {
			c, err := stack.ReadFile(file(name))
			require.NoError(t, err)
			require.NoError(t, c.Validate(today))
			require.Equal(t, name, c.Stack)
			require.Equal(t, stack.Environment(name), c.General.Environment)
			require.Empty(t, c.Warnings(today))
		})
	}
}

func TestReadFileSetsWhatIsWrittenAndDefaultsTheRest(t *testing.T) {
	c, err := stack.ReadFile(file("staging"))
	require.NoError(t, err)
	require.Equal(t, "444455556666", c.General.Account)
	require.Equal(t, []string{"us-east-2a", "us-east-2b", "us-east-2c"}, c.General.Zones)
	require.Equal(t, "10.1.0.0/16", c.Network.VPC.String())
	require.False(t, c.Network.NATPerZone)
	require.Equal(t, []string{"m7g.large"}, c.Cluster.NodeTypes)
	require.Empty(t, c.Cluster.PublicAccess)
	require.Equal(t, "03:00-04:00", c.Database.Backup.String())
	require.Equal(t, "sun:04:00-sun:05:00", c.Database.Maintenance.String())
	require.False(t, c.Production())
}

func TestReadFileNamesAMissingStack(t *testing.T) {
	_, err := stack.ReadFile(file("moon"))
	require.ErrorContains(t, err, `there is no stack "moon"`)
}

func TestTheProjectIsTheOneOfPulumiYAML(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "Pulumi.yaml"))
	require.NoError(t, err)
	require.Contains(t, string(text), "name: "+stack.Project+"\n")
}

func TestKeysAreDocumentedAndUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range stack.Keys() {
		require.NotEmpty(t, k.Name)
		require.False(t, seen[k.Name], k.Name)
		seen[k.Name] = true
		require.True(t, strings.HasSuffix(k.Doc, "."), "%s: %q", k.Name, k.Doc)
		require.NotContains(t, k.Doc, "|", k.Name)
		require.False(t, k.Optional && k.Default != "", "%s has a default and needs no other permission to stay empty", k.Name)
	}
}

func TestNamesAndTags(t *testing.T) {
	c, err := stack.ReadFile(file("prod"))
	require.NoError(t, err)
	require.Equal(t, "script-ohio-prod-database-replica-1", c.Name("database", "replica", "1"))
	require.Equal(t, "script-ohio-prod-backups-111122223333-us-west-2", c.Bucket("backups", "us-west-2"))
	require.LessOrEqual(t, len(c.Bucket("backups", "ap-southeast-2")), 63)
	require.Equal(t, map[string]string{
		"Project": "script-ohio", "Stack": "prod", "Environment": "prod", "Owner": "platform",
		"Repository": "script-ohio/platform", "ManagedBy": "pulumi",
	}, c.Tags())
	zones, err := c.Zones()
	require.NoError(t, err)
	require.Len(t, zones, 3)
}

func TestREADMEShowsTheConfiguration(t *testing.T) {
	const path, begin, end = "../README.md", "<!-- configuration:begin -->\n", "<!-- configuration:end -->"
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(text), begin)
	require.True(t, found)
	_, after, found := strings.Cut(rest, end)
	require.True(t, found)
	want := before + begin + stack.Markdown() + end + after
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
		return
	}
	require.Equal(t, want, string(text), "run go test ./infra/stack -run README -update")
}
