package ridge_test

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/predict/football/reference"
	"github.com/script-ohio/platform/app/predict/ridge"
)

// golden is a ridge fitted elsewhere on the training file.
type golden struct {
	Alpha     float64   `json:"alpha"`
	Features  []string  `json:"features"`
	Mean      []float64 `json:"scaler_mean"`
	Scale     []float64 `json:"scaler_scale"`
	Coef      []float64 `json:"coef"`
	Intercept float64   `json:"intercept"`
	Sigma     float64   `json:"residual_sigma"`
	Rows      int       `json:"n_train"`
	Examples  []struct {
		X          []float64 `json:"x"`
		Prediction float64   `json:"prediction"`
	} `json:"rows"`
}

func readGolden(t testing.TB) (g golden) {
	data, err := os.ReadFile(reference.File(t, "golden/ridge_golden.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &g))
	require.Len(t, g.Examples, 200)
	return g
}

// readTraining gives the columns of the training file and its margins.
func readTraining(t testing.TB, features []string) (x, y []float64) {
	f, err := os.Open(reference.File(t, "golden/ridge_train.csv"))
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	number := func(row []string, column string) float64 {
		v, err := strconv.ParseFloat(row[slices.Index(rows[0], column)], 64)
		require.NoError(t, err)
		return v
	}
	for _, row := range rows[1:] {
		for _, name := range features {
			x = append(x, number(row, name))
		}
		y = append(y, number(row, "margin"))
	}
	return x, y
}

func TestFitMatchesTheReference(t *testing.T) {
	g := readGolden(t)
	x, y := readTraining(t, g.Features)
	m, err := ridge.Fit(g.Features, x, y, nil, ridge.Params{Penalty: g.Alpha})
	require.NoError(t, err)
	require.Equal(t, g.Rows, m.Rows)
	require.InDeltaSlice(t, g.Mean, m.Mean, 1e-9)
	require.InDeltaSlice(t, g.Scale, m.Scale, 1e-9)
	require.InDeltaSlice(t, g.Coef, m.Coef, 1e-9)
	require.InDelta(t, g.Intercept, m.Intercept, 1e-9)
	require.InDelta(t, g.Sigma, m.Sigma, 1e-9)
	for i, row := range g.Examples {
		require.InDelta(t, row.Prediction, m.Predict(row.X), 1e-9, "row %d", i)
	}
}

func BenchmarkFit(b *testing.B) {
	g := readGolden(b)
	x, y := readTraining(b, g.Features)
	for b.Loop() {
		_, err := ridge.Fit(g.Features, x, y, nil, ridge.Params{Penalty: g.Alpha})
		require.NoError(b, err)
	}
}

func BenchmarkPredict(b *testing.B) {
	g := readGolden(b)
	m := &ridge.Model{Features: g.Features, Mean: g.Mean, Scale: g.Scale, Coef: g.Coef, Intercept: g.Intercept}
	require.NoError(b, m.Validate())
	b.ReportAllocs()
	sum := 0.0
	for i := 0; b.Loop(); i++ {
		sum += m.Predict(g.Examples[i%len(g.Examples)].X)
	}
}
