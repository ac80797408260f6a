package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

// operators are the documents for whoever is on call.
func operators(t *testing.T) map[string]string {
	t.Helper()
	pages, err := filepath.Glob(filepath.Join(moduleRoot, "docs/runbooks/*.md"))
	require.NoError(t, err)
	require.Greater(t, len(pages), 50)
	texts := map[string]string{"docs/monitoring.md": read(t, "docs/monitoring.md")}
	for _, page := range pages {
		name := "docs/runbooks/" + filepath.Base(page)
		texts[name] = read(t, name)
	}
	return texts
}

// What stands in capitals is filled in by who reads.
var fillIn = regexp.MustCompile(`\b(ID|PID)\b`)

// What people type at night works: each command has the arguments that it
// says, in a pod or not.
func TestRunbookCommandsParse(t *testing.T) {
	inPods, inAll := regexp.MustCompile(`-- ohio `), 0
	for name, text := range operators(t) {
		for _, command := range ohioCommands(inPods.ReplaceAllString(text, "\nohio ")) {
			command = strings.TrimSpace(regexp.MustCompile(`[;|<>&].*`).ReplaceAllString(command, ""))
			inAll++
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
	require.Greater(t, inAll, 60)
}

// Statements read tables and columns that there are.
func TestRunbookStatementsAreValid(t *testing.T) {
	blocks := regexp.MustCompile(`(?ms)<<'SQL'\n(.*?)^SQL$`)
	inline := regexp.MustCompile(`-X\w*c "([^"]+)"`)
	pool, statements := postgrestest.New(t), 0
	for name, text := range operators(t) {
		var all []string
		for _, m := range blocks.FindAllStringSubmatch(text, -1) {
			all = append(all, strings.SplitAfter(m[1], ";\n")...)
		}
		for _, m := range inline.FindAllStringSubmatch(text, -1) {
			all = append(all, m[1])
		}
		for _, statement := range all {
			if statement = strings.TrimSpace(statement); statement == "" {
				continue
			}
			statements++
			conn, err := pool.Acquire(t.Context())
			require.NoError(t, err)
			_, err = conn.Conn().Prepare(t.Context(), "", fillIn.ReplaceAllString(statement, "1"))
			conn.Release()
			require.NoError(t, err, "%s: %s", name, statement)
		}
	}
	require.Greater(t, statements, 20)
}
