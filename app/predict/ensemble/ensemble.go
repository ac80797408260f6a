// Package ensemble holds the three models of one feature set and blends them:
// a ridge regression for the margin, gradient-boosted trees that correct its
// log odds of a home win, and a neural net that corrects its margin.
package ensemble

import (
	"fmt"
	"math"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/features"
	"github.com/script-ohio/platform/app/predict/gbt"
	"github.com/script-ohio/platform/app/predict/mlp"
	"github.com/script-ohio/platform/app/predict/ridge"
)

// Blend says how the members become one answer. Weights are shares that add
// up to 1 and apply to margins and to probits of the probabilities alike.
type Blend struct {
	Ridge float64 `json:"ridge"`
	GBT   float64 `json:"gbt"`
	MLP   float64 `json:"mlp"`
	// Sigma is the standard deviation of a game around its expected margin in
	// points, measured out of sample: a margin m means a home win with
	// probability Phi(m/Sigma).
	Sigma float64 `json:"sigma"`
	// HalfWidth is the half width in points of the interval that holds
	// IntervalLevel of the margins, measured out of sample.
	HalfWidth float64 `json:"half_width"`
}

// IntervalLevel is the share of games whose margin falls inside the interval.
const IntervalLevel = 0.8

// Models are the members of one feature set and their blend. They are safe
// for concurrent use.
type Models struct {
	Set   features.Set
	Ridge *ridge.Model
	Trees *gbt.Model
	Nets  []*mlp.Model // averaged
	Blend Blend

	nets []*mlp.Network
}

// Estimate is one model's answer: expected home margin in points and
// probability of a home win.
type Estimate struct {
	Margin      float64
	Probability float64
}

// Forecast is what all models say of one game.
type Forecast struct {
	Ridge, GBT, MLP, Ensemble Estimate
}

// New checks that the members belong together and readies them.
func New(m Models) (*Models, error) {
	names := features.Names(m.Set)
	if m.Ridge == nil || m.Trees == nil || len(m.Nets) == 0 {
		return nil, fault.New(fault.Invalid, "%s: a ridge, trees and at least one net are needed", m.Set)
	}
	if err := m.Ridge.Validate(); err != nil {
		return nil, fmt.Errorf("%s ridge: %w", m.Set, err)
	}
	if err := sameFeatures("ridge", names, m.Ridge.Features); err != nil {
		return nil, err
	}
	if err := sameFeatures("gbt", names, m.Trees.Features()); err != nil {
		return nil, err
	}
	if m.Trees.Objective() != gbt.Logistic {
		return nil, fault.New(fault.Invalid, "%s gbt: the objective is %s, not %s", m.Set, m.Trees.Objective(), gbt.Logistic)
	}
	m.nets = nil
	for _, net := range m.Nets {
		if err := sameFeatures("mlp", names, net.Features); err != nil {
			return nil, err
		}
		if net.Loss != mlp.SquaredError {
			return nil, fault.New(fault.Invalid, "%s mlp: the loss is %s, not %s", m.Set, net.Loss, mlp.SquaredError)
		}
		compiled, err := net.Compile()
		if err != nil {
			return nil, fmt.Errorf("%s mlp: %w", m.Set, err)
		}
		m.nets = append(m.nets, compiled)
	}
	b := m.Blend
	sum := b.Ridge + b.GBT + b.MLP
	if !(b.Ridge >= 0 && b.GBT >= 0 && b.MLP >= 0 && math.Abs(sum-1) < 1e-9 &&
		b.Sigma > 0 && b.HalfWidth > 0 && !math.IsInf(b.Sigma, 0) && !math.IsInf(b.HalfWidth, 0)) {
		return nil, fault.New(fault.Invalid, "%s blend: weights must be shares that add up to 1, sigma and half width positive", m.Set)
	}
	return &m, nil
}

func sameFeatures(model string, want, got []string) error {
	if len(want) == len(got) {
		for i := range want {
			if want[i] != got[i] {
				return fault.New(fault.Invalid, "%s: feature %d is %q, this version computes %q", model, i, got[i], want[i])
			}
		}
		return nil
	}
	return fault.New(fault.Invalid, "%s: %d features, this version computes %d", model, len(got), len(want))
}

// Scratch is the working memory of one Forecast at a time.
type Scratch struct{ x32 []float32 }

// Forecast asks every member about one feature vector in the order of
// features.Names. No allocation after the first use of the scratch.
func (m *Models) Forecast(x []float64, s *Scratch) Forecast {
	s.x32 = s.x32[:0]
	for _, v := range x {
		s.x32 = append(s.x32, float32(v))
	}
	var f Forecast
	f.Ridge.Margin = m.Ridge.Predict(x)
	f.Ridge.Probability = m.Blend.probability(f.Ridge.Margin)
	f.GBT.Probability = sigmoid(logit(f.Ridge.Probability) + float64(m.Trees.Margin(s.x32)))
	f.GBT.Margin = m.Blend.Sigma * probit(f.GBT.Probability)
	f.MLP.Margin = f.Ridge.Margin + m.net(x)
	f.MLP.Probability = m.Blend.probability(f.MLP.Margin)
	f.Ensemble = m.blend(f)
	return f
}

func (m *Models) blend(f Forecast) Estimate {
	b := m.Blend
	// A member's probability is Phi(margin/Sigma), so blending margins is
	// blending probits.
	margin := b.Ridge*f.Ridge.Margin + b.GBT*f.GBT.Margin + b.MLP*f.MLP.Margin
	return Estimate{Margin: margin, Probability: b.probability(margin)}
}

// certain keeps probabilities away from 0 and 1, where log odds end.
const certain = 1e-6

func (b Blend) probability(margin float64) float64 {
	p := 0.5 * math.Erfc(-margin/b.Sigma/math.Sqrt2)
	return min(max(p, certain), 1-certain)
}

func probit(p float64) float64 {
	return math.Sqrt2 * math.Erfinv(2*min(max(p, certain), 1-certain)-1)
}

func logit(p float64) float64 { return math.Log(p / (1 - p)) }

func sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// LogOdds of a home win for an expected margin.
func (b Blend) LogOdds(margin float64) float64 { return logit(b.probability(margin)) }
