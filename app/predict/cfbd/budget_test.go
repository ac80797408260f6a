package cfbd_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
	"github.com/script-ohio/platform/app/predict/cfbd"
)

// However many replicas reserve at once, a month grants exactly its budget and
// never more, and no two grants leave the same rest.
func TestBudgetIsNeverExceeded(t *testing.T) {
	pool := postgrestest.New(t)
	month := time.Date(2000, 1, 31, 23, 59, 59, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		month = month.AddDate(0, 0, 1).AddDate(0, 1, -1) // another month for every case
		limit, replicas, each := rapid.IntRange(0, 12).Draw(t, "limit"), rapid.IntRange(1, 6).Draw(t, "replicas"), rapid.IntRange(1, 5).Draw(t, "each")
		var (
			granted atomic.Int64
			rests   sync.Map
			work    sync.WaitGroup
			wrong   = make(chan error, replicas*each)
		)
		for range replicas {
			budget := cfbd.NewBudget(pool, limit, func() time.Time { return month })
			work.Go(func() {
				for range each {
					left, err := budget.Reserve(testContext())
					if err == nil {
						granted.Add(1)
						if _, twice := rests.LoadOrStore(left, true); twice {
							wrong <- fmt.Errorf("%d left twice", left)
						}
					} else if fault.CodeOf(err) != fault.RateLimited {
						wrong <- err
					}
				}
			})
		}
		work.Wait()
		close(wrong)
		for err := range wrong {
			t.Fatal(err)
		}
		if want := min(limit, replicas*each); granted.Load() != int64(want) {
			t.Fatalf("%d granted of %d, %d asked", granted.Load(), limit, replicas*each)
		}
		left, err := cfbd.NewBudget(pool, limit, func() time.Time { return month }).Left(testContext())
		if err != nil || int64(left) != int64(limit)-granted.Load() {
			t.Fatalf("%d left of %d after %d: %v", left, limit, granted.Load(), err)
		}
	})
}

func TestBudgetRenewsEveryMonth(t *testing.T) {
	pool := postgrestest.New(t)
	now := time.Date(2022, 12, 31, 23, 30, 0, 0, time.FixedZone("east of Greenwich", 3*3600)) // still December in UTC
	budget := cfbd.NewBudget(pool, 1, func() time.Time { return now })
	left, err := budget.Reserve(t.Context())
	require.NoError(t, err)
	require.Zero(t, left)
	_, err = budget.Reserve(t.Context())
	require.ErrorContains(t, err, "December 2022 is spent; it renews on 2023-01-01")
	now = now.Add(4 * time.Hour)
	left, err = budget.Left(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, left)
	_, err = budget.Reserve(t.Context())
	require.NoError(t, err)

	// A budget that was lowered below what is spent grants nothing; raised, it
	// goes on from there.
	lowered := cfbd.NewBudget(pool, 0, func() time.Time { return now })
	_, err = lowered.Reserve(t.Context())
	require.Equal(t, fault.RateLimited, fault.CodeOf(err))
	left, err = lowered.Left(t.Context())
	require.NoError(t, err)
	require.Zero(t, left)
	left, err = cfbd.NewBudget(pool, 3, func() time.Time { return now }).Reserve(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, left)
}
