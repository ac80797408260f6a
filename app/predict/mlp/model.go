// Package mlp is a small multilayer perceptron for tabular data: hidden layers
// of linear map, batch normalisation and ReLU, and one linear output unit.
// Model is the file, Network the fast evaluator made from it, Train the
// trainer.
package mlp

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/script-ohio/platform/app/fault"
)

// Version is the version of the model file that this package reads and writes.
const Version = 1

// MaxWidth is the largest number of inputs or units in a layer.
const MaxWidth = 1024

// minScale is the smallest divisor: its inverse and its root stay finite.
const minScale = 1e-300

// Model is a perceptron as plain data, the content of its JSON file. It has p
// inputs; each layer but the last is followed by ReLU; the last has one unit.
type Model struct {
	Version  int       `json:"version"`  // of the schema: Version
	Loss     Loss      `json:"loss"`     // what the output means
	Features []string  `json:"features"` // p names, in the order of every x
	Mean     []float64 `json:"mean"`     // p means: z = (x-mean)/scale enters the first layer
	Scale    []float64 `json:"scale"`    // p scales, >= 1e-300
	Layers   []Layer   `json:"layers"`   // first to last
}

// Layer is a linear map from In to Out values, then an optional normalisation.
type Layer struct {
	In     int        `json:"in"`
	Out    int        `json:"out"`
	Weight []float32  `json:"weight"`         // Out x In, row-major
	Bias   []float32  `json:"bias"`           // Out
	Norm   *BatchNorm `json:"norm,omitempty"` // none when nil
}

// BatchNorm normalises each of Out values by the statistics of the training
// rows: Gain*(v-Mean)/sqrt(Variance+Epsilon) + Shift (Ioffe & Szegedy, "Batch
// Normalization", ICML 2015).
type BatchNorm struct {
	Gain     []float32 `json:"gain"`     // Out
	Shift    []float32 `json:"shift"`    // Out
	Mean     []float32 `json:"mean"`     // Out
	Variance []float32 `json:"variance"` // Out, >= 0
	Epsilon  float64   `json:"epsilon"`  // > 0
}

// Parse reads a model file and validates it. Errors are fault.Invalid.
func Parse(data []byte) (*Model, error) {
	var m Model
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "mlp: this is not a model file")
	}
	if err := m.Validate(); err != nil {
		return nil, err
	}
	return &m, nil
}

// Validate tells whether the model is whole: a known version and loss, shapes
// that fit each other, finite numbers. The first fault found is returned, as
// fault.Invalid.
func (m *Model) Validate() error {
	p := len(m.Features)
	switch {
	case m.Version != Version:
		return fault.New(fault.Invalid, "mlp: the model has version %d, this program reads %d", m.Version, Version)
	case !m.Loss.known():
		return fault.New(fault.Invalid, "mlp: unknown loss %q; it is %q or %q", m.Loss, LogLoss, SquaredError)
	case len(m.Layers) == 0:
		return fault.New(fault.Invalid, "mlp: the model has no layers")
	}
	if err := checkNames(m.Features); err != nil {
		return err
	}
	if err := checkNumbers("mean", m.Mean, p, math.Inf(-1)); err != nil {
		return err
	}
	if err := checkNumbers("scale", m.Scale, p, minScale); err != nil {
		return err
	}
	width := p
	for i, l := range m.Layers {
		if l.In != width {
			return fault.New(fault.Invalid, "mlp: layer %d takes %d values but gets %d", i, l.In, width)
		}
		if err := l.validate(fmt.Sprintf("layer %d", i)); err != nil {
			return err
		}
		width = l.Out
	}
	if last := m.Layers[len(m.Layers)-1]; last.Out != 1 || last.Norm != nil {
		return fault.New(fault.Invalid, "mlp: the last layer has %d units; it must have one, without norm", last.Out)
	}
	return nil
}

func (l *Layer) validate(where string) error {
	if l.Out < 1 || l.Out > MaxWidth {
		return fault.New(fault.Invalid, "mlp: %s has %d units; 1 to %d are possible", where, l.Out, MaxWidth)
	}
	if err := checkNumbers(where+": weight", l.Weight, l.In*l.Out, math.Inf(-1)); err != nil {
		return err
	}
	if err := checkNumbers(where+": bias", l.Bias, l.Out, math.Inf(-1)); err != nil {
		return err
	}
	if l.Norm == nil {
		return nil
	}
	for _, part := range []struct {
		name   string
		values []float32
		low    float64
	}{
		{"gain", l.Norm.Gain, math.Inf(-1)},
		{"shift", l.Norm.Shift, math.Inf(-1)},
		{"mean", l.Norm.Mean, math.Inf(-1)},
		{"variance", l.Norm.Variance, 0},
	} {
		if err := checkNumbers(where+": norm: "+part.name, part.values, l.Out, part.low); err != nil {
			return err
		}
	}
	return checkNumbers(where+": norm: epsilon", []float64{l.Norm.Epsilon}, 1, minScale)
}

// checkNames refuses features that a caller could not tell apart.
func checkNames(features []string) error {
	if len(features) == 0 || len(features) > MaxWidth {
		return fault.New(fault.Invalid, "mlp: %d features; 1 to %d are possible", len(features), MaxWidth)
	}
	seen := make(map[string]bool, len(features))
	for j, name := range features {
		if name == "" || seen[name] {
			return fault.New(fault.Invalid, "mlp: feature %d, %q, has no name of its own", j, name)
		}
		seen[name] = true
	}
	return nil
}

// checkNumbers wants count finite values that are low or more.
func checkNumbers[F float32 | float64](where string, values []F, count int, low float64) error {
	if len(values) != count {
		return fault.New(fault.Invalid, "mlp: %s has %d values, not %d", where, len(values), count)
	}
	for i, v := range values {
		if w := float64(v); !finite(w) || w < low {
			return fault.New(fault.Invalid, "mlp: %s [%d] is %v", where, i, v)
		}
	}
	return nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
