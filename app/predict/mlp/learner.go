package mlp

import (
	"math"
	"math/rand/v2"
)

// learner is a perceptron in training: float64 parameters, the gradient and
// what one batch leaves behind for its way back.
type learner struct {
	loss     Loss
	dropout  float64
	random   *rand.Rand
	hidden   []*hiddenLayer
	weight   []float64 // of the output unit
	bias     []float64 // its one bias
	dWeight  []float64
	dBias    []float64
	output   []float64 // batch
	dOutput  []float64 // batch
	values   []float64 // all parameters; the weights of linear maps come first
	gradient []float64 // of the mean loss of the batch by values
	weights  int       // how many of values are weights
}

// hiddenLayer is linear map (its bias is the shift), normalisation, ReLU and
// dropout. All matrices are row-major.
type hiddenLayer struct {
	in, out                int
	weight, gain, shift    []float64 // in x out; out; out
	dWeight, dGain, dShift []float64
	mean, variance         []float64 // running statistics, out
	batches                float64   // that they have seen
	batchMean, inverse     []float64 // of the batch: mean, 1/standard deviation
	input, normal, active  []float64 // of the batch: rows x in; rows x out before gain; rows x out
	delta, reversed        []float64 // rows x out; weight as out x in
}

const (
	normEpsilon  = 1e-5
	normMomentum = 0.1 // share of the newest batch in the running statistics
)

// newLearner allocates everything for batches of at most rows.
func newLearner(inputs int, params Params, rows int, random *rand.Rand) *learner {
	l := &learner{loss: params.Loss, dropout: params.Dropout, random: random}
	in, norms := inputs, 0
	for _, out := range params.Hidden {
		l.weights += in * out
		norms += 2 * out
		in = out
	}
	l.weights += in
	l.values = make([]float64, l.weights+norms+1)
	l.gradient = make([]float64, len(l.values))
	values, gradient := l.values, l.gradient
	take := func(n int) (value, slope []float64) {
		value, slope = values[:n:n], gradient[:n:n]
		values, gradient = values[n:], gradient[n:]
		return value, slope
	}

	in = inputs
	for _, out := range params.Hidden {
		h := &hiddenLayer{
			in: in, out: out, mean: make([]float64, out), variance: make([]float64, out),
			batchMean: make([]float64, out), inverse: make([]float64, out),
			normal: make([]float64, rows*out), active: make([]float64, rows*out), delta: make([]float64, rows*out),
			reversed: make([]float64, out*in),
		}
		h.weight, h.dWeight = take(in * out)
		l.hidden = append(l.hidden, h)
		in = out
	}
	l.weight, l.dWeight = take(in)
	for _, h := range l.hidden {
		h.gain, h.dGain = take(h.out)
		h.shift, h.dShift = take(h.out)
	}
	l.bias, l.dBias = take(1)
	l.output, l.dOutput = make([]float64, rows), make([]float64, rows)
	l.initialise()
	return l
}

// initialise draws the weights with variance 2/inputs (He et al., "Delving
// Deep into Rectifiers", ICCV 2015).
func (l *learner) initialise() {
	draw := func(weight []float64, in int) {
		sd := math.Sqrt(2 / float64(in))
		for i := range weight {
			weight[i] = sd * l.random.NormFloat64()
		}
	}
	for _, h := range l.hidden {
		draw(h.weight, h.in)
		for o := range h.gain {
			h.gain[o] = 1
			h.variance[o] = 1
		}
	}
	draw(l.weight, len(l.weight))
}

// silence takes input j out of the network for good: its weights are 0, and
// stay so when it is 0 in every row.
func (l *learner) silence(j int) {
	if len(l.hidden) == 0 {
		l.weight[j] = 0
		return
	}
	h := l.hidden[0]
	clear(h.weight[j*h.out : (j+1)*h.out])
}

// learn runs one batch forwards and backwards: it fills gradient and gives the
// sum of weight*loss. x is row-major; y and weight have one value for each row.
func (l *learner) learn(x, y, weight []float64) float64 {
	rows := len(y)
	last := x
	for _, h := range l.hidden {
		last = h.forward(last, rows)
		l.drop(last)
	}
	in := len(l.weight)
	product(l.output, last, l.weight, rows, in, 1, in, 1)
	sum := 0.0
	l.dBias[0] = 0
	for r := range rows {
		loss, slope := l.loss.at(l.output[r]+l.bias[0], y[r])
		sum += weight[r] * loss
		l.dOutput[r] = weight[r] * slope / float64(rows)
		l.dBias[0] += l.dOutput[r]
	}

	product(l.dWeight, last, l.dOutput, in, rows, 1, 1, in)
	if len(l.hidden) == 0 {
		return sum
	}
	h := l.hidden[len(l.hidden)-1]
	product(h.delta, l.dOutput, l.weight, rows, 1, in, 1, 1)
	for i := len(l.hidden) - 1; i >= 0; i-- {
		h := l.hidden[i]
		h.backward(rows, 1/(1-l.dropout))
		if i > 0 {
			transpose(h.reversed, h.weight, h.in, h.out)
			product(l.hidden[i-1].delta, h.delta, h.reversed, rows, h.out, h.in, h.out, 1)
		}
	}
	return sum
}

