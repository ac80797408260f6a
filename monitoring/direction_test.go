// Package monitoring_test holds the direction of imports below monitoring.
package monitoring_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/internal/imports"
)

// layers from the ground up: a package imports those below it.
var layers = [][]string{
	{"monitoring/source", "monitoring/links"},
	{"monitoring/query"},
	{"monitoring/rules"},
	{"monitoring/slo"},
	{"monitoring/alerts"},
}

// below lists what each package imports.
func below(t *testing.T) map[string][]string {
	all, err := imports.Below(".", "monitoring")
	require.NoError(t, err)
	require.NotEmpty(t, all)
	return all
}

func TestMonitoringKnowsTheContractOnly(t *testing.T) {
	for pkg, names := range below(t) {
		for _, name := range names {
			require.NotContains(t, name, "pulumi", "%s", pkg)
			require.NotContains(t, name, "/aws", "%s", pkg)
			if inner, ours := strings.CutPrefix(name, imports.Module); ours && !strings.HasPrefix(inner, "monitoring/") {
				require.Equal(t, "app/contract", inner, "%s", pkg)
			}
		}
	}
}

func TestRulesRestOnQueriesAndAlertsOnRules(t *testing.T) {
	all, layer := below(t), map[string]int{}
	for i, packages := range layers {
		for _, p := range packages {
			require.NotEmpty(t, all[p], "%s is gone: name its successor here", p)
			layer[p] = i
		}
	}
	for pkg, names := range all {
		from, known := layer[pkg]
		if !known {
			continue
		}
		for _, name := range names {
			inner, ours := strings.CutPrefix(name, imports.Module)
			if to, known := layer[inner]; ours && known {
				require.Less(t, to, from, "%s imports %s, which is not below it", pkg, inner)
			} else if ours {
				require.Equal(t, "app/contract", inner, "%s rests on what is above it", pkg)
			}
		}
	}
}
