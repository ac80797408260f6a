package validation

import (
	"math"

	"github.com/script-ohio/platform/app/predict/backtest"
	"github.com/script-ohio/platform/app/predict/features"
	"github.com/script-ohio/platform/app/predict/pack"
	"github.com/script-ohio/platform/app/predict/serving"
)

const (
	minGames = 30 // fewer say nothing
	// standardErrors of the difference that a score must be worse by: equal
	// models are beyond it once in some forty weeks for each score.
	standardErrors = 2
)

// worse lists the scores that are worse than the card's by more than chance
// explains.
func worse(k key, outcomes []backtest.Outcome, card pack.Metrics) []Worse {
	if len(outcomes) < minGames || card.Games < minGames {
		return nil
	}
	recent := backtest.Score(outcomes)
	var found []Worse
	add := func(metric string, ours, theirs *float64, of func(pack.Metrics) *float64, sign float64) {
		if ours == nil || theirs == nil {
			return
		}
		bound := standardErrors * spread(outcomes, of) * math.Sqrt(1/float64(len(outcomes))+1/float64(card.Games))
		if excess := sign * (*ours - *theirs); excess > bound {
			found = append(found, Worse{
				Model: k.model, FeatureSet: k.set, Metric: metric, Recent: *ours, Card: *theirs, Bound: *theirs + sign*bound,
				Games: len(outcomes), CardGames: card.Games,
			})
		}
	}
	add("accuracy", recent.Accuracy, card.Accuracy, func(m pack.Metrics) *float64 { return m.Accuracy }, -1)
	add("log_loss", recent.LogLoss, card.LogLoss, func(m pack.Metrics) *float64 { return m.LogLoss }, 1)
	add("mae", recent.MAE, card.MAE, func(m pack.Metrics) *float64 { return m.MAE }, 1)
	return found
}

// spread is the standard deviation of a score over single games.
func spread(outcomes []backtest.Outcome, of func(pack.Metrics) *float64) float64 {
	var sum, squares float64
	n := float64(len(outcomes))
	for _, o := range outcomes {
		value := *of(backtest.Score([]backtest.Outcome{o}))
		sum += value
		squares += value * value
	}
	mean := sum / n
	return math.Sqrt(max(squares/n-mean*mean, 0) * n / (n - 1))
}

// cardOf is a model's card, all its seasons together, weighted by their games.
func cardOf(manifest pack.Manifest, k key) pack.Metrics {
	var total pack.Metrics
	var accuracy, logLoss, mae pooled
	for _, byModel := range manifest.Metrics {
		m, ok := byModel[k.model][k.set]
		if !ok {
			continue
		}
		total.Games += m.Games
		accuracy.add(m.Accuracy, m.Games)
		logLoss.add(m.LogLoss, m.Games)
		mae.add(m.MAE, m.Games)
	}
	total.Accuracy, total.LogLoss, total.MAE = accuracy.mean(), logLoss.mean(), mae.mean()
	return total
}

type pooled struct {
	sum   float64
	games int
}

func (p *pooled) add(value *float64, games int) {
	if value != nil {
		p.sum += *value * float64(games)
		p.games += games
	}
}

func (p *pooled) mean() *float64 {
	if p.games == 0 {
		return nil
	}
	m := p.sum / float64(p.games)
	return &m
}

// headline is the feature set that one figure for a model tells of: the one
// with the betting line, which scheduled games have, if the card knows it.
func headline(manifest pack.Manifest) string {
	if cardOf(manifest, key{serving.ModelEnsemble, string(features.WithSpread)}).Games > 0 {
		return string(features.WithSpread)
	}
	return string(features.WithoutSpread)
}
