package backtest_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/predict/backtest"
)

func outcome(probability, expected, margin float64) backtest.Outcome {
	return backtest.Outcome{Season: 2020, Probability: probability, Expected: expected, Margin: margin}
}

// Scores of four games, worked out by hand.
func TestScore(t *testing.T) {
	m := backtest.Score([]backtest.Outcome{
		outcome(0.8, 10, 14), // right, misses by 4
		outcome(0.6, 3, -7),  // wrong, by 10
		outcome(0.3, -6, -6), // right, by 0
		outcome(0.5, 0, 3),   // names nobody, by 3
	})
	require.Equal(t, 4, m.Games)
	require.InDelta(t, 2.5/4, *m.Accuracy, 1e-12)
	require.InDelta(t, -(math.Log(0.8)+math.Log(0.4)+math.Log(0.7)+math.Log(0.5))/4, *m.LogLoss, 1e-12)
	require.InDelta(t, (0.04+0.36+0.09+0.25)/4, *m.Brier, 1e-12)
	require.InDelta(t, 17.0/4, *m.MAE, 1e-12)
	require.InDelta(t, math.Sqrt(125.0/4), *m.RMSE, 1e-12)
	// Of the pairs of a win and a loss, 0.8 beats both losses, 0.5 only 0.3.
	require.InDelta(t, 3.0/4, *m.AUC, 1e-12)
	// Bins 3, 5, 6 and 8 hold one game each.
	require.InDelta(t, (0.3+0.5+0.6+0.2)/4, *m.ECE, 1e-12)
}

func TestScoreOfWhatAModelDoesNotSay(t *testing.T) {
	none := math.NaN()
	winners := backtest.Score([]backtest.Outcome{outcome(0.7, none, 3)})
	require.NotNil(t, winners.Accuracy)
	require.Nil(t, winners.MAE)
	require.Nil(t, winners.RMSE)
	margins := backtest.Score([]backtest.Outcome{outcome(none, 4, 3)})
	require.Nil(t, margins.Accuracy)
	require.Nil(t, margins.AUC)
	require.Nil(t, margins.ECE)
	require.InDelta(t, 1, *margins.MAE, 1e-12)
	require.Zero(t, backtest.Score(nil))
	certain := backtest.Score([]backtest.Outcome{outcome(1, none, -3), outcome(0, none, 3)})
	require.False(t, math.IsInf(*certain.LogLoss, 0), "a wrong certainty is punished, not infinitely")
	require.Greater(t, *certain.LogLoss, 30.0)
}

func TestTiesCountHalf(t *testing.T) {
	m := backtest.Score([]backtest.Outcome{outcome(0.9, 8, 0)})
	require.InDelta(t, 0.5, *m.Accuracy, 1e-12)
	require.InDelta(t, -0.5*(math.Log(0.9)+math.Log(0.1)), *m.LogLoss, 1e-12)
	require.InDelta(t, 0.16, *m.Brier, 1e-12)
}

func TestAUC(t *testing.T) {
	for name, tc := range map[string]struct {
		outcomes []backtest.Outcome
		want     float64
	}{
		"perfect":       {[]backtest.Outcome{outcome(0.9, 0, 1), outcome(0.8, 0, 1), outcome(0.2, 0, -1)}, 1},
		"upside down":   {[]backtest.Outcome{outcome(0.1, 0, 1), outcome(0.8, 0, -1)}, 0},
		"all alike":     {[]backtest.Outcome{outcome(0.5, 0, 1), outcome(0.5, 0, -1), outcome(0.5, 0, -1)}, 0.5},
		"a tie of two":  {[]backtest.Outcome{outcome(0.6, 0, 1), outcome(0.6, 0, -1), outcome(0.2, 0, -1)}, 0.75},
		"winners only":  {[]backtest.Outcome{outcome(0.6, 0, 1), outcome(0.7, 0, 1)}, 0.5},
		"losers only":   {[]backtest.Outcome{outcome(0.6, 0, -1)}, 0.5},
		"three of four": {[]backtest.Outcome{outcome(0.3, 0, 1), outcome(0.9, 0, 1), outcome(0.4, 0, -1), outcome(0.1, 0, -1)}, 0.75},
	} {
		require.InDelta(t, tc.want, *backtest.Score(tc.outcomes).AUC, 1e-12, name)
	}
}

// AUC is the share of pairs of a win and a loss that are ordered rightly.
func TestAUCIsTheShareOfOrderedPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		outcomes := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) backtest.Outcome {
			return outcome(float64(rapid.IntRange(0, 10).Draw(t, "tenths"))/10, 0, rapid.SampledFrom([]float64{-3, 3}).Draw(t, "margin"))
		}), 1, 30).Draw(t, "outcomes")
		pairs, right := 0.0, 0.0
		for _, win := range outcomes {
			for _, loss := range outcomes {
				if win.Margin > 0 && loss.Margin < 0 {
					pairs++
					if win.Probability > loss.Probability {
						right++
					} else if win.Probability == loss.Probability {
						right += 0.5
					}
				}
			}
		}
		want := 0.5
		if pairs > 0 {
			want = right / pairs
		}
		if got := *backtest.Score(outcomes).AUC; math.Abs(got-want) > 1e-12 {
			t.Fatalf("AUC %v, by pairs %v", got, want)
		}
	})
}

func TestCalibration(t *testing.T) {
	curve := backtest.Calibration([]backtest.Outcome{
		outcome(0, 0, -1), outcome(0.05, 0, 1), outcome(0.5, 0, 1), outcome(0.59, 0, 0), outcome(1, 0, 1),
		outcome(math.NaN(), 0, 1), // a model that gives no probability is on no curve
	}, 10)
	require.Len(t, curve, 3)
	for i, want := range []backtest.Bin{
		{Low: 0, High: 0.1, Games: 2, Expected: 0.025, Observed: 0.5},
		{Low: 0.5, High: 0.6, Games: 2, Expected: 0.545, Observed: 0.75},
		{Low: 0.9, High: 1, Games: 1, Expected: 1, Observed: 1},
	} {
		require.Equal(t, want.Games, curve[i].Games)
		for _, v := range [][2]float64{{want.Low, curve[i].Low}, {want.High, curve[i].High}, {want.Expected, curve[i].Expected}, {want.Observed, curve[i].Observed}} {
			require.InDelta(t, v[0], v[1], 1e-12)
		}
	}
	require.Empty(t, backtest.Calibration(nil, 10))
}
