package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
)

const moduleRoot = "../../.."

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(moduleRoot, name))
	require.NoError(t, err)
	return string(text)
}

func TestConfigurationIsDocumentedAsItIs(t *testing.T) {
	require.True(t, strings.HasSuffix(read(t, "docs/configuration.md"), configMarkdown()), "run `make docs`")
}

// ohioCommands finds the `ohio ...` commands of a document, in code spans and
// in code blocks.
func ohioCommands(text string) []string {
	var commands []string
	for _, match := range regexp.MustCompile("(?m)(?:^|`)ohio ([^`#\n]+)").FindAllStringSubmatch(text, -1) {
		commands = append(commands, strings.TrimSpace(match[1]))
	}
	return commands
}

// words splits a command as a shell does with double quotes.
func words(command string) []string {
	var split []string
	for _, m := range regexp.MustCompile(`"([^"]*)"|(\S+)`).FindAllStringSubmatch(command, -1) {
		split = append(split, m[1]+m[2])
	}
	return split
}

// Every command that the documents show has the arguments that it says.
func TestDocumentedCommandsParse(t *testing.T) {
	inPods, tail := regexp.MustCompile(`-- ohio `), regexp.MustCompile(` [;|<>&].*| \\\s*$`)
	for name, least := range map[string]int{"README.md": 14, "docs/operations.md": 30, "docs/backups.md": 25} {
		commands := ohioCommands(inPods.ReplaceAllString(read(t, name), "\nohio "))
		require.GreaterOrEqual(t, len(commands), least, name)
		for _, command := range commands {
			command = tail.ReplaceAllString(command, "")
			var c cli
			parser, err := kong.New(&c, grammar()...)
			require.NoError(t, err)
			_, err = parser.Parse(words(fillIn.ReplaceAllString(command, "1")))
			if err != nil && strings.HasPrefix(err.Error(), "expected one of") && !strings.Contains(command, " ") {
				continue // a group of commands by its name
			}
			require.NoError(t, err, "%s: ohio %s", name, command)
		}
	}
}

// Every make target that a document names is there.
func TestDocumentedTargetsExist(t *testing.T) {
	makefile := read(t, "Makefile")
	text := ""
	for _, name := range []string{"README.md", "docs/models.md", "docs/monitoring.md", "docs/operations.md", "docs/backups.md"} {
		text += read(t, name)
	}
	targets := regexp.MustCompile("(?m)(?:^|`)make ([a-z-]+)").FindAllStringSubmatch(text, -1)
	require.GreaterOrEqual(t, len(targets), 8)
	for _, target := range targets {
		require.Contains(t, makefile, "\n"+target[1]+":", "make %s", target[1])
	}
}

// Files and headings that a document links to are there.
func TestDocumentedLinksLead(t *testing.T) {
	for _, name := range []string{"README.md", "docs/operations.md", "docs/backups.md", "docs/models.md"} {
		links := regexp.MustCompile(`\]\(([^)#:]*)(?:#([^)]*))?\)`).FindAllStringSubmatch(read(t, name), -1)
		for _, link := range links {
			to := name
			if link[1] != "" {
				to = filepath.Join(filepath.Dir(name), link[1])
			}
			_, err := os.Stat(filepath.Join(moduleRoot, to))
			require.NoError(t, err, name)
			if link[2] != "" {
				require.Contains(t, anchors(read(t, to)), link[2], "%s links to %s", name, link[0])
			}
		}
	}
}

// anchors are the headings of a document as links name them.
func anchors(text string) (all []string) {
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(text, -1) {
		plain := regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(heading[1]), "")
		all = append(all, strings.ReplaceAll(plain, " ", "-"))
	}
	return all
}

// The operations of the API that the operators' guide shows are there, and
// those that are made for operators are shown.
func TestDocumentedRoutesExist(t *testing.T) {
	shown := map[string]bool{}
	for _, call := range regexp.MustCompile(`/v1/[a-zA-Z0-9/_{}-]+`).FindAllString(read(t, "docs/operations.md"), -1) {
		found := false
		for _, route := range contract.Routes() {
			if regexp.MustCompile("^" + regexp.MustCompile(`\{\w+\}`).ReplaceAllString(route.Path, `[^/]+`) + "$").MatchString(call) {
				found, shown[route.Path] = true, true
			}
		}
		require.True(t, found, call)
	}
	for _, route := range contract.Routes() {
		if strings.HasPrefix(route.Path, "/v1/ops/") || route.Role == contract.Operator {
			require.True(t, shown[route.Path], "docs/operations.md says nothing of %s", route.Path)
		}
	}
}
