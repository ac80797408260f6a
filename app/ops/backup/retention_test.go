package backup

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/blob"
)

// Whatever lies in the bucket and whatever the time: what one would need is
// spared, and what may go goes.
func TestRetentionSparesWhatOneNeeds(t *testing.T) {
	statuses := []Status{Complete, Complete, Complete, Partial, Incomplete, Damaged}
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		ages := rapid.SliceOfNDistinct(rapid.IntRange(0, 100*24), 0, 40, rapid.ID[int]).Draw(t, "hours")
		slices.Sort(ages)
		entries := make([]Entry, len(ages))
		for i, hours := range ages {
			entries[i] = Entry{
				Name: fmt.Sprintf("%d hours", hours), At: now.Add(-time.Duration(hours) * time.Hour),
				Status: rapid.SampledFrom(statuses).Draw(t, "status"),
			}
			if rapid.Bool().Draw(t, "verified") {
				entries[i].Verification = &Verification{Passed: rapid.Bool().Draw(t, "passed")}
			}
			if rapid.IntRange(0, 9).Draw(t, "mark") == 0 {
				entries[i].Mark = &Mark{}
			}
		}
		decisions := decide(entries, now, contract.BackupRetention)
		require.Len(t, decisions, len(entries))
		anyVerified, verifiedLeft, completeBefore, completeLeft := false, false, false, false
		for i, e := range entries {
			d, age := decisions[i], now.Sub(e.At)
			require.Equal(t, e.Name, d.Name)
			require.NotEmpty(t, d.Reason)
			good := e.Status == Complete && e.Verified()
			if good && !anyVerified {
				require.False(t, d.Delete, "the newest verified backup")
			}
			anyVerified = anyVerified || good
			verifiedLeft = verifiedLeft || good && !d.Delete
			completeBefore = completeBefore || e.Status == Complete
			completeLeft = completeLeft || e.Status == Complete && !d.Delete
			switch {
			case e.Mark != nil:
				require.False(t, d.Delete, "marked")
			case e.Status == Incomplete:
				require.Equal(t, age > 24*time.Hour, d.Delete)
			case age <= contract.BackupRetention:
				require.False(t, d.Delete, "young")
			case e.Status != Complete:
				require.True(t, d.Delete, "nobody needs it")
			}
		}
		require.Equal(t, anyVerified, verifiedLeft)
		require.Equal(t, completeBefore, completeLeft, "never the last one")
	})
}

// The clock of the machine jumps two months ahead: all is old at once.
func TestClockThatJumpsAheadLosesNotTheLastBackup(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		verified := w.created()
		_, err := w.Verify(t.Context(), verified.Name, quiet)
		require.NoError(t, err)
		w.clock.move(time.Hour)
		marked := w.created()
		require.NoError(t, w.Mark(t.Context(), marked.Name, "tester", "an audit"))
		w.clock.move(time.Hour)
		unverified := w.created()
		w.clock.move(60 * 24 * time.Hour)
		require.Equal(t, []string{unverified.Name}, w.pruned(false))
		for _, m := range []Manifest{verified, marked} {
			v, err := w.Verify(t.Context(), m.Name, quiet)
			require.NoError(t, err)
			require.True(t, v.Passed)
		}
		require.Equal(t, []string{verified.Name}, func() []string {
			require.NoError(t, w.Unmark(t.Context(), marked.Name))
			return w.pruned(true)
		}(), "the newer verified one is enough")
	})
}

// More objects than a page of any listing has.
func TestMoreThanAPage(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		m := w.created()
		const old, pieces = 60, 20
		for i := range old {
			name := w.clock.now().AddDate(0, 0, -40-i).Format(nameLayout)
			for piece := range pieces {
				w.writeAll(fmt.Sprintf("%s/piece-%02d", name, piece), nil)
			}
		}
		w.writeAll("backup-elsewhere/note", nil)
		w.writeAll("other/note", nil)
		require.Greater(t, len(w.keys()), 1000)
		entries, err := w.List(t.Context())
		require.NoError(t, err)
		require.Len(t, entries, 1+old)
		require.Equal(t, m.Name, entries[0].Name)
		require.Len(t, entries[old].objects, pieces)
		require.Len(t, w.pruned(false), old)
		require.Len(t, w.keys(), 2+len(entries[0].objects), "what is not ours stays")
	})
}

// What Object Lock keeps is kept, and told.
func TestLockedBackupsAreKept(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		if w.s3 != nil {
			w.Bucket = openBucket(t, w.s3.LockedBucket(t, 45))
		}
		w.clock.move(-time.Hour)
		m := w.created()
		w.writeAll("backup-20200101-000000/database.dump.zst", []byte("left by a crash"))
		w.clock.move(time.Hour)
		newer := w.created()
		for _, name := range []string{newer.Name, m.Name} {
			_, err := w.Verify(t.Context(), name, quiet)
			require.NoError(t, err, "a verdict can be renewed")
			_, err = w.Verify(t.Context(), name, quiet)
			require.NoError(t, err)
		}
		w.clock.move(40 * 24 * time.Hour)
		locks, err := blob.ReadLocks(t.Context(), w.Bucket)
		require.NoError(t, err)
		lock, err := locks.Of(t.Context(), m.Name+"/"+manifestName)
		require.NoError(t, err)
		if w.s3 == nil {
			t.Run("folders have no locks, so what is old goes", func(t *testing.T) {
				require.False(t, lock.Holds(time.Now()))
				require.Equal(t, []string{m.Name, "backup-20200101-000000"}, w.pruned(false))
			})
			return
		}
		require.True(t, lock.Holds(time.Now()))
		require.Empty(t, w.pruned(false))
		report, err := w.Prune(t.Context(), true, quiet)
		require.NoError(t, err)
		require.Contains(t, report.Decisions[1].Reason, "locked until "+time.Now().AddDate(0, 0, 45).UTC().Format(time.DateOnly))
		w.clock.move(6 * 24 * time.Hour)
		require.Equal(t, []string{m.Name, "backup-20200101-000000"}, w.pruned(false))
	})
}
