package run_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/ops/audit"
	"github.com/script-ohio/platform/app/platform/postgres"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
	"github.com/script-ohio/platform/app/run"
)

// An operator changes the pack over HTTP and reads the log: both are in it,
// with who and from where, and the chain holds.
func TestWhatOperatorsDoIsOnRecord(t *testing.T) {
	database, folder := postgrestest.URL(t), t.TempDir()
	service := start(t, database, "MODELS_BUCKET="+(&url.URL{Scheme: "file", Path: folder}).String())
	operator := newCaller(t, service.PublicURL(), newKey(t, database, contract.Operator))
	embedded, other := packVersion(t, operator), upload(t, folder)
	operator.ask(t, http.MethodPost, contract.RoutePack.Path, map[string]any{"version": other})
	status, _ := operator.send(t, http.MethodPost, contract.RoutePack.Path, map[string]any{"version": other})
	require.Equal(t, http.StatusConflict, status, "which changes nothing")
	operator.ask(t, http.MethodPost, contract.RoutePack.Path, map[string]any{"rollback": true})

	entries := operator.ask(t, http.MethodGet, contract.RouteAudit.Path+"?action=pack.", nil)["entries"].([]any)
	require.Len(t, entries, 2)
	rollback, activation := entries[0].(map[string]any), entries[1].(map[string]any)
	require.Equal(t, "pack.activate", activation["action"])
	require.Equal(t, map[string]any{"type": "pack", "id": other}, activation["subject"])
	require.Equal(t, embedded, activation["before"].(map[string]any)["version"])
	require.Equal(t, other, activation["after"].(map[string]any)["version"])
	require.Equal(t, "pack.rollback", rollback["action"])
	actor := activation["actor"].(map[string]any)
	require.Equal(t, "operator", actor["role"])
	require.Equal(t, "test", actor["name"])
	require.Equal(t, "127.0.0.1", actor["client_ip"])
	require.NotEmpty(t, activation["request_id"])

	pool, err := postgres.Open(t.Context(), database, postgres.Options{MaxConns: 1})
	require.NoError(t, err)
	defer pool.Close()
	report, err := audit.Verify(run.NewAudit(pool, "test").Rows(t.Context()))
	require.NoError(t, err)
	require.Empty(t, report.Findings)
	require.EqualValues(t, 3, report.Rows, "two changes and a look")
}
