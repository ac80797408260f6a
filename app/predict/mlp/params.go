package mlp

import (
	"fmt"
	"strings"

	"github.com/script-ohio/platform/app/fault"
)

// Params are the choices of a training run.
type Params struct {
	Hidden       []int   `json:"hidden"`        // units of each hidden layer, 1 to MaxWidth; none makes the model linear
	Loss         Loss    `json:"loss"`          // what to minimise
	Epochs       int     `json:"epochs"`        // passes over the training rows, >= 1
	BatchSize    int     `json:"batch_size"`    // least rows in a step, >= 2 because a batch of one has no variance
	LearningRate float64 `json:"learning_rate"` // Adam's step size, > 0
	WeightDecay  float64 `json:"weight_decay"`  // decoupled (AdamW), on weights only; >= 0
	Dropout      float64 `json:"dropout"`       // share of hidden units dropped in training, [0, 1); 0 is off
	Patience     int     `json:"patience"`      // epochs without a better validation loss before stopping; 0 is off
	Seed         uint64  `json:"seed"`          // of initial weights, order of rows and dropout
}

// DefaultParams are fair choices for some ten thousand rows of some dozen
// features.
func DefaultParams(loss Loss) Params {
	return Params{
		Hidden: []int{32, 16}, Loss: loss, Epochs: 30, BatchSize: 128,
		LearningRate: 2e-3, WeightDecay: 1e-2, Dropout: 0.1, Patience: 5, Seed: 1,
	}
}

// Validate tells of everything that is wrong with the parameters at once:
// fault.Invalid with one detail for each.
func (p Params) Validate() error {
	var wrong []fault.Detail
	check := func(ok bool, location string, value any, want string) {
		if !ok {
			wrong = append(wrong, fault.Detail{
				Location: location, Value: value,
				Message: fmt.Sprintf("%s is %v, it must be %s", location, value, want),
			})
		}
	}
	for i, units := range p.Hidden {
		check(units >= 1 && units <= MaxWidth, fmt.Sprintf("hidden[%d]", i), units, fmt.Sprintf("1 to %d", MaxWidth))
	}
	check(p.Loss.known(), "loss", p.Loss, fmt.Sprintf("%s or %s", LogLoss, SquaredError))
	check(p.Epochs >= 1, "epochs", p.Epochs, "at least 1")
	check(p.BatchSize >= 2, "batch_size", p.BatchSize, "at least 2")
	check(finite(p.LearningRate) && p.LearningRate > 0, "learning_rate", p.LearningRate, "positive and finite")
	check(finite(p.WeightDecay) && p.WeightDecay >= 0, "weight_decay", p.WeightDecay, "finite and not negative")
	check(p.Dropout >= 0 && p.Dropout < 1, "dropout", p.Dropout, "at least 0 and below 1")
	check(p.Patience >= 0, "patience", p.Patience, "at least 0")
	if len(wrong) == 0 {
		return nil
	}
	messages := make([]string, len(wrong))
	for i, d := range wrong {
		messages[i] = d.Message
	}
	return fault.New(fault.Invalid, "mlp: %s", strings.Join(messages, "; ")).With(wrong...)
}
