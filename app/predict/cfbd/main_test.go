package cfbd_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
	"github.com/script-ohio/platform/app/predict/cfbd"
	"github.com/script-ohio/platform/app/predict/cfbd/cfbdtest"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/football/footballtest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// november is a time in the league's 2022 season.
func november() time.Time { return time.Date(2022, time.November, 9, 12, 0, 0, 0, time.UTC) }

// rig is a client against a server, with what its hooks were told.
type rig struct {
	*cfbd.Client
	pool *pgxpool.Pool

	mu      sync.Mutex
	results []string
	left    []int
}

func newRig(t *testing.T, s *cfbdtest.Server, budget int, o cfbd.Options) *rig {
	t.Helper()
	return rigOn(t, postgrestest.New(t), s, budget, o)
}

// rigOn is another replica on the same database.
func rigOn(t *testing.T, pool *pgxpool.Pool, s *cfbdtest.Server, budget int, o cfbd.Options) *rig {
	t.Helper()
	r := &rig{pool: pool}
	o.BaseURL, o.PerSecond = s.URL, 1_000_000
	if o.Backoff == 0 {
		o.Backoff = time.Millisecond
	}
	o.Requested = func(result string) { r.mu.Lock(); r.results = append(r.results, result); r.mu.Unlock() }
	o.BudgetLeft = func(left int) { r.mu.Lock(); r.left = append(r.left, left); r.mu.Unlock() }
	var err error
	r.Client, err = cfbd.New(cfbd.Deps{
		Key: s.Key, Ledger: cfbd.NewBudget(pool, budget, november), Cache: cfbd.NewStore(pool), Logger: quiet(),
	}, o)
	require.NoError(t, err)
	return r
}

func (r *rig) spent(t *testing.T) int {
	t.Helper()
	left, err := cfbd.NewBudget(r.pool, 1000, november).Left(context.Background())
	require.NoError(t, err)
	return 1000 - left
}

func (r *rig) ask(t *testing.T) error {
	_, _, err := r.Games(t.Context(), cfbd.Query{Season: 2022})
	return err
}

// league is one season of made-up games, all played.
func league() []football.Game {
	return footballtest.Games(footballtest.Options{Seed: 7, First: 2022, Last: 2022})
}
