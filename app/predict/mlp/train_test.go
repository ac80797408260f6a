package mlp_test

import (
	"context"
	"encoding/json"
	"math"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/mlp"
)

func params(loss mlp.Loss) mlp.Params {
	p := mlp.DefaultParams(loss)
	p.Patience, p.Epochs, p.Dropout = 0, 10, 0
	return p
}

func train(t *testing.T, data mlp.Dataset, p mlp.Params) (*mlp.Model, *mlp.Network, mlp.Report) {
	t.Helper()
	m, report, err := mlp.Train(t.Context(), data, p)
	require.NoError(t, err)
	network, err := m.Compile()
	require.NoError(t, err)
	return m, network, report
}

func TestLearnsXOR(t *testing.T) {
	var s mlp.Samples
	for i := range 64 {
		a, b := i&1, i>>1&1
		s.X = append(s.X, float64(a), float64(b))
		s.Y = append(s.Y, float64(a^b))
	}
	p := params(mlp.LogLoss)
	p.Hidden, p.Epochs, p.BatchSize, p.LearningRate = []int{8}, 200, 16, 0.02
	_, network, report := train(t, mlp.Dataset{Features: names(2), Train: s}, p)
	for i := range 4 {
		logit := network.Predict(s.X[2*i : 2*i+2])
		require.Greater(t, logit*(2*s.Y[i]-1), 2.0, "%v", s.X[2*i:2*i+2])
	}
	require.Less(t, report.TrainLoss[199], report.TrainLoss[0]/5)
	require.Equal(t, 199, report.BestEpoch)
}

func TestRegressionPredictsInTheUnitsOfY(t *testing.T) {
	s := noisy(2000, 3, 1)
	for i := range s.Y {
		s.Y[i] = 500 + 40*math.Abs(s.X[3*i]) - 25*s.X[3*i+1]
	}
	p := params(mlp.SquaredError)
	p.Epochs, p.LearningRate = 40, 0.01
	_, network, report := train(t, mlp.Dataset{Features: names(3), Train: s, Validation: s}, p)
	squares, out := 0.0, make([]float64, len(s.Y))
	require.NoError(t, network.PredictBatch(s.X, out))
	for i, y := range s.Y {
		squares += (out[i] - y) * (out[i] - y)
	}
	mse := squares / float64(len(s.Y))
	require.InEpsilon(t, mse, report.ValidationLoss[report.BestEpoch], 1e-9, "the report is in the units of y")
	require.Less(t, mse, 40.0, "the variance of y is about 1,200")
}

func TestTrainingIsBitForBitRepeatable(t *testing.T) {
	data := mlp.Dataset{Features: names(6), Train: noisy(700, 6, 1), Validation: noisy(200, 6, 2)}
	p := params(mlp.LogLoss)
	p.Dropout = 0.2
	first, _, report := train(t, data, p)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	again, _, reportAgain := train(t, data, p)
	require.Empty(t, cmp.Diff(first, again))
	require.Empty(t, cmp.Diff(report, reportAgain))
	p.Seed++
	other, _, _ := train(t, data, p)
	require.NotEqual(t, first.Layers[0].Weight, other.Layers[0].Weight)
}

func TestEarlyStoppingKeepsTheBestEpoch(t *testing.T) {
	// Few rows, many units and labels of mostly noise: it must overfit.
	data := mlp.Dataset{Features: names(10), Train: noisy(120, 10, 3), Validation: noisy(400, 10, 4)}
	for i := range data.Train.Y {
		if i%3 == 0 {
			data.Train.Y[i] = 1 - data.Train.Y[i]
		}
	}
	p := params(mlp.LogLoss)
	p.Epochs, p.BatchSize, p.LearningRate, p.Patience = 300, 16, 0.01, 4
	m, _, report := train(t, data, p)
	require.True(t, report.StoppedEarly)
	require.Len(t, report.ValidationLoss, report.BestEpoch+1+p.Patience)
	require.Len(t, report.TrainLoss, len(report.ValidationLoss))
	for _, loss := range report.ValidationLoss {
		require.GreaterOrEqual(t, loss, report.ValidationLoss[report.BestEpoch])
	}
	// The same run cut off after the best epoch ends with the same weights.
	p.Epochs, p.Patience, data.Validation = report.BestEpoch+1, 0, mlp.Samples{}
	cut, _, cutReport := train(t, data, p)
	require.Empty(t, cmp.Diff(m, cut))
	require.False(t, cutReport.StoppedEarly)
	require.Empty(t, cutReport.ValidationLoss)
	_, err := json.Marshal(cutReport)
	require.NoError(t, err)
}

func TestMissingValuesCountAsTheMean(t *testing.T) {
	data := mlp.Dataset{Features: names(3), Train: noisy(300, 3, 1)}
	sum, count := 0.0, 0.0
	for i := range data.Train.Y {
		if i%4 == 0 {
			data.Train.X[3*i] = math.NaN()
			continue
		}
		data.Train.X[3*i] += 10
		sum, count = sum+data.Train.X[3*i], count+1
	}
	m, network, _ := train(t, data, params(mlp.LogLoss))
	require.InDelta(t, sum/count, m.Mean[0], 1e-12, "of the values present")
	require.Equal(t, network.Predict([]float64{m.Mean[0], 0, 1}), network.Predict([]float64{math.NaN(), 0, 1}))
	require.NotEqual(t, network.Predict([]float64{12, 0, 1}), network.Predict([]float64{math.NaN(), 0, 1}))
}

