package ratelimit

import (
	"math"
	"time"

	"github.com/script-ohio/platform/app/contract"
)

// The whole algorithm is integer arithmetic in microseconds, the resolution of
// Redis, so that Go and Lua agree to the last bit: with these bounds no sum
// leaves the 53 bits of a Lua number.
const (
	maxInterval = 3600 * 1_000_000 // the least rate is one token an hour
	maxBurst    = 1_000_000
)

// budget is a rate as GCRA sees it: each token adds interval to the debt of a
// bucket, time pays the debt off, and it may not exceed capacity. The interval
// is rounded up, so a rate that does not divide 1 MHz is kept slightly low
// (0.01 % at 100 a second, 1 % at 10,000, exact where it divides), never high.
type budget struct{ interval, capacity int64 } // µs

func budgetOf(rate contract.Rate) budget {
	interval := int64(maxInterval)
	if us := math.Ceil(1e6 / rate.PerSecond); us >= 0 && us < maxInterval { // false for NaN
		interval = max(int64(us), 1)
	}
	return budget{interval: interval, capacity: interval * int64(min(max(rate.Burst, 1), maxBurst))}
}

// tokens clamps a cost to what the arithmetic can hold; anything above
// maxBurst is denied all the same.
func tokens(cost int) int64 { return int64(min(max(cost, 1), maxBurst+1)) }

// grant is the answer of a bucket: how many tokens it gave, its debt after
// that, and on a denial how long until need would fit. Times in µs.
type grant struct{ given, debt, wait int64 }

// take spends as many of want tokens as there are, or none when there are
// fewer than need (1 <= need <= want), of a bucket with the given debt.
func (b budget) take(debt, need, want int64) grant {
	// More debt than fits comes from a rate that was lowered or a clock that
	// was put back: never make a caller wait for more than one full bucket.
	debt = min(max(debt, 0), b.capacity)
	free := (b.capacity - debt) / b.interval
	if free < need {
		return grant{debt: debt, wait: debt + need*b.interval - b.capacity}
	}
	given := min(want, free)
	return grant{given: given, debt: debt + given*b.interval}
}

// decision words a bucket with the given debt for the caller.
func (b budget) decision(backend string, allowed bool, debt, wait int64) Decision {
	debt = min(max(debt, 0), b.capacity)
	return Decision{
		Allowed:    allowed,
		Limit:      int(b.capacity / b.interval),
		Remaining:  int((b.capacity - debt) / b.interval),
		RetryAfter: time.Duration(wait) * time.Microsecond,
		ResetAfter: time.Duration(debt) * time.Microsecond,
		Backend:    backend,
	}
}

// clock counts µs of Unix time as seen at its start and advances by the
// monotonic clock, so that setting the time cannot hand out tokens.
type clock struct {
	now   func() time.Time
	start time.Time
}

func startClock(now func() time.Time) clock { return clock{now: now, start: now()} }

func (c clock) micros() int64 {
	return c.start.UnixMicro() + c.now().Sub(c.start).Microseconds()
}
