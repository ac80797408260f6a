package slo

import (
	"slices"
	"time"

	"github.com/script-ohio/platform/app/contract"
	q "github.com/script-ohio/platform/monitoring/query"
)

// Burn is a speed at which the budget must not be spent. At Factor 1 the
// budget lasts for contract.SLOWindow. The long window says that it matters,
// the short one that it goes on.
type Burn struct {
	Factor   float64
	Long     time.Duration
	Short    time.Duration
	Severity contract.Severity
}

// Burns lists the speeds: the first spends 2 % of the budget in an hour, the
// second 5 % in six hours, the third 10 % in a day, the last 10 % in three.
func Burns() []Burn {
	return []Burn{
		{14.4, time.Hour, 5 * time.Minute, contract.Critical},
		{6, 6 * time.Hour, 30 * time.Minute, contract.Critical},
		{3, day, 2 * time.Hour, contract.Ticket},
		{1, 3 * day, 6 * time.Hour, contract.Ticket},
	}
}

// LeastErrors is how many bad events there must have been in the long window:
// at night, one failure among few requests is a large share and no trouble.
const LeastErrors = 10

// Burning holds for each objective whose budget is spent too fast for the
// severity; the value is the share of bad events in the long window.
func Burning(severity contract.Severity) q.Expr {
	var conditions []q.Expr
	for _, b := range Burns() {
		if b.Severity == severity {
			conditions = append(conditions, b.condition())
		}
	}
	burning := conditions[0]
	for _, c := range conditions[1:] {
		burning = burning.Or(c)
	}
	return burning
}

func (b Burn) condition() q.Expr {
	limit := first().Budget().All().Gt(q.Num(0)).Mul(q.Num(b.Factor))
	return ErrorRatio(b.Long).All().Gt(limit).
		And(ErrorRatio(b.Short).All().Gt(limit)).
		And(first().Errors(b.Long).All().Ge(q.Num(LeastErrors)))
}

// windows that are recorded, shortest first.
func windows() []time.Duration {
	all := []time.Duration{contract.SLOWindow}
	for _, b := range Burns() {
		all = append(all, b.Long, b.Short)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
