package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/platform/postgres"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

func TestMigrateTellsTheVersion(t *testing.T) {
	t.Setenv("DATABASE_URL", postgrestest.Empty(t))
	first, _ := ohio(t, 0, "migrate")
	require.Contains(t, first, "schema version ")
	require.Greater(t, strings.Count(first, "\n"), 1, "every step is told")
	second, _ := ohio(t, 0, "migrate")
	require.Equal(t, 1, strings.Count(second, "\n"))
	require.Contains(t, first, second)
	entries, _ := ohio(t, 0, "audit", "list", "--action", "schema.migrate")
	require.Equal(t, 1, strings.Count(entries, "schema.migrate"), "what did nothing is not told")
}

func TestMigrateStatusAndBack(t *testing.T) {
	t.Setenv("DATABASE_URL", postgrestest.Empty(t))
	for _, step := range decoded[[]postgres.Step](t, "migrate", "status", "-o", "json") {
		require.False(t, step.Applied, step.Name)
	}
	ohio(t, 0, "migrate", "up")
	steps := decoded[[]postgres.Step](t, "migrate", "status", "-o", "json")
	for _, step := range steps {
		require.True(t, step.Applied, step.Name)
	}
	_, complaint := ohio(t, 4, "migrate", "to", "1")
	require.Contains(t, complaint, "--yes")
	_, complaint = ohio(t, 0, "migrate", "to", "1", "--yes")
	require.Contains(t, complaint, "not in the audit log", "there is none in that schema")
	table, _ := ohio(t, 0, "migrate", "status")
	require.Contains(t, table, steps[1].Name)
	for _, step := range decoded[[]postgres.Step](t, "migrate", "status", "-o", "json") {
		require.Equal(t, step.Version == 1, step.Applied, step.Name)
	}
	_, complaint = ohio(t, 3, "migrate", "to", "999")
	require.Contains(t, complaint, "999")
}
