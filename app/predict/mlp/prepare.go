package mlp

import (
	"math"

	"github.com/script-ohio/platform/app/fault"
)

// check refuses samples that cannot be learned from and says where.
func (s Samples) check(name string, features []string, loss Loss) error {
	n, p := len(s.Y), len(features)
	if len(s.X) != n*p || s.Weight != nil && len(s.Weight) != n {
		return fault.New(fault.Invalid, "mlp: %s rows: %d values of x and %d weights for %d values of y and %d features; x needs %d, weight %d or none",
			name, len(s.X), len(s.Weight), n, p, n*p, n)
	}
	for i, v := range s.X {
		if math.IsInf(v, 0) {
			return fault.New(fault.Invalid, "mlp: %s row %d: %q is %v; make it a number, or NaN for missing", name, i/p, features[i%p], v)
		}
	}
	for i, v := range s.Y {
		if !finite(v) || loss == LogLoss && (v < 0 || v > 1) {
			return fault.New(fault.Invalid, "mlp: %s row %d: y is %v, which has no %s", name, i, v, loss)
		}
	}
	total := 0.0
	for i, w := range s.Weight {
		if !finite(w) || w < 0 {
			return fault.New(fault.Invalid, "mlp: %s row %d: the weight is %v; it must be finite and not negative", name, i, w)
		}
		total += w
	}
	if n > 0 && s.Weight != nil && (total == 0 || !finite(total)) {
		return fault.New(fault.Invalid, "mlp: %s rows: the weights add up to %v", name, total)
	}
	return nil
}

// weights gives weights of mean 1.
func (s Samples) weights() []float64 {
	out := make([]float64, len(s.Y))
	total := 0.0
	for _, w := range s.Weight {
		total += w
	}
	for i := range out {
		out[i] = 1
		if s.Weight != nil {
			out[i] = s.Weight[i] / total * float64(len(out))
		}
	}
	return out
}

// column is how one input becomes z-scores.
type column struct {
	mean, scale float64
	constant    bool
}

// measure gives mean and population standard deviation of the values of column
// j that are not missing.
func measure(x []float64, j, p int) (c column, present bool) {
	count, low, high := 0.0, math.Inf(1), math.Inf(-1)
	for i := j; i < len(x); i += p {
		if v := x[i]; v == v {
			count++
			c.mean += (v - c.mean) / count
			low, high = min(low, v), max(high, v)
		}
	}
	variance := 0.0
	for i := j; i < len(x); i += p {
		if v := x[i]; v == v {
			variance += (v - c.mean) * (v - c.mean) / count
		}
	}
	c.scale = math.Sqrt(variance)
	// low == high, because rounding leaves a constant column a tiny variance.
	if low == high || c.scale < minScale {
		return column{mean: low, scale: 1, constant: true}, count > 0
	}
	return c, true
}

// standardise gives the columns of x and x as z-scores; what is missing
// becomes 0, the mean.
func standardise(features []string, x []float64) ([]column, []float64, error) {
	p := len(features)
	columns, z := make([]column, p), make([]float64, len(x))
	for j := range columns {
		c, present := measure(x, j, p)
		if !present {
			return nil, nil, fault.New(fault.Invalid, "mlp: column %q is missing in every row; drop it", features[j])
		}
		if !finite(c.mean) || !finite(c.scale) {
			return nil, nil, fault.New(fault.Invalid, "mlp: the values of %q are too large to average", features[j])
		}
		columns[j] = c
		for i := j; i < len(x); i += p {
			if v := x[i]; v == v {
				z[i] = (v - c.mean) / c.scale
			}
		}
	}
	return columns, z, nil
}

// target is the scale on which y is learned: standardised for SquaredError, as
// it is for LogLoss. The output starts at bias.
func target(loss Loss, y, weight []float64) (mean, scale, bias float64) {
	n := float64(len(y))
	for i, v := range y {
		mean += weight[i] * v / n
	}
	if loss == LogLoss {
		p := min(max(mean, 0.001), 0.999)
		return 0, 1, math.Log(p / (1 - p))
	}
	variance := 0.0
	for i, v := range y {
		variance += weight[i] * (v - mean) * (v - mean) / n
	}
	if scale = math.Sqrt(variance); scale < minScale {
		scale = 1
	}
	return mean, scale, 0
}
