package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/ops/backup"
)

// evil would clear a terminal, turn the text around and begin another row.
const evil = "x\x1b[2J\u009b1m\u202e\nNAME  forged"

func harmless(t *testing.T, text string) {
	t.Helper()
	require.False(t, strings.ContainsAny(text, "\x1b\u009b\u202e"), "%q", text)
	require.NotContains(t, text, "\nNAME  forged")
}

// Whatever stands in a backup, tables show it as text; JSON has it as it is.
func TestTablesOfBackupsForgeNothing(t *testing.T) {
	withBackups(t)
	ohio(t, 0, "migrate")
	alter(t, "create table "+pgx.Identifier{evil}.Sanitize()+" (id int)")
	table, complaint := ohio(t, 0, "backup", "create")
	require.Contains(t, table, "NAME  forged", "it is listed")
	harmless(t, table+complaint)
	ohio(t, 0, "backup", "mark", "latest", "--reason", "forged below")
	marks, err := filepath.Glob(filepath.Join(strings.TrimPrefix(os.Getenv("BACKUP_BUCKET"), "file://"), "*", "keep.json"))
	require.NoError(t, err)
	require.Len(t, marks, 1)
	text, err := json.Marshal(backup.Mark{By: evil, Reason: evil})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(marks[0], text, 0o600))
	for _, args := range [][]string{{"list"}, {"show"}, {"verify"}, {"restore", "latest"}, {"prune", "--dry-run"}} {
		table, complaint := ohio(t, 0, append([]string{"backup"}, args...)...)
		harmless(t, table+complaint)
		if args[0] == "restore" {
			_, database, found := strings.Cut(table, "INTO DATABASE")
			require.True(t, found, table)
			drop(t, strings.Fields(database)[0])
		}
	}
	require.Equal(t, evil, decoded[[]backup.Entry](t, "backup", "list", "-o", "json")[0].Mark.Reason)
	require.Contains(t, decoded[shown](t, "backup", "show", "-o", "json").Manifest.Database.Rows, "public."+evil)
}

func TestErrorsAreLines(t *testing.T) {
	var told bytes.Buffer
	report(&told, fault.New(fault.Invalid, "%s", evil).With(fault.Detail{Location: "line 1", Message: "also " + evil}))
	harmless(t, told.String())
	require.Equal(t, 2, strings.Count(told.String(), "\n"))
}
