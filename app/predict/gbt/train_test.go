package gbt

import (
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/fault"
)

// smallParams train quickly.
func smallParams(objective Objective) Params {
	p := DefaultParams(objective)
	p.Rounds, p.MaxDepth = 20, 3
	return p
}

func mustTrain(tb rapid.TB, data Dataset, p Params) (*Model, Report) {
	m, report, err := Train(context.Background(), data, p)
	require.NoError(tb, err)
	return m, report
}

// The margins that training keeps are the model's, bit for bit: the losses in
// the report are those of the model that comes out, and of its file.
func TestReportedLossIsTheModels(t *testing.T) {
	for _, objective := range []Objective{Logistic, SquaredError} {
		for _, share := range []float64{1, 0.6} {
			train, validation := synthetic(700, 6, objective, 1), synthetic(300, 6, objective, 2)
			p := smallParams(objective)
			p.RowSample, p.ColSample, p.Validation = share, share, &validation
			m, report := mustTrain(t, train, p)
			require.Len(t, report.Losses, p.Rounds)
			require.Equal(t, p.Rounds, report.BestRound)
			require.Equal(t, train.Features, m.Features())
			last := report.Losses[p.Rounds-1]
			for data, want := range map[*Dataset]float64{&train: last.Train, &validation: last.Validation} {
				f := newFit(data, objective, 0)
				m.MarginBatch(data.X, f.margins)
				require.Equal(t, want, f.loss())
			}
		}
	}
}

// With all rows, every step lowers the training loss.
func TestTrainLossFalls(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		objective := rapid.SampledFrom([]Objective{Logistic, SquaredError}).Draw(t, "objective")
		data := synthetic(rapid.IntRange(1, 200).Draw(t, "rows"), 3, objective, rapid.Uint64().Draw(t, "seed"))
		p := smallParams(objective)
		p.MaxBins = rapid.IntRange(2, 256).Draw(t, "bins")
		p.MaxDepth = rapid.IntRange(1, 6).Draw(t, "depth")
		p.MinChildWeight = rapid.Float64Range(0, 5).Draw(t, "child")
		_, report := mustTrain(t, data, p)
		before := math.Inf(1)
		for round, loss := range report.Losses {
			require.LessOrEqual(t, loss.Train, before*(1+1e-6)+1e-6, "round %d", round+1)
			before = loss.Train
		}
	})
}

// A grown tree obeys its parameters, and its statistics agree with each other.
func TestTreesObeyTheParameters(t *testing.T) {
	data := synthetic(800, 5, SquaredError, 7)
	p := smallParams(SquaredError)
	p.MinChildWeight, p.Gamma, p.MaxDepth = 30, 25, 4
	m, _ := mustTrain(t, data, p)
	splits := 0
	for k, tr := range m.trees {
		require.LessOrEqual(t, tr.depth, int32(p.MaxDepth))
		nodes, stats := m.treeNodes(k), m.treeStats(k)
		depth, err := checkShape(nodes, stats)
		require.NoError(t, err)
		require.Equal(t, tr.depth, depth)
		require.Equal(t, float32(800), stats[0].cover)
		for i := range nodes {
			if nodes[i].leaf() {
				require.GreaterOrEqual(t, stats[i].cover, float32(30))
				continue
			}
			splits++
			require.GreaterOrEqual(t, stats[i].gain, float32(25))
			require.Equal(t, stats[i].cover, stats[nodes[i].left].cover+stats[nodes[i].right].cover)
		}
	}
	require.Positive(t, splits)
}

func TestTrainIsDeterministic(t *testing.T) {
	data := synthetic(900, 7, Logistic, 3)
	p := smallParams(Logistic)
	p.RowSample, p.ColSample, p.Seed = 0.7, 0.5, 42
	train := func() []byte {
		m, _ := mustTrain(t, data, p)
		return written(t, m.WriteJSON)
	}
	want := train()
	for _, processors := range []int{1, 2, 8} {
		before := runtime.GOMAXPROCS(processors)
		got := train()
		runtime.GOMAXPROCS(before)
		require.Equal(t, want, got, "with %d processors", processors)
	}
	p.Seed++
	require.NotEqual(t, want, train())
}

func TestTrainedModelReadsBackIdentically(t *testing.T) {
	data := synthetic(500, 5, Logistic, 6)
	m, _ := mustTrain(t, data, smallParams(Logistic))
	for _, data := range [][]byte{written(t, m.WriteJSON), written(t, m.WriteUBJ)} {
		require.NoError(t, sameModel(m, data))
	}
}

