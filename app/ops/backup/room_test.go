package backup

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
)

// A disk that is full of backups: what is past its retention goes though no new
// one could be made, so that the next try has room.
func TestFullDiskRecovers(t *testing.T) {
	everywhereOn(t, smallDisk, func(t *testing.T, w *world) {
		verified := func() Manifest {
			m := w.created()
			_, err := w.Verify(t.Context(), m.Name, quiet)
			require.NoError(t, err)
			return m
		}
		old := verified()
		w.clock.move(20 * 24 * time.Hour)
		young := verified()
		w.clock.move(11 * 24 * time.Hour)
		daily := func() (Daily, error) {
			d, err := w.DatabaseBackup(t.Context(), asking(t, contract.JobDatabaseBackup, nil))
			return d.(Daily), err
		}

		// The disk fills up while the backup is made: not even the manifest fits.
		pack := w.EmbeddedPack
		w.EmbeddedPack = func() ([]byte, error) { w.fill(); return pack() }
		d, err := daily()
		require.Equal(t, fault.Unavailable, fault.CodeOf(err), "%v", err)
		require.ErrorContains(t, err, "is incomplete")
		require.ErrorContains(t, err, "o space left on device")
		require.Len(t, d.Retired, 1)
		require.Equal(t, old.Name, d.Retired[0].Name)
		for _, key := range w.keys() {
			require.Contains(t, key, young.Name+"/", "the room of what failed is free too")
		}
		w.EmbeddedPack = pack

		d, err = daily()
		require.NoError(t, err)
		require.Equal(t, Complete, d.Status)
		require.True(t, d.Verification.Passed)
		require.Empty(t, d.Retired)

		// Full from the beginning, and the newest verified one stays, however old.
		w.clock.move(60 * 24 * time.Hour)
		w.fill()
		w.exec(`delete from games where id > 15000`) // no backup is of quite the size of another
		failed, err := daily()
		require.Equal(t, fault.Unavailable, fault.CodeOf(err), "%v", err)
		require.Len(t, failed.Retired, 1)
		require.Equal(t, young.Name, failed.Retired[0].Name)
		_, err = w.Verify(t.Context(), d.Backup, quiet)
		require.NoError(t, err)
		again, err := daily()
		require.NoError(t, err)
		require.NotEqual(t, d.Backup, again.Backup)
	})
}
