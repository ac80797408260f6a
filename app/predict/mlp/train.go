package mlp

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/script-ohio/platform/app/fault"
)

// Dataset is what Train learns from.
type Dataset struct {
	Features   []string // p names
	Train      Samples  // at least 2 rows
	Validation Samples  // rows to choose the best epoch by; empty for none
}

// Samples are n rows.
type Samples struct {
	X      []float64 // row-major, n x p; NaN is missing and counts as the mean of its feature
	Y      []float64 // n targets: in [0, 1] for LogLoss, any number for SquaredError
	Weight []float64 // n weights >= 0, or nil for ones; only their ratios count
}

// Report tells how a training run went.
type Report struct {
	TrainLoss      []float64 `json:"train_loss"`                // by epoch: mean loss of the batches as they were learned, dropout on
	ValidationLoss []float64 `json:"validation_loss,omitempty"` // by epoch, after it, of the model as it would be written; empty without validation rows
	BestEpoch      int       `json:"best_epoch"`                // from 0, whose weights the model has: the least validation loss, else the last
	StoppedEarly   bool      `json:"stopped_early"`             // patience ran out before the epochs did
}

// Train learns a model by minibatches with Adam and batch normalisation. Inputs
// are standardised by the training rows, and so is y for SquaredError; the
// model's output is in the units of y all the same. Constant columns get no
// weight.
//
// The result depends on the data and the parameters alone: everything runs on
// the calling goroutine and all chance comes from the seed. It is the same bit
// for bit on one processor architecture; others may fuse a multiplication with
// an addition and differ in the last digits. When ctx ends,
// Train returns its error between two batches, wrapped as fault.Unavailable,
// with the report so far; data or parameters that cannot be learned from, and
// runs that diverge, are fault.Invalid.
//
// An epoch takes about six floating-point operations for each weight and row;
// memory is a copy of the training rows.
func Train(ctx context.Context, data Dataset, params Params) (*Model, Report, error) {
	var report Report
	if err := checkTraining(data, params); err != nil {
		return nil, report, err
	}
	r, err := newRun(data, params)
	if err != nil {
		return nil, report, err
	}
	var best *Model
	for epoch := range params.Epochs {
		loss, err := r.epoch(ctx)
		if err != nil {
			return nil, report, fault.Wrap(fault.Unavailable, err, "mlp: training stopped in epoch %d", epoch)
		}
		report.TrainLoss = append(report.TrainLoss, loss)
		model := r.model()
		network, err := model.Compile()
		if err != nil || !finite(loss) {
			return nil, report, fault.Wrap(fault.Invalid, err, "mlp: training diverged in epoch %d; lower the learning rate", epoch)
		}
		if len(data.Validation.Y) == 0 {
			best, report.BestEpoch = model, epoch
			continue
		}
		validation := network.meanLoss(params.Loss, data.Validation)
		if !finite(validation) {
			return nil, report, fault.New(fault.Invalid, "mlp: the validation loss of epoch %d is %v; lower the learning rate or look for outliers in the validation rows", epoch, validation)
		}
		report.ValidationLoss = append(report.ValidationLoss, validation)
		if best == nil || validation < report.ValidationLoss[report.BestEpoch] {
			best, report.BestEpoch = model, epoch
		}
		if params.Patience > 0 && epoch-report.BestEpoch >= params.Patience {
			report.StoppedEarly = epoch+1 < params.Epochs
			break
		}
	}
	return best, report, nil
}

func checkTraining(data Dataset, params Params) error {
	if err := params.Validate(); err != nil {
		return err
	}
	if err := checkNames(data.Features); err != nil {
		return err
	}
	if err := data.Train.check("training", data.Features, params.Loss); err != nil {
		return err
	}
	if err := data.Validation.check("validation", data.Features, params.Loss); err != nil {
		return err
	}
	if n := len(data.Train.Y); n < 2 {
		return fault.New(fault.Invalid, "mlp: %d training rows; at least 2 are needed", n)
	}
	if params.Patience > 0 && len(data.Validation.Y) == 0 {
		return fault.New(fault.Invalid, "mlp: patience needs validation rows to watch; add them or set it to 0")
	}
	return nil
}

// run is one training run: the standardised rows, the learner and one batch.
type run struct {
	features     []string
	loss         Loss
	columns      []column
	x, y, weight []float64
	offset       float64 // of y: its mean
	scale        float64 // of y: its standard deviation
	batches      int     // in an epoch, in sizes that differ by one at most
	order        []int
	random       *rand.Rand
	learner      *learner
	optimiser    *adam
	bx, by, bw   []float64 // the rows of the batch
}

func newRun(data Dataset, params Params) (*run, error) {
	columns, x, err := standardise(data.Features, data.Train.X)
	if err != nil {
		return nil, err
	}
	n, p := len(data.Train.Y), len(data.Features)
	r := &run{
		features: append([]string(nil), data.Features...), loss: params.Loss,
		columns: columns, x: x, y: make([]float64, n), weight: data.Train.weights(),
		batches: max(1, n/params.BatchSize), order: make([]int, n),
		random: rand.New(rand.NewPCG(params.Seed, 0)),
	}
	var bias float64
	r.offset, r.scale, bias = target(params.Loss, data.Train.Y, r.weight)
	if !finite(r.scale) {
		return nil, fault.New(fault.Invalid, "mlp: the values of y are too large to average")
	}
	for i, v := range data.Train.Y {
		r.order[i], r.y[i] = i, (v-r.offset)/r.scale
	}
	most := (n + r.batches - 1) / r.batches
	r.bx, r.by, r.bw = make([]float64, most*p), make([]float64, most), make([]float64, most)
	r.learner = newLearner(p, params, most, r.random)
	r.learner.bias[0] = bias
	for j, c := range columns {
		if c.constant {
			r.learner.silence(j)
		}
	}
	r.optimiser = newAdam(params, len(r.learner.values))
	return r, nil
}

// epoch learns every row once, in a new order, and gives the mean loss.
func (r *run) epoch(ctx context.Context) (float64, error) {
	n, p := len(r.order), len(r.features)
	r.random.Shuffle(n, func(i, j int) { r.order[i], r.order[j] = r.order[j], r.order[i] })
	sum := 0.0
	for b := range r.batches {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		rows := r.order[b*n/r.batches : (b+1)*n/r.batches]
		for i, row := range rows {
			copy(r.bx[i*p:(i+1)*p], r.x[row*p:])
			r.by[i], r.bw[i] = r.y[row], r.weight[row]
		}
		sum += r.learner.learn(r.bx[:len(rows)*p], r.by[:len(rows)], r.bw[:len(rows)])
		r.optimiser.step(r.learner.values, r.learner.gradient, r.learner.weights)
	}
	return sum / float64(n) * r.scale * r.scale, nil
}

// model gives the model as it stands.
func (r *run) model() *Model {
	m := &Model{Version: Version, Loss: r.loss, Features: r.features, Layers: r.learner.layers(r.scale, r.offset)}
	for _, c := range r.columns {
		m.Mean, m.Scale = append(m.Mean, c.mean), append(m.Scale, c.scale)
	}
	return m
}

// meanLoss gives the weighted mean loss over checked samples.
func (n *Network) meanLoss(loss Loss, s Samples) float64 {
	out := make([]float64, len(s.Y))
	if err := n.PredictBatch(s.X, out); err != nil {
		return math.NaN()
	}
	sum := 0.0
	for i, w := range s.weights() {
		l, _ := loss.at(out[i], s.Y[i])
		sum += w * l
	}
	return sum / float64(len(out))
}
