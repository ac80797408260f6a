package backtest

import "math"

// Difference is a mean paired difference and its 95 % interval.
type Difference struct{ Mean, Low, High float64 }

// Compare pairs the log loss of two models game by game: negative means that
// a is better than b.
func (r *Report) Compare(a, b, set string) Difference {
	of, against := r.Outcomes[a][set], r.Outcomes[b][set]
	n := float64(len(of))
	if len(of) == 0 || len(of) != len(against) {
		return Difference{math.NaN(), math.NaN(), math.NaN()}
	}
	var sum, squares float64
	for i := range of {
		d := of[i].logLoss() - against[i].logLoss()
		sum += d
		squares += d * d
	}
	mean := sum / n
	half := 1.96 * math.Sqrt(max(squares/n-mean*mean, 0)/n)
	return Difference{mean, mean - half, mean + half}
}

func (o Outcome) logLoss() float64 {
	p := min(max(o.Probability, certain), 1-certain)
	return -o.win()*math.Log(p) - (1-o.win())*math.Log(1-p)
}
