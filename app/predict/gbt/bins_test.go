package gbt

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Bins and edges say the same about every value, and one value is one bin where
// there are few.
func TestBinsAgreeWithEdges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float32Range(-3, 3), 0, 300).Draw(t, "values")
		if rapid.Bool().Draw(t, "coarse") {
			for i := range values {
				values[i] = float32(math.Round(float64(values[i])))
			}
		}
		most := rapid.IntRange(1, 255).Draw(t, "most")
		slices.Sort(values)
		c := binColumn{edges: quantileEdges(values, most)}
		require.LessOrEqual(t, len(c.edges), most)
		require.True(t, slices.IsSorted(c.edges))
		for _, x := range values {
			bin := int(c.bin(x))
			require.Less(t, x, c.edges[bin])
			require.True(t, bin == 0 || x >= c.edges[bin-1])
		}
		if distinct := len(slices.Compact(slices.Clone(values))); distinct > 0 && distinct <= most {
			require.Len(t, c.edges, distinct)
		}
	})
}

func TestBinsAreQuantiles(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	values := make([]float32, 10_000)
	for i := range values {
		values[i] = float32(random.NormFloat64())
	}
	slices.Sort(values)
	c := binColumn{edges: quantileEdges(values, 100)}
	counts := make([]int, len(c.edges))
	for _, x := range values {
		counts[c.bin(x)]++
	}
	require.Len(t, counts, 100)
	for bin, n := range counts {
		require.InDelta(t, 100, n, 5, "bin %d", bin)
	}
}

func TestDrawTakesTheShare(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	hits := make([]int, 20)
	for range 4000 {
		got := draw(nil, len(hits), 0.25, random)
		require.Len(t, got, 5)
		require.True(t, slices.IsSorted(got))
		for _, i := range got {
			hits[i]++
		}
	}
	for i, n := range hits {
		require.InDelta(t, 1000, n, 150, "number %d", i)
	}
	require.Len(t, draw(nil, 3, 0.01, random), 1)
	require.Equal(t, []int32{0, 1, 2}, draw(nil, 3, 1, random))
}
