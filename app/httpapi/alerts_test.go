package httpapi_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/httpapi"
	"github.com/script-ohio/platform/app/ops/alert"
)

// fakeAlerts keeps what it is told.
type fakeAlerts struct {
	mu   sync.Mutex
	told []alert.Notice
}

func (f *fakeAlerts) Receive(_ context.Context, notices []alert.Notice) (alert.Counts, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = append(f.told, notices...)
	return alert.Counts{Firing: len(notices)}, nil
}

func (f *fakeAlerts) List(_ context.Context, filter alert.Filter) (found []alert.Alert, err error) {
	for id := int64(5); id > 0 && len(found) < filter.Limit; id-- {
		if filter.Before == 0 || id < filter.Before {
			found = append(found, alert.Alert{ID: id, Status: alert.Firing})
		}
	}
	return found, nil
}

const token = "the-token-of-alertmanager"

// message is what Alertmanager sends, with what is not read as well.
const message = `{"receiver":"app","status":"firing","alerts":[{"status":"firing",
	"labels":{"alertname":"BackupFailed","severity":"critical"},"annotations":{"summary":"It failed"},
	"startsAt":"2026-11-02T02:31:00.123Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://p/graph","fingerprint":"c0ffee","future":1}],
	"groupLabels":{"alertname":"BackupFailed"},"commonLabels":{},"commonAnnotations":{},"externalURL":"http://am","version":"4","groupKey":"{}","truncatedAlerts":0}`

func TestAlertmanagerIsHeard(t *testing.T) {
	deps, fake := testDeps(), &fakeAlerts{}
	deps.Alerts = fake
	api := newAPI(t, deps, httpapi.Options{AlertToken: token})
	counts := answer[alert.Counts](t, send(api, "POST", "/v1/ops/alerts", message, "Authorization: Bearer "+token))
	require.Equal(t, alert.Counts{Firing: 1}, counts)
	require.Len(t, fake.told, 1)
	n := fake.told[0]
	require.Equal(t, "c0ffee", n.Fingerprint)
	require.Equal(t, "critical", n.Labels["severity"])
	require.Equal(t, 31, n.StartsAt.Minute())
	require.True(t, n.EndsAt.IsZero())
}

func TestNobodyElseIsHeard(t *testing.T) {
	for name, test := range map[string]struct{ configured, header string }{
		"no token":              {token, ""},
		"wrong token":           {token, "Authorization: Bearer " + token + "x"},
		"empty token":           {token, "Authorization: Bearer "},
		"an operator's key":     {token, "Authorization: Bearer " + operatorKey},
		"another scheme":        {token, "Authorization: Basic " + token},
		"none is configured":    {"", "Authorization: Bearer "},
		"nothing is configured": {"", ""},
	} {
		deps, fake := testDeps(), &fakeAlerts{}
		deps.Alerts = fake
		api := newAPI(t, deps, httpapi.Options{AlertToken: test.configured})
		headers := []string{}
		if test.header != "" {
			headers = append(headers, test.header)
		}
		for _, body := range []string{message, "{}", "no JSON"} {
			w := send(api, "POST", "/v1/ops/alerts", body, headers...)
			require.Equal(t, "unauthenticated", problemIn(t, w).Code, name)
			require.NotContains(t, w.Body.String(), token)
		}
		require.Empty(t, fake.told, name)
	}
	// The token opens nothing else.
	api := newAPI(t, testDeps(), httpapi.Options{AlertToken: token})
	require.Equal(t, 401, send(api, "GET", "/v1/ops/alerts", "", "Authorization: Bearer "+token).Code)
	require.Equal(t, 401, send(api, "POST", "/v1/ops/jobs/daily/run", "{}", "Authorization: Bearer "+token).Code)
}

func TestBadMessagesAreRefused(t *testing.T) {
	deps, fake := testDeps(), &fakeAlerts{}
	deps.Alerts = fake
	api := newAPI(t, deps, httpapi.Options{AlertToken: token})
	one := message[strings.Index(message, `{"status":"firing",`):strings.Index(message, "],")]
	for name, test := range map[string]struct{ body, code string }{
		"version":        {strings.Replace(message, `"version":"4"`, `"version":"3"`, 1), "invalid"},
		"no alerts":      {`{"version":"4"}`, "invalid"},
		"too many":       {`{"version":"4","alerts":[` + strings.Repeat(one+",", alert.MaxNotices) + one + `]}`, "invalid"},
		"no fingerprint": {strings.Replace(message, "c0ffee", "", 1), "invalid"},
		"no time":        {strings.Replace(message, "2026-11-02T02:31:00.123Z", "soon", 1), "invalid"},
		"labels":         {strings.Replace(message, `"critical"`, `7`, 1), "invalid"},
		"too large":      {`{"version":"4","alerts":[],"x":"` + strings.Repeat("x", contract.MaxBodyBytes) + `"}`, "too_large"},
		"no JSON":        {"{", "malformed"},
	} {
		require.Equal(t, test.code, problemIn(t, send(api, "POST", "/v1/ops/alerts", test.body, "Authorization: Bearer "+token)).Code, name)
	}
	require.Empty(t, fake.told)
	require.Equal(t, 200, send(api, "POST", "/v1/ops/alerts", fmt.Sprintf(`{"version":"4","alerts":[%s]}`, strings.Repeat(one+",", alert.MaxNotices-1)+one), "Authorization: Bearer "+token).Code)
}

func TestAlertsArePaged(t *testing.T) {
	api := newAPI(t, testDeps(), httpapi.Options{})
	reader := "X-API-Key: " + readOnlyKey
	first := answer[httpapi.AlertPage](t, send(api, "GET", "/v1/ops/alerts?limit=3&status=firing", "", reader))
	require.Len(t, first.Alerts, 3)
	second := answer[httpapi.AlertPage](t, send(api, "GET", "/v1/ops/alerts?limit=3&status=firing&cursor="+first.NextCursor, "", reader))
	require.Len(t, second.Alerts, 2)
	require.Empty(t, second.NextCursor)
	require.Equal(t, 422, send(api, "GET", "/v1/ops/alerts?cursor="+first.NextCursor, "", reader).Code)
}
