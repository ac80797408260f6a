package ridge

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/script-ohio/platform/app/fault"
)

// Params are the choices of a fit.
type Params struct {
	// Penalty is added to the diagonal of Z'WZ, Z the standardised columns; it
	// counts in rows: 30 weighs like 30 rows that say "no effect". >= 0.
	Penalty float64 `json:"penalty"`
}

// Fit finds the intercept b and the coefficients c that minimise
//
//	sum over i of weight[i]*(y[i] - b - Z[i]·c)² + Penalty*|c|²
//
// with Z the columns of x as z-scores by their weighted population mean and
// standard deviation. x is row-major, n rows of p = len(features) values; y
// has n values; weight has n values >= 0, or is nil for ones: a weight of 2
// counts as the row twice. A constant column gets scale 1 and coefficient 0.
//
// fault.Invalid is returned for lengths that disagree, values that are missing
// or infinite (with row and column), fewer than 2 rows of positive weight, and
// columns that the penalty leaves linearly dependent. O(n p² + p³) time, O(n p)
// memory.
func Fit(features []string, x, y, weight []float64, params Params) (*Model, error) {
	n, p := len(y), len(features)
	if weight == nil {
		weight = ones(n)
	}
	if err := checkData(features, x, y, weight, params); err != nil {
		return nil, err
	}
	m := &Model{Features: append([]string(nil), features...), Mean: make([]float64, p), Scale: make([]float64, p)}
	total := 0.0
	for _, w := range weight {
		total += w
		if w > 0 {
			m.Rows++
		}
	}
	if m.Rows < 2 {
		return nil, fault.New(fault.Invalid, "ridge: %d rows of positive weight; at least 2 are needed", m.Rows)
	}

	// Rows times the root of their weight, so that Z'Z is the weighted Gram matrix.
	z := mat.NewDense(n, p, nil)
	constant := make([]bool, p)
	for j := range p {
		m.Mean[j], m.Scale[j], constant[j] = moments(x[j:], p, weight, total)
		if !finite(m.Mean[j]) || !finite(m.Scale[j]) {
			return nil, fault.New(fault.Invalid, "ridge: the values of %q are too large to average", features[j])
		}
		if constant[j] {
			continue
		}
		for i := range n {
			z.Set(i, j, math.Sqrt(weight[i])*(x[i*p+j]-m.Mean[j])/m.Scale[j])
		}
	}
	// The weighted columns of Z sum to zero, so the intercept is the mean of y
	// and the coefficients can be found without it.
	m.Intercept, _, _ = moments(y, 1, weight, total)
	target := mat.NewVecDense(n, nil)
	for i := range n {
		target.SetVec(i, math.Sqrt(weight[i])*(y[i]-m.Intercept))
	}
	coef, err := solve(z, target, constant, params.Penalty)
	if err != nil {
		return nil, err
	}
	m.Coef = coef

	squares := 0.0
	for i := range n {
		r := y[i] - m.Predict(x[i*p:(i+1)*p])
		squares += weight[i] * r * r
	}
	rows := float64(m.Rows)
	m.Sigma = math.Sqrt(squares / total * rows / (rows - 1))
	if err := m.Validate(); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "ridge: the fit overflowed; bring the columns and y to a common size")
	}
	return m, nil
}

// solve gives the coefficients of (Z'Z + penalty I) c = Z'y by Cholesky. A
// constant column is all zeros in z: a 1 on its diagonal keeps its coefficient
// at exactly 0, whatever the penalty.
func solve(z *mat.Dense, y *mat.VecDense, constant []bool, penalty float64) ([]float64, error) {
	p := len(constant)
	var gram mat.SymDense
	gram.SymOuterK(1, z.T())
	for j := range p {
		gram.SetSym(j, j, gram.At(j, j)+penalty)
		if constant[j] {
			gram.SetSym(j, j, 1)
		}
	}
	var moment, coef mat.VecDense
	moment.MulVec(z.T(), y)
	var chol mat.Cholesky
	if !chol.Factorize(&gram) {
		return nil, fault.New(fault.Invalid, "ridge: the columns are linearly dependent at penalty %v; raise it or drop a column", penalty)
	}
	if err := chol.SolveVecTo(&coef, &moment); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "ridge: the columns are nearly linearly dependent at penalty %v; raise it or drop a column", penalty)
	}
	return coef.RawVector().Data, nil
}

// moments gives the weighted mean and population standard deviation of every
// stride-th value, by two passes. A column without spread is constant, with
// scale 1.
func moments(values []float64, stride int, weight []float64, total float64) (mean, scale float64, constant bool) {
	low, high := math.Inf(1), math.Inf(-1)
	for i, w := range weight {
		if v := values[i*stride]; w > 0 {
			mean += w * v / total
			low, high = min(low, v), max(high, v)
		}
	}
	variance := 0.0
	for i, w := range weight {
		d := values[i*stride] - mean
		variance += w * d * d / total
	}
	// low == high, because rounding leaves a constant column a tiny variance.
	if low == high || variance == 0 {
		return low, 1, true
	}
	return mean, math.Sqrt(variance), false
}

// checkData refuses what cannot be fitted and says where it stands.
func checkData(features []string, x, y, weight []float64, params Params) error {
	if err := checkNames(features); err != nil {
		return err
	}
	n, p := len(y), len(features)
	if !finite(params.Penalty) || params.Penalty < 0 {
		return fault.New(fault.Invalid, "ridge: the penalty is %v; it must be finite and not negative", params.Penalty)
	}
	if len(x) != n*p || len(weight) != n {
		return fault.New(fault.Invalid, "ridge: %d values of x and %d weights for %d values of y and %d features; x needs %d, weight %d",
			len(x), len(weight), n, p, n*p, n)
	}
	for i, v := range x {
		if !finite(v) {
			return fault.New(fault.Invalid, "ridge: column %q is %v in row %d; drop the row or fill the value in", features[i%p], v, i/p)
		}
	}
	for i, v := range y {
		if !finite(v) {
			return fault.New(fault.Invalid, "ridge: y is %v in row %d; drop the row", v, i)
		}
	}
	for i, w := range weight {
		if !finite(w) || w < 0 {
			return fault.New(fault.Invalid, "ridge: the weight of row %d is %v; it must be finite and not negative", i, w)
		}
	}
	return nil
}

func ones(n int) []float64 {
	w := make([]float64, n)
	for i := range w {
		w[i] = 1
	}
	return w
}
