package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/predict/pack"
)

func TestEveryCommandHasHelp(t *testing.T) {
	var walk func(path []string, node *kong.Node)
	leaves := 0
	walk = func(path []string, node *kong.Node) {
		out, complaint := ohio(t, 0, append(path, "--help")...)
		require.Contains(t, out, "Usage: ohio "+strings.Join(path, " "))
		require.Contains(t, out, node.Help)
		require.NotEmpty(t, node.Help, path)
		require.Empty(t, complaint)
		for _, flag := range node.Flags {
			require.NotEmpty(t, flag.Help, "%v --%s", path, flag.Name)
		}
		for _, child := range node.Children {
			if child.Type == kong.CommandNode {
				walk(append(path[:len(path):len(path)], child.Name), child)
			}
		}
		if node.Leaf() {
			leaves++
		}
	}
	walk(nil, kong.Must(&cli{}, kong.Description("College football")).Model.Node)
	require.Greater(t, leaves, 15)
}

func TestWrongUsageIsExitStatus2(t *testing.T) {
	alone(t)
	t.Setenv("MODELS_BUCKET", "")
	for _, line := range []string{
		"", "win", "keys", "--nope", "serve extra", "serve --listen", "version -o yaml", "config -o xml",
		"predict Iowa", "predict Iowa Purdue Ohio", "predict Iowa Purdue --spread x", "predict Iowa Purdue --model oracle",
		"predict Iowa Purdue --season-type spring", "predict Iowa Purdue --week 31", "predict Iowa Purdue --week -1",
		"predict Iowa Purdue --season 1492", "predict Iowa Iowa", "predict Iowa Purdue --spread 101",
		"rank --week 99", "rank --season x", "keys create --role king --name x", "keys create --name x", "keys revoke",
		"games import", "train --games f", "train --games f --out d --judged 0",
		"backtest --games f", "backtest --games f --seasons=", "backtest --games f --seasons later",
		"model score --model m", "pack upload dir",
	} {
		out, complaint := ohio(t, 2, strings.Fields(line)...)
		require.Empty(t, out, line)
		require.True(t, strings.HasPrefix(complaint, "ohio: "), "%s: %s", line, complaint)
	}
}

func TestMissingFilesAndInstancesAreNamed(t *testing.T) {
	alone(t)
	for line, status := range map[string]int{
		"games import /no/such.csv":                           3,
		"backtest --games /no/such.csv --seasons 2020":        3,
		"train --games /no/such.csv --out /no/such/pack":      3,
		"model score --model /no/such.json --input /dev/null": 3,
		"keys list":                           3,
		"migrate":                             3,
		"keys revoke abc":                     3,
		"pack verify /no/such":                2,
		"pack upload /no --bucket mem://":     2,
		"predict Iowa Purdue --pack /no/such": 2,
	} {
		out, complaint := ohio(t, status, strings.Fields(line)...)
		require.Empty(t, out, line)
		require.Equal(t, 1, strings.Count(complaint, "\n"), "one line: %s", complaint)
	}
	t.Setenv("DATABASE_URL", "postgres://u:hunter2@127.0.0.1:1/d")
	_, complaint := ohio(t, 5, "keys", "list")
	require.NotContains(t, complaint, "hunter2")
	t.Setenv("DATABASE_URL", "postgres://u:hunter2@h:port/d")
	_, complaint = ohio(t, 2, "keys", "list")
	require.NotContains(t, complaint, "hunter2")
}

func TestVersion(t *testing.T) {
	embedded, err := pack.Default()
	require.NoError(t, err)
	about := decoded[map[string]string](t, "version", "-o", "json")
	require.Equal(t, embedded.Manifest.Version, about["pack_version"])
	for _, key := range []string{"version", "commit", "build_time", "go_version"} {
		require.Contains(t, about, key)
	}
	table, _ := ohio(t, 0, "version")
	require.Contains(t, table, embedded.Manifest.Version)
}

func TestConfigDescribesEveryVariable(t *testing.T) {
	markdown, _ := ohio(t, 0, "config", "--output", "markdown")
	table, _ := ohio(t, 0, "config")
	described := decoded[[]contract.Variable](t, "config", "-o", "json")
	require.Equal(t, contract.Variables(), described)
	for _, v := range contract.Variables() {
		require.Contains(t, markdown, "| `"+v.Name+"` |")
		require.Contains(t, markdown, v.Doc)
		require.Contains(t, table, v.Name)
	}
	rows := strings.Split(strings.TrimSpace(markdown), "\n")
	require.Len(t, rows, 2+len(contract.Variables()))
	for _, row := range rows {
		require.Equal(t, 6, strings.Count(row, "|"), row)
	}
}

func TestOpenAPIIsJSON(t *testing.T) {
	out, _ := ohio(t, 0, "openapi")
	var document struct {
		Paths map[string]json.RawMessage `json:"paths"`
	}
	require.NoError(t, json.Unmarshal([]byte(out), &document))
	for _, route := range contract.Routes() {
		require.Contains(t, document.Paths, route.Path)
	}
}

func TestConfigurationProblemsStopServe(t *testing.T) {
	alone(t)
	t.Setenv("CACHE_TTL", "long")
	t.Setenv("SECRET_KEY", "hunter2")
	_, complaint := ohio(t, 2, "serve")
	require.Contains(t, complaint, "CACHE_TTL")
	require.Contains(t, complaint, "SECRET_KEY")
	require.NotContains(t, complaint, "hunter2")
	t.Setenv("CACHE_TTL", "")
	t.Setenv("SECRET_KEY", "")
	_, complaint = ohio(t, 2, "serve")
	require.Contains(t, complaint, "DATABASE_URL is not set")
}
