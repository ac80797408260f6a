package backup

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/ops/backup/envelope"
	"github.com/script-ohio/platform/app/platform/blob"
	"github.com/script-ohio/platform/app/platform/jobs"
)

// A key that does not open a backup is told from a damaged backup, and does
// not take its good name away.
func TestWrongKey(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		ctx, right := t.Context(), newKeyring(t).keys(t)
		w.Keys = right
		m := w.created()
		_, err := w.Verify(ctx, m.Name, quiet)
		require.NoError(t, err)
		other := newKeyring(t).keys(t)
		for name, keys := range map[string]envelope.Keys{"another": other, "none": {}} {
			w.Keys = keys
			v, err := w.Verify(ctx, m.Name, quiet)
			require.Equal(t, fault.Invalid, fault.CodeOf(err), "%v", err)
			require.ErrorContains(t, err, "BACKUP_IDENTITY")
			require.Equal(t, "key key key", v.Checks.Failed().names(), name)
			_, err = w.Drill(ctx, quiet)
			require.Equal(t, fault.Invalid, fault.CodeOf(err), "%v", err)
			require.ErrorContains(t, err, "BACKUP_IDENTITY")
			_, err = w.Restore(ctx, m.Name, RestoreOptions{}, quiet)
			require.Equal(t, fault.Invalid, fault.CodeOf(err), "%v", err)
			require.Empty(t, w.scratches())
			entry, _, err := w.Show(ctx, m.Name)
			require.NoError(t, err)
			require.True(t, entry.Verified(), "still")
		}
		w.Keys = right
		_, err = w.Drill(ctx, quiet)
		require.NoError(t, err)
	})
}

// What was done to a backup shows even to who lacks the key.
func TestDamageIsFoundWithoutTheKey(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		w.Keys = newKeyring(t).keys(t)
		m := w.created()
		dump := m.Name + "/" + w.object(m, Database).Key
		w.writeAll(dump, append(w.readAll(dump), 0))
		w.Keys = envelope.Keys{}
		v, err := w.Verify(t.Context(), m.Name, quiet)
		require.Equal(t, fault.Conflict, fault.CodeOf(err), "%v", err)
		require.Equal(t, "size key key", v.Checks.Failed().names())
		entry, _, err := w.Show(t.Context(), m.Name)
		require.NoError(t, err)
		require.NotNil(t, entry.Verification)
		require.False(t, entry.Verification.Passed, "the verdict is kept")
	})
}

// Neither a backup that cannot be opened nor a damaged one keeps the
// verification from the others; only what concerns all of them ends it.
func TestVerificationOfManyGoesOn(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		ctx, ours, others := t.Context(), newKeyring(t).keys(t), newKeyring(t).keys(t)
		w.noise(400) // so that progress is told
		made := make([]Manifest, 4)
		for i, keys := range []envelope.Keys{ours, others, ours, ours} {
			w.Keys = keys
			made[i] = w.created()
			w.clock.move(time.Hour)
		}
		w.Keys = ours
		good, locked, damaged, newest := made[0], made[1], made[2], made[3]
		models := damaged.Name + "/" + w.object(damaged, Models).Key
		text := w.readAll(models)
		w.writeAll(models, text[1:])
		verified := func(want fault.Code, names ...string) error {
			t.Helper()
			all, err := w.VerifyNewer(ctx, w.Clock().Add(-week), quiet)
			require.Equal(t, want, fault.CodeOf(err), "%v", err)
			require.Len(t, all, len(made))
			for i, v := range all {
				m := made[len(made)-1-i]
				require.Equal(t, m.Name, v.Backup, "newest first")
				require.Equal(t, !slices.Contains(names, m.Name), v.Passed)
				entry, _, err := w.Show(ctx, m.Name)
				require.NoError(t, err)
				require.Equal(t, v.Passed, entry.Verified())
			}
			for _, name := range names {
				require.ErrorContains(t, err, name)
			}
			for _, m := range []Manifest{good, newest} {
				require.NotContains(t, err.Error(), m.Name)
			}
			return err
		}
		err := verified(fault.Conflict, locked.Name, damaged.Name)
		require.ErrorContains(t, err, "1 of 4 backups are damaged: "+damaged.Name)
		require.ErrorContains(t, err, "1 of 4 backups were not verified: "+locked.Name)
		require.ErrorContains(t, err, "BACKUP_IDENTITY")

		// Without the damage it is the key alone.
		w.writeAll(models, text)
		err = verified(fault.Invalid, locked.Name)
		require.NotContains(t, err.Error(), "damaged")
		report, err := w.BackupVerification(ctx, &jobs.Run{Job: contract.JobBackupVerification})
		require.Equal(t, fault.Invalid, fault.CodeOf(err))
		require.Len(t, report.(Weekly).Verifications, len(made))

		// An end that concerns all of them, after the first.
		ending, cancel := context.WithCancel(ctx)
		defer cancel()
		all, err := w.VerifyNewer(ending, w.Clock().Add(-week), secondBegins(cancel))
		require.ErrorIs(t, err, context.Canceled)
		require.Len(t, all, 1)
		bucket, err := blob.Open(ctx, w.bucketURL)
		require.NoError(t, err)
		w.Bucket = bucket
		all, err = w.VerifyNewer(ctx, w.Clock().Add(-week), secondBegins(func() { assert.NoError(t, bucket.Close()) }))
		require.Equal(t, fault.Unavailable, fault.CodeOf(err), "%v", err)
		require.Len(t, all, 1)
	})
}

// secondBegins does something once the second of several backups is read.
func secondBegins(do func()) Progress {
	do = sync.OnceFunc(do)
	return func(_, _ int64, note string) {
		if strings.Contains(note, ", 2 of ") {
			do()
		}
	}
}
