package gbt

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The layout, the batch and the leaves all say what the textbook tree says.
func TestEvaluationsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t, 5, 10) // up to deeper than layouts go
		rows := rapid.IntRange(0, 2*batchRows+1).Draw(t, "rows")
		width := m.NumFeatures()
		x := make([]float32, 0, rows*width)
		want := make([]float32, rows)
		leaves := make([]int32, m.NumTrees())
		for i := range rows {
			row := drawRow(t, width)
			x = append(x, row...)
			want[i] = naiveMargin(m.layout.start, pointerTrees(m), row)
			require.Equal(t, want[i], m.Margin(row))
			require.Equal(t, want[i], m.walk(row))
			m.Leaves(row, leaves)
			sum := m.layout.start
			for k, leaf := range leaves {
				require.True(t, m.treeNodes(k)[leaf].leaf())
				sum += m.treeNodes(k)[leaf].value
			}
			require.Equal(t, want[i], sum)
		}
		got := make([]float32, rows)
		m.MarginBatch(x, got)
		require.Equal(t, want, got)
	})
}

func TestWideModelsWalkTheirNodes(t *testing.T) {
	for _, width := range []int{layoutWidth / 2, layoutWidth/2 + 1} {
		data := synthetic(100, width, SquaredError, 5)
		m, _, err := Train(context.Background(), data, smallParams(SquaredError))
		require.NoError(t, err)
		require.Equal(t, 2*width <= layoutWidth, m.layout.padded)
		out := make([]float32, len(data.Y))
		m.MarginBatch(data.X, out)
		for i := range out {
			require.Equal(t, m.walk(data.X[i*width:(i+1)*width]), out[i])
		}
	}
}

func TestShortRowsAreMissingAtTheEnd(t *testing.T) {
	data := synthetic(500, 6, SquaredError, 3)
	m, _, err := Train(context.Background(), data, DefaultParams(SquaredError))
	require.NoError(t, err)
	nan := float32(math.NaN())
	full := []float32{1, -1, nan, nan, nan, nan}
	require.Equal(t, m.Margin(full), m.Margin(full[:2]))
	require.Equal(t, m.walk(full), m.walk(full[:2]))
}

func TestPredictIsTheSigmoidOfTheMargin(t *testing.T) {
	data := synthetic(500, 4, Logistic, 2)
	m, _, err := Train(context.Background(), data, DefaultParams(Logistic))
	require.NoError(t, err)
	row := data.X[:4]
	require.InDelta(t, 1/(1+math.Exp(-float64(m.Margin(row)))), m.Predict(row), 1e-7)
}

func TestEvaluationDoesNotAllocate(t *testing.T) {
	data := synthetic(500, 8, Logistic, 4)
	m, _, err := Train(context.Background(), data, DefaultParams(Logistic))
	require.NoError(t, err)
	row, leaves, out := data.X[:8], make([]int32, m.NumTrees()), make([]float32, len(data.Y))
	for name, f := range map[string]func(){
		"Margin":      func() { m.Margin(row) },
		"Predict":     func() { m.Predict(row) },
		"Leaves":      func() { m.Leaves(row, leaves) },
		"MarginBatch": func() { m.MarginBatch(data.X, out) },
	} {
		require.Zero(t, testing.AllocsPerRun(10, f), name)
	}
}
