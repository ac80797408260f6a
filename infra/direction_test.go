// Package main_test holds the direction of imports below infra.
package main_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/internal/imports"
)

// components stand beside each other: what crosses between them are small
// structs that the program hands on.
var components = []string{"network", "keys", "cluster", "database", "cache", "storage", "edge", "identity", "guard", "secrets", "controllers", "workload", "observability"}

// below lists what each package imports.
func below(t *testing.T) map[string][]string {
	all, err := imports.Below(".", "infra")
	require.NoError(t, err)
	require.NotEmpty(t, all)
	return all
}

func TestInfraKnowsTheContractOnly(t *testing.T) {
	for pkg, names := range below(t) {
		for _, name := range names {
			inner, ours := strings.CutPrefix(name, imports.Module)
			if ours && !strings.HasPrefix(inner, "infra/") && !strings.HasPrefix(inner, "monitoring/") {
				require.Equal(t, "app/contract", inner, "%s", pkg)
			}
		}
	}
}

func TestPurePackagesKnowNoPulumi(t *testing.T) {
	all := below(t)
	for _, pkg := range []string{"infra/layout", "infra/support"} {
		require.NotEmpty(t, all[pkg])
		for _, name := range all[pkg] {
			first, _, _ := strings.Cut(name, "/")
			require.NotContains(t, first, ".", "%s imports %s", pkg, name)
		}
	}
}

func TestComponentsDoNotKnowEachOther(t *testing.T) {
	for pkg, names := range below(t) {
		for _, from := range components {
			if pkg != "infra/"+from {
				continue
			}
			for _, to := range components {
				require.NotContains(t, names, imports.Module+"infra/"+to, "%s", pkg)
			}
		}
	}
}

// What costs more than the rest of the build together is registered by type
// token instead.
func TestTheHeaviestPackagesStayOut(t *testing.T) {
	for pkg, names := range below(t) {
		for _, name := range names {
			require.NotContains(t, name, "/go/aws/wafv2", "%s", pkg)
			require.NotContains(t, name, "/go/kubernetes/helm/", "%s", pkg)
		}
	}
}
