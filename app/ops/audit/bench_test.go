package audit_test

import (
	"context"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/ops/audit"
	"github.com/script-ohio/platform/app/platform/local"
	"github.com/script-ohio/platform/app/platform/postgres"
)

// What an entry costs on a server that flushes every commit, beside the same
// transaction without one. The writers' line shows the price of the lock.
func BenchmarkRecord(b *testing.B) {
	dir, err := os.MkdirTemp("", "ohio-audit-bench-*")
	require.NoError(b, err)
	require.NoError(b, os.Chmod(dir, 0o711)) // the server may run as another user
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	server, err := local.Start(b.Context(), local.Options{DataDir: dir, Logger: slog.New(slog.DiscardHandler), Durable: true})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, server.Stop(context.Background())) })
	_, err = postgres.Migrate(b.Context(), server.URL())
	require.NoError(b, err)
	pool, err := postgres.Open(b.Context(), server.URL(), postgres.Options{})
	require.NoError(b, err)
	b.Cleanup(pool.Close)
	_, err = pool.Exec(b.Context(), `create table changes (n bigint)`)
	require.NoError(b, err)

	log := audit.New(pool, audit.Options{})
	var n atomic.Int64
	change := func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `insert into changes values ($1)`, n.Add(1))
		return err
	}
	recorded := func(ctx context.Context, tx pgx.Tx) error {
		if err := change(ctx, tx); err != nil {
			return err
		}
		return log.Record(ctx, tx, audit.Entry{Action: "key.create", SubjectType: "api_key", SubjectID: "0a1b2c3d", After: map[string]any{"name": "ci", "role": "operator"}})
	}
	for _, c := range []struct {
		name    string
		work    func(context.Context, pgx.Tx) error
		writers int
	}{{"without", change, 1}, {"with", recorded, 1}, {"without_8_writers", change, 8}, {"with_8_writers", recorded, 8}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetParallelism(c.writers)
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					if err := postgres.InTx(b.Context(), pool, func(tx pgx.Tx) error { return c.work(b.Context(), tx) }); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
		})
	}
}
