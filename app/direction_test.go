// Package app_test holds the direction of imports over all packages.
package app_test

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

// layers from the ground up: a package may import its own layer's wing and
// every layer below, nothing beside and nothing above.
var layers = [][]string{
	{"app/contract", "app/fault"},
	{"app/platform"},
	{"app/predict", "app/ops"}, // two wings that never meet
	{"app/httpapi", "app/console"},
	{"app/run"},
	{"app/cmd"},
}

func place(pkg string) (layer, wing int) {
	for l, wings := range layers {
		for w, prefix := range wings {
			if pkg == prefix || strings.HasPrefix(pkg, prefix+"/") {
				return l, w
			}
		}
	}
	return -1, -1
}

// imports lists what the packages below app import, by package; tests are
// left out, for they may reach up for a helper.
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
		pkg := path.Join("app", filepath.ToSlash(filepath.Dir(file)))
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

func TestImportsRunOneWay(t *testing.T) {
	for pkg, names := range imports(t) {
		layer, wing := place(pkg)
		require.GreaterOrEqual(t, layer, 0, "%s is in no layer: name it here", pkg)
		for _, name := range names {
			inner, ours := strings.CutPrefix(name, module)
			if !ours {
				continue
			}
			toLayer, toWing := place(inner)
			if toLayer == layer {
				require.Equal(t, wing, toWing, "%s imports %s: wings do not meet", pkg, inner)
				continue
			}
			require.Less(t, toLayer, layer, "%s imports %s, which is above it", pkg, inner)
		}
	}
}

func TestContractImportsTheStandardLibraryOnly(t *testing.T) {
	for _, name := range imports(t)["app/contract"] {
		first, _, _ := strings.Cut(name, "/")
		require.NotContains(t, first, ".", "contract imports %s", name)
	}
}

func TestDomainsKnowNoTransport(t *testing.T) {
	for pkg, names := range imports(t) {
		if !strings.HasPrefix(pkg, "app/predict") && !strings.HasPrefix(pkg, "app/ops") {
			continue
		}
		for _, name := range names {
			require.NotEqual(t, "net/http", name, "%s", pkg)
			require.NotContains(t, name, "gin-gonic", "%s", pkg)
			require.NotContains(t, name, "danielgtaylor/huma", "%s", pkg)
		}
	}
}
