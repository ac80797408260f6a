// Package app_test holds the direction of imports over all packages.
package app_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/internal/imports"
)

// layers from the ground up: a package may import its own layer's wing and
// every layer below, nothing beside and nothing above.
var layers = [][]string{
	{"app/contract", "app/fault"},
	{"app/platform"},
	{"app/predict", "app/ops"}, // two wings that never meet
	{"app/httpapi", "app/console", "app/smoke"},
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

// below lists what each package imports.
func below(t *testing.T) map[string][]string {
	all, err := imports.Below(".", "app")
	require.NoError(t, err)
	require.NotEmpty(t, all)
	return all
}

func TestImportsRunOneWay(t *testing.T) {
	for pkg, names := range below(t) {
		layer, wing := place(pkg)
		require.GreaterOrEqual(t, layer, 0, "%s is in no layer: name it here", pkg)
		for _, name := range names {
			inner, ours := strings.CutPrefix(name, imports.Module)
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
	for _, name := range below(t)["app/contract"] {
		first, _, _ := strings.Cut(name, "/")
		require.NotContains(t, first, ".", "contract imports %s", name)
	}
}

// client is the one domain package that asks somebody else over HTTP, which is
// no transport that it is served by, with the stand-in for its tests.
const client = "app/predict/cfbd"

func TestDomainsKnowNoTransport(t *testing.T) {
	for pkg, names := range below(t) {
		if !strings.HasPrefix(pkg, "app/predict") && !strings.HasPrefix(pkg, "app/ops") {
			continue
		}
		for _, name := range names {
			if pkg != client && pkg != client+"/cfbdtest" {
				require.NotEqual(t, "net/http", name, "%s", pkg)
			}
			require.NotContains(t, name, "gin-gonic", "%s", pkg)
			require.NotContains(t, name, "danielgtaylor/huma", "%s", pkg)
		}
	}
}
