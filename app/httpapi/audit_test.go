package httpapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/httpapi"
	"github.com/script-ohio/platform/app/ops/audit"
)

// fakeAudit has some rows and keeps the filter that it was asked with.
type fakeAudit struct {
	rows  []audit.Row
	asked audit.Filter
}

func (f *fakeAudit) List(_ context.Context, filter audit.Filter) ([]audit.Row, error) {
	f.asked = filter
	if filter.Actor == "away" {
		return nil, fault.New(fault.Unavailable, "the audit log could not be read")
	}
	return f.rows[:min(len(f.rows), filter.Limit)], nil
}

func TestTheAuditLogIsListedForOperators(t *testing.T) {
	at := time.Date(2025, 9, 6, 16, 0, 0, 0, time.UTC)
	fake := &fakeAudit{rows: []audit.Row{
		{Seq: 8, At: at, Action: "key.revoke", SubjectType: "api_key", SubjectID: "x", Before: []byte(`{"name": "ci"}`), Hash: audit.Hash{1},
			Actor: audit.Actor{ID: "op", Name: "operations", Role: "operator", ClientIP: "192.0.2.7", RequestID: "r1"}},
		{Seq: 7, At: at, Action: "pack.activate", SubjectType: "pack", SubjectID: "1", Actor: audit.SystemActor("ohio serve")},
	}}
	deps := testDeps()
	deps.Audit = fake
	api := newAPI(t, deps, httpapi.Options{})
	operator := "X-API-Key: " + operatorKey
	const path = "/v1/ops/audit"
	require.Equal(t, http.StatusUnauthorized, send(api, "GET", path, "").Code)
	require.Equal(t, http.StatusForbidden, send(api, "GET", path, "", "X-API-Key: "+developerKey).Code)

	page := answer[httpapi.AuditPage](t, send(api, "GET", path, "", operator))
	require.Len(t, page.Entries, 2)
	require.Equal(t, httpapi.AuditEntry{
		Seq: 8, At: at, Action: "key.revoke", Subject: httpapi.AuditSubject{Type: "api_key", ID: "x"}, Before: json.RawMessage(`{"name":"ci"}`),
		Actor: httpapi.AuditActor{ID: "op", Name: "operations", Role: "operator", ClientIP: "192.0.2.7"}, RequestID: "r1", Hash: audit.Hash{1}.String(),
	}, page.Entries[0])
	require.Zero(t, page.NextBefore, "the last page")
	require.Equal(t, audit.Filter{Limit: 100}, fake.asked)

	page = answer[httpapi.AuditPage](t, send(api, "GET", path+"?limit=1&before=9&actor=op&action=key.&subject_type=api_key&subject_id=x&request_id=r1&since=2025-09-06T00:00:00Z&until=2025-09-07T00:00:00Z", "", operator))
	require.EqualValues(t, 8, page.NextBefore)
	require.Equal(t, audit.Filter{
		Actor: "op", Action: "key.", SubjectType: "api_key", SubjectID: "x", RequestID: "r1", Before: 9, Limit: 1,
		Since: at.Truncate(24 * time.Hour), Until: at.Truncate(24*time.Hour).AddDate(0, 0, 1),
	}, fake.asked)
	for query, status := range map[string]int{"limit=0": 422, "before=x": 422, "since=yesterday": 422, "nope=1": 422, "actor=away": 503} {
		require.Equal(t, status, send(api, "GET", path+"?"+query, "", operator).Code, query)
	}
	fake.rows = nil
	require.JSONEq(t, `{"entries": []}`, send(api, "GET", path, "", operator).Body.String())
}

// witness notes who acts when a pack changes.
type witness struct {
	fakePacks
	saw func(context.Context)
}

func (w witness) Rollback(ctx context.Context, by string) (httpapi.PackStatus, error) {
	w.saw(ctx)
	return w.fakePacks.Rollback(ctx, by)
}

// Whatever needs a key knows who acts, from where and in which request.
func TestOperationsKnowWhoActs(t *testing.T) {
	deps := testDeps()
	var actor audit.Actor
	deps.Packs = witness{saw: func(ctx context.Context) { actor, _ = audit.ActorOf(ctx) }}
	api := newAPI(t, deps, httpapi.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}) // httptest's client
	answer[httpapi.PackStatus](t, send(api, "POST", "/v1/admin/pack", `{"rollback":true}`, "X-API-Key: "+operatorKey, "X-Request-Id: r-1", "X-Forwarded-For: 203.0.113.9"))
	require.Equal(t, audit.Actor{ID: "op", Name: "operations", Role: "operator", ClientIP: "203.0.113.9", RequestID: "r-1"}, actor)
}
