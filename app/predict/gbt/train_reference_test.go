package gbt

import (
	"context"
	"encoding/csv"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/predict/football/reference"
)

// referenceRows are the rows on which XGBoost's own figures were measured, with
// the columns margin and y as targets.
func referenceRows(tb testing.TB, target string) (train, validation Dataset) {
	file, err := os.Open(reference.File(tb, "golden/ridge_train.csv"))
	require.NoError(tb, err)
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	require.NoError(tb, err)
	header := lines[0]
	const trainRows = 6000
	for i, line := range lines[1:] {
		d := &train
		if i >= trainRows {
			d = &validation
		}
		for c, text := range line {
			value, err := strconv.ParseFloat(text, 32)
			require.NoError(tb, err)
			switch header[c] {
			case "id":
			case "margin", "y":
				if header[c] == target {
					d.Y = append(d.Y, float32(value))
				}
			default:
				d.X = append(d.X, float32(value))
			}
		}
	}
	for _, name := range header {
		if name != "id" && name != "margin" && name != "y" {
			train.Features = append(train.Features, name)
		}
	}
	validation.Features = train.Features
	return train, validation
}

func referenceParams(objective Objective) Params {
	p := DefaultParams(objective)
	p.Rounds, p.MaxDepth, p.LearningRate, p.MinChildWeight = 200, 4, 0.05, 5
	if objective == Logistic {
		p.BaseScore = 0.5
	}
	return p
}

// The trainer is as good as XGBoost 1.7.4 with the same parameters, within 1 %.
func TestTrainMatchesXGBoost(t *testing.T) {
	for _, want := range []struct {
		objective         Objective
		target            string
		train, validation float64
	}{
		{Logistic, "y", 0.4165, 0.5405},
		{SquaredError, "margin", 14.133, 15.533},
	} {
		t.Run(string(want.objective), func(t *testing.T) {
			train, validation := referenceRows(t, want.target)
			p := referenceParams(want.objective)
			p.Validation = &validation
			m, report, err := Train(context.Background(), train, p)
			require.NoError(t, err)
			require.Equal(t, p.Rounds, m.NumTrees())
			got := report.Losses[len(report.Losses)-1]
			t.Logf("train %.4f (XGBoost %.4f), validation %.4f (XGBoost %.4f), %d rounds in %v",
				got.Train, want.train, got.Validation, want.validation, p.Rounds, report.Duration)
			require.InEpsilon(t, want.train, got.Train, 0.01)
			require.InEpsilon(t, want.validation, got.Validation, 0.01)
		})
	}
}

func BenchmarkTrain(b *testing.B) {
	for objective, target := range map[Objective]string{Logistic: "y", SquaredError: "margin"} {
		b.Run(string(objective), func(b *testing.B) {
			train, _ := referenceRows(b, target)
			b.ReportAllocs()
			for b.Loop() {
				_, _, err := Train(context.Background(), train, referenceParams(objective))
				require.NoError(b, err)
			}
		})
	}
}
