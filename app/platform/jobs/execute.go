package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/script-ohio/platform/app/contract"
)

// executor is the River worker that does runs.
type executor struct {
	river.WorkerDefaults[entry]
	*Worker
}

// Why the context of a run ended, beside a stop of the worker and a person
// (rivertype.ErrJobCancelledRemotely).
var (
	errTimeout = errors.New("the job's timeout has passed")
	errLost    = errors.New("the run could not be kept: the database was away for too long, or another worker has it")
)

// errStrange ends a run that nobody could do.
var errStrange = fmt.Errorf("no worker that can do it came within %s", strange)

const (
	// strange is how long a run waits for a worker that knows its job.
	strange = time.Hour
	// recordWithin bounds the attempts to record how a run ended; after it the
	// run counts as lost and is done again.
	recordWithin = 30 * time.Second
)

// NextRetry implements river.Worker.
func (e *executor) NextRetry(job *river.Job[entry]) time.Time {
	return time.Now().Add(e.opts.After(job.Attempt))
}

// Work implements river.Worker. Whatever keeps a run from beginning makes it
// wait: River's attempts are for work that failed.
func (e *executor) Work(ctx context.Context, job *river.Job[entry]) error {
	record, err := e.store.find(ctx, job.Args.Run)
	if err != nil {
		return e.away(ctx, err)
	}
	if record.Status.Ended() || record.riverJob == nil || *record.riverJob != job.ID {
		return nil
	}
	if expired, err := e.store.expire(ctx, record.ID); err != nil || expired {
		if err != nil {
			return e.away(ctx, err)
		}
		e.log.WarnContext(ctx, "a task that nobody began in time is not done", "run", record.ID, "job", record.Job)
		return nil
	}
	declared, known := e.job(record.Job)
	work := e.opts.Works[record.Job]
	switch {
	case work != nil:
	case time.Since(record.CreatedAt) < strange:
		return e.wait(ctx, record.ID, job.ID, "a worker that can do it")
	case !known:
		declared = contract.Job{Name: record.Job, Timeout: time.Minute}
		fallthrough
	default:
		work = func(context.Context, *Run) (any, error) { return nil, errStrange }
	}
	if before, err := e.before(ctx, record, declared); err != nil {
		return e.away(ctx, err)
	} else if before != "" {
		return e.wait(ctx, record.ID, job.ID, before)
	}
	record, err = e.store.claim(ctx, record.ID, job.ID, e.id)
	switch {
	case errors.Is(err, errBusy):
		return e.wait(ctx, job.Args.Run, job.ID, "another run of the job to end")
	case errors.Is(err, errOvertaken):
		return nil
	case err != nil:
		return e.away(ctx, err)
	}
	return e.attempt(ctx, job, declared, record, work)
}

// away waits for a database that cannot be asked.
func (e *executor) away(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	e.log.WarnContext(ctx, "a run cannot begin yet", "error", err)
	return river.JobSnooze(e.opts.Poll)
}

// wait puts a run off.
func (e *executor) wait(ctx context.Context, id, entry int64, what string) error {
	if err := e.store.wait(ctx, id, entry, "waits for "+what); err != nil {
		return e.away(ctx, err)
	}
	return river.JobSnooze(e.opts.Poll)
}

// before says what a run has to wait for: the job that comes first in the same
// maintenance run, for as long as that may take. Then it begins whatever
// became of the other: it works with what is there.
func (e *executor) before(ctx context.Context, record Record, job contract.Job) (string, error) {
	if job.After == "" {
		return "", nil
	}
	first, found, err := e.store.beside(ctx, record, job.After)
	if err != nil || !found || first.Status.Ended() {
		return "", err
	}
	declared, _ := e.job(job.After)
	if time.Since(first.CreatedAt) > Bound(declared) {
		return "", nil
	}
	return job.After + " to end", nil
}

// Bound is how long after its due time a job should have ended at the latest:
// the time of all its attempts, and half an hour for what comes between.
func Bound(job contract.Job) time.Duration {
	return time.Duration(1+job.Retries)*job.Timeout + 30*time.Minute
}

