package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/script-ohio/platform/app/fault"
)

// InTx runs work in one read-committed transaction: committed when work
// returns nil, rolled back when it fails or panics. Work's error comes back as
// it is; a server that cannot be reached, or goes away before the commit is
// confirmed, is fault.Unavailable.
func InTx(ctx context.Context, pool *pgxpool.Pool, work func(pgx.Tx) error) error {
	tx, err := pool.Begin(ctx)
	if err != nil {
		return away(pool.Config().ConnConfig, err)
	}
	// After a commit this does nothing. The caller's context may be over
	// already, which must not cost the connection.
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pingTimeout)
		defer cancel()
		_ = tx.Rollback(ctx)
	}()
	if err := work(tx); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		// The server's own refusal, such as a deferred constraint, is the
		// caller's to read; anything else is a lost connection.
		if refusal, ok := errors.AsType[*pgconn.PgError](err); ok && !lost(refusal) {
			return err
		}
		return fault.Wrap(fault.Unavailable, err, "PostgreSQL did not confirm the commit; it may or may not have happened")
	}
	return nil
}

// lost tells whether the server said that it is going away (SQLSTATE class 57,
// operator intervention).
func lost(e *pgconn.PgError) bool { return len(e.Code) == 5 && e.Code[:2] == "57" }
