package jobs

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/postgres"
)

// maxRescues is how often a run is taken from workers that died before it is
// given up: it may be what kills them.
const maxRescues = 3

const (
	// Lost runs are those that nobody has seen to for a lease: their worker
	// died, or River's entry is gone, done or held by a worker that died.
	lostRuns = `select r.id, r.name, r.queue, r.failures, r.rescues, r.worker, coalesce(r.river_job, 0),
			coalesce(j.state = 'cancelled' or j.metadata ? 'cancel_attempted_at', false)
		from job_runs r left join river_job j on j.id = r.river_job
		where r.ended_at is null and r.lease_until < now()
			and (r.status = 'running' or j.id is null or j.state in ('completed', 'discarded', 'cancelled')
				or j.state = 'running' and j.attempted_at < now() - $1::interval)
		order by r.id limit 100 for update of r skip locked`
	requeueRun = `update job_runs set status = 'interrupted', error = $2, rescues = rescues + 1, river_job = $3,
			lease_until = now() + $4::interval where id = $1`
	giveUpRun = `update job_runs set status = $2, error = $3, ended_at = now() where id = $1`
)

// rescued is a run taken from a worker that died.
type rescued struct {
	id          int64
	job, worker string
	status      Status // what it is now
}

// rescue puts runs that nobody sees to back into the queue, at most so often,
// and ends those that a person cancelled meanwhile.
func (s *store) rescue(ctx context.Context, retries func(job string) int) (all []rescued, err error) {
	type lost struct {
		rescued
		queue             contract.Queue
		failures, rescues int
		entry             int64
		cancelled         bool
	}
	err = postgres.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, lostRuns, s.lease)
		if err != nil {
			return err
		}
		runs, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l lost, err error) {
			return l, row.Scan(&l.id, &l.job, &l.queue, &l.failures, &l.rescues, &l.worker, &l.entry, &l.cancelled)
		})
		if err != nil {
			return err
		}
		for _, l := range runs {
			switch {
			case l.cancelled:
				l.status = Cancelled
				_, err = tx.Exec(ctx, giveUpRun, l.id, l.status, "cancelled while its worker was away")
			case l.rescues+1 >= maxRescues:
				l.status = Failed
				_, err = tx.Exec(ctx, giveUpRun, l.id, l.status, fmt.Sprintf("given up: its worker died %d times, the last was %s", l.rescues+1, l.worker))
			default:
				l.status = Interrupted
				err = s.requeue(ctx, tx, l.id, l.entry, l.queue, max(1, 1+retries(l.job)-l.failures), l.worker)
			}
			if err != nil {
				return err
			}
			all = append(all, l.rescued)
		}
		return nil
	})
	if err != nil {
		return nil, broken(err, "lost runs cannot be taken over")
	}
	return all, nil
}

func (s *store) requeue(ctx context.Context, tx pgx.Tx, id, old int64, to contract.Queue, attempts int, worker string) error {
	if old != 0 {
		if err := s.queue.drop(ctx, tx, old); err != nil {
			return err
		}
	}
	fresh, err := s.queue.add(ctx, tx, id, to, attempts)
	if err != nil {
		return err
	}
	why := "no worker had it"
	if worker != "" {
		why = "its worker " + worker + " stopped answering"
	}
	_, err = tx.Exec(ctx, requeueRun, id, why, fresh, s.lease)
	return err
}
