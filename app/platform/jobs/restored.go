package jobs

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// What somebody asked for in the days of a backup is not meant any more
	// when that is restored; the schedule is.
	settleTasks = `update public.job_runs set status = 'cancelled', ended_at = now(), error = 'it had not ended when this database was backed up'
		where ended_at is null and arguments is not null`
	rowOfRun = `select to_jsonb(r) from public.job_runs r where id = $1`
	// The queue entry stays behind; without it, who loses the run ends it.
	carryRun = `insert into public.job_runs overriding system value
		select (jsonb_populate_record(null::public.job_runs, $1::jsonb || '{"river_job": null}')).* on conflict (id) do nothing`
	countOn = `select setval(pg_get_serial_sequence('public.job_runs', 'id'), max(id)) from public.job_runs`
)

// Settle ends the tasks that had not ended in a database that was restored,
// so that nobody does them again. A database of before there were tasks has
// none.
func Settle(ctx context.Context, restored *pgx.Conn) error {
	_, err := restored.Exec(ctx, settleTasks)
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok && unmigrated(refusal.Code) {
		return nil
	}
	if err != nil {
		return broken(err, "the tasks of the restored database cannot be ended")
	}
	return nil
}

// CarryInto copies the run's row into a database that takes the place of the
// one that the row is in, so that the run can end there.
func (r *Run) CarryInto(ctx context.Context, restored *pgx.Conn) error {
	if r.pool == nil {
		return nil
	}
	var row json.RawMessage
	if err := r.pool.QueryRow(ctx, rowOfRun, r.ID).Scan(&row); err != nil {
		return broken(err, "the run's own row cannot be read")
	}
	err := pgx.BeginFunc(ctx, restored, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, carryRun, row); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, countOn)
		return err
	})
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok && refusal.Code == "42P01" {
		return nil // it is older than jobs
	}
	if err != nil {
		return broken(err, "the run cannot be carried into the restored database")
	}
	return nil
}
