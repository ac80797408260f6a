package backup

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

// stopped is a service of a database in the world's bucket, whose clock stands.
func (w *world) stopped(databaseURL string, at time.Time) *Service {
	w.t.Helper()
	s := w.service(databaseURL, w.Options)
	s.Clock = func() time.Time { return at }
	return s
}

// However many begin in one second, each has a folder to itself.
func TestManyBeginAtOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		at := w.Clock()
		const many = 12
		names, claims := make([]string, many), make([]string, many)
		start := make(chan struct{})
		var all sync.WaitGroup
		for i := range many {
			s := w.stopped(w.DatabaseURL, at)
			all.Go(func() {
				<-start
				m, claim, err := s.begin(t.Context(), &lock{}, at)
				assert.NoError(t, err)
				names[i], claims[i] = m.Name, m.Name+"/"+claim
			})
		}
		close(start)
		all.Wait()
		distinct := map[string]bool{}
		for _, name := range names {
			distinct[name] = true
		}
		require.Len(t, distinct, many, "%v", names)
		require.ElementsMatch(t, claims, w.keys(), "who gives way leaves nothing")

		// What was only begun is nobody's backup, and goes in time.
		entries, err := w.List(t.Context())
		require.NoError(t, err)
		require.Len(t, entries, many)
		for _, e := range entries {
			require.Equal(t, Incomplete, e.Status)
		}
		require.Empty(t, w.pruned(false))
		require.Contains(t, string(w.readAll(claims[0])), `"database":"`+w.name()+`"`)
		require.NotContains(t, string(w.readAll(claims[0])), "hunter2")
		w.clock.move(26 * time.Hour)
		require.Len(t, w.pruned(false), many)
		require.Empty(t, w.keys())
	})
}

// Two databases that share a bucket spoil nothing of each other, and are told.
func TestTwoDatabasesInOneBucket(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		at := w.Clock()
		services := []*Service{w.stopped(w.DatabaseURL, at), w.stopped(patient(t, postgrestest.URL(t)), at)}
		made := make([]Manifest, len(services))
		var both sync.WaitGroup
		for i, s := range services {
			both.Go(func() {
				var err error
				made[i], err = s.Create(t.Context(), quiet)
				assert.NoError(t, err)
			})
		}
		both.Wait()
		require.NotEqual(t, made[0].Name, made[1].Name)
		for i, s := range services {
			v, err := s.Verify(t.Context(), made[i].Name, quiet)
			require.NoError(t, err)
			require.True(t, v.Passed)
			newest, err := s.Newest(t.Context())
			require.NoError(t, err)
			require.Equal(t, made[i].Name, newest.Name)
		}
		for _, key := range w.keys() {
			require.NotContains(t, key, claimPrefix, "a backup that is made needs no claim")
		}

		for i, s := range services {
			s.Clock = func() time.Time { return at.Add(time.Duration(1+i) * time.Minute) }
		}
		first, err := services[0].Create(t.Context(), quiet)
		require.NoError(t, err)
		second, err := services[1].Create(t.Context(), quiet)
		require.NoError(t, err)
		require.Equal(t, Complete, second.Status)
		told := first.Name + " in the same bucket is of another database, " + w.name()
		require.Contains(t, strings.Join(second.Issues, " "), told)
		services[1].Clock = func() time.Time { return at.Add(3 * time.Minute) }
		third, err := services[1].Create(t.Context(), quiet)
		require.NoError(t, err)
		require.Empty(t, third.Issues)
		newcomer, err := w.stopped(patient(t, postgrestest.URL(t)), at.Add(4*time.Minute)).Create(t.Context(), quiet)
		require.NoError(t, err)
		require.Len(t, newcomer.Issues, 1, "what others have is no loss of its own")
		require.Contains(t, newcomer.Issues[0], third.Name)
	})
}

// What a snapshot's session opens with waits for no table and keeps none from
// changing.
func TestASnapshotBeginsWithoutLocks(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		changing, err := w.connect(ctx, "", "test")
		require.NoError(t, err)
		defer disconnect(ctx, changing)
		_, err = changing.Exec(ctx, `begin; lock table public.games in access exclusive mode`)
		require.NoError(t, err)
		h, err := w.hold(ctx)
		require.NoError(t, err)
		defer disconnect(ctx, h.conn)
		require.Positive(t, h.size)
		var locked []string
		require.NoError(t, changing.QueryRow(ctx, `select coalesce(array_agg(c.relname::text), '{}') from pg_locks l join pg_class c on c.oid = l.relation
			join pg_namespace n on n.oid = c.relnamespace where l.pid = $1 and n.nspname <> 'pg_catalog'`, h.conn.PgConn().PID()).Scan(&locked))
		require.Empty(t, locked)
	})
}
