package backup

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/jobs"
)

func asking(t *testing.T, task contract.Job, arguments any) *jobs.Run {
	t.Helper()
	text, err := json.Marshal(arguments)
	require.NoError(t, err)
	return &jobs.Run{Job: task, Attempt: 1, Arguments: text}
}

// What is asked of a worker is what the service does, and those who only see
// the database see what came of it.
func TestTasks(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		pool, err := pgxpool.New(ctx, w.DatabaseURL)
		require.NoError(t, err)
		t.Cleanup(pool.Close)
		catalog := NewCatalog(pool)
		seen, err := catalog.Seen(ctx)
		require.NoError(t, err)
		require.Zero(t, seen)

		m := w.created()
		w.clock.move(time.Minute)
		entry, manifest, err := catalog.Get(ctx, m.Name)
		require.NoError(t, err)
		require.False(t, entry.Verified())
		var told Manifest
		require.NoError(t, json.Unmarshal(manifest, &told))
		require.Equal(t, m.Database.Rows, told.Database.Rows)

		for _, name := range []string{Latest, m.Name} {
			report, err := w.VerifyWork(ctx, asking(t, contract.TaskBackupVerify, VerifyTask{name}))
			require.NoError(t, err)
			require.True(t, report.(Verification).Passed)
		}
		entry, _, err = catalog.Get(ctx, m.Name)
		require.NoError(t, err)
		require.True(t, entry.Verified())

		report, err := w.RestoreWork(ctx, asking(t, contract.TaskBackupRestore, RestoreTask{Backup: Latest}))
		require.NoError(t, err)
		fresh := report.(Restored).Database
		w.dropAfter(fresh)
		require.Equal(t, "20000", w.query(fresh, `select count(*) from games`))

		_, err = w.MarkWork(ctx, asking(t, contract.TaskBackupMark, MarkTask{Latest, true, "key op", "the final"}))
		require.NoError(t, err)
		entry, _, err = catalog.Get(ctx, m.Name)
		require.NoError(t, err)
		require.Equal(t, "the final", entry.Mark.Reason)
		_, err = w.MarkWork(ctx, asking(t, contract.TaskBackupMark, MarkTask{Backup: m.Name}))
		require.NoError(t, err)

		newer := w.created()
		_, err = w.VerifyWork(ctx, asking(t, contract.TaskBackupVerify, VerifyTask{newer.Name}))
		require.NoError(t, err)
		w.clock.move(60 * 24 * time.Hour)
		for _, dry := range []bool{true, false} {
			report, err = w.PruneWork(ctx, asking(t, contract.TaskBackupPrune, PruneTask{dry}))
			require.NoError(t, err)
			require.Equal(t, 1, report.(PruneReport).Deleted)
		}
		entries, err := catalog.List(ctx, time.Time{}, 10)
		require.NoError(t, err)
		require.Len(t, entries, 1)
		require.Equal(t, newer.Name, entries[0].Name)
		none, err := catalog.List(ctx, entries[0].At, 10)
		require.NoError(t, err)
		require.Empty(t, none)
		_, _, err = catalog.Get(ctx, m.Name)
		require.Equal(t, fault.NotFound, fault.CodeOf(err))

		for _, bad := range []*jobs.Run{asking(t, contract.TaskBackupVerify, 7), {Job: contract.TaskBackupVerify}} {
			_, err = w.VerifyWork(ctx, bad)
			require.Equal(t, fault.Invalid, fault.CodeOf(err))
		}
		_, err = w.VerifyWork(ctx, asking(t, contract.TaskBackupVerify, VerifyTask{"../elsewhere"}))
		require.Equal(t, fault.Invalid, fault.CodeOf(err))
	})
}

// What is live is replaced once, however often the worker dies; and what was
// asked for before a backup is not asked again by restoring it.
func TestRestoreIntoLiveIsNotRepeated(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		w.exec(`insert into job_runs (name, run, scheduled_for, queue, lease_until, arguments) values ('backup-restore', 'manual', now(), 'backup', now(), '{}')`)
		w.created()
		w.clock.move(time.Minute)
		run := asking(t, contract.TaskBackupRestore, RestoreTask{Backup: Latest, IntoLive: true})
		run.Attempt = 2
		_, err := w.RestoreWork(t.Context(), run)
		require.Equal(t, fault.Conflict, fault.CodeOf(err))
		require.ErrorContains(t, err, "look what is live")
		require.Equal(t, "queued", w.query("", `select status from job_runs`), "nothing was restored")

		run.Attempt = 1
		report, err := w.RestoreWork(t.Context(), run)
		require.NoError(t, err)
		w.dropAfter(report.(Restored).Replaced)
		require.Equal(t, "cancelled", w.query("", `select status from job_runs`))
		entries := w.query("", `select count(*) from backup_catalog`)
		require.Equal(t, "2", entries, "the restored database knows of the safety backup")
	})
}
