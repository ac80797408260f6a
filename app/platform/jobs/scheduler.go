package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/script-ohio/platform/app/contract"
)

// ledger is where the scheduler reads what was scheduled and adds to it. It
// may be shared by any number of schedulers.
type ledger interface {
	// marks gives, by job, the newest period that was scheduled, else when the
	// job was registered.
	marks(ctx context.Context) (map[string]time.Time, error)
	// schedule adds runs, once for each job and period whoever else adds them
	// too, and tells which were new.
	schedule(ctx context.Context, runs []period) ([]period, error)
}

// period is one due time of a job.
type period struct {
	job contract.Job
	at  time.Time
}

// scheduler knows when jobs are due. It keeps nothing between two ticks, so a
// restart cannot forget or repeat a period.
type scheduler struct {
	jobs       []contract.Job
	timetables map[string]timetable // by run
	ledger     ledger
}

func newScheduler(jobs []contract.Job, l ledger) (scheduler, error) {
	s := scheduler{jobs: jobs, timetables: map[string]timetable{}, ledger: l}
	for _, job := range jobs {
		t, err := parse(job.Run)
		if err != nil {
			return s, fmt.Errorf("job %s: %w", job.Name, err)
		}
		s.timetables[job.Run.Name] = t
	}
	return s, nil
}

// tick schedules what is due at now and has not been, and tells what that was.
func (s scheduler) tick(ctx context.Context, now time.Time) ([]period, error) {
	marks, err := s.ledger.marks(ctx)
	if err != nil {
		return nil, err
	}
	var runs []period
	for _, job := range s.jobs {
		last, registered := marks[job.Name]
		if !registered {
			continue // the next tick knows it
		}
		if at, ok := s.timetables[job.Run.Name].due(last, now); ok {
			runs = append(runs, period{job, at})
		}
	}
	if len(runs) == 0 {
		return nil, nil
	}
	return s.ledger.schedule(ctx, runs)
}
