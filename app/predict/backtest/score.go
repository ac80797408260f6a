package backtest

import (
	"cmp"
	"math"
	"slices"

	"github.com/script-ohio/platform/app/predict/pack"
)

// Outcome is one forecast and what happened. Tied games count as half a win.
type Outcome struct {
	Season      int
	Probability float64 // of a home win, NaN when the model gives none
	Expected    float64 // home margin, NaN when the model gives none
	Margin      float64 // that happened
}

func (o Outcome) win() float64 {
	switch {
	case o.Margin > 0:
		return 1
	case o.Margin < 0:
		return 0
	}
	return 0.5
}

// certain keeps the log loss of an absolute claim finite.
const certain = 1e-15

// eceBins is the number of equal-width bins of the calibration error.
const eceBins = 10

// Score computes all metrics that the outcomes allow. O(n log n).
func Score(outcomes []Outcome) pack.Metrics {
	m := pack.Metrics{Games: len(outcomes)}
	if len(outcomes) == 0 {
		return m
	}
	n := float64(len(outcomes))
	if !math.IsNaN(outcomes[0].Probability) {
		var right, loss, brier float64
		for _, o := range outcomes {
			w := o.win()
			right += 1 - math.Abs(w-named(o.Probability))
			loss += o.logLoss()
			brier += (o.Probability - w) * (o.Probability - w)
		}
		m.Accuracy, m.LogLoss, m.Brier = ptr(right/n), ptr(loss/n), ptr(brier/n)
		m.AUC, m.ECE = ptr(auc(outcomes)), ptr(ece(outcomes))
	}
	if !math.IsNaN(outcomes[0].Expected) {
		var absolute, squared float64
		for _, o := range outcomes {
			miss := o.Margin - o.Expected
			absolute += math.Abs(miss)
			squared += miss * miss
		}
		m.MAE, m.RMSE = ptr(absolute/n), ptr(math.Sqrt(squared/n))
	}
	return m
}

func ptr(v float64) *float64 { return &v }

// named is the winner that a probability names: 1 home, 0 away, a half for
// neither.
func named(p float64) float64 {
	switch {
	case p > 0.5:
		return 1
	case p < 0.5:
		return 0
	}
	return 0.5
}

// auc is the area under the ROC curve by ranks (Mann and Whitney 1947), ties
// counting half; NaN-free: 0.5 when one class is absent.
func auc(outcomes []Outcome) float64 {
	sorted := slices.Clone(outcomes)
	slices.SortFunc(sorted, func(a, b Outcome) int { return cmp.Compare(a.Probability, b.Probability) })
	var rankSum, wins float64
	for i := 0; i < len(sorted); {
		j := i
		for j < len(sorted) && sorted[j].Probability == sorted[i].Probability {
			j++
		}
		rank := float64(i+j+1) / 2
		for _, o := range sorted[i:j] {
			rankSum += rank * o.win()
			wins += o.win()
		}
		i = j
	}
	losses := float64(len(sorted)) - wins
	if wins == 0 || losses == 0 {
		return 0.5
	}
	return (rankSum - wins*(wins+1)/2) / (wins * losses)
}

// Bin is one point of the calibration curve.
type Bin struct {
	Low, High float64 // of the probability
	Games     int
	Expected  float64 // mean probability
	Observed  float64 // share of home wins
}

// Calibration sorts outcomes that have a probability into equal-width bins;
// empty ones are left out.
func Calibration(outcomes []Outcome, bins int) []Bin {
	curve := make([]Bin, bins)
	for _, o := range outcomes {
		if math.IsNaN(o.Probability) {
			continue
		}
		i := min(int(o.Probability*float64(bins)), bins-1)
		curve[i].Games++
		curve[i].Expected += o.Probability
		curve[i].Observed += o.win()
	}
	filled := curve[:0]
	for i, b := range curve {
		if b.Games > 0 {
			n := float64(b.Games)
			filled = append(filled, Bin{
				Low: float64(i) / float64(bins), High: float64(i+1) / float64(bins),
				Games: b.Games, Expected: b.Expected / n, Observed: b.Observed / n,
			})
		}
	}
	return filled
}

// ece is the expected calibration error (Naeini et al. 2015).
func ece(outcomes []Outcome) float64 {
	sum := 0.0
	for _, b := range Calibration(outcomes, eceBins) {
		sum += float64(b.Games) * math.Abs(b.Expected-b.Observed)
	}
	return sum / float64(len(outcomes))
}
