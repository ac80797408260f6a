// Package pgclient runs pg_dump and pg_restore: it finds the ones that fit the
// server, keeps passwords out of their arguments, and has them die with us.
package pgclient

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/script-ohio/platform/app/fault"
)

// The programs of a client that are used here.
const (
	Dump    = "pg_dump"
	Restore = "pg_restore"
)

// Client is an installed PostgreSQL client.
type Client struct {
	Version string // of pg_dump and pg_restore, such as "17.2"
	Major   int
	dir     string
}

// Find finds a client that is not older than atLeast, the major version of a
// server or of a dump: of that very version if there is one, else the oldest
// newer one, because what a newer pg_dump writes an older server may not
// understand. It looks where the server of a local instance is looked for:
// OHIO_PG_BIN, which must be right when it is set, PATH, then where Debian,
// Red Hat and Homebrew put it. It is fault.Unavailable when there is none.
func Find(ctx context.Context, atLeast int) (Client, error) {
	return find(ctx, os.Getenv("OHIO_PG_BIN"), os.Getenv("PATH"), []string{
		"/usr/lib/postgresql/*/bin",
		"/usr/pgsql-*/bin",
		"/opt/homebrew/opt/postgresql@*/bin",
		"/opt/homebrew/opt/libpq/bin",
		"/usr/local/opt/postgresql@*/bin",
		"/usr/local/opt/libpq/bin",
		"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
		"/home/linuxbrew/.linuxbrew/opt/libpq/bin",
	}, atLeast)
}

func find(ctx context.Context, given, path string, patterns []string, atLeast int) (Client, error) {
	dirs := filepath.SplitList(path)
	for _, pattern := range patterns {
		found, _ := filepath.Glob(pattern)
		dirs = append(dirs, found...)
	}
	if given != "" {
		dirs = []string{given}
	}
	var clients []Client
	for _, dir := range dirs {
		if c, ok := clientIn(ctx, dir); ok {
			clients = append(clients, c)
		}
	}
	if len(clients) == 0 && given != "" {
		return Client{}, fault.New(fault.Invalid, "OHIO_PG_BIN=%s must be a directory with the programs pg_dump and pg_restore", given)
	}
	if len(clients) == 0 {
		return Client{}, fault.New(fault.Unavailable,
			"pg_dump and pg_restore are not installed: `apt-get install postgresql-client-%d` or `brew install postgresql@%[1]d`, or set OHIO_PG_BIN", atLeast)
	}
	slices.SortStableFunc(clients, func(a, b Client) int { return cmp.Compare(a.Major, b.Major) })
	for _, c := range clients {
		if c.Major >= atLeast {
			return c, nil
		}
	}
	newest := clients[len(clients)-1]
	return Client{}, fault.New(fault.Unavailable,
		"pg_dump %s in %s is too old for PostgreSQL %d: install the client of version %[3]d or newer, or set OHIO_PG_BIN to it",
		newest.Version, newest.dir, atLeast)
}

// clientIn asks the programs in a directory for their version. Debian's
// wrapper is passed over: it would choose among the clients by itself.
func clientIn(ctx context.Context, dir string) (Client, bool) {
	if dir == "" {
		return Client{}, false
	}
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	version := ""
	for _, program := range []string{Dump, Restore} {
		path, err := exec.LookPath(filepath.Join(dir, program))
		if err != nil {
			return Client{}, false
		}
		if real, err := filepath.EvalSymlinks(path); err != nil || filepath.Base(real) == "pg_wrapper" {
			return Client{}, false
		}
		said, err := exec.CommandContext(ctx, path, "--version").Output()
		if err != nil {
			return Client{}, false
		}
		version = versionIn(string(said))
	}
	major, err := strconv.Atoi(strings.SplitN(version, ".", 2)[0])
	return Client{Version: version, Major: major, dir: dir}, err == nil
}

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) (\d+(?:\.\d+)*)`)

// versionIn reads `pg_dump (PostgreSQL) 17.2 (Debian ...)`; "" when it is not
// in there.
func versionIn(said string) string {
	if m := versionPattern.FindStringSubmatch(said); m != nil {
		return m[1]
	}
	return ""
}
