package gbt

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/predict/football/reference"
)

// goldenModels are the reference models, each with its objective.
var goldenModels = map[string]Objective{"xgb_home_win": Logistic, "xgb_margin": SquaredError}

// goldenRow is what XGBoost said about one row.
type goldenRow struct {
	X          []*float32 `json:"x"` // nil is missing
	Margin     float32    `json:"margin"`
	Prediction float32    `json:"prediction"`
	Leaf       []int32    `json:"leaf"`
	Contribs   []float64  `json:"contribs"`
}

func (r goldenRow) row() []float32 {
	x := make([]float32, len(r.X))
	for i, v := range r.X {
		x[i] = float32(math.NaN())
		if v != nil {
			x[i] = *v
		}
	}
	return x
}

func goldenBytes(tb testing.TB, name string) []byte {
	data, err := os.ReadFile(reference.File(tb, "golden/"+name))
	require.NoError(tb, err)
	return data
}

func goldenModel(tb testing.TB, name string) *Model {
	m, err := Read(bytes.NewReader(goldenBytes(tb, name)))
	require.NoError(tb, err)
	return m
}

func goldenRows(tb testing.TB, name string) []goldenRow {
	var golden struct {
		Rows []goldenRow `json:"rows"`
	}
	require.NoError(tb, json.Unmarshal(goldenBytes(tb, name+"_golden.json"), &golden))
	require.NotEmpty(tb, golden.Rows)
	return golden.Rows
}

func TestGoldenParity(t *testing.T) {
	for name, objective := range goldenModels {
		for _, ending := range []string{".json", ".ubj"} {
			t.Run(name+ending, func(t *testing.T) {
				m := goldenModel(t, name+ending)
				require.Equal(t, objective, m.Objective())
				rows := goldenRows(t, name)
				width := m.NumFeatures()
				var batch []float32
				margins := make([]float32, len(rows))
				leaves := make([]int32, m.NumTrees())
				contribs := make([]float64, width+1)
				for i, want := range rows {
					x := want.row()
					require.Len(t, x, width)
					batch = append(batch, x...)
					require.Equal(t, want.Margin, m.Margin(x), "margin of row %d", i)
					require.Equal(t, want.Margin, m.walk(x), "plain walk of row %d", i)
					require.InDelta(t, want.Prediction, m.Predict(x), 1e-7*max(1, math.Abs(float64(want.Prediction))))
					m.Leaves(x, leaves)
					require.Equal(t, want.Leaf, leaves[:len(want.Leaf)], "leaves of row %d", i)
					m.Contributions(x, contribs)
					require.InDeltaSlice(t, want.Contribs, contribs, 1e-4, "contributions of row %d", i)
				}
				m.MarginBatch(batch, margins)
				for i, want := range rows {
					require.Equal(t, want.Margin, margins[i], "batch margin of row %d", i)
				}
			})
		}
	}
}

// XGBoost's own files come back byte for byte, in both formats and across them.
func TestGoldenRewrittenByteForByte(t *testing.T) {
	for name := range goldenModels {
		for _, ending := range []string{".json", ".ubj"} {
			t.Run(name+ending, func(t *testing.T) {
				m := goldenModel(t, name+ending)
				var asJSON, asUBJ bytes.Buffer
				require.NoError(t, m.WriteJSON(&asJSON))
				require.NoError(t, m.WriteUBJ(&asUBJ))
				require.True(t, bytes.Equal(goldenBytes(t, name+".json"), asJSON.Bytes()), "JSON differs")
				require.True(t, bytes.Equal(goldenBytes(t, name+".ubj"), asUBJ.Bytes()), "UBJ differs")
			})
		}
	}
}
