package security

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
)

// entry is a vulnerability as the database has it (OSV).
type entry struct {
	id, module, symbol string
	fixed              string // "": in no version
}

// database makes a vulnerability database and gives its address.
func database(t *testing.T, entries ...entry) string {
	t.Helper()
	dir := t.TempDir()
	for _, e := range entries {
		events := []map[string]string{{"introduced": "0"}}
		if e.fixed != "" {
			events = append(events, map[string]string{"fixed": e.fixed})
		}
		text, err := json.Marshal(map[string]any{
			"schema_version": "1.3.1", "id": e.id, "modified": "2024-01-01T00:00:00Z", "published": "2024-01-01T00:00:00Z",
			"summary": "Trouble of " + e.id, "details": "",
			"affected": []any{map[string]any{
				"package": map[string]string{"name": e.module, "ecosystem": "Go"},
				"ranges":  []any{map[string]any{"type": "SEMVER", "events": events}},
				"ecosystem_specific": map[string]any{"imports": []any{map[string]any{
					"path": e.module, "symbols": []string{e.symbol},
				}}},
			}},
		})
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, e.id+".json"), text, 0o600))
	}
	return "file://" + dir
}

// program builds the program to scan, which has pgx in it, once.
var program = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "ohio-scan-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "program")
	out, err := exec.Command("go", "build", "-o", file, "./testdata/program").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	return os.ReadFile(file)
})

func built(t *testing.T) string {
	t.Helper()
	image, err := program()
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "program")
	require.NoError(t, os.WriteFile(file, image, 0o600))
	return file
}

func TestTheProgramIsComparedWithTheDatabase(t *testing.T) {
	at := database(t,
		entry{"GO-2099-0001", "github.com/jackc/pgx/v5", "ParseConfig", "99.0.0"},
		entry{"GO-2099-0002", "github.com/jackc/pgx/v5", "NoSuchFunction", ""},
		entry{"GO-2099-0003", "github.com/jackc/pgx/v5", "ParseConfig", "5.0.0"}, // fixed long ago
		entry{"GO-2099-0004", "example.com/not/in/it", "Do", "1.0.0"},
	)
	findings, note, err := NewAuditor(Deps{}, Options{Database: at, Executable: built(t)}).vulnerabilities(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, "compared with "+at, note[:len("compared with "+at)])
	require.Len(t, findings, 2)
	require.Equal(t, contract.Warning, findings[0].Severity)
	require.Equal(t, "GO-2099-0001, Trouble of GO-2099-0001", findings[0].What)
	require.True(t, strings.HasPrefix(findings[0].Where, "github.com/jackc/pgx/v5@v5."), findings[0].Where)
	require.Equal(t, "build with github.com/jackc/pgx/v5 v99.0.0 or later", findings[0].Do)
	require.Equal(t, contract.Ticket, findings[1].Severity)
	require.Contains(t, findings[1].What, "not part of the program")
	require.Contains(t, findings[1].Do, "https://pkg.go.dev/vuln/GO-2099-0002")
}

func TestWhatCannotBeComparedIsUnavailable(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text")
	require.NoError(t, os.WriteFile(text, []byte("text"), 0o600))
	good := database(t)
	for name, tc := range map[string]struct{ database, program, says string }{
		"no program":           {good, text, "is no Go program"},
		"no file":              {good, text + "x", "is no Go program"},
		"a program that hides": {good, "", "does not say which modules"}, // this test
		"no database":          {"file:///no/such/database", built(t), "was not compared with the vulnerability database"},
		"an unknown one":       {"ftp://vuln.example", built(t), "was not compared with the vulnerability database"},
		"nobody listens":       {"http://127.0.0.1:1", built(t), "was not compared with the vulnerability database"},
	} {
		_, _, err := NewAuditor(Deps{}, Options{Database: tc.database, Executable: tc.program}).vulnerabilities(t.Context(), nil)
		require.Equal(t, fault.Unavailable, fault.CodeOf(err), name)
		require.ErrorContains(t, err, tc.says, name)
	}
}

func TestTheScanIsReadWithCare(t *testing.T) {
	_, _, err := read(strings.NewReader(`{"config": {}} {"finding": {"trace": `))
	require.ErrorContains(t, err, "cannot be read")
	findings, _, err := read(strings.NewReader(`{"finding": {"osv": "GO-1", "trace": []}} {"progress": {}}`))
	require.NoError(t, err)
	require.Empty(t, findings)
}
