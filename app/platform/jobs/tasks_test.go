package jobs

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

var asked = contract.Job{Name: "asked", Timeout: minute, Queue: contract.QueueDefault}

type question struct {
	What string `json:"what"`
}

// ask makes a scene with a task that is done by a work.
func askScene(t *testing.T, work Work) scene {
	t.Helper()
	s := scene{t: t, pool: postgrestest.New(t)}
	jobs := []contract.Job{alone, asked}
	s.client = newTestClient(t, s.pool, jobs)
	s.worker = startWorker(t, s.pool, Options{Works: map[string]Work{asked.Name: work}, Jobs: jobs})
	s.ready(s.worker)
	return s
}

func TestATaskIsDoneWithItsArguments(t *testing.T) {
	s := askScene(t, func(_ context.Context, run *Run) (any, error) {
		var q question
		err := run.Decode(&q)
		return "did " + q.What, err
	})
	ctx := t.Context()
	_, err := s.client.Request(ctx, asked.Name, "test")
	require.Equal(t, fault.NotFound, fault.CodeOf(err), "a task is not asked for without arguments")
	require.NotContains(t, err.Error(), asked.Name+",")
	states, err := s.client.Jobs(ctx)
	require.NoError(t, err)
	require.Len(t, states, 1, "a task is no scheduled job")

	record, err := s.client.RequestTask(ctx, asked, question{"this"}, "test")
	require.NoError(t, err)
	require.JSONEq(t, `{"what":"this"}`, string(record.Arguments))
	done := s.ended(record.ID)
	require.Equal(t, Succeeded, done.Status, done.Error)
	require.JSONEq(t, `"did this"`, string(done.Report))

	record, err = s.client.RequestTask(ctx, asked, "not an object", "test")
	require.NoError(t, err)
	done = s.ended(record.ID)
	require.Equal(t, Failed, done.Status)
	require.Contains(t, done.Error, "the arguments of asked cannot be read")
}

// copied makes a copy of a scene's database, as a restore does.
func (s scene) copied() *pgx.Conn {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), postgrestest.URL(s.t))
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func TestTasksOfARestoredDatabaseAreNotDoneAgain(t *testing.T) {
	conn := scene{t: t}.copied()
	_, err := conn.Exec(t.Context(), `insert into job_runs (name, run, scheduled_for, queue, lease_until, status, arguments, ended_at) values
		('asked', 'manual', now(), 'default', now(), 'queued', '{}', null), ('database-backup', 'daily', now(), 'backup', now(), 'running', null, null),
		('asked', 'manual', now() - interval '1 day', 'default', now(), 'failed', '{}', now())`)
	require.NoError(t, err)
	require.NoError(t, Settle(t.Context(), conn))
	rows, err := conn.Query(t.Context(), `select name || ' ' || status from job_runs order by id`)
	require.NoError(t, err)
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Equal(t, []string{"asked cancelled", "database-backup running", "asked failed"}, got)

	_, err = conn.Exec(t.Context(), `alter table job_runs drop column arguments`)
	require.NoError(t, err)
	require.NoError(t, Settle(t.Context(), conn), "a database of before there were tasks")
	_, err = conn.Exec(t.Context(), `drop table job_runs`)
	require.NoError(t, err)
	require.NoError(t, Settle(t.Context(), conn), "a database of before there were jobs")
}

// A run whose database is replaced by an older one ends in the new one.
func TestARunIsCarriedIntoTheDatabaseThatReplacesItsOwn(t *testing.T) {
	carried := make(chan error, 1)
	var other *pgx.Conn
	s := askScene(t, func(ctx context.Context, run *Run) (any, error) {
		carried <- run.CarryInto(ctx, other)
		return nil, nil
	})
	other = s.copied()
	_, err := s.client.RequestTask(t.Context(), asked, question{"first"}, "test")
	require.NoError(t, err)
	require.NoError(t, <-carried)
	var record Record
	rows, err := other.Query(t.Context(), `select `+recordColumns+` from job_runs`)
	require.NoError(t, err)
	record, err = pgx.CollectExactlyOneRow(rows, scanRecord)
	require.NoError(t, err)
	require.Equal(t, asked.Name, record.Job)
	require.Equal(t, Running, record.Status)
	require.Equal(t, 1, record.Attempt)
	require.JSONEq(t, `{"what":"first"}`, string(record.Arguments))
	require.Nil(t, record.riverJob, "the queue entry stays behind")
	var next int64
	require.NoError(t, other.QueryRow(t.Context(), `insert into job_runs (name, run, scheduled_for, queue, lease_until) values ('x', 'daily', $1, 'default', now()) returning id`, time.Now()).Scan(&next))
	require.Greater(t, next, record.ID)

	_, err = other.Exec(t.Context(), `drop table job_runs`)
	require.NoError(t, err)
	s.ended(record.ID)
	_, err = s.client.RequestTask(t.Context(), asked, question{"second"}, "test")
	require.NoError(t, err)
	require.NoError(t, <-carried, "there is nowhere to carry it to")
}

