// Package jobs runs the scheduled work of contract.Jobs durably: every run is
// a row in job_runs that exists once for its period, whatever starts, stops or
// dies. River queues them; when they are due, who may run them and what became
// of them is decided here and stands in the database.
package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
)

// Work does one job. It reports how far it is through run.Progress and returns
// what it found, marshalled into the run's report, also beside an error. ctx
// ends at the job's timeout, when somebody cancels the run, when the worker
// stops and when the worker has lost the run; Work must then return soon. What
// it returns after its timeout or a cancel is no success, and if it has not
// returned a minute later its run ends without it. A run that was cut off runs
// again, so doing it twice must be harmless. An error of Skip means that there
// was nothing to do here.
type Work func(ctx context.Context, run *Run) (report any, err error)

// Run is one run of a job, as its Work sees it. A Run made by hand, as in a
// test of a Work, reports its progress to nobody.
type Run struct {
	ID           int64
	Job          contract.Job
	ScheduledFor time.Time       // of the period, or when it was asked for
	Attempt      int             // 1 for the first
	Arguments    json.RawMessage // of a task
	RequestedBy  string          // "" for the schedule

	pool     *pgxpool.Pool // that its row is in
	mu       sync.Mutex
	progress Progress
	changed  bool
}

// Progress is how far a run is. Total is 0 when that is not known.
type Progress struct {
	Done  int64  `json:"done"`
	Total int64  `json:"total"`
	Note  string `json:"note"`
}

// Decode reads the arguments of a task.
func (r *Run) Decode(into any) error {
	if err := json.Unmarshal(r.Arguments, into); err != nil {
		return fault.Wrap(fault.Invalid, err, "the arguments of %s cannot be read", r.Job.Name)
	}
	return nil
}

// maxNote bounds what is stored of a note, in bytes.
const maxNote = 500

// Progress notes how far the work is; total 0 means unknown. It costs nothing
// to call it often: what is new is stored about once a second.
func (r *Run) Progress(done, total int64, note string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := Progress{Done: max(done, 0), Total: max(total, 0), Note: clean(Line(note), maxNote)}
	r.changed = r.changed || now != r.progress
	r.progress = now
}

// take gives the progress, and whether it is news since the last take.
func (r *Run) take() (Progress, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	changed := r.changed
	r.changed = false
	return r.progress, changed
}

// skipped is why a Work had nothing to do.
type skipped struct{ reason string }

// Error implements error.
func (s skipped) Error() string { return s.reason }

// Skip is the error of a Work that has nothing to do where it runs, such as
// cleaning a cache that is not configured. The run ends as skipped, which is as
// good as a success, except for a critical job: its silence is heard.
func Skip(format string, args ...any) error { return skipped{fmt.Sprintf(format, args...)} }
