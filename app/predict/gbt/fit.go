package gbt

import "math"

// fit is a dataset with the margins that the ensemble has reached on it.
type fit struct {
	data      *Dataset
	objective Objective
	margins   []float32
	weight    float64 // of all rows
}

func newFit(data *Dataset, objective Objective, start float32) *fit {
	f := &fit{data: data, objective: objective, margins: make([]float32, len(data.Y))}
	for i := range f.margins {
		f.margins[i] = start
		if data.Offset != nil {
			f.margins[i] += data.Offset[i]
		}
		f.weight += data.weight(i)
	}
	return f
}

func (d *Dataset) weight(i int) float64 {
	if d.Weight == nil {
		return 1
	}
	return float64(d.Weight[i])
}

// differentiate writes the first and second derivative of every row's loss by
// its margin.
func (f *fit) differentiate(out []derivatives) {
	for i, y := range f.data.Y {
		w := f.data.weight(i)
		if f.objective == Logistic {
			p := float64(sigmoid(f.margins[i]))
			out[i] = derivatives{w * (p - float64(y)), w * p * (1 - p)}
		} else {
			out[i] = derivatives{w * (float64(f.margins[i]) - float64(y)), w}
		}
	}
}

// add runs the rows through a new tree.
func (f *fit) add(nodes []node) {
	width := len(f.data.Features)
	for i := range f.margins {
		f.margins[i] += nodes[leafOf(nodes, f.data.X[i*width:(i+1)*width])].value
	}
}

// loss is the mean log loss, or the root of the mean squared error.
func (f *fit) loss() float64 {
	sum := 0.0
	for i, y := range f.data.Y {
		margin, y := float64(f.margins[i]), float64(y)
		if f.objective == Logistic {
			// log(1+exp(m)) - y*m without overflow
			sum += f.data.weight(i) * (max(margin, 0) - y*margin + math.Log1p(math.Exp(-math.Abs(margin))))
		} else {
			sum += f.data.weight(i) * (margin - y) * (margin - y)
		}
	}
	if f.objective == Logistic {
		return sum / f.weight
	}
	return math.Sqrt(sum / f.weight)
}

// meanTarget is the weighted mean of the target; for Logistic it is kept a
// probability that has finite log odds.
func meanTarget(d *Dataset, objective Objective) float32 {
	sum, weight := 0.0, 0.0
	for i, y := range d.Y {
		sum += d.weight(i) * float64(y)
		weight += d.weight(i)
	}
	mean := sum / weight
	if objective == Logistic {
		const edge = 1e-6
		mean = min(max(mean, edge), 1-edge)
	}
	return float32(mean)
}
