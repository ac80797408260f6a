// Package main_test holds the direction of imports below infra.
package main_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/script-ohio/platform/"

// components stand beside each other: what crosses between them are small
// structs that the program hands on.
var components = []string{"network", "keys", "cluster", "database", "cache", "storage", "edge", "identity", "guard"}

// imports lists what the packages below infra import, by package, without
// tests.
func imports(t *testing.T) map[string][]string {
	all := map[string][]string{}
	require.NoError(t, filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		pkg := path.Join("infra", filepath.ToSlash(filepath.Dir(file)))
		for _, spec := range parsed.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			all[pkg] = append(all[pkg], name)
		}
		return nil
	}))
	require.NotEmpty(t, all)
	return all
}

func TestInfraKnowsTheContractOnly(t *testing.T) {
	for pkg, names := range imports(t) {
		for _, name := range names {
			inner, ours := strings.CutPrefix(name, module)
			if ours && !strings.HasPrefix(inner, "infra/") && !strings.HasPrefix(inner, "monitoring/") {
				require.Equal(t, "app/contract", inner, "%s", pkg)
			}
		}
	}
}

func TestPurePackagesKnowNoPulumi(t *testing.T) {
	all := imports(t)
	for _, pkg := range []string{"infra/layout", "infra/support"} {
		require.NotEmpty(t, all[pkg])
		for _, name := range all[pkg] {
			first, _, _ := strings.Cut(name, "/")
			require.NotContains(t, first, ".", "%s imports %s", pkg, name)
		}
	}
}

func TestComponentsDoNotKnowEachOther(t *testing.T) {
	for pkg, names := range imports(t) {
		for _, from := range components {
			if pkg != "infra/"+from {
				continue
			}
			for _, to := range components {
				require.NotContains(t, names, module+"infra/"+to, "%s", pkg)
			}
		}
	}
}

// What costs more than the rest of the build together is registered by type
// token instead.
func TestTheHeaviestPackagesStayOut(t *testing.T) {
	for pkg, names := range imports(t) {
		for _, name := range names {
			require.NotContains(t, name, "/go/aws/wafv2", "%s", pkg)
			require.NotContains(t, name, "/go/kubernetes/helm/", "%s", pkg)
		}
	}
}
