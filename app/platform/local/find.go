package local

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/script-ohio/platform/app/fault"
)

// FindPostgres finds a directory that holds both initdb and postgres, and the
// version of that PostgreSQL, such as "17.2". It looks at OHIO_PG_BIN, which
// must be right when it is set, then along PATH, then where Debian, Red Hat
// and Homebrew put it, newest first. It is fault.Unavailable when there is
// none, with the command that installs it.
func FindPostgres() (dir, version string, err error) {
	return findPostgres(os.Getenv("OHIO_PG_BIN"), os.Getenv("PATH"), []string{
		"/usr/lib/postgresql/*/bin",
		"/usr/pgsql-*/bin",
		"/opt/homebrew/opt/postgresql@*/bin",
		"/usr/local/opt/postgresql@*/bin",
		"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
	})
}

func findPostgres(given, path string, patterns []string) (dir, version string, err error) {
	if given != "" {
		if version := versionIn(given); version != "" {
			return absolute(given), version, nil
		}
		return "", "", fault.New(fault.Invalid, "OHIO_PG_BIN=%s must be a directory with the programs initdb and postgres", given)
	}
	dirs := filepath.SplitList(path)
	for _, pattern := range patterns {
		found, _ := filepath.Glob(pattern)
		slices.SortStableFunc(found, func(a, b string) int { return cmp.Compare(majorIn(b), majorIn(a)) })
		dirs = append(dirs, found...)
	}
	for _, dir := range dirs {
		if version := versionIn(dir); version != "" {
			return absolute(dir), version, nil
		}
	}
	return "", "", fault.New(fault.Unavailable,
		"PostgreSQL is not installed: `apt-get install postgresql` or `brew install postgresql@17`, or set OHIO_PG_BIN")
}

// versionIn asks the postgres in dir for its version; "" when dir lacks it or
// initdb.
func versionIn(dir string) string {
	if dir == "" {
		return ""
	}
	dir = absolute(dir)
	if _, err := exec.LookPath(filepath.Join(dir, "initdb")); err != nil {
		return ""
	}
	said, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return ""
	}
	return parseVersion(string(said))
}

// parseVersion reads the version out of `postgres (PostgreSQL) 17.2 (Debian …)`;
// "" when it is not in there.
func parseVersion(said string) string {
	_, rest, ok := strings.Cut(said, "(PostgreSQL) ")
	if !ok {
		return ""
	}
	return regexp.MustCompile(`^\d+(\.\d+)*`).FindString(rest)
}

// majorIn reads the version out of a path such as /usr/lib/postgresql/17/bin.
func majorIn(dir string) int {
	digits := regexp.MustCompile(`\d+`).FindString(filepath.Base(filepath.Dir(dir)))
	major, _ := strconv.Atoi(digits)
	return major
}

func absolute(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		return abs
	}
	return dir
}