// What nobody began while it was asked for is not done later.
func TestTasksExpire(t *testing.T) {
	for name, begun := range map[string]struct {
		attempt int
		want    Status
	}{"never begun": {0, Cancelled}, "begun and cut off": {1, Succeeded}} {
		t.Run(name, func(t *testing.T) {
			s := scene{t: t, pool: postgrestest.New(t)}
			jobs := []contract.Job{alone, asked}
			works := map[string]Work{asked.Name: nothing, alone.Name: nothing}
			s.client = newTestClient(t, s.pool, jobs)
			_, err := s.pool.Exec(t.Context(), `update jobs set runnable = true`)
			require.NoError(t, err)
			task, err := s.client.RequestTask(t.Context(), asked, question{"late"}, "test")
			require.NoError(t, err)
			job := s.request(alone.Name)
			_, err = s.pool.Exec(t.Context(), `update job_runs set created_at = now() - $1::interval, attempt = $2`, contract.TaskExpiry+time.Minute, begun.attempt)
			require.NoError(t, err)
			s.worker = startWorker(t, s.pool, Options{Works: works, Jobs: jobs})
			done := s.ended(task.ID)
			require.Equal(t, begun.want, done.Status)
			if begun.want == Cancelled {
				require.Contains(t, done.Error, "ask again")
			}
			require.Equal(t, Succeeded, s.ended(job).Status, "jobs wait for as long as it takes")
		})
	}
}

// Whoever looks ends them, and who is about to begin one does not.
func TestWhoNoticesThatTasksExpire(t *testing.T) {
	for name, notice := range map[string]func(s scene, task Record){
		"a worker of another queue": func(s scene, _ Record) {
			startWorker(t, s.pool, Options{Works: map[string]Work{}, Queues: []contract.Queue{contract.QueueSecurity}})
		},
		"the one that has it": func(s scene, task Record) {
			w, err := NewWorker(s.pool, Options{Works: map[string]Work{asked.Name: nothing}, Jobs: []contract.Job{asked}, Logger: discard()})
			require.NoError(t, err)
			job := &river.Job[entry]{JobRow: &rivertype.JobRow{ID: *task.riverJob, Attempt: 1, MaxAttempts: 1}, Args: entry{task.ID}}
			require.NoError(t, (&executor{Worker: w}).Work(t.Context(), job))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := scene{t: t, pool: postgrestest.New(t)}
			s.client = newTestClient(t, s.pool, []contract.Job{asked})
			_, err := s.pool.Exec(t.Context(), `update jobs set runnable = true`)
			require.NoError(t, err)
			task, err := s.client.RequestTask(t.Context(), asked, question{"late"}, "test")
			require.NoError(t, err)
			_, err = s.pool.Exec(t.Context(), `update job_runs set created_at = now() - $1::interval`, contract.TaskExpiry+time.Minute)
			require.NoError(t, err)
			notice(s, task)
			done := s.ended(task.ID)
			require.Equal(t, Cancelled, done.Status)
			require.Equal(t, "nobody began it within 1h0m0s: ask again", done.Error)
		})
	}
}

// A clock that was ahead for a while leaves no period out.
func TestAClockThatRanAhead(t *testing.T) {
	pool, ctx := postgrestest.New(t), t.Context()
	client := newTestClient(t, pool, contract.Jobs())
	_, err := pool.Exec(ctx, "update jobs set registered_at = now() - interval '1 day'")
	require.NoError(t, err)
	works := map[string]Work{}
	for _, job := range contract.Jobs() {
		works[job.Name] = nothing
	}
	look := func(ahead time.Duration) {
		w := startWorker(t, pool, Options{Works: works, Jobs: contract.Jobs(), Queues: []contract.Queue{contract.QueueSecurity}, Clock: func() time.Time { return time.Now().Add(ahead) }})
		require.Eventually(t, func() bool { return w.Ready() == nil }, patience, fast)
		require.NoError(t, w.Stop(ctx))
	}
	look(366 * 24 * time.Hour)
	look(3 * 24 * time.Hour)
	look(0)
	var future int
	require.NoError(t, pool.QueryRow(ctx, `select count(*) from job_runs where scheduled_for > now() + interval '1 minute'`).Scan(&future))
	require.Zero(t, future)
	for _, job := range contract.Jobs() {
		runs, err := client.Runs(ctx, Filter{Job: job.Name})
		require.NoError(t, err)
		if job.Run.Name == contract.Daily.Name {
			require.Len(t, runs, 1, job.Name) // of one day
		} else {
			require.LessOrEqual(t, len(runs), 1, job.Name)
		}
	}
	// One that an older program let in keeps nothing from going on.
	_, err = pool.Exec(ctx, `insert into job_runs (name, run, scheduled_for, queue, lease_until) values ('database-backup', 'daily', now() + interval '1 year', 'backup', now());
		delete from job_runs where name = 'database-backup' and scheduled_for < now()`)
	require.NoError(t, err)
	look(0)
	runs, err := client.Runs(ctx, Filter{Job: contract.JobDatabaseBackup.Name})
	require.NoError(t, err)
	require.Len(t, runs, 2)
}
