package run_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
	"github.com/script-ohio/platform/app/run"
)

// accepted asks for something that is done later, once a worker can do it, and
// follows its run to the end.
func (c caller) accepted(t *testing.T, path string, body any) map[string]any {
	t.Helper()
	var asked struct{ ID int64 }
	require.Eventually(t, func() bool {
		status, text := c.send(t, http.MethodPost, "/v1/ops/"+path, body)
		if status != http.StatusAccepted {
			require.Contains(t, []int{http.StatusConflict, http.StatusTooManyRequests}, status, text)
			return false
		}
		require.NoError(t, json.Unmarshal([]byte(text), &asked))
		return true
	}, patience, 100*time.Millisecond)
	var got map[string]any
	require.Eventually(t, func() bool { // a restore into live lets nobody ask for a moment
		status, text := c.send(t, http.MethodGet, fmt.Sprintf("/v1/ops/runs/%d", asked.ID), nil)
		if status != http.StatusOK {
			return false
		}
		require.NoError(t, json.Unmarshal([]byte(text), &got))
		return got["ended_at"] != nil
	}, patience, 100*time.Millisecond)
	require.Equal(t, "succeeded", got["status"], "%s: %v", path, got["error"])
	return got["report"].(map[string]any)
}

// Somebody with a key does with backups what the command line does, though
// the API itself cannot reach them: a worker does it.
func TestBackupsOverTheAPI(t *testing.T) {
	database := postgrestest.URL(t)
	service := start(t, database)
	worker := run.NewWorker(configure(t, "DATABASE_URL="+database, "BACKUP_BUCKET=file://"+t.TempDir()), build(), discard(), []contract.Queue{contract.QueueBackup})
	require.NoError(t, worker.Start(t.Context()))
	defer func() { require.NoError(t, worker.Stop(context.Background())) }()
	operator := newCaller(t, service.PublicURL(), newKey(t, database, contract.Operator))
	require.Eventually(t, func() bool {
		return operator.ask(t, http.MethodGet, "/v1/ops/backups", nil)["seen_at"] != nil
	}, patience, 20*time.Millisecond)

	name := operator.accepted(t, "backups", nil)["backup"].(string)
	listed := operator.ask(t, http.MethodGet, "/v1/ops/backups", nil)["backups"].([]any)
	require.Len(t, listed, 1)
	require.Equal(t, name, listed[0].(map[string]any)["name"])
	shown := operator.ask(t, http.MethodGet, "/v1/ops/backups/"+name, nil)
	require.Equal(t, true, shown["verification"].(map[string]any)["passed"])
	require.Contains(t, shown["manifest"].(map[string]any)["database"].(map[string]any)["rows"], "public.games")

	require.Equal(t, true, operator.accepted(t, "backups/"+name+"/verify", nil)["passed"])
	require.Equal(t, true, operator.accepted(t, "backup-drill", map[string]any{"reason": "a test"})["passed"])
	require.Equal(t, "a test", operator.accepted(t, "backups/latest/mark", map[string]any{"keep": true, "reason": "a test"})["mark"].(map[string]any)["reason"])
	require.EqualValues(t, 0, operator.accepted(t, "backup-prune", map[string]any{"dry_run": true})["deleted"])

	admin, err := pgx.Connect(t.Context(), database)
	require.NoError(t, err)
	drop := func(name any) {
		t.Cleanup(func() {
			conn, err := pgx.Connect(context.Background(), database)
			require.NoError(t, err)
			defer conn.Close(context.Background())
			_, err = conn.Exec(context.Background(), `drop database "`+name.(string)+`" with (force)`)
			require.NoError(t, err)
		})
	}
	drop(operator.accepted(t, "backups/latest/restore", nil)["database"])

	_, err = admin.Exec(t.Context(), `create table later (id int)`)
	require.NoError(t, err)
	require.NoError(t, admin.Close(t.Context()))
	restored := operator.accepted(t, "backups/"+name+"/restore", map[string]any{"into_live": true, "confirm": name})
	drop(restored["replaced"])
	require.NotEmpty(t, restored["safety_backup"])
	admin, err = pgx.Connect(t.Context(), database)
	require.NoError(t, err)
	defer admin.Close(context.Background())
	var later *string
	require.NoError(t, admin.QueryRow(t.Context(), `select to_regclass('later')::text`).Scan(&later))
	require.Nil(t, later)

	// What there is now is told also of the restored database, and it goes on.
	listed = operator.ask(t, http.MethodGet, "/v1/ops/backups", nil)["backups"].([]any)
	require.Len(t, listed, 2)
	require.Equal(t, true, operator.accepted(t, "backups/"+name+"/verify", nil)["passed"])
	entry := operator.ask(t, http.MethodGet, "/v1/ops/audit?subject_type=backup", nil)["entries"].([]any)[0].(map[string]any)
	require.Equal(t, "ohio work", entry["actor"].(map[string]any)["name"])
	require.Contains(t, entry["after"].(map[string]any)["requested_by"], "key ")
	require.Contains(t, entry["after"].(map[string]any)["change"].(map[string]any)["replaced"], "_before_")
	var actions []string
	for _, e := range operator.ask(t, http.MethodGet, "/v1/ops/audit?subject_type=backup", nil)["entries"].([]any) {
		actions = append(actions, e.(map[string]any)["action"].(string))
	}
	require.Equal(t, "backup.restore", strings.Join(actions, " "), "the others were recorded in the database that was replaced")
}

// Without a bucket, who asks is told.
func TestBackupTasksWithoutABucket(t *testing.T) {
	database := postgrestest.URL(t)
	service := start(t, database)
	worker := run.NewWorker(configure(t, "DATABASE_URL="+database), build(), discard(), []contract.Queue{contract.QueueBackup})
	require.NoError(t, worker.Start(t.Context()))
	defer func() { require.NoError(t, worker.Stop(context.Background())) }()
	operator := newCaller(t, service.PublicURL(), newKey(t, database, contract.Operator))
	require.Eventually(t, func() bool {
		status, _ := operator.send(t, http.MethodPost, "/v1/ops/backups/latest/verify", nil)
		return status == http.StatusAccepted
	}, patience, 100*time.Millisecond)
	require.Eventually(t, func() bool {
		_, text := operator.send(t, http.MethodGet, "/v1/ops/runs?job=backup-verify&status=failed", nil)
		return strings.Contains(text, "BACKUP_BUCKET is not set")
	}, patience, 100*time.Millisecond)
}

// What the schedule deletes is in the audit log too.
func TestRetiredBackupsAreAudited(t *testing.T) {
	database, bucket := postgrestest.URL(t), t.TempDir()
	left := filepath.Join(bucket, "backup-20200101-000000")
	require.NoError(t, os.Mkdir(left, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(left, "database.dump.zst"), []byte("left by a crash"), 0o600))
	service := run.New(configure(t, "DATABASE_URL="+database, "BACKUP_BUCKET=file://"+bucket), build(), discard())
	service.RunJobs()
	require.NoError(t, service.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, service.Stop(context.Background())) })
	operator := newCaller(t, service.PublicURL(), newKey(t, database, contract.Operator))
	runJob(t, operator, contract.JobDatabaseBackup.Name)
	entries := operator.ask(t, http.MethodGet, "/v1/ops/audit?action=backup.delete", nil)["entries"].([]any)
	require.Len(t, entries, 1)
	require.Equal(t, "backup-20200101-000000", entries[0].(map[string]any)["subject"].(map[string]any)["id"])
}
