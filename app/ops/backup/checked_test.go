package backup

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
)

// Who changes tables all the time does not have a backup wait for itself.
func TestTablesThatChangeAllTheTime(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		stop := make(chan struct{})
		var changing sync.WaitGroup
		changing.Go(func() {
			conn, err := w.connect(t.Context(), "", "test")
			if !assert.NoError(t, err) {
				return
			}
			defer disconnect(t.Context(), conn)
			for {
				select {
				case <-stop:
					return
				default:
				}
				_, err := conn.Exec(t.Context(), `alter table public.games add column if not exists nn int; alter table public.games drop column nn`)
				assert.NoError(t, err)
			}
		})
		for range 5 {
			m, err := w.Create(t.Context(), quiet)
			assert.NoError(t, err)
			assert.Equal(t, int64(20000), m.Database.Rows["public.games"])
		}
		close(stop)
		changing.Wait()
	})
}

// A backup that is gone, or whose manifest is, is missed.
func TestVanishedBackupsAreMissed(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		var made []Manifest
		for range 3 {
			made = append(made, w.created())
			w.clock.move(time.Minute)
		}
		after := w.Clock().Add(-week)
		all, err := w.VerifyNewer(t.Context(), after, quiet)
		require.NoError(t, err)
		require.Len(t, all, 3)
		require.NoError(t, w.discard(t.Context(), made[0].Name))
		require.NoError(t, w.delete(t.Context(), made[2].Name, manifestName))
		all, err = w.VerifyNewer(t.Context(), after, quiet)
		require.Equal(t, fault.Conflict, fault.CodeOf(err), "%v", err)
		require.ErrorContains(t, err, "2 of 3 backups are damaged")
		for i, name := range []string{made[2].Name, made[0].Name} {
			require.Equal(t, name, all[i].Backup)
			require.Equal(t, "missing", all[i].Checks.Failed().names())
		}
		require.True(t, all[2].Passed)
		w.clock.move(60 * 24 * time.Hour)
		_, err = w.VerifyNewer(t.Context(), after, quiet)
		require.NoError(t, err, "retention may have taken them by then")
	})
}

// The newest is the newest of our database, by a clock that can be right.
func TestTheNewestIsOurs(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		named := func(m Manifest, at time.Time, change func(*Manifest)) {
			m.Name = at.UTC().Format(nameLayout)
			database := *m.Database
			m.Database = &database
			change(&m)
			_, err := w.writeManifest(t.Context(), m)
			require.NoError(t, err)
		}
		m := w.created()
		named(m, w.Clock().Add(48*time.Hour), func(*Manifest) {})
		named(m, w.Clock().Add(time.Minute), func(m *Manifest) { m.Database.Name = "another" })
		newest, err := w.Newest(t.Context())
		require.NoError(t, err)
		require.Equal(t, m.Name, newest.Name)
		require.NoError(t, w.discard(t.Context(), m.Name))
		newest, err = w.Newest(t.Context())
		require.NoError(t, err)
		require.NotEqual(t, m.Name, newest.Name, "one that is doubtful is better than none")

		named(m, w.Clock().Add(-time.Hour), func(m *Manifest) { m.Database = nil })
		_, err = w.Restore(t.Context(), w.Clock().Add(-time.Hour).UTC().Format(nameLayout), RestoreOptions{}, quiet)
		require.Equal(t, fault.Conflict, fault.CodeOf(err))
		require.ErrorContains(t, err, "does not describe it")
	})
}

// What cannot be written anew stays as it was.
func TestAVerdictOutlivesAFullDisk(t *testing.T) {
	everywhereOn(t, smallDisk, func(t *testing.T, w *world) {
		m := w.created()
		_, err := w.Verify(t.Context(), m.Name, quiet)
		require.NoError(t, err)
		before := w.keys()
		giveBack := w.fill()
		_, err = w.Verify(t.Context(), m.Name, quiet)
		require.Error(t, err)
		giveBack()
		entry, _, err := w.Show(t.Context(), m.Name)
		require.NoError(t, err)
		require.True(t, entry.Verified())
		require.Equal(t, before, w.keys())
		w.noUploads()
	})
}
