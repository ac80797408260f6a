package mlp

import "math"

// adam is the optimiser of Kingma & Ba, "Adam: A Method for Stochastic
// Optimization", ICLR 2015, with the weight decay decoupled from the gradient
// (Loshchilov & Hutter, ICLR 2019).
type adam struct {
	rate, decay   float64
	first, second []float64 // running moments of the gradient
	power1        float64   // beta1 to the number of steps
	power2        float64
}

// The decay rates and the guard against division by zero that the paper names.
const (
	beta1       = 0.9
	beta2       = 0.999
	adamEpsilon = 1e-8
)

func newAdam(params Params, count int) *adam {
	return &adam{
		rate: params.LearningRate, decay: params.WeightDecay,
		first: make([]float64, count), second: make([]float64, count), power1: 1, power2: 1,
	}
}

// step moves the values against their gradient; the first weights of them decay.
func (a *adam) step(values, gradient []float64, weights int) {
	a.power1 *= beta1
	a.power2 *= beta2
	rate, correction := a.rate/(1-a.power1), 1/(1-a.power2)
	for i := range values[:weights] {
		values[i] -= a.rate * a.decay * values[i]
	}
	for i, g := range gradient {
		a.first[i] = beta1*a.first[i] + (1-beta1)*g
		a.second[i] = beta2*a.second[i] + (1-beta2)*g*g
		values[i] -= rate * a.first[i] / (math.Sqrt(a.second[i]*correction) + adamEpsilon)
	}
}
