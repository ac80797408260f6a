package jobs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

func TestMain(m *testing.M) {
	beAWorker()
	postgrestest.Main(m)
}

// memory is a ledger in memory: what PostgreSQL keeps, for many simulated
// minutes.
type memory struct {
	mu         sync.Mutex
	registered time.Time
	runs       map[string]int // how often a job was scheduled for a period
	last       map[string]time.Time
	fails      bool // the next schedule
}

func newMemory(registered time.Time) *memory {
	return &memory{registered: registered, runs: map[string]int{}, last: map[string]time.Time{}}
}

func (m *memory) marks(context.Context) (map[string]time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	marks := map[string]time.Time{}
	for _, job := range contract.Jobs() {
		marks[job.Name] = m.registered
	}
	maps.Copy(marks, m.last)
	return marks, nil
}

func (m *memory) schedule(_ context.Context, runs []period) (added []period, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fails {
		m.fails = false
		return nil, errors.New("away")
	}
	for _, r := range runs {
		key := keyOf(r.job.Name, r.at)
		if m.runs[key] > 0 {
			continue // as the unique constraint has it
		}
		m.runs[key]++
		m.last[r.job.Name] = r.at
		added = append(added, r)
	}
	return added, nil
}

func keyOf(job string, at time.Time) string {
	return fmt.Sprint(job, " ", at.UTC().Format(time.RFC3339))
}

// periods lists the due times of a run in (from, to], minute by minute.
func periods(run contract.Run, from, to time.Time) (all []time.Time) {
	for m := from.Truncate(time.Minute); !m.After(to); m = m.Add(time.Minute) {
		daily := run.Name == contract.Daily.Name && m.Hour() == 2 && m.Minute() == 0
		weekly := run.Name == contract.Weekly.Name && m.Weekday() == time.Tuesday && m.Hour() == 4 && m.Minute() == 0
		if m.After(from) && (daily || weekly) {
			all = append(all, m)
		}
	}
	return all
}

// However often the workers look, are away and fail, no period is scheduled
// twice, none that was met is left out, and after an absence there is one run.
func TestSchedulingSurvivesAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		begin := at("2026-11-01 00:00").Add(time.Duration(rapid.IntRange(0, 7*24*60).Draw(t, "begin")) * time.Minute)
		m, now := newMemory(begin), begin
		before := begin // the last look that succeeded
		for range rapid.IntRange(1, 60).Draw(t, "looks") {
			minutes := rapid.OneOf(rapid.IntRange(0, 90), rapid.IntRange(0, 12*24*60)).Draw(t, "minutes")
			now = now.Add(time.Duration(minutes) * time.Minute)
			s, err := newScheduler(contract.Jobs(), m)
			if err != nil {
				t.Fatal(err)
			}
			m.fails = rapid.IntRange(0, 4).Draw(t, "away") == 0
			added, err := s.tick(context.Background(), now)
			m.fails = false
			if err != nil {
				continue
			}
			got := map[string]time.Time{}
			for _, p := range added {
				if _, twice := got[p.job.Name]; twice {
					t.Fatalf("two runs of %s in one look", p.job.Name)
				}
				got[p.job.Name] = p.at
			}
			for _, job := range contract.Jobs() {
				missed := periods(job.Run, before, now)
				run, ran := got[job.Name]
				if ran != (len(missed) > 0) || ran && !run.Equal(missed[len(missed)-1]) {
					t.Fatalf("%s between %s and %s: ran %v for %s, due were %v", job.Name, before, now, ran, run, missed)
				}
			}
			before = now
		}
		for key, n := range m.runs {
			if n != 1 {
				t.Fatalf("%s ran %d times", key, n)
			}
		}
	})
}

// A month in PostgreSQL: a worker starts anew in every minute, at the due times
// and now and then three do at once, and for three days nobody is there.
func TestAMonthOfMinutesWithARestartInEach(t *testing.T) {
	pool, ctx := postgrestest.New(t), t.Context()
	client := newTestClient(t, pool, contract.Jobs())
	begin, end := at("2026-11-01 00:00"), at("2026-12-01 00:00")
	awayFrom, awayTo := at("2026-11-15 01:00"), at("2026-11-18 09:30")
	_, err := pool.Exec(ctx, "update jobs set registered_at = $1", begin)
	require.NoError(t, err)
	for now := begin; now.Before(end); now = now.Add(time.Minute) {
		if now.After(awayFrom) && now.Before(awayTo) {
			continue
		}
		starts := 1
		if now.Minute()%30 == 0 {
			starts = 3
		}
		var workers sync.WaitGroup
		for range starts {
			s, err := newScheduler(contract.Jobs(), &client.store)
			require.NoError(t, err)
			workers.Go(func() {
				_, err := s.tick(ctx, now)
				if err != nil {
					t.Error(err)
				}
			})
		}
		workers.Wait()
	}
	for _, job := range contract.Jobs() {
		var got []time.Time
		runs, err := client.Runs(ctx, Filter{Job: job.Name})
		require.NoError(t, err)
		for _, r := range runs {
			require.Equal(t, Queued, r.Status)
			require.Equal(t, job.Run.Name, r.Run)
			got = append([]time.Time{r.ScheduledFor.UTC()}, got...)
		}
		want := periods(job.Run, begin, end.Add(-time.Minute))
		if job.Run.Name == contract.Daily.Name {
			require.Len(t, want, 30)
			want = append(want[:14:14], want[17:]...) // the 15th to 17th; the 18th was caught up
		} else {
			require.Len(t, want, 4) // the 17th was caught up
		}
		require.Equal(t, want, got, job.Name)
	}
	var entries, runs int
	require.NoError(t, pool.QueryRow(ctx, "select (select count(*) from river_job), (select count(distinct river_job) from job_runs)").Scan(&entries, &runs))
	require.Equal(t, entries, runs, "each run has a queue entry of its own")
}

// What people ask for beside the schedule moves no period.
func TestRequestsDoNotCountAsPeriods(t *testing.T) {
	pool, ctx := postgrestest.New(t), t.Context()
	client := newTestClient(t, pool, contract.Jobs())
	_, err := pool.Exec(ctx, "update jobs set registered_at = '2026-11-01', runnable = true")
	require.NoError(t, err)
	client.clock = func() time.Time { return at("2026-11-02 03:00") }
	_, err = client.Request(ctx, "daily", "test")
	require.NoError(t, err)
	s, err := newScheduler(contract.Jobs(), &client.store)
	require.NoError(t, err)
	added, err := s.tick(ctx, at("2026-11-02 03:01"))
	require.NoError(t, err)
	require.Len(t, added, 7)
	for _, p := range added {
		require.Equal(t, at("2026-11-02 02:00"), p.at)
	}
}
