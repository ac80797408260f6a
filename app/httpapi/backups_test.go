package httpapi_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/httpapi"
	"github.com/script-ohio/platform/app/ops/backup"
)

// fakeBackups are five drills, the last one failed.
type fakeBackups struct{}

func (fakeBackups) List(_ context.Context, f backup.HistoryFilter) (found []backup.Outcome, err error) {
	for id := int64(5); id > 0 && len(found) < f.Limit; id-- {
		if (f.Kind == "" || f.Kind == "drill") && (f.Before == 0 || id < f.Before) {
			found = append(found, backup.Outcome{ID: id, Kind: "drill", Backup: "backup-20261101-020000", OK: id < 5, Report: json.RawMessage(`{"a":1}`)})
		}
	}
	return found, nil
}

func TestBackupsArePaged(t *testing.T) {
	api := newAPI(t, testDeps(), httpapi.Options{})
	page := func(query string) httpapi.BackupPage {
		return answer[httpapi.BackupPage](t, send(api, "GET", "/v1/ops/backups?"+query, "", "X-API-Key: "+readOnlyKey))
	}
	first := page("limit=3&kind=drill")
	require.Len(t, first.Outcomes, 3)
	require.False(t, first.Outcomes[0].OK)
	second := page("limit=3&kind=drill&cursor=" + first.NextCursor)
	require.Len(t, second.Outcomes, 2)
	require.Empty(t, second.NextCursor)
	require.JSONEq(t, `{"a":1}`, string(second.Outcomes[0].Report))
	require.Empty(t, page("kind=restore").Outcomes)
}
