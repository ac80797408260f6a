package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/httpapi"
	"github.com/script-ohio/platform/app/ops/backup"
)

// fakeOutcomes are five drills, the last one failed.
type fakeOutcomes struct{}

func (fakeOutcomes) List(_ context.Context, f backup.HistoryFilter) (found []backup.Outcome, err error) {
	for id := int64(5); id > 0 && len(found) < f.Limit; id-- {
		if (f.Kind == "" || f.Kind == "drill") && (f.Before == 0 || id < f.Before) {
			found = append(found, backup.Outcome{ID: id, Kind: "drill", Backup: "backup-20261101-020000", OK: id < 5, Report: json.RawMessage(`{"a":1}`)})
		}
	}
	return found, nil
}

// fakeBackups are the backups of five days; the oldest has no manifest.
type fakeBackups struct{}

func backupOf(day int) backup.Entry {
	at := time.Date(2026, 11, day, 2, 0, 0, 0, time.UTC)
	return backup.Entry{Name: at.Format("backup-20060102-150405"), At: at, Status: backup.Complete}
}

func (fakeBackups) List(_ context.Context, before time.Time, limit int) (found []backup.Entry, err error) {
	for day := 5; day > 0 && len(found) < limit; day-- {
		if e := backupOf(day); before.IsZero() || e.At.Before(before) {
			found = append(found, e)
		}
	}
	return found, nil
}

func (fakeBackups) Seen(context.Context) (time.Time, error) { return backupOf(6).At, nil }

func (fakeBackups) Get(_ context.Context, name string) (backup.Entry, json.RawMessage, error) {
	for day := 1; day <= 5; day++ {
		if e := backupOf(day); e.Name == name {
			if day == 1 {
				return e, nil, nil
			}
			return e, json.RawMessage(`{"format":1}`), nil
		}
	}
	return backup.Entry{}, nil, fault.New(fault.NotFound, "there is no backup %q", name)
}

const reading = "X-API-Key: " + readOnlyKey

