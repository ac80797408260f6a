package gbt

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/script-ohio/platform/app/fault"
)

// Dataset is a table of rows to learn from or to validate on.
type Dataset struct {
	Features []string  // names of the columns
	X        []float32 // row-major, len(Y)*len(Features); finite, or NaN for missing
	Y        []float32 // target: in [0,1] for Logistic, any finite number for SquaredError
	Weight   []float32 // per row, not negative; nil counts every row once
	Offset   []float32 // per row, margins that the trees correct; nil is none. Not part of the model
}

// Params steer training; DefaultParams gives a start.
type Params struct {
	Objective      Objective
	Rounds         int     // trees at most, 1..20000
	MaxDepth       int     // splits on a path at most, 1..12
	LearningRate   float64 // factor on every leaf, in (0,1]
	Lambda         float64 // L2 penalty on leaf weights, >= 0
	Gamma          float64 // least gain of a split, >= 0
	MinChildWeight float64 // least sum of hessians in a child, >= 0
	RowSample      float64 // share of rows that a tree sees, in (0,1]
	ColSample      float64 // share of features that a tree sees, in (0,1]
	MaxBins        int     // bins per feature, the one for missing values included, 2..256
	EarlyStop      int     // stop after so many rounds without a better Validation loss; 0 never stops
	Seed           uint64  // of the sampling
	BaseScore      float64 // where margins start, for Logistic a probability; NaN takes the mean of Y

	Validation *Dataset         // nil, or rows with the same features
	Clock      func() time.Time // for Report.Duration; nil takes time.Now
}

// DefaultParams are XGBoost's defaults for the objective, with 100 rounds and
// the mean of the target as the base score.
func DefaultParams(objective Objective) Params {
	return Params{
		Objective: objective, Rounds: 100, MaxDepth: 6, LearningRate: 0.3, Lambda: 1, MinChildWeight: 1,
		RowSample: 1, ColSample: 1, MaxBins: maxBins, BaseScore: math.NaN(),
	}
}

// Loss is the weighted loss of the ensemble after a round: mean log loss for
// Logistic, root mean squared error for SquaredError.
type Loss struct {
	Train      float64
	Validation float64 // NaN without validation rows
}

// Report tells how training went.
type Report struct {
	Losses    []Loss        // one per round, the rounds after the best included
	BestRound int           // the number of trees that the model kept
	Duration  time.Duration // of the whole training
}

// Train fits trees to the data by gradient boosting on histograms (Chen and
// Guestrin 2016, arXiv:1603.02754): second-order gradients, at most 256
// quantile bins per feature, trees grown level by level, and for every split
// the side learnt to which missing values go. With EarlyStop the model keeps
// the trees up to the round with the least validation loss, otherwise all.
//
// The result depends on the data, the parameters and the seed only, not on the
// number of processors. Training uses up to two of them; a round takes
// O(rows x features x depth) and the whole needs a byte per value of X and 16
// bytes per bin and open node. A cancelled context stops it between rounds and
// gives the context's error. Wrong data or parameters give one fault.Invalid
// with a detail for every problem.
func Train(ctx context.Context, data Dataset, p Params) (*Model, Report, error) {
	if err := validate(data, p); err != nil {
		return nil, Report{}, err
	}
	if p.Clock == nil {
		p.Clock = time.Now
	}
	begin := p.Clock()
	m := &Model{
		objective: p.Objective, features: slices.Clone(data.Features),
		featureTypes: slices.Repeat([]string{"float"}, len(data.Features)),
		scalePos:     "1", parallel: 1,
	}
	m.baseScore = float32(p.BaseScore)
	if math.IsNaN(p.BaseScore) {
		m.baseScore = meanTarget(&data, p.Objective)
	}
	start := m.startMargin()
	train := newFit(&data, p.Objective, start)
	var validation *fit
	if p.Validation != nil {
		validation = newFit(p.Validation, p.Objective, start)
	}
	grower := newGrower(newBinned(&data, p.MaxBins), p)
	slopes := make([]derivatives, len(data.Y))

	var report Report
	best, bestLoss := 0, math.Inf(1)
	for round := 1; round <= p.Rounds; round++ {
		if err := ctx.Err(); err != nil {
			return nil, Report{}, fmt.Errorf("training stopped after %d of %d rounds: %w", round-1, p.Rounds, err)
		}
		train.differentiate(slopes)
		nodes, stats := grower.grow(slopes, rand.New(rand.NewPCG(p.Seed, uint64(round))))
		m.append(nodes, stats)
		train.add(nodes)
		loss := Loss{Train: train.loss(), Validation: math.NaN()}
		if validation != nil {
			validation.add(nodes)
			loss.Validation = validation.loss()
		}
		if math.IsNaN(loss.Train) || math.IsInf(loss.Train, 0) {
			return nil, Report{}, fault.New(fault.Invalid, "training ran out of the range of numbers in round %d; scale the target down", round)
		}
		report.Losses = append(report.Losses, loss)
		if p.EarlyStop == 0 {
			best = round
		} else if loss.Validation < bestLoss {
			best, bestLoss = round, loss.Validation
		} else if round-best >= p.EarlyStop {
			break
		}
	}
	m.truncate(best)
	m.arrange()
	report.BestRound = best
	report.Duration = p.Clock().Sub(begin)
	return m, report, nil
}

// append adds a tree whose parents stand before their children.
func (m *Model) append(nodes []node, stats []stat) {
	depths := make([]int32, len(nodes))
	deepest := int32(0)
	for i := 1; i < len(nodes); i++ {
		depths[i] = depths[stats[i].parent] + 1
		deepest = max(deepest, depths[i])
	}
	m.trees = append(m.trees, tree{int32(len(m.nodes)), int32(len(nodes)), deepest})
	m.nodes = append(m.nodes, nodes...)
	m.stats = append(m.stats, stats...)
}

// truncate keeps the first trees.
func (m *Model) truncate(trees int) {
	if trees == len(m.trees) {
		return
	}
	end := m.trees[trees].first
	m.trees, m.nodes, m.stats = m.trees[:trees], m.nodes[:end], m.stats[:end]
}
