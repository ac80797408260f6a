package main

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/ops/audit"
)

var headPattern = regexp.MustCompile(`[0-9a-f]{64}@\d+`)

// A life with the log: commands leave rows, the chain is verified, exported,
// tampered with and found out.
func TestTheAuditLogIsVerifiedListedAndExported(t *testing.T) {
	onDatabase(t)
	empty, _ := ohio(t, 0, "audit", "verify")
	require.Equal(t, "0 rows\n", empty)
	key := decoded[keyView](t, "keys", "create", "--role", "operator", "--name", "deploys", "-o", "json")
	ohio(t, 0, "keys", "revoke", key.ID)
	ohio(t, 0, "keys", "revoke", key.ID)

	lines := decoded[[]audit.Line](t, "audit", "list", "--subject", "api_key/"+key.ID, "-o", "json")
	require.Len(t, lines, 2, "the second revocation changed nothing")
	require.Equal(t, "key.revoke", lines[0].Action)
	require.Equal(t, "key.create", lines[1].Action)
	require.Equal(t, audit.System, lines[0].Actor.ID)
	require.Contains(t, lines[0].Actor.Name, "at ohio cli")
	require.Contains(t, string(lines[0].After), "revoked_at")
	require.NotContains(t, string(lines[1].After), key.Key)
	require.Empty(t, decoded[[]audit.Line](t, "audit", "list", "--actor", "nobody", "-o", "json"))
	require.Empty(t, decoded[[]audit.Line](t, "audit", "list", "--until", "2020-01-01T00:00:00Z", "-o", "json"))
	require.NotEmpty(t, decoded[[]audit.Line](t, "audit", "list", "--since", "1d", "-o", "json"))
	require.Empty(t, decoded[[]audit.Line](t, "audit", "list", "--until", "24h", "-o", "json"))
	_, complaint := ohio(t, 2, "audit", "list", "--since", "yesterday")
	require.Equal(t, `ohio: --since: "yesterday" is no time: write a date (2026-11-26, from midnight UTC), a time (2026-11-26T21:30:00Z) or how long ago (24h, 7d); see `+"`ohio --help`\n", complaint)
	table, _ := ohio(t, 0, "audit", "list", "--since", "2020-01-01", "--action", "audit.", "--limit", "1")
	require.Contains(t, table, "audit.read")

	said, advice := ohio(t, 0, "audit", "verify")
	require.Contains(t, said, "the chain holds")
	require.Contains(t, advice, "--head")
	head := headPattern.FindString(said)
	export, told := ohio(t, 0, "audit", "export")
	file := write(t, "export.jsonl", export)
	later := headPattern.FindString(told)
	ohio(t, 0, "audit", "verify", "--file", file, "--head", head, "--head", later)
	ohio(t, 0, "audit", "verify", "--head", head, "--head", later)
	piped, err := os.Open(file)
	require.NoError(t, err)
	defer piped.Close()
	usual := os.Stdin
	os.Stdin = piped
	fromFile, _ := ohio(t, 0, "audit", "verify", "--file", "-", "--head", later)
	os.Stdin = usual
	require.Contains(t, fromFile, later)

	all := strings.SplitAfter(export, "\n")
	for trick, tampered := range map[string]string{
		"removed":  strings.Join(append(append([]string{}, all[:1]...), all[2:]...), ""),
		"altered":  strings.Replace(export, "deploys", "nothing", 1),
		"inserted": all[0] + export,
		"cut":      strings.Join(all[:len(all)-2], ""),
	} {
		out, complaint := ohio(t, 4, "audit", "verify", "--file", write(t, "tampered.jsonl", tampered), "--head", later)
		require.Contains(t, out, trick)
		require.Contains(t, complaint, trick)
	}
	out, _ := ohio(t, 4, "audit", "verify", "--file", write(t, "x.jsonl", all[0]+all[2]), "-o", "json")
	var report audit.Report
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	require.Equal(t, []audit.Finding{{Kind: audit.Removed, Seq: 2, Says: "row 2 is missing"}}, report.Findings)

	pool, err := instance{}.connect(t.Context())
	require.NoError(t, err)
	defer pool.Close()
	_, err = pool.Exec(t.Context(), `alter table audit_log disable trigger audit_log_append_only; delete from audit_log where seq = 2`)
	require.NoError(t, err)
	out, _ = ohio(t, 4, "audit", "verify")
	require.Contains(t, out, "row 2 is missing")

	_, complaint = ohio(t, 2, "audit", "verify", "--file", write(t, "bad.jsonl", "no JSON"))
	require.Contains(t, complaint, "line 1")
	ohio(t, 3, "audit", "verify", "--file", "/no/such.jsonl")
	for _, line := range []string{"audit", "audit verify --head x", "audit list --limit 1001", "audit list --since yesterday"} {
		ohio(t, 2, strings.Fields(line)...)
	}
}

func TestImportsAreOnRecord(t *testing.T) {
	onDatabase(t)
	for range 2 { // the second changes nothing
		ohio(t, 0, "games", "import", write(t, "games.csv", header+game(1, "Ohio State", "Iowa", 14)))
	}
	lines := decoded[[]audit.Line](t, "audit", "list", "--action", "games.import", "-o", "json")
	require.Len(t, lines, 1)
	require.JSONEq(t, `{"inserted": 1, "updated": 0, "unchanged": 0}`, string(lines[0].After))
}
