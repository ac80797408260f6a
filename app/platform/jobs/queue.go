package jobs

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/script-ohio/platform/app/contract"
)

// entry is a run in River's queue. What is to be done stands in job_runs.
type entry struct {
	Run int64 `json:"run"`
}

// Kind implements river.JobArgs.
func (entry) Kind() string { return "run" }

// queue puts runs into River, with a client that only inserts.
type queue struct{ river *river.Client[pgx.Tx] }

func newQueue(pool *pgxpool.Pool) (queue, error) {
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{})
	return queue{client}, err
}

// add queues a run for a number of attempts and gives the entry's id.
func (q queue) add(ctx context.Context, tx pgx.Tx, run int64, to contract.Queue, attempts int) (int64, error) {
	inserted, err := q.river.InsertTx(ctx, tx, entry{run}, &river.InsertOpts{Queue: string(to), MaxAttempts: attempts})
	if err != nil {
		return 0, err
	}
	return inserted.Job.ID, nil
}

// drop takes an entry out; one that is being worked on is told to stop.
func (q queue) drop(ctx context.Context, tx pgx.Tx, entry int64) error {
	_, err := q.river.JobCancelTx(ctx, tx, entry)
	if errors.Is(err, rivertype.ErrNotFound) {
		return nil // River has tidied it away
	}
	return err
}