func TestConstantColumnsAreWithoutEffect(t *testing.T) {
	for _, hidden := range [][]int{{8}, {}} {
		s := noisy(300, 3, 1)
		for i := range s.Y {
			s.X[3*i+1] = 0.1
		}
		p := params(mlp.LogLoss)
		p.Hidden = hidden
		_, network, _ := train(t, mlp.Dataset{Features: names(3), Train: s}, p)
		require.Equal(t, network.Predict([]float64{1, 0.1, 2}), network.Predict([]float64{1, 77, 2}))
		require.NotEqual(t, network.Predict([]float64{1, 0.1, 2}), network.Predict([]float64{1, 0.1, 3}))
	}
}

func TestOnlyRatiosOfWeightsCount(t *testing.T) {
	data := mlp.Dataset{Features: names(3), Train: noisy(200, 3, 1)}
	weigh := func(even, odd float64) *mlp.Model {
		data.Train.Weight = make([]float64, 200)
		for i := range data.Train.Weight {
			data.Train.Weight[i] = []float64{even, odd}[i%2]
		}
		m, _, _ := train(t, data, params(mlp.LogLoss))
		return m
	}
	require.Empty(t, cmp.Diff(weigh(1, 2), weigh(4, 8)))
	require.NotEqual(t, weigh(1, 2).Layers[0].Weight, weigh(2, 1).Layers[0].Weight)
}

func TestWhatCannotBeLearnedFromIsRefused(t *testing.T) {
	nan := math.NaN()
	for name, tc := range map[string]struct {
		spoil func(*mlp.Dataset, *mlp.Params)
		want  string
	}{
		"no rows":          {func(d *mlp.Dataset, _ *mlp.Params) { d.Train = mlp.Samples{} }, "0 training rows"},
		"ragged x":         {func(d *mlp.Dataset, _ *mlp.Params) { d.Train.X = d.Train.X[1:] }, "x needs 150"},
		"weights":          {func(d *mlp.Dataset, _ *mlp.Params) { d.Train.Weight = []float64{1} }, "weight 50"},
		"infinite x":       {func(d *mlp.Dataset, _ *mlp.Params) { d.Train.X[4] = math.Inf(-1) }, `training row 1: "x1" is -Inf`},
		"validation x":     {func(d *mlp.Dataset, _ *mlp.Params) { d.Validation.X[4] = math.Inf(1) }, `validation row 1: "x1"`},
		"NaN y":            {func(d *mlp.Dataset, _ *mlp.Params) { d.Train.Y[2] = nan }, "training row 2: y is NaN"},
		"y for logs":       {func(d *mlp.Dataset, _ *mlp.Params) { d.Train.Y[2] = 1.5 }, "y is 1.5"},
		"negative weight":  {func(d *mlp.Dataset, _ *mlp.Params) { d.Train.Weight = make([]float64, 50); d.Train.Weight[3] = -1 }, "row 3: the weight is -1"},
		"no weight":        {func(d *mlp.Dataset, _ *mlp.Params) { d.Train.Weight = make([]float64, 50) }, "add up to 0"},
		"names":            {func(d *mlp.Dataset, _ *mlp.Params) { d.Features[0] = "" }, "no name of its own"},
		"huge x":           {func(d *mlp.Dataset, _ *mlp.Params) { d.Train.X[0], d.Train.X[3] = 1e308, -1e308 }, `"x0" are too large`},
		"huge y":           {func(d *mlp.Dataset, p *mlp.Params) { p.Loss = mlp.SquaredError; d.Train.Y[0] = 1e200 }, "y are too large"},
		"patience":         {func(d *mlp.Dataset, p *mlp.Params) { d.Validation, p.Patience = mlp.Samples{}, 3 }, "patience needs validation rows"},
		"divergence":       {func(_ *mlp.Dataset, p *mlp.Params) { p.LearningRate = 1e300 }, "diverged in epoch 0"},
		"a missing column": {func(d *mlp.Dataset, _ *mlp.Params) { fill(d.Train.X, 1, 3, nan) }, `"x1" is missing in every row`},
	} {
		t.Run(name, func(t *testing.T) {
			d := mlp.Dataset{Features: names(3), Train: noisy(50, 3, 1), Validation: noisy(20, 3, 2)}
			p := params(mlp.LogLoss)
			tc.spoil(&d, &p)
			m, _, err := mlp.Train(t.Context(), d, p)
			require.Nil(t, m)
			require.ErrorContains(t, err, tc.want)
			require.Equal(t, fault.Invalid, fault.CodeOf(err))
		})
	}
}

func fill(x []float64, from, step int, v float64) {
	for i := from; i < len(x); i += step {
		x[i] = v
	}
}

func TestParamsTellOfAllProblemsAtOnce(t *testing.T) {
	err := mlp.Params{Hidden: []int{8, 0}, Dropout: 1, LearningRate: math.NaN(), WeightDecay: -1, Patience: -1}.Validate()
	var f *fault.Error
	require.ErrorAs(t, err, &f)
	var where []string
	for _, d := range f.Details {
		where = append(where, d.Location)
		require.ErrorContains(t, err, d.Message)
	}
	require.Equal(t, []string{"hidden[1]", "loss", "epochs", "batch_size", "learning_rate", "weight_decay", "dropout", "patience"}, where)
	require.NoError(t, mlp.DefaultParams(mlp.LogLoss).Validate())
	require.NoError(t, mlp.DefaultParams(mlp.SquaredError).Validate())
}

// ending is a context that ends after it was asked a number of times.
type ending struct {
	context.Context
	left int
}

func (c *ending) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestTrainingEndsWithItsContext(t *testing.T) {
	data := mlp.Dataset{Features: names(3), Train: noisy(100, 3, 1)}
	p := params(mlp.LogLoss)
	p.BatchSize = 10
	m, report, err := mlp.Train(&ending{t.Context(), 25}, data, p)
	require.Nil(t, m)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	require.Len(t, report.TrainLoss, 2, "two epochs of ten batches were whole")
}
