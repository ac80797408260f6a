package backup

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
)

// Of two that begin at once, one is refused and told why; nothing of it shows.
func TestTwoBackupsAtOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		other := w.service(w.DatabaseURL, w.Options)
		begun, refused := make(chan struct{}), make(chan error, 1)
		var once sync.Once
		go func() {
			<-begun
			_, err := other.Create(t.Context(), quiet)
			refused <- err
		}()
		_, err := w.Create(t.Context(), func(int64, int64, string) {
			once.Do(func() {
				close(begun)
				err := <-refused
				// Not require: it would end the goroutine that reads the dump.
				assert.Equal(t, fault.Conflict, fault.CodeOf(err), "%v", err)
				assert.ErrorContains(t, err, "is running (create, session ")
				for what, do := range map[string]func() error{
					"drill": func() error { _, err := other.Drill(t.Context(), quiet); return err },
					"prune": func() error { _, err := other.Prune(t.Context(), false, quiet); return err },
					"restore": func() error {
						_, err := other.Restore(t.Context(), "backup-20200101-000000", RestoreOptions{}, quiet)
						return err
					},
				} {
					if code := fault.CodeOf(do()); code != fault.Conflict && code != fault.NotFound {
						t.Errorf("%s is not refused", what)
					}
				}
				_, err = other.List(t.Context())
				assert.NoError(t, err, "reading disturbs nobody")
			})
		})
		require.NoError(t, err)
		entries, err := w.List(t.Context())
		require.NoError(t, err)
		require.Len(t, entries, 1)
		require.Equal(t, Complete, entries[0].Status)
		_, err = other.Create(t.Context(), quiet)
		require.NoError(t, err, "its turn")
	})
}

// Any number that begin at once make whole backups or none.
func TestManyBackupsAtOnce(t *testing.T) {
	w := inFolder(t)
	var wg sync.WaitGroup
	made := make([]bool, 6)
	for i := range made {
		s := w.service(w.DatabaseURL, w.Options)
		wg.Go(func() {
			_, err := s.Create(t.Context(), quiet)
			made[i] = err == nil
			if err != nil && fault.CodeOf(err) != fault.Conflict {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	want := 0
	for _, ok := range made {
		if ok {
			want++
		}
	}
	require.Positive(t, want)
	entries, err := w.List(t.Context())
	require.NoError(t, err)
	require.Len(t, entries, want)
	for _, e := range entries {
		v, err := w.Verify(t.Context(), e.Name, quiet)
		require.NoError(t, err)
		require.True(t, v.Passed)
	}
}

// Databases of one server keep out of each other's way.
func TestOtherDatabasesAreLeftAlone(t *testing.T) {
	w, other := inFolder(t), inFolder(t)
	err := w.exclusive(t.Context(), "test", func(ctx context.Context, _ *lock) error {
		m := other.created()
		name, err := w.newScratch(ctx, m)
		require.NoError(t, err)
		_, err = other.Drill(ctx, quiet)
		require.NoError(t, err)
		require.Equal(t, name, w.scratches())
		return nil
	})
	require.NoError(t, err)
	w.created()
	require.Empty(t, w.scratches(), "what a run left, the next one drops")
}

// Whoever loses the lock stops: somebody else may have it.
func TestLostLockEndsTheWork(t *testing.T) {
	w := inFolder(t)
	err := w.exclusive(t.Context(), "test", func(ctx context.Context, l *lock) error {
		require.NoError(t, w.onServer(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ohio backup: test' and datname = '`+w.name()+`'`))
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(patience):
			return nil
		}
	})
	require.Equal(t, fault.Unavailable, fault.CodeOf(err), "%v", err)
	require.ErrorContains(t, err, "was lost")
	w.created()
}
