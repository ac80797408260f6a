package mlp

import (
	"math"
	"slices"

	"github.com/script-ohio/platform/app/fault"
)

// Network evaluates a model: batch normalisation is folded into the linear
// maps and the weights lie in the order in which they are read. It is
// immutable and safe for concurrent use. Arithmetic is in float32: processor
// architectures may differ in the seventh digit, because some fuse a
// multiplication with an addition.
type Network struct {
	mean    []float64
	inverse []float64 // 1/scale
	hidden  []tiled
	output  []float32
	bias    float32
	width   int // the widest layer, in whole tiles
}

// tile is the side of the blocks in which weights are read: four units times
// four inputs keep one sum for each unit and fill the multipliers, without
// running out of registers as eight units side by side would.
const tile = 4

// tiled is a linear map in blocks. Units and inputs that complete the last
// blocks have weight 0.
type tiled struct {
	in     int       // in whole tiles
	weight []float32 // unit blocks x input blocks x tile inputs x tile units
	bias   []float32 // units in whole tiles
}

// Compile validates the model and makes its evaluator. Errors are
// fault.Invalid.
func (m *Model) Compile() (*Network, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	n := &Network{mean: slices.Clone(m.Mean), inverse: make([]float64, len(m.Scale)), width: roundUp(len(m.Features))}
	for j, s := range m.Scale {
		n.inverse[j] = 1 / s
	}
	last := len(m.Layers) - 1
	for i := range m.Layers[:last] {
		folded, err := m.Layers[i].fold()
		if err != nil {
			return nil, err
		}
		n.hidden = append(n.hidden, folded)
		n.width = max(n.width, len(folded.bias))
	}
	n.output, n.bias = slices.Clone(m.Layers[last].Weight), m.Layers[last].Bias[0]
	return n, nil
}

// fold merges the normalisation into weights and bias, in float64, and lays
// them out in blocks.
func (l *Layer) fold() (tiled, error) {
	in, units := roundUp(l.In), roundUp(l.Out)
	p := tiled{in: in, weight: make([]float32, units*in), bias: make([]float32, units)}
	for o := range l.Out {
		factor, bias := 1.0, float64(l.Bias[o])
		if l.Norm != nil {
			factor = float64(l.Norm.Gain[o]) / math.Sqrt(float64(l.Norm.Variance[o])+l.Norm.Epsilon)
			bias = (bias-float64(l.Norm.Mean[o]))*factor + float64(l.Norm.Shift[o])
		}
		row := p.weight[o/tile*in*tile+o%tile:]
		for i := range l.In {
			row[i*tile] = float32(float64(l.Weight[o*l.In+i]) * factor)
		}
		p.bias[o] = float32(bias)
	}
	for _, values := range [][]float32{p.weight, p.bias} {
		for _, v := range values {
			if !finite(float64(v)) {
				return tiled{}, fault.New(fault.Invalid, "mlp: the norm makes weights beyond the range of float32")
			}
		}
	}
	return p, nil
}

func roundUp(n int) int { return (n + tile - 1) / tile * tile }

// narrow is the width up to which a prediction works in 512 bytes of stack.
const narrow = 64

// Predict gives the raw output for x, p values in the order of the features: a
// logit, or a value in the units of y. A NaN among them is missing and counts
// as the mean of its feature. The result is NaN when x is not p long, and not
// finite when x is infinite or leaves the range of float32. Time is one
// multiplication for each weight; no allocation.
func (n *Network) Predict(x []float64) float64 {
	if n.width <= narrow {
		var a, b [narrow]float32
		return n.forward(x, a[:], b[:])
	}
	var a, b [MaxWidth]float32
	return n.forward(x, a[:], b[:])
}

// PredictBatch gives the raw outputs of len(out) rows; x is row-major,
// len(out) x p. fault.Invalid is returned when the lengths disagree. It does
// not allocate and runs on the calling goroutine; split the rows to use more.
func (n *Network) PredictBatch(x, out []float64) error {
	p := len(n.mean)
	if len(x) != p*len(out) {
		return fault.New(fault.Invalid, "mlp: %d values of x for %d rows of %d features", len(x), len(out), p)
	}
	if n.width <= narrow {
		var a, b [narrow]float32
		for i := range out {
			out[i] = n.forward(x[i*p:(i+1)*p], a[:], b[:])
		}
		return nil
	}
	var a, b [MaxWidth]float32
	for i := range out {
		out[i] = n.forward(x[i*p:(i+1)*p], a[:], b[:])
	}
	return nil
}

// forward computes the layers from one buffer into the other; each has room
// for n.width values.
func (n *Network) forward(x []float64, from, to []float32) float64 {
	if len(x) != len(n.mean) {
		return math.NaN()
	}
	for j, v := range x {
		z := float32((v - n.mean[j]) * n.inverse[j])
		if v != v {
			z = 0
		}
		from[j] = z
	}
	clear(from[len(x):roundUp(len(x))]) // 0 times what lies there may be NaN
	for i := range n.hidden {
		n.hidden[i].relu(from, to)
		from, to = to, from
	}
	var s0, s1 float32
	w := n.output
	from = from[:len(w)]
	for len(w) >= 2 {
		s0 += w[0] * from[0]
		s1 += w[1] * from[1]
		w, from = w[2:], from[2:]
	}
	if len(w) == 1 {
		s0 += w[0] * from[0]
	}
	return float64(s0 + s1 + n.bias)
}

// relu writes max(0, weight*from + bias); NaN stays NaN.
func (p *tiled) relu(from, to []float32) {
	w := p.weight
	for o := 0; o < len(p.bias); o += tile {
		b := (*[tile]float32)(p.bias[o:])
		s0, s1, s2, s3 := b[0], b[1], b[2], b[3]
		for f := from[:p.in]; len(f) >= tile && len(w) >= tile*tile; f, w = f[tile:], w[tile*tile:] {
			v0, v1, v2, v3 := f[0], f[1], f[2], f[3]
			u := (*[tile * tile]float32)(w)
			s0 += (v0*u[0] + v1*u[4]) + (v2*u[8] + v3*u[12])
			s1 += (v0*u[1] + v1*u[5]) + (v2*u[9] + v3*u[13])
			s2 += (v0*u[2] + v1*u[6]) + (v2*u[10] + v3*u[14])
			s3 += (v0*u[3] + v1*u[7]) + (v2*u[11] + v3*u[15])
		}
		t := (*[tile]float32)(to[o:])
		t[0], t[1], t[2], t[3] = max(s0, 0), max(s1, 0), max(s2, 0), max(s3, 0)
	}
}