// attempt does a run that has been claimed and records how that ended.
func (e *executor) attempt(ctx context.Context, job *river.Job[entry], declared contract.Job, record Record, work Work) error {
	run := &Run{ID: record.ID, Job: declared, ScheduledFor: record.ScheduledFor, Attempt: record.Attempt,
		Arguments: record.Arguments, RequestedBy: record.RequestedBy, pool: e.pool}
	log := e.log.With("run", run.ID, "job", declared.Name, "attempt", run.Attempt)
	log.InfoContext(ctx, "a run begins", "scheduled_for", run.ScheduledFor)

	inside, cut := context.WithCancelCause(ctx)
	defer cut(nil)
	inside, cancel := context.WithTimeoutCause(inside, declared.Timeout, errTimeout)
	defer cancel()
	began := time.Now()
	letGo := e.keep(ctx, run, cut)
	did := e.bounded(inside, work, run)
	letGo()
	took := time.Since(began)
	if did.lingers {
		log.ErrorContext(ctx, "a job does not stop; its run ends without it, and what it still does is lost", "cause", did.cause, "waited", e.opts.grace.String())
		if errors.Is(did.cause, errLost) {
			return river.JobSnooze(e.opts.Lease) // whoever finds it lost decides
		}
	}

	end := e.judge(did, job.Attempt >= job.MaxAttempts)
	end.report, end.success = e.marshal(did.report), successful(declared, end.status)
	end.progress, _ = run.take()
	ours, recorded := e.record(ctx, run, end)
	log = log.With("status", end.status, "took", took.Round(time.Millisecond).String())
	switch {
	case recorded != nil:
		log.ErrorContext(ctx, "how a run ended could not be recorded; it is done again", "error", recorded)
		return river.JobSnooze(e.opts.Lease)
	case !ours:
		log.WarnContext(ctx, "a run was taken over by another worker before it ended here")
		return river.JobCancel(errLost)
	}
	if end.status.Ended() {
		e.metrics.ended(declared, end.status)
		e.metrics.took(declared.Name, took)
	}
	switch {
	case end.status == Skipped:
		log.InfoContext(ctx, "a run had nothing to do", "reason", end.err)
		return nil
	case end.status.Good():
		log.InfoContext(ctx, "a run has ended")
		return nil
	}
	log.WarnContext(ctx, "a run did not succeed", "error", end.err)
	return e.answer(ctx, end, did.err)
}

// successful tells whether an ending is the success that somebody waits for.
// That a critical job has nothing to do is none: nobody shall believe that
// there are backups because the job that makes them found no bucket.
func successful(job contract.Job, status Status) bool {
	return status == Succeeded || status == Skipped && job.Severity != contract.Critical
}

// answer tells River what to do with the entry.
func (e *executor) answer(ctx context.Context, end ending, err error) error {
	switch end.status {
	case Interrupted:
		if ctx.Err() != nil {
			return ctx.Err() // River gives it to another worker
		}
		return river.JobSnooze(0)
	case Cancelled:
		return river.JobCancel(errors.New(end.err))
	}
	return err
}

// judge says what an attempt came to. After a timeout or a cancel nothing is a
// success: work that was told to stop may say nil and have left half undone.
// At a stop of the worker it has had its time, and nil is what it says.
func (e *executor) judge(did outcome, last bool) ending {
	var s skipped
	cause, err := did.cause, did.err
	switch {
	case errors.Is(cause, rivertype.ErrJobCancelledRemotely) && did.lingers:
		return ending{status: Cancelled, err: clean(fmt.Sprintf("cancelled while it ran on %s: %v", e.id, err), maxError)}
	case errors.Is(cause, rivertype.ErrJobCancelledRemotely):
		return ending{status: Cancelled, err: "cancelled while it ran"}
	case errors.Is(cause, errTimeout) && err == nil:
		return failing(TimedOut, "it was not done within its timeout: it ended only after that", last)
	case errors.Is(cause, errTimeout):
		// What still goes on shall not be begun beside itself.
		return failing(TimedOut, fmt.Sprintf("it was not done within its timeout: %v", err), last || did.lingers)
	case err == nil:
		return ending{status: Succeeded}
	case errors.As(err, &s):
		return ending{status: Skipped, err: clean(s.reason, maxError)}
	case cause != nil:
		return ending{status: Interrupted, err: clean(fmt.Sprintf("cut off on %s: %v", e.id, err), maxError)}
	}
	return failing(Failed, err.Error(), last || errors.Is(err, errStrange))
}

// maxError bounds what is stored of an error, in bytes.
const maxError = 4000

func failing(as Status, why string, last bool) ending {
	if !last {
		as = Retrying
	}
	return ending{status: as, err: clean(why, maxError), failed: 1}
}

// record stores an ending, also when the worker is stopping, and tries again
// while the database is away.
func (e *executor) record(ctx context.Context, run *Run, end ending) (ours bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	for {
		if ours, err = e.store.finish(ctx, run.ID, run.Attempt, end); err == nil {
			return ours, nil
		}
		select {
		case <-ctx.Done():
			return false, err
		case <-time.After(time.Second):
		}
	}
}

// maxReport bounds what is stored of a report, in bytes.
const maxReport = 256 << 10

func (e *executor) marshal(report any) json.RawMessage {
	if report == nil {
		return nil
	}
	text, err := json.Marshal(report)
	if err != nil {
		return unstorable(err.Error())
	}
	if len(text) > maxReport {
		return unstorable(fmt.Sprintf("it has %d bytes, %d are stored at most", len(text), maxReport))
	}
	return text
}

// unstorable stands in for a report that cannot be kept.
func unstorable(why string) json.RawMessage {
	text, _ := json.Marshal(map[string]string{"unstorable": why})
	return text
}
