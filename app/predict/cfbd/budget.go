package cfbd

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/script-ohio/platform/app/fault"
)

// Budget counts the requests of each month, in UTC, in PostgreSQL, for all
// replicas together.
type Budget struct {
	pool  *pgxpool.Pool
	month int // requests
	now   func() time.Time
}

// NewBudget allows a number of requests a month. A nil now is time.Now.
func NewBudget(pool *pgxpool.Pool, month int, now func() time.Time) *Budget {
	if now == nil {
		now = time.Now
	}
	return &Budget{pool, month, now}
}

const (
	reserveSQL = `insert into cfbd_budget as b (month, spent) select $1::date, 1 where $2 > 0
		on conflict (month) do update set spent = b.spent + 1 where b.spent < $2
		returning spent`
	spentSQL = `select coalesce(max(spent), 0) from cfbd_budget where month = $1::date`
)

func (b *Budget) begin() time.Time {
	now := b.now().UTC()
	return time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
}

// Reserve implements Ledger: fault.RateLimited when the month's budget is
// spent, fault.Unavailable when it cannot be known.
func (b *Budget) Reserve(ctx context.Context) (left int, err error) {
	month := b.begin()
	var spent int
	err = b.pool.QueryRow(ctx, reserveSQL, month, b.month).Scan(&spent)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, fault.New(fault.RateLimited, "the budget of %d requests to the College Football Data API for %s is spent; it renews on %s, or raise CFBD_MONTHLY_BUDGET",
			b.month, month.Format("January 2006"), month.AddDate(0, 1, 0).Format(time.DateOnly))
	}
	if err != nil {
		return 0, fault.Wrap(fault.Unavailable, err, "the budget of the College Football Data API cannot be asked, so nothing is requested")
	}
	return max(b.month-spent, 0), nil
}

// Left says what the month has left.
func (b *Budget) Left(ctx context.Context) (int, error) {
	var spent int
	if err := b.pool.QueryRow(ctx, spentSQL, b.begin()).Scan(&spent); err != nil {
		return 0, fault.Wrap(fault.Unavailable, err, "the budget of the College Football Data API cannot be asked")
	}
	return max(b.month-spent, 0), nil
}
