package local

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
)

// install lays programs into a directory that say they are PostgreSQL.
func install(t *testing.T, dir, version string, programs ...string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o755))
	for _, p := range programs {
		script := "#!/bin/sh\necho '" + p + " (PostgreSQL) " + version + " (Debian)'\n"
		require.NoError(t, os.WriteFile(filepath.Join(dir, p), []byte(script), 0o755))
	}
	return dir
}

func TestFindPostgres(t *testing.T) {
	root := newDir(t)
	lone := install(t, root+"/lone", "18.0", "postgres") // no initdb
	both := install(t, root+"/both", "16.4", "postgres", "initdb")
	install(t, root+"/lib/9.6/bin", "9.6.24", "postgres", "initdb")
	install(t, root+"/lib/15/bin", "15.8", "postgres", "initdb")
	install(t, root+"/lib/17/bin", "17.2", "postgres", "initdb")
	install(t, root+"/lib/18/bin", "18.0", "initdb") // no postgres
	patterns := []string{root + "/lib/*/bin"}
	for name, c := range map[string]struct {
		given, path string
		patterns    []string
		dir         string
		version     string
		code        fault.Code
	}{
		"what is given comes first":       {both, root + "/lib/15/bin", patterns, both, "16.4", ""},
		"what is given must be right":     {lone, both, patterns, "", "", fault.Invalid},
		"what is given must exist":        {root + "/nowhere", both, patterns, "", "", fault.Invalid},
		"path comes before known places":  {"", "/nowhere:" + both, patterns, both, "16.4", ""},
		"a lone postgres is passed over":  {"", lone + ":" + both, patterns, both, "16.4", ""},
		"the newest of the known places":  {"", lone, patterns, root + "/lib/17/bin", "17.2", ""},
		"an empty path entry is no match": {"", ":", patterns, root + "/lib/17/bin", "17.2", ""},
		"none":                            {"", lone, nil, "", "", fault.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			dir, version, err := findPostgres(c.given, c.path, c.patterns)
			require.Equal(t, c.dir, dir)
			require.Equal(t, c.version, version)
			if c.code == "" {
				require.NoError(t, err)
				return
			}
			require.Equal(t, c.code, fault.CodeOf(err))
		})
	}
	_, _, err := findPostgres("", "", nil)
	require.ErrorContains(t, err, "`apt-get install postgresql`")
	require.ErrorContains(t, err, "`brew install postgresql@17`")
}

func TestFindPostgresOnThisMachine(t *testing.T) {
	dir, version, err := FindPostgres()
	require.NoError(t, err)
	require.NotEmpty(t, version)
	require.FileExists(t, filepath.Join(dir, "initdb"))
	require.FileExists(t, filepath.Join(dir, "postgres"))
}

func TestParseVersion(t *testing.T) {
	for said, want := range map[string]string{
		"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n": "15.18",
		"postgres (PostgreSQL) 17.2 (Homebrew)\n":                "17.2",
		"postgres (PostgreSQL) 19devel\n":                        "19",
		"postgres (PostgreSQL) 9.6.24\n":                         "9.6.24",
		"postgres (PostgreSQL) \n":                               "",
		"mysqld 8.0.1":                                           "",
		"":                                                       "",
	} {
		require.Equal(t, want, parseVersion(said), said)
	}
}

func FuzzParseVersion(f *testing.F) {
	f.Add("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n")
	f.Add("(PostgreSQL) 17.")
	well := regexp.MustCompile(`^(\d+(\.\d+)*)?$`)
	f.Fuzz(func(t *testing.T, said string) {
		if version := parseVersion(said); !well.MatchString(version) {
			t.Fatalf("%q gives the version %q", said, version)
		}
	})
}
