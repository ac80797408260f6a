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
		asks := sync.OnceFunc(func() {
			_, err := other.Create(t.Context(), quiet)
			if !assert.Equal(t, fault.Conflict, fault.CodeOf(err), "%v", err) {
				return // while the dump waits for us, no database can be dropped
			}
			assert.ErrorContains(t, err, "is running (create, session ")
			_, err = other.Drill(t.Context(), quiet)
			assert.Equal(t, fault.Conflict, fault.CodeOf(err), "%v", err)
			_, err = other.Prune(t.Context(), false, quiet)
			assert.Equal(t, fault.Conflict, fault.CodeOf(err), "%v", err)
			_, err = other.Restore(t.Context(), "backup-20200101-000000", RestoreOptions{}, quiet)
			assert.Equal(t, fault.NotFound, fault.CodeOf(err), "%v", err)
			entries, err := other.List(t.Context())
			assert.NoError(t, err, "reading disturbs nobody")
			for _, e := range entries {
				assert.Equal(t, Incomplete, e.Status)
			}
		})
		told := 0
		// Not require in here: it would end the goroutine that reads the dump,
		// and pg_dump would wait for ever.
		_, err := w.Create(t.Context(), func(int64, int64, string) { told++; asks() })
		require.NoError(t, err)
		require.Positive(t, told, "the other had its turn meanwhile")
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
	everywhere(t, func(t *testing.T, w *world) {
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
	})
}

// Databases of one server keep out of each other's way.
func TestOtherDatabasesAreLeftAlone(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		other := w.another()
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
	})
}

// Whoever loses the lock stops: somebody else may have it.
func TestLostLockEndsTheWork(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
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
	})
}
