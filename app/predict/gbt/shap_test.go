package gbt

import (
	"context"
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// expectation is the mean of a tree when only the features in known are: at
// other splits both children count by their covers.
func expectation(nodes []node, stats []stat, at int32, x []float32, known uint) float64 {
	n := &nodes[at]
	if n.leaf() {
		return float64(n.value)
	}
	if known>>uint(n.feature)&1 == 1 {
		return expectation(nodes, stats, n.next(x), x, known)
	}
	left, right := float64(stats[n.left].cover), float64(stats[n.right].cover)
	if left+right == 0 {
		left, right = 1, 1
	}
	return (left*expectation(nodes, stats, n.left, x, known) +
		right*expectation(nodes, stats, n.right, x, known)) / (left + right)
}

// bruteForce is Shapley's definition, over all subsets of features.
func bruteForce(m *Model, x []float32) []float64 {
	width := m.NumFeatures()
	value := func(known uint) float64 {
		sum := float64(m.layout.start)
		for t := range m.trees {
			sum += expectation(m.treeNodes(t), m.treeStats(t), 0, x, known)
		}
		return sum
	}
	factorial := []float64{1, 1, 2, 6, 24, 120}
	phi := make([]float64, width+1)
	for f := range width {
		for known := range uint(1) << width {
			if known>>uint(f)&1 == 0 {
				size := bits.OnesCount(known)
				share := factorial[size] * factorial[width-size-1] / factorial[width]
				phi[f] += share * (value(known|1<<uint(f)) - value(known))
			}
		}
	}
	phi[width] = value(0)
	return phi
}

func TestContributionsAreShapleyValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t, 5, 6)
		x := drawRow(t, m.NumFeatures())
		got := make([]float64, m.NumFeatures()+1)
		m.Contributions(x, got)
		require.InDeltaSlice(t, bruteForce(m, x), got, 1e-9)
	})
}

func TestContributionsSumToTheMargin(t *testing.T) {
	for _, objective := range []Objective{Logistic, SquaredError} {
		data := synthetic(1000, 12, objective, 9)
		m, _, err := Train(context.Background(), data, DefaultParams(objective))
		require.NoError(t, err)
		got := make([]float64, 13)
		for i := range 100 {
			row := data.X[i*12 : (i+1)*12]
			m.Contributions(row, got)
			sum := 0.0
			for _, phi := range got {
				sum += phi
			}
			require.InDelta(t, m.Margin(row), sum, 1e-4)
		}
	}
}