// The rows whose value is missing are told apart, whichever side they belong to.
func TestMissingValuesFindTheirSide(t *testing.T) {
	nan := float32(math.NaN())
	for name, c := range map[string]struct {
		missing float32 // target of rows without a value
		other   func(x float32) float32
	}{
		"with the large":  {1, func(x float32) float32 { return b2f(x > 50) }},
		"with the small":  {1, func(x float32) float32 { return b2f(x < 50) }},
		"against present": {1, func(float32) float32 { return 0 }},
	} {
		t.Run(name, func(t *testing.T) {
			data := Dataset{Features: []string{"x"}}
			for i := range 200 {
				x := float32(i % 100)
				data.X, data.Y = append(data.X, x, nan), append(data.Y, c.other(x), c.missing)
			}
			p := DefaultParams(SquaredError)
			p.Rounds, p.MaxDepth = 60, 1
			m, _ := mustTrain(t, data, p)
			require.InDelta(t, c.missing, m.Predict([]float32{nan}), 0.01)
			for _, x := range []float32{0, 20, 80, 99} {
				require.InDelta(t, c.other(x), m.Predict([]float32{x}), 0.01, "at %v", x)
			}
		})
	}
}

func b2f(b bool) float32 {
	if b {
		return 1
	}
	return 0
}

// Where training saw no missing value, one goes to the larger side.
func TestUnseenMissingValuesGoWithTheMost(t *testing.T) {
	for _, border := range []float32{20, 80} {
		data := Dataset{Features: []string{"x"}}
		for i := range 100 {
			data.X, data.Y = append(data.X, float32(i)), append(data.Y, b2f(float32(i) < border))
		}
		p := DefaultParams(SquaredError)
		p.Rounds, p.MaxDepth = 1, 1
		m, _ := mustTrain(t, data, p)
		require.Equal(t, m.Margin([]float32{50}), m.Margin([]float32{float32(math.NaN())}))
	}
}

func TestEarlyStopKeepsTheBestRound(t *testing.T) {
	train, validation := synthetic(300, 8, Logistic, 1), synthetic(300, 8, Logistic, 2)
	p := DefaultParams(Logistic)
	p.Rounds, p.EarlyStop, p.Validation = 500, 10, &validation
	m, report := mustTrain(t, train, p)
	best := slices.MinFunc(report.Losses, func(a, b Loss) int {
		return int(math.Copysign(1, a.Validation-b.Validation))
	})
	require.Less(t, len(report.Losses), p.Rounds)
	require.Equal(t, best, report.Losses[report.BestRound-1])
	require.Equal(t, report.BestRound+p.EarlyStop, len(report.Losses))
	require.Equal(t, report.BestRound, m.NumTrees())

	p.Rounds, p.EarlyStop, p.Validation = report.BestRound, 0, nil
	alone, _ := mustTrain(t, train, p)
	require.NoError(t, sameModel(alone, written(t, m.WriteJSON)))
}

// A row of weight n counts like n equal rows.
func TestWeightsCountRows(t *testing.T) {
	data := synthetic(200, 4, Logistic, 8)
	for i, x := range data.X { // few distinct values, so that the bins agree
		data.X[i] = float32(math.Round(float64(x) * 4))
	}
	repeated := Dataset{Features: data.Features}
	for i, y := range data.Y {
		data.Weight = append(data.Weight, float32(i%4))
		for range i % 4 {
			repeated.X = append(repeated.X, data.X[i*4:(i+1)*4]...)
			repeated.Y = append(repeated.Y, y)
		}
	}
	weighted, a := mustTrain(t, data, smallParams(Logistic))
	plain, b := mustTrain(t, repeated, smallParams(Logistic))
	require.InDelta(t, b.Losses[19].Train, a.Losses[19].Train, 1e-5)
	for i := range data.Y {
		row := data.X[i*4 : (i+1)*4]
		require.InDelta(t, plain.Predict(row), weighted.Predict(row), 1e-3)
	}
}

func TestBaseScore(t *testing.T) {
	data := Dataset{Features: []string{"x"}, X: []float32{1, 1, 1, 1}, Y: []float32{0, 1, 1, 1}}
	for _, c := range []struct {
		objective   Objective
		given, want float64
	}{
		{Logistic, math.NaN(), 0.75}, {Logistic, 0.5, 0.5}, {SquaredError, math.NaN(), 0.75}, {SquaredError, 3, 3},
	} {
		p := smallParams(c.objective)
		p.BaseScore, p.Rounds, p.MinChildWeight, p.LearningRate = c.given, 1, 100, 1e-9
		m, _ := mustTrain(t, data, p)
		require.InDelta(t, c.want, m.Predict([]float32{1}), 1e-6)
	}
}

