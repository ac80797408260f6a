package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/postgres"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

func bump(t *testing.T, tx pgx.Tx) {
	t.Helper()
	_, err := tx.Exec(t.Context(), "update games_revision set revision = revision + 1")
	require.NoError(t, err)
}

// requireRevision also checks that no connection is stuck in a transaction.
func requireRevision(t *testing.T, pool *pgxpool.Pool, want int64) {
	t.Helper()
	var got int64
	require.NoError(t, pool.QueryRow(t.Context(), "select revision from games_revision").Scan(&got))
	require.Equal(t, want, got)
	// A broken connection is closed in the background.
	require.Eventually(t, func() bool { return pool.Stat().AcquiredConns() == 0 }, time.Minute, time.Millisecond)
}

func TestInTx(t *testing.T) {
	pool := postgrestest.New(t)
	require.NoError(t, postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		bump(t, tx)
		return nil
	}))
	requireRevision(t, pool, 1)

	refused := errors.New("refused")
	require.Equal(t, refused, postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		bump(t, tx)
		return refused
	}))
	requireRevision(t, pool, 1)

	require.PanicsWithValue(t, "broken", func() {
		_ = postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
			bump(t, tx)
			panic("broken")
		})
	})
	requireRevision(t, pool, 1)

	ctx, cancel := context.WithCancel(t.Context())
	err := postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
		bump(t, tx)
		cancel()
		return nil
	})
	require.ErrorIs(t, err, context.Canceled)
	requireRevision(t, pool, 1)
}

func TestInTxTellsAConstraintFromALostServer(t *testing.T) {
	pool := postgrestest.New(t)
	_, err := pool.Exec(t.Context(), "create table late (n int unique deferrable initially deferred)")
	require.NoError(t, err)
	err = postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), "insert into late values (1), (1)")
		return err
	})
	var refusal *pgconn.PgError
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, "23505", refusal.Code)
	require.Equal(t, fault.Internal, fault.CodeOf(err), "no fault of its own")

	err = postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		bump(t, tx)
		var pid int
		require.NoError(t, tx.QueryRow(t.Context(), "select pg_backend_pid()").Scan(&pid))
		_, err := pool.Exec(t.Context(), "select pg_terminate_backend($1, 60000)", pid)
		return err
	})
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	requireRevision(t, pool, 0)

	pool.Close()
	err = postgres.InTx(t.Context(), pool, func(pgx.Tx) error { t.Fatal("no transaction, no work"); return nil })
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
}
