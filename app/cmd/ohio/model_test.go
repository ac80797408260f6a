package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/predict/football/reference"
	"github.com/script-ohio/platform/app/predict/gbt"
)

type scores struct{ Rows []scoredRow }

// trained writes a small model of two features in both formats.
func trained(t *testing.T) (model *gbt.Model, jsonPath, ubjPath string) {
	t.Helper()
	var data gbt.Dataset
	data.Features = []string{"a", "b"}
	for i := range 200 {
		a, b := float32(i%17), float32(i%5)
		data.X = append(data.X, a, b)
		data.Y = append(data.Y, a-2*b)
	}
	model, _, err := gbt.Train(t.Context(), data, gbt.Params{
		Objective: gbt.SquaredError, Rounds: 5, MaxDepth: 3, LearningRate: 0.3, Lambda: 1,
		RowSample: 1, ColSample: 1, MaxBins: 32,
	})
	require.NoError(t, err)
	dir := t.TempDir()
	jsonPath, ubjPath = filepath.Join(dir, "model.json"), filepath.Join(dir, "model.ubj")
	for path, encode := range map[string]func(*os.File) error{
		jsonPath: func(f *os.File) error { return model.WriteJSON(f) },
		ubjPath:  func(f *os.File) error { return model.WriteUBJ(f) },
	} {
		file, err := os.Create(path)
		require.NoError(t, err)
		require.NoError(t, encode(file))
		require.NoError(t, file.Close())
	}
	return model, jsonPath, ubjPath
}

func TestModelScore(t *testing.T) {
	model, jsonPath, ubjPath := trained(t)
	rows := write(t, "rows.csv", "\ufeffb,note,a\n1,x,3\n,\"y,z\",NaN\n4.5,,-1e3\n")
	nan := float32(math.NaN())
	inputs := [][]float32{{3, 1}, {nan, nan}, {-1e3, 4.5}}
	for _, path := range []string{jsonPath, ubjPath} {
		got := decoded[scores](t, "model", "score", "--model", path, "--input", rows, "--contributions", "-o", "json")
		require.Len(t, got.Rows, len(inputs))
		for i, x := range inputs {
			row := got.Rows[i]
			require.EqualValues(t, model.Margin(x), row.Margin)
			require.EqualValues(t, model.Predict(x), row.Prediction)
			leaves := make([]int32, model.NumTrees())
			model.Leaves(x, leaves)
			require.Equal(t, leaves, row.Leaves)
			require.Len(t, row.Contributions, 3)
			require.Less(t, *row.AdditivityError, 1e-4)
		}
	}
	plain := decoded[scores](t, "model", "score", "--model", jsonPath, "--input", rows, "-o", "json")
	require.Nil(t, plain.Rows[0].Contributions)
	require.Nil(t, plain.Rows[0].AdditivityError)
	table, _ := ohio(t, 0, "model", "score", "--model", jsonPath, "--input", rows)
	require.Equal(t, 4, strings.Count(table, "\n"))
}

func TestModelScoreRefusesBadInput(t *testing.T) {
	_, model, _ := trained(t)
	for rows, says := range map[string]string{
		"":                   "is empty",
		"a,c\n1,2\n":         "lack the features b",
		"a,b\n1,two\n":       `:2: b "two" is no number`,
		"a,b\n1,2\n3,Inf\n":  `:3: b "Inf" is no number`,
		"a,b\n1,1e99\n":      "is no number",
		"a,b\n1\n":           "wrong number of fields",
		"a,b\n1,\"2\n3,4\n5": "rows.csv",
	} {
		_, complaint := ohio(t, 2, "model", "score", "--model", model, "--input", write(t, "rows.csv", rows))
		require.Contains(t, complaint, says, "%q", rows)
	}
	rows := write(t, "rows.csv", "a,b\n1,2\n")
	_, complaint := ohio(t, 2, "model", "score", "--model", write(t, "bad.json", `{"learner": {}}`), "--input", rows)
	require.Contains(t, complaint, "bad.json: ")
}

// The features of a model without names are called as XGBoost calls them.
func TestModelScoreWithoutNames(t *testing.T) {
	model, path, _ := trained(t)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	bare := strings.Replace(string(text), `"feature_names":["a","b"]`, `"feature_names":[]`, 1)
	require.NotEqual(t, string(text), bare)
	nameless := write(t, "bare.json", bare)
	got := decoded[scores](t, "model", "score", "--model", nameless, "--input", write(t, "rows.csv", "f1,f0\n1,3\n"), "-o", "json")
	require.EqualValues(t, model.Margin([]float32{3, 1}), got.Rows[0].Margin)
	for _, text := range []string{"x,y\n3,1\n", "3,1\n"} {
		got = decoded[scores](t, "model", "score", "--model", nameless, "--input", write(t, "rows.csv", text), "-o", "json")
		require.Len(t, got.Rows, 1)
		require.EqualValues(t, model.Margin([]float32{3, 1}), got.Rows[0].Margin)
	}
	_, complaint := ohio(t, 2, "model", "score", "--model", nameless, "--input", write(t, "rows.csv", "x,y,z\n3,1,2\n"))
	require.Contains(t, complaint, "lack the features f0, f1")
}

// XGBoost's own answers, bit for bit, through the command line.
func TestModelScoreGolden(t *testing.T) {
	for _, name := range []string{"xgb_home_win", "xgb_margin"} {
		text, err := os.ReadFile(reference.File(t, "golden/"+name+"_golden.json"))
		require.NoError(t, err)
		var golden struct {
			Features []string
			Rows     []struct {
				X                  []*float32
				Margin, Prediction float32
				Leaf               []int32
				Contribs           []float64
			}
		}
		require.NoError(t, json.Unmarshal(text, &golden))
		require.NotEmpty(t, golden.Rows)
		var rows strings.Builder
		rows.WriteString(strings.Join(golden.Features, ",") + "\n")
		for _, r := range golden.Rows {
			cells := make([]string, len(r.X))
			for i, v := range r.X {
				if v != nil {
					cells[i] = strconv.FormatFloat(float64(*v), 'g', -1, 32)
				}
			}
			rows.WriteString(strings.Join(cells, ",") + "\n")
		}
		input := write(t, "rows.csv", rows.String())
		for _, format := range []string{".json", ".ubj"} {
			got := decoded[scores](t, "model", "score", "--contributions", "-o", "json",
				"--model", reference.File(t, "golden/"+name+format), "--input", input)
			require.Len(t, got.Rows, len(golden.Rows))
			for i, want := range golden.Rows {
				row := got.Rows[i]
				require.EqualValues(t, want.Margin, row.Margin, "row %d: as float32 and as float64", i)
				require.InDelta(t, want.Prediction, row.Prediction, 1e-6, "row %d", i)
				require.Equal(t, want.Leaf, row.Leaves[:len(want.Leaf)], "row %d", i)
				require.InDeltaSlice(t, want.Contribs, row.Contributions, 1e-4, "row %d", i)
			}
		}
	}
}