func TestOutcomesArePaged(t *testing.T) {
	api := newAPI(t, testDeps(), httpapi.Options{})
	page := func(query string) httpapi.OutcomePage {
		return answer[httpapi.OutcomePage](t, send(api, "GET", "/v1/ops/backup-outcomes?"+query, "", reading))
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

func TestBackupsAreListedAndShown(t *testing.T) {
	api := newAPI(t, testDeps(), httpapi.Options{})
	var names []string
	for query := "limit=2"; ; {
		page := answer[httpapi.BackupPage](t, send(api, "GET", "/v1/ops/backups?"+query, "", reading))
		require.Equal(t, backupOf(6).At, page.SeenAt.UTC())
		for _, b := range page.Backups {
			names = append(names, b.Name)
		}
		if page.NextCursor == "" {
			break
		}
		query = "limit=2&cursor=" + page.NextCursor
	}
	require.Len(t, names, 5)
	require.True(t, slices.IsSortedFunc(names, func(a, b string) int { return strings.Compare(b, a) }))

	shown := answer[httpapi.Backup](t, send(api, "GET", "/v1/ops/backups/"+names[0], "", reading))
	require.Equal(t, names[0], shown.Name)
	require.JSONEq(t, `{"format":1}`, string(shown.Manifest))
	require.Nil(t, answer[httpapi.Backup](t, send(api, "GET", "/v1/ops/backups/"+names[4], "", reading)).Manifest)
	require.Equal(t, http.StatusNotFound, send(api, "GET", "/v1/ops/backups/backup-19990101-000000", "", reading).Code)
}

// What is done with a backup is asked of a worker, with what it needs to know.
func TestBackupTasksAreAskedFor(t *testing.T) {
	api := newAPI(t, testDeps(), httpapi.Options{})
	one := backupOf(3).Name
	for _, test := range []struct{ path, body, job, arguments string }{
		{"backups", ``, "database-backup", ``},
		{"backup-drill", `{"reason":"before the bowl games"}`, "restore-drill", ``},
		{"backups/latest/verify", ``, "backup-verify", `{"backup":"latest"}`},
		{"backups/" + one + "/verify", `{"reason":"x"}`, "backup-verify", `{"backup":"` + one + `"}`},
		{"backups/latest/restore", ``, "backup-restore", `{"backup":"latest"}`},
		{"backups/" + one + "/restore", `{"database":"look_here","components":["database"]}`, "backup-restore", `{"backup":"` + one + `","components":["database"],"database":"look_here"}`},
		{"backups/latest/restore", `{"into_live":true,"confirm":"latest","components":["database","models"]}`, "backup-restore", `{"backup":"latest","components":["database","models"],"into_live":true}`},
		{"backups/" + one + "/mark", `{"keep":true,"reason":"the final"}`, "backup-mark", `{"backup":"` + one + `","keep":true,"by":"key op (operations)","reason":"the final"}`},
		{"backups/" + one + "/mark", `{"keep":false}`, "backup-mark", `{"backup":"` + one + `","keep":false,"by":"key op (operations)","reason":""}`},
		{"backup-prune", `{"dry_run":true}`, "backup-prune", `{"dry_run":true}`},
		{"backup-prune", `{"dry_run":false}`, "backup-prune", `{"dry_run":false}`},
	} {
		t.Run(test.path+test.body, func(t *testing.T) {
			require.Equal(t, http.StatusUnauthorized, send(api, "POST", "/v1/ops/"+test.path, test.body).Code)
			require.Equal(t, http.StatusForbidden, send(api, "POST", "/v1/ops/"+test.path, test.body, "X-API-Key: "+developerKey).Code)
			response := send(api, "POST", "/v1/ops/"+test.path, test.body, "X-API-Key: "+operatorKey)
			require.Equal(t, http.StatusAccepted, response.Code, response.Body.String())
			var asked httpapi.RunsRequested
			require.NoError(t, json.Unmarshal(response.Body.Bytes(), &asked))
			require.Equal(t, test.job, asked.Runs[0].Job)
			require.Equal(t, fmt.Sprintf("/v1/ops/runs/%d", asked.ID), response.Header().Get("Location"))
			if test.arguments != "" {
				require.JSONEq(t, test.arguments, string(asked.Runs[0].Arguments))
			}
			require.Contains(t, asked.Runs[0].RequestedBy, "key op (operations)")
		})
	}
}

func TestBackupTasksThatCannotBeAreRefused(t *testing.T) {
	jobs := &fakeJobs{}
	deps := testDeps()
	deps.Jobs = jobs
	api := newAPI(t, deps, httpapi.Options{})
	for _, test := range []struct {
		path, body string
		status     int
		says       string
	}{
		{"backups/backup-19990101-000000/verify", ``, 404, "there is no backup"},
		{"backups/backup-19990101-000000/mark", `{"keep":true,"reason":"x"}`, 404, "there is no backup"},
		{"backups/..%2fsecret/restore", ``, 404, ""},
		{"backups/latest/restore", `{"into_live":true}`, 422, `must be \"latest\"`},
		{"backups/latest/restore", `{"into_live":true,"confirm":"yes"}`, 422, "body.confirm"},
		{"backups/latest/restore", `{"into_live":true,"confirm":"latest","database":"x"}`, 422, "body.database"},
		{"backups/latest/restore", `{"confirm":"latest"}`, 422, "into_live only"},
		{"backups/latest/restore", `{"database":"Robert'); drop table games"}`, 422, "body.database"},
		{"backups/latest/restore", `{"components":["models"]}`, 422, "only go live"},
		{"backups/latest/restore", `{"components":["logs"]}`, 422, "body.components"},
		{"backups/latest/restore", `{"live":true}`, 422, "unexpected property"},
		{"backups/latest/mark", `{}`, 422, "keep"},
		{"backups/latest/mark", `{"keep":true}`, 422, "body.reason"},
		{"backup-prune", `{}`, 422, "dry_run"},
		{"backup-prune", ``, 400, ""},
	} {
		response := send(api, "POST", "/v1/ops/"+test.path, test.body, "X-API-Key: "+operatorKey)
		require.Equal(t, test.status, response.Code, "%s %s: %s", test.path, test.body, response.Body)
		require.Contains(t, response.Body.String(), test.says, "%s %s", test.path, test.body)
		require.Equal(t, "application/problem+json", response.Header().Get("Content-Type"))
	}
	require.Empty(t, jobs.asked)
	require.Len(t, contract.Tasks(), 4, "each has a way to ask for it above")
}