func TestTrainNamesAllProblems(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	good := Dataset{Features: []string{"a", "b"}, X: []float32{1, nan, 3, 4}, Y: []float32{0, 1}}
	other := Dataset{Features: []string{"b", "a"}, X: []float32{1}, Y: []float32{inf}, Weight: []float32{0}}
	for name, c := range map[string]struct {
		data   Dataset
		change func(*Params)
		want   []string
	}{
		"all parameters": {good, func(p *Params) { *p = Params{MaxBins: 300, Lambda: -1, EarlyStop: -1} }, []string{
			"params.objective", "params.rounds", "params.max_depth", "params.max_bins", "params.early_stop",
			"params.learning_rate", "params.row_sample", "params.col_sample", "params.lambda", "params.early_stop",
		}},
		"not a number":     {good, func(p *Params) { p.Gamma, p.RowSample = math.NaN(), math.NaN() }, []string{"params.row_sample", "params.gamma"}},
		"base score":       {good, func(p *Params) { p.BaseScore = 1 }, []string{"params.base_score"}},
		"early stop alone": {good, func(p *Params) { p.EarlyStop = 3 }, []string{"params.early_stop"}},
		"no data":          {Dataset{}, func(*Params) {}, []string{"data.features", "data.y"}},
		"wrong size":       {Dataset{Features: good.Features, X: []float32{1}, Y: good.Y}, func(*Params) {}, []string{"data.x"}},
		"infinite value":   {Dataset{Features: good.Features, X: []float32{1, 2, inf, 4}, Y: good.Y}, func(*Params) {}, []string{"data.x row 1, a"}},
		"no probability":   {Dataset{Features: good.Features, X: good.X, Y: []float32{0, 2}}, func(*Params) {}, []string{"data.y row 1"}},
		"bad weight":       {Dataset{Features: good.Features, X: good.X, Y: good.Y, Weight: []float32{1, -1}}, func(*Params) {}, []string{"data.weight row 1"}},
		"validation": {good, func(p *Params) { p.Validation = &other }, []string{
			"validation.x", "validation.y row 0", "validation.weight", "validation.features",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			p := smallParams(Logistic)
			c.change(&p)
			m, _, err := Train(context.Background(), c.data, p)
			require.Nil(t, m)
			var f *fault.Error
			require.ErrorAs(t, err, &f)
			require.Equal(t, fault.Invalid, f.Code)
			var got []string
			for _, d := range f.Details {
				got = append(got, d.Location)
			}
			require.Equal(t, c.want, got)
		})
	}
}

func TestTrainStopsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errors.New("shutting down"))
	_, _, err := Train(ctx, synthetic(50, 2, Logistic, 1), smallParams(Logistic))
	require.ErrorIs(t, err, context.Canceled)
}

func TestReportUsesTheClock(t *testing.T) {
	now := time.Unix(0, 0)
	p := smallParams(Logistic)
	p.Clock = func() time.Time { now = now.Add(time.Minute); return now }
	_, report := mustTrain(t, synthetic(50, 2, Logistic, 1), p)
	require.Equal(t, time.Minute, report.Duration)
}

func TestTrainRefusesToOverflow(t *testing.T) {
	data := Dataset{Features: []string{"x"}, X: []float32{0, 1}, Y: []float32{-3e38, 3e38}}
	p := smallParams(SquaredError)
	p.LearningRate, p.Lambda, p.BaseScore = 1, 0, -3e38
	_, _, err := Train(context.Background(), data, p)
	require.ErrorContains(t, err, "scale the target down")
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
}

// Trees correct the margins that the data brings along, and the model holds the
// correction alone.
func TestOffsetIsWhatTreesCorrect(t *testing.T) {
	train, validation := synthetic(400, 3, SquaredError, 1), synthetic(200, 3, SquaredError, 2)
	rest := Dataset{Features: train.Features, X: train.X}
	for i, y := range train.Y {
		train.Offset = append(train.Offset, float32(i%7))
		rest.Y = append(rest.Y, y-float32(i%7))
	}
	for i := range validation.Y {
		validation.Offset = append(validation.Offset, float32(i%5))
	}
	p := smallParams(SquaredError)
	p.BaseScore, p.Validation = 0, &validation
	m, report := mustTrain(t, train, p)
	margins := make([]float32, len(validation.Y))
	m.MarginBatch(validation.X, margins)
	f := newFit(&validation, SquaredError, 0)
	for i, margin := range margins {
		f.margins[i] += margin
	}
	require.InDelta(t, f.loss(), report.Losses[p.Rounds-1].Validation, 1e-5)

	p.Validation = nil
	same, _ := mustTrain(t, rest, p)
	for i := range rest.Y {
		row := rest.X[i*3 : (i+1)*3]
		require.InDelta(t, same.Margin(row), m.Margin(row), 1e-3)
	}

	train.Offset[3] = float32(math.NaN())
	_, _, err := Train(context.Background(), train, p)
	require.ErrorContains(t, err, "data.offset row 3")
}
