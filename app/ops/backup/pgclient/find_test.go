package pgclient

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
)

// install makes a directory with programs that say a version.
func install(t *testing.T, dir, version string, programs ...string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o755))
	for _, program := range programs {
		script := fmt.Sprintf("#!/bin/sh\necho '%s (PostgreSQL) %s (Debian %[2]s-1)'\n", program, version)
		require.NoError(t, os.WriteFile(filepath.Join(dir, program), []byte(script), 0o755))
	}
	return dir
}

func TestFind(t *testing.T) {
	root := t.TempDir()
	both := []string{Dump, Restore}
	for _, version := range []string{"15.8", "17.2", "18.1"} {
		install(t, filepath.Join(root, strings.Split(version, ".")[0], "bin"), version, both...)
	}
	only := install(t, filepath.Join(root, "only"), "17.9", Dump)
	beta := install(t, filepath.Join(root, "beta"), "19beta1", both...)
	odd := install(t, filepath.Join(root, "odd"), "no version", both...)
	wrapped := filepath.Join(root, "wrapped")
	install(t, wrapped, "17.5", "pg_wrapper")
	for _, program := range both {
		require.NoError(t, os.Symlink("pg_wrapper", filepath.Join(wrapped, program)))
	}
	path := strings.Join([]string{"", only, wrapped, odd, "/nowhere"}, string(os.PathListSeparator))
	patterns := []string{filepath.Join(root, "*", "bin")}
	for _, test := range []struct {
		given, path string
		atLeast     int
		version     string
		code        fault.Code
		says        string
	}{
		{"", path, 14, "15.8", "", ""},
		{"", path, 15, "15.8", "", ""},
		{"", path, 16, "17.2", "", ""},
		{"", path, 17, "17.2", "", ""},
		{"", path, 18, "18.1", "", ""},
		{"", path, 19, "", fault.Unavailable, "pg_dump 18.1 in " + filepath.Join(root, "18", "bin") + " is too old for PostgreSQL 19: install the client of version 19"},
		{"", path + string(os.PathListSeparator) + beta, 19, "19", "", ""},
		{filepath.Join(root, "15", "bin"), path, 15, "15.8", "", ""},
		{filepath.Join(root, "15", "bin"), path, 17, "", fault.Unavailable, "pg_dump 15.8"},
		{only, path, 15, "", fault.Invalid, "OHIO_PG_BIN=" + only},
	} {
		c, err := find(t.Context(), test.given, test.path, patterns, test.atLeast)
		if test.code != "" {
			require.Equal(t, test.code, fault.CodeOf(err), "%v", err)
			require.ErrorContains(t, err, test.says)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, test.version, c.Version)
	}
	_, err := find(t.Context(), "", only, nil, 17)
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	require.ErrorContains(t, err, "apt-get install postgresql-client-17")
}

func TestInstalledClientIsFound(t *testing.T) {
	c, err := Find(t.Context(), 13)
	require.NoError(t, err)
	require.GreaterOrEqual(t, c.Major, 13)
	require.True(t, strings.HasPrefix(c.Version, fmt.Sprint(c.Major)))
}
