// Package ridge is standardised ridge regression (Hoerl & Kennard, "Ridge
// Regression: Biased Estimation for Nonorthogonal Problems", Technometrics
// 12(1), 1970): a linear model whose coefficients say what one standard
// deviation of each feature is worth.
package ridge

import (
	"math"

	"github.com/script-ohio/platform/app/fault"
)

// Model is a fitted regression of p features:
//
//	prediction = Intercept + sum over j of Coef[j]*(x[j]-Mean[j])/Scale[j]
//
// It is plain data and safe for concurrent use. One that was read from outside
// must pass Validate before anything else is asked of it.
type Model struct {
	Features  []string  `json:"features"`  // p names, in the order of every x
	Mean      []float64 `json:"mean"`      // p means of the training rows
	Scale     []float64 `json:"scale"`     // p population standard deviations, 1 for a constant column; > 0
	Coef      []float64 `json:"coef"`      // p coefficients, in units of y for one Scale
	Intercept float64   `json:"intercept"` // the prediction for a row of means
	Sigma     float64   `json:"sigma"`     // standard deviation of the residuals over rows-1; >= 0
	Rows      int       `json:"rows"`      // training rows with a positive weight
}

// Predict gives the prediction for x, p values in the order of Features. A NaN
// among them makes it NaN, and so does a wrong number of them. O(p), no
// allocation.
func (m *Model) Predict(x []float64) float64 {
	p := len(m.Coef)
	if len(x) != p {
		return math.NaN()
	}
	mean, scale := m.Mean[:p], m.Scale[:p]
	sum := m.Intercept
	for j, c := range m.Coef {
		sum += c * (x[j] - mean[j]) / scale[j]
	}
	return sum
}

// Contributions splits Predict(x) - Intercept into one summand for each
// feature. It fills and returns dst, or a new slice when dst has no room for p
// values; all are NaN when x is not p long.
func (m *Model) Contributions(x, dst []float64) []float64 {
	p := len(m.Coef)
	if cap(dst) < p {
		dst = make([]float64, p)
	}
	dst = dst[:p]
	for j, c := range m.Coef {
		if len(x) != p {
			dst[j] = math.NaN()
			continue
		}
		dst[j] = c * (x[j] - m.Mean[j]) / m.Scale[j]
	}
	return dst
}

// Validate tells whether the model is whole: lengths that agree, finite
// numbers, positive scales. The first fault found is returned, as
// fault.Invalid.
func (m *Model) Validate() error {
	p := len(m.Features)
	if err := checkNames(m.Features); err != nil {
		return err
	}
	for _, part := range []struct {
		name   string
		values []float64
	}{{"mean", m.Mean}, {"scale", m.Scale}, {"coef", m.Coef}} {
		if len(part.values) != p {
			return fault.New(fault.Invalid, "ridge: %s has %d values for %d features", part.name, len(part.values), p)
		}
		for j, v := range part.values {
			if !finite(v) || part.name == "scale" && v <= 0 {
				return fault.New(fault.Invalid, "ridge: %s of %q is %v", part.name, m.Features[j], v)
			}
		}
	}
	switch {
	case !finite(m.Intercept):
		return fault.New(fault.Invalid, "ridge: the intercept is %v", m.Intercept)
	case !finite(m.Sigma) || m.Sigma < 0:
		return fault.New(fault.Invalid, "ridge: sigma is %v, it must be finite and not negative", m.Sigma)
	case m.Rows < 0:
		return fault.New(fault.Invalid, "ridge: rows is %d", m.Rows)
	}
	return nil
}

// checkNames refuses features that a caller could not tell apart.
func checkNames(features []string) error {
	if len(features) == 0 {
		return fault.New(fault.Invalid, "ridge: no features")
	}
	seen := make(map[string]bool, len(features))
	for j, name := range features {
		if name == "" || seen[name] {
			return fault.New(fault.Invalid, "ridge: feature %d, %q, has no name of its own", j, name)
		}
		seen[name] = true
	}
	return nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
