package gbt

import (
	"fmt"
	"math"
	"slices"

	"github.com/script-ohio/platform/app/fault"
)

// problems collects all that is wrong with a request.
type problems []fault.Detail

func (p *problems) check(ok bool, location string, value any, format string, args ...any) {
	if !ok {
		*p = append(*p, fault.Detail{Location: location, Message: fmt.Sprintf(format, args...), Value: value})
	}
}

// validate finds every problem of the data and the parameters.
func validate(data Dataset, p Params) error {
	var all problems
	all.check(p.Objective == Logistic || p.Objective == SquaredError, "params.objective", p.Objective,
		"want %s or %s", Logistic, SquaredError)
	for _, n := range []struct {
		name               string
		value, least, most int
	}{
		{"rounds", p.Rounds, 1, maxTrees},
		{"max_depth", p.MaxDepth, 1, 12},
		{"max_bins", p.MaxBins, 2, maxBins},
		{"early_stop", p.EarlyStop, 0, maxTrees},
	} {
		all.check(n.value >= n.least && n.value <= n.most, "params."+n.name, n.value,
			"want a whole number from %d to %d", n.least, n.most)
	}
	for _, x := range []struct {
		name  string
		value float64
	}{{"learning_rate", p.LearningRate}, {"row_sample", p.RowSample}, {"col_sample", p.ColSample}} {
		all.check(x.value > 0 && x.value <= 1, "params."+x.name, x.value, "want a number above 0 and up to 1")
	}
	for _, x := range []struct {
		name  string
		value float64
	}{{"lambda", p.Lambda}, {"gamma", p.Gamma}, {"min_child_weight", p.MinChildWeight}} {
		all.check(x.value >= 0 && x.value <= math.MaxFloat32, "params."+x.name, x.value, "want a finite number from 0 on")
	}
	switch {
	case math.IsNaN(p.BaseScore):
	case p.Objective == Logistic:
		all.check(float32(p.BaseScore) > 0 && float32(p.BaseScore) < 1, "params.base_score", p.BaseScore,
			"want a probability between 0 and 1, or NaN for the mean of the target")
	default:
		all.check(finite(float32(p.BaseScore)), "params.base_score", p.BaseScore, "want a finite number, or NaN for the mean of the target")
	}
	all.check(p.EarlyStop == 0 || p.Validation != nil, "params.early_stop", p.EarlyStop, "needs a validation set")
	data.check("data", p.Objective, &all)
	if v := p.Validation; v != nil {
		v.check("validation", p.Objective, &all)
		all.check(slices.Equal(v.Features, data.Features), "validation.features", nil, "want the features of the training data, in the same order")
	}
	if len(all) == 0 {
		return nil
	}
	return fault.New(fault.Invalid, "cannot train: %d problems, first %s: %s", len(all), all[0].Location, all[0].Message).With(all...)
}

// check finds the problems of one dataset; of each kind of bad value it names
// the first.
func (d *Dataset) check(name string, objective Objective, all *problems) {
	width, rows := len(d.Features), len(d.Y)
	all.check(width > 0 && width <= maxFeatures, name+".features", width, "want 1 to %d features", maxFeatures)
	all.check(rows > 0 && rows <= math.MaxInt32, name+".y", rows, "want at least one row")
	if width > 0 {
		all.check(len(d.X) == rows*width, name+".x", len(d.X), "want %d values, %d rows of %d features", rows*width, rows, width)
		for i, x := range d.X {
			if x == x && !(math.Abs(float64(x)) < math.MaxFloat32) {
				all.check(false, fmt.Sprintf("%s.x row %d, %s", name, i/width, d.Features[i%width]), nil, "want a finite number, or NaN for missing")
				break
			}
		}
	}
	for i, y := range d.Y {
		if !finite(y) || objective == Logistic && !(y >= 0 && y <= 1) {
			all.check(false, fmt.Sprintf("%s.y row %d", name, i), nil, "want a finite number, for %s from 0 to 1", Logistic)
			break
		}
	}
	if d.Offset != nil {
		all.check(len(d.Offset) == rows, name+".offset", len(d.Offset), "want one for each of %d rows", rows)
	}
	for i, o := range d.Offset {
		if !finite(o) {
			all.check(false, fmt.Sprintf("%s.offset row %d", name, i), nil, "want a finite number")
			break
		}
	}
	if d.Weight == nil {
		return
	}
	all.check(len(d.Weight) == rows, name+".weight", len(d.Weight), "want one for each of %d rows", rows)
	sum := 0.0
	for i, w := range d.Weight {
		sum += float64(w)
		if !finite(w) || w < 0 {
			all.check(false, fmt.Sprintf("%s.weight row %d", name, i), nil, "want a finite number from 0 on")
			return
		}
	}
	all.check(sum > 0, name+".weight", sum, "want a row that counts")
}
