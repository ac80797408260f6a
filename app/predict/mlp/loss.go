package mlp

import "math"

// Loss says what the output unit is trained for, and so what its number means.
type Loss string

// The losses.
const (
	LogLoss      Loss = "log_loss"      // the output is the logit of a probability; y in [0, 1]; in nats
	SquaredError Loss = "squared_error" // the output is in the units of y; in their square
)

func (l Loss) known() bool { return l == LogLoss || l == SquaredError }

// at gives the loss of one output and its derivative by the output.
func (l Loss) at(output, y float64) (loss, slope float64) {
	if l == SquaredError {
		d := output - y
		return d * d, 2 * d
	}
	// -y ln(p) - (1-y) ln(1-p) without the logarithm of a rounded 0.
	e := math.Exp(-math.Abs(output))
	probability := 1 / (1 + e)
	if output < 0 {
		probability = e / (1 + e)
	}
	return max(output, 0) + math.Log1p(e) - y*output, probability - y
}