// drop silences a share of the units and makes up for it in the others
// (Srivastava et al., "Dropout", JMLR 15, 2014).
func (l *learner) drop(active []float64) {
	if l.dropout == 0 {
		return
	}
	factor := 1 / (1 - l.dropout)
	for i, v := range active {
		if l.random.Float64() < l.dropout {
			active[i] = 0
		} else {
			active[i] = v * factor
		}
	}
}

// forward gives relu(gain*normal + shift), with the statistics of the batch,
// and moves the running statistics towards them.
func (h *hiddenLayer) forward(input []float64, rows int) []float64 {
	h.input = input
	normal, active := h.normal[:rows*h.out], h.active[:rows*h.out]
	product(normal, input, h.weight, rows, h.in, h.out, h.in, 1)

	mean, inverse, n := h.batchMean, h.inverse, float64(rows)
	clear(mean)
	clear(inverse)
	for at := 0; at < len(normal); at += h.out {
		for o, v := range normal[at : at+h.out] {
			mean[o] += v
		}
	}
	for o := range mean {
		mean[o] /= n
	}
	for at := 0; at < len(normal); at += h.out {
		for o, v := range normal[at : at+h.out] {
			d := v - mean[o]
			inverse[o] += d * d
		}
	}
	// The first batches count fully, so that short runs have statistics too.
	h.batches++
	share := max(normMomentum, 1/h.batches)
	for o, squares := range inverse {
		h.mean[o] += share * (mean[o] - h.mean[o])
		h.variance[o] += share * (squares/(n-1) - h.variance[o])
		inverse[o] = 1 / math.Sqrt(squares/n+normEpsilon)
	}
	for at := 0; at < len(normal); at += h.out {
		from, to := normal[at:at+h.out], active[at:at+h.out]
		for o, v := range from {
			v = (v - mean[o]) * inverse[o]
			from[o] = v
			to[o] = max(0, h.gain[o]*v+h.shift[o])
		}
	}
	return active
}

// backward takes in delta the gradient by active, and leaves there the
// gradient by the linear map's result; factor is what dropout multiplied the
// surviving units with.
func (h *hiddenLayer) backward(rows int, factor float64) {
	delta, active, normal := h.delta[:rows*h.out], h.active[:rows*h.out], h.normal[:rows*h.out]
	clear(h.dGain)
	clear(h.dShift)
	for at := 0; at < len(delta); at += h.out {
		d, a, u := delta[at:at+h.out], active[at:at+h.out], normal[at:at+h.out]
		for o := range d {
			if a[o] > 0 {
				d[o] *= factor
				h.dShift[o] += d[o]
				h.dGain[o] += d[o] * u[o]
			} else {
				d[o] = 0
			}
		}
	}
	n := float64(rows)
	for at := 0; at < len(delta); at += h.out {
		d, u := delta[at:at+h.out], normal[at:at+h.out]
		for o := range d {
			d[o] = h.gain[o] * h.inverse[o] * (d[o] - (h.dShift[o]+u[o]*h.dGain[o])/n)
		}
	}
	product(h.dWeight, h.input, delta, h.in, rows, h.out, 1, h.in)
}

// layers gives the perceptron as it stands, by running statistics, its output
// multiplied by scale and moved by offset.
func (l *learner) layers(scale, offset float64) []Layer {
	var layers []Layer
	for _, h := range l.hidden {
		layer := Layer{In: h.in, Out: h.out, Weight: make([]float32, h.in*h.out), Bias: make([]float32, h.out)}
		transpose(layer.Weight, h.weight, h.in, h.out)
		layer.Norm = &BatchNorm{
			Gain: narrowed(h.gain, 1), Shift: narrowed(h.shift, 1),
			Mean: narrowed(h.mean, 1), Variance: narrowed(h.variance, 1), Epsilon: normEpsilon,
		}
		layers = append(layers, layer)
	}
	return append(layers, Layer{
		In: len(l.weight), Out: 1, Weight: narrowed(l.weight, scale),
		Bias: []float32{float32(l.bias[0]*scale + offset)},
	})
}

// narrowed gives the values, times factor, as float32.
func narrowed(values []float64, factor float64) []float32 {
	out := make([]float32, len(values))
	for i, v := range values {
		out[i] = float32(v * factor)
	}
	return out
}
