package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
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
	for name, least := range map[string]int{"README.md": 14, "docs/operations.md": 6} {
		commands := ohioCommands(read(t, name))
		require.GreaterOrEqual(t, len(commands), least, name)
		for _, command := range commands {
			var c cli
			parser, err := kong.New(&c, grammar()...)
			require.NoError(t, err)
			_, err = parser.Parse(words(command))
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
	targets := regexp.MustCompile("(?m)(?:^|`)make ([a-z-]+)").FindAllStringSubmatch(read(t, "README.md")+read(t, "docs/models.md")+read(t, "docs/monitoring.md"), -1)
	require.GreaterOrEqual(t, len(targets), 8)
	for _, target := range targets {
		require.Contains(t, makefile, "\n"+target[1]+":", "make %s", target[1])
	}
}

// Files that a document links to are there.
func TestDocumentedFilesExist(t *testing.T) {
	for _, name := range []string{"README.md", "docs/operations.md", "docs/models.md"} {
		for _, link := range regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllStringSubmatch(read(t, name), -1) {
			_, err := os.Stat(filepath.Join(moduleRoot, filepath.Dir(name), link[1]))
			require.NoError(t, err, name)
		}
	}
}
