package pgclient

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

func TestTarget(t *testing.T) {
	t.Setenv("PGSSLMODE", "")
	for connection, want := range map[string]string{
		"postgres://u:p%40ss@h:1234/d": "PGHOST=h PGPORT=1234 PGUSER=u PGPASSWORD=p@ss PGDATABASE=d",
		"postgres://u:p@h/d?sslmode=require&pool_max_conns=4&channel_binding=prefer&target_session_attrs=any": "PGPORT=5432 PGSSLMODE=require PGCHANNELBINDING=prefer PGTARGETSESSIONATTRS=any",
		"postgres://u@/d?host=/a%20b/c":                             "PGHOST=/a b/c PGUSER=u PGDATABASE=d",
		"host=h user=u password='it''s' dbname=d":                   "",
		`host=h user=u password='p \'s' dbname=d sslmode = require`: "PGHOST=h PGPASSWORD=p 's PGSSLMODE=require",
	} {
		target, err := ParseTarget(connection)
		if want == "" {
			require.Equal(t, fault.Invalid, fault.CodeOf(err), connection)
			continue
		}
		require.NoError(t, err, connection)
		text := strings.Join(environ(&target), " ")
		for _, variable := range strings.Split(want, " PG") {
			require.Contains(t, text, "PG"+strings.TrimPrefix(variable, "PG"))
		}
		require.Contains(t, strings.Join(environ(ptr(target.Database("other"))), " "), "PGDATABASE=other")
		require.NotContains(t, text, "pool_max_conns")
	}
	_, err := ParseTarget("postgres://u:hunter2@h:port/d")
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
	require.NotContains(t, err.Error(), "hunter2")
	t.Setenv("PGSSLMODE", "require")
	target, err := ParseTarget("postgres://u@h/d")
	require.NoError(t, err)
	require.Contains(t, environ(&target), "PGSSLMODE=require", "of our own environment")
}

// What the server knows a database by: the role's name where none is given,
// and no more of it than it takes.
func TestTargetName(t *testing.T) {
	t.Setenv("PGDATABASE", "")
	for connection, want := range map[string]string{
		"postgres://u:p@h/d":                             "database d at h:5432",
		"postgres://u:p@h:1234":                          "database u at h:1234",
		"postgres://u@h/" + strings.Repeat("x", 70):      "database " + strings.Repeat("x", 63) + " at h:5432",
		"postgres://u@h/" + strings.Repeat("%C3%B6", 35): "database " + strings.Repeat("ö", 31) + " at h:5432",
		"postgres://u@[::1]:99/d":                        "database d at [::1]:99",
	} {
		target, err := ParseTarget(connection)
		require.NoError(t, err)
		require.Equal(t, want, target.String())
	}
}

func ptr[T any](v T) *T { return &v }

func client(t *testing.T) Client {
	t.Helper()
	c, err := Find(t.Context(), 0)
	require.NoError(t, err)
	return c
}

func TestRunAgainstAServer(t *testing.T) {
	target, err := ParseTarget(postgrestest.URL(t))
	require.NoError(t, err)
	c := client(t)
	var dump, listed bytes.Buffer
	require.NoError(t, c.Run(t.Context(), Call{Program: Dump, Args: []string{"--format=custom", "--no-password"}, Target: &target, Out: &dump}))
	require.True(t, bytes.HasPrefix(dump.Bytes(), []byte("PGDMP")))
	require.NoError(t, c.Run(t.Context(), Call{Program: Restore, Args: []string{"--list"}, In: bytes.NewReader(dump.Bytes()), Out: &listed}))
	require.Contains(t, listed.String(), "TABLE DATA public games")

	err = c.Run(t.Context(), Call{Program: Dump, Args: []string{"--table=nowhere"}, Target: &target, Out: io.Discard})
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	require.ErrorContains(t, err, "pg_dump failed: pg_dump: error: no matching tables were found")
}

// stand-in programs behave as the worst ones do.
func standIn(t *testing.T, script string) Client {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, Dump), []byte("#!/bin/sh\n"+script), 0o755))
	return Client{dir: dir}
}

func TestRunTellsWhatWentWrong(t *testing.T) {
	broken := errors.New("broken")
	endless := "while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done"
	err := standIn(t, endless).Run(t.Context(), Call{Program: Dump, Out: failing{broken}})
	require.ErrorIs(t, err, broken, "not the broken pipe that it caused")
	err = standIn(t, "cat >/dev/null; exit 3").Run(t.Context(), Call{Program: Dump, In: failing{broken}})
	require.ErrorIs(t, err, broken)
	err = standIn(t, "i=0; while [ $i -lt 500 ]; do echo line $i >&2; i=$((i+1)); done; exit 1").Run(t.Context(), Call{Program: Dump})
	require.ErrorContains(t, err, "line 499")
	require.Less(t, len(err.Error()), 3000)
	require.NoError(t, standIn(t, "exit 0").Run(t.Context(), Call{Program: Dump, In: strings.NewReader("unread")}))
	err = Client{dir: "/nowhere"}.Run(t.Context(), Call{Program: Dump})
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
}

func TestRunEndsWithItsContext(t *testing.T) {
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	err := standIn(t, "echo ready; exec sleep 600").Run(ctx, Call{Program: Dump, Out: then(func() { cancel(cause) })})
	require.ErrorIs(t, err, cause)
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error)  { return 0, f.err }
func (f failing) Write([]byte) (int, error) { return 0, f.err }

// then does something when it is written to.
type then func()

func (f then) Write(p []byte) (int, error) { f(); return len(p), nil }
