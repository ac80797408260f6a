package jobs

import (
	"fmt"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/script-ohio/platform/app/contract"
)

// timetable gives the due times of a maintenance run.
type timetable struct {
	run  contract.Run
	cron cron.Schedule
}

// parse reads the cron expression of a run: minute hour day month weekday, in
// UTC.
func parse(run contract.Run) (timetable, error) {
	schedule, err := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow).Parse(run.Cron)
	if err != nil {
		return timetable{}, fmt.Errorf("run %s: cron %q: %w", run.Name, run.Cron, err)
	}
	return timetable{run, schedule}, nil
}

// due gives the newest due time after last and not after now. What was missed
// before it is not caught up: a job tells of the present, and twice in a row
// would tell the same.
func (t timetable) due(last, now time.Time) (time.Time, bool) {
	from := last.UTC()
	// No longer ago than a due time must lie, however long nobody looked.
	if recent := now.UTC().Add(-t.run.Every - time.Second); recent.After(from) {
		from = recent
	}
	var newest time.Time
	for at := t.cron.Next(from); !at.IsZero() && !at.After(now); at = t.cron.Next(at) {
		newest = at
	}
	return newest, !newest.IsZero()
}

// next gives the first due time after now.
func (t timetable) next(now time.Time) time.Time { return t.cron.Next(now.UTC()) }

// NextDue is when a run is due next after now.
func NextDue(run contract.Run, now time.Time) (time.Time, error) {
	t, err := parse(run)
	if err != nil {
		return time.Time{}, err
	}
	return t.next(now), nil
}
