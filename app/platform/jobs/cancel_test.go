package jobs

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/platform/postgres"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

// While River's listener is away, which it is for a while after the database
// ended its sessions, its notice of a cancel reaches nobody. The wait is
// shorter than the minute after which River asks by itself.
func TestACancelIsHeardWithoutNotice(t *testing.T) {
	database := postgrestest.URL(t)
	open := func() scene {
		pool, err := postgres.Open(t.Context(), database, postgres.Options{MaxConns: 8})
		require.NoError(t, err)
		t.Cleanup(pool.Close)
		return scene{t: t, pool: pool, client: newTestClient(t, pool, all)}
	}
	s := open()
	s.worker = startWorker(t, s.pool, Options{Works: map[string]Work{alone.Name: untilCut, again.Name: nothing}, Lease: patience})
	s.ready(s.worker)
	id := s.request(alone.Name)
	s.until(id, is(Running))

	newGate(t, database).set("true")
	person := open() // its sessions are new
	_, err := person.client.Cancel(t.Context(), id, "ann")
	require.NoError(t, err)
	var r Record
	require.Eventually(t, func() bool {
		r, err = person.client.Run(t.Context(), id)
		require.NoError(t, err)
		return r.Status == Cancelled
	}, patience/2, fast)
	require.Equal(t, 1, r.Attempt)
	require.Equal(t, "cancelled while it ran", r.Error)
	require.Eventually(t, func() bool {
		var state string
		require.NoError(t, person.pool.QueryRow(t.Context(), `select state from river_job`).Scan(&state))
		return state == "cancelled"
	}, patience, fast)
	require.Equal(t, Succeeded, person.ended(person.request(again.Name)).Status, "its place is free")
}

// Only a cancel of the attempt under way ends it.
func TestWhichCancelIsHeard(t *testing.T) {
	s := play(t, map[string]Work{alone.Name: untilCut})
	run := &Run{ID: s.request(alone.Name)}
	run.Attempt = s.until(run.ID, is(Running)).Attempt
	asked := func(id int64, attempt int) (yes bool) {
		require.NoError(t, s.pool.QueryRow(t.Context(), cancelAsked, id, attempt).Scan(&yes))
		return yes
	}
	require.False(t, asked(run.ID, run.Attempt))
	require.NoError(t, s.worker.Stop(t.Context())) // and with it who would hear it
	_, err := s.pool.Exec(t.Context(), `update job_runs set status = 'running'`)
	require.NoError(t, err)
	_, err = s.pool.Exec(t.Context(), `update river_job set state = 'running', finalized_at = null, attempted_at = now()`)
	require.NoError(t, err)
	_, err = s.client.Cancel(t.Context(), run.ID, "ann")
	require.NoError(t, err)
	require.True(t, asked(run.ID, run.Attempt))
	require.False(t, asked(run.ID, run.Attempt+1))
	require.False(t, asked(run.ID+1, run.Attempt))
	_, err = s.pool.Exec(t.Context(), `update job_runs set river_job = river_job + 1`)
	require.NoError(t, err)
	require.False(t, asked(run.ID, run.Attempt), "the entry is another's")
}
