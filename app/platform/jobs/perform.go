package jobs

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/riverqueue/river/rivertype"
)

// outcome is what came of a Work.
type outcome struct {
	report  any
	err     error
	cause   error // why its context had ended when it returned, nil when it had not
	lingers bool  // it was told to stop and has not
}

// errLingers is the error of work that does not stop.
var errLingers = errors.New("it does not stop, and may go on until its worker ends")

// bounded calls a Work and waits for it; after its timeout, a cancel or the
// loss of its run for no longer than the grace, lest work that never returns
// keep others from being done. When the worker stops there are none to keep,
// and the run is another's once this process has ended.
func (e *executor) bounded(ctx context.Context, work Work, run *Run) outcome {
	returned := make(chan outcome, 1)
	go func() {
		report, err := e.perform(ctx, work, run)
		returned <- outcome{report: report, err: err, cause: context.Cause(ctx)}
	}()
	select {
	case did := <-returned:
		return did
	case <-ctx.Done():
	}
	cause := context.Cause(ctx)
	if !errors.Is(cause, errTimeout) && !errors.Is(cause, rivertype.ErrJobCancelledRemotely) && !errors.Is(cause, errLost) {
		return <-returned
	}
	select {
	case did := <-returned:
		return did
	case <-time.After(e.opts.grace):
		return outcome{err: errLingers, cause: cause, lingers: true}
	}
}

// perform calls a Work; a panic is its error.
func (e *executor) perform(ctx context.Context, work Work, run *Run) (report any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it panicked: %v", p)
			e.log.ErrorContext(ctx, "a job panicked", "job", run.Job.Name, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	return work(ctx, run)
}
