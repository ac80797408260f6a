package jobs

import (
	"context"
	"time"

	"github.com/riverqueue/river/rivertype"
)

// heedEvery is how often a run under way asks whether it was cancelled.
const heedEvery = 2 * time.Second

// cancelAsked goes by the entry that counts, in which River notes a cancel of
// what is under way.
const cancelAsked = `select exists (select from job_runs r join river_job j on j.id = r.river_job
	where r.id = $1 and r.attempt = $2 and r.status = 'running' and j.metadata ? 'cancel_attempted_at')`

// heed ends an attempt's work when somebody cancels its run, until ctx ends.
// River is notified of that, but not while its listener is away, as it is for
// a while after the database ended its sessions, and asks by itself only once
// a minute. A database that does not answer is asked again: keep judges it.
func (w *Worker) heed(ctx context.Context, run *Run, cut context.CancelCauseFunc) {
	ticker := time.NewTicker(heedEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		bounded, done := context.WithTimeout(ctx, heedEvery)
		var asked bool
		err := w.pool.QueryRow(bounded, cancelAsked, run.ID, run.Attempt).Scan(&asked)
		done()
		if err == nil && asked {
			cut(rivertype.ErrJobCancelledRemotely)
			return
		}
	}
}
