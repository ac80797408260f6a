package gbt

import (
	"bytes"
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// pointerNode is the textbook tree: one heap object per node.
type pointerNode struct {
	feature     int
	threshold   float32
	defaultLeft bool
	value       float32
	left, right *pointerNode
}

func pointerTrees(m *Model) []*pointerNode {
	var build func(nodes []node, at int32) *pointerNode
	build = func(nodes []node, at int32) *pointerNode {
		n := nodes[at]
		if n.leaf() {
			return &pointerNode{value: n.value}
		}
		return &pointerNode{
			feature: int(n.feature), threshold: n.value, defaultLeft: n.defaultLeft,
			left: build(nodes, n.left), right: build(nodes, n.right),
		}
	}
	trees := make([]*pointerNode, m.NumTrees())
	for t := range trees {
		trees[t] = build(m.treeNodes(t), 0)
	}
	return trees
}

func naiveMargin(start float32, trees []*pointerNode, x []float32) float32 {
	for _, n := range trees {
		for n.left != nil {
			v := x[n.feature]
			switch {
			case v != v:
				if n.defaultLeft {
					n = n.left
				} else {
					n = n.right
				}
			case v < n.threshold:
				n = n.left
			default:
				n = n.right
			}
		}
		start += n.value
	}
	return start
}

const benchRows = 4096

// benchmark runs over XGBoost's golden model, and over a trained one of the
// same size that needs no reference data.
func benchmark(b *testing.B, run func(b *testing.B, m *Model, x []float32)) {
	b.Run("golden", func(b *testing.B) {
		m, rows := goldenModel(b, "xgb_home_win.json"), goldenRows(b, "xgb_home_win")
		// Values are drawn anew column by column, so that the processor
		// cannot learn the branches of 200 rows by heart.
		random := rand.New(rand.NewPCG(1, 2))
		x := make([]float32, 0, benchRows*m.NumFeatures())
		for range benchRows {
			for f := range m.NumFeatures() {
				x = append(x, rows[random.IntN(len(rows))].row()[f])
			}
		}
		run(b, m, x)
	})
	b.Run("trained", func(b *testing.B) {
		data := synthetic(benchRows, 27, Logistic, 1)
		p := DefaultParams(Logistic)
		p.Rounds, p.MaxDepth, p.LearningRate = 150, 4, 0.05
		m, _, err := Train(context.Background(), data, p)
		require.NoError(b, err)
		run(b, m, data.X)
	})
}

func BenchmarkMargin(b *testing.B) {
	benchmark(b, func(b *testing.B, m *Model, x []float32) {
		width := m.NumFeatures()
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			m.Margin(x[i*width : (i+1)*width])
			i = (i + 1) % benchRows
		}
	})
}

func BenchmarkNaive(b *testing.B) {
	benchmark(b, func(b *testing.B, m *Model, x []float32) {
		width, trees := m.NumFeatures(), pointerTrees(m)
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			naiveMargin(m.layout.start, trees, x[i*width:(i+1)*width])
			i = (i + 1) % benchRows
		}
	})
}

func BenchmarkMarginBatch(b *testing.B) {
	benchmark(b, func(b *testing.B, m *Model, x []float32) {
		out := make([]float32, benchRows)
		b.ReportAllocs()
		for b.Loop() {
			m.MarginBatch(x, out)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
	})
}

func BenchmarkContributions(b *testing.B) {
	benchmark(b, func(b *testing.B, m *Model, x []float32) {
		dst := make([]float64, m.NumFeatures()+1)
		b.ReportAllocs()
		for b.Loop() {
			m.Contributions(x[:m.NumFeatures()], dst)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	for _, ending := range []string{".json", ".ubj"} {
		b.Run(ending[1:], func(b *testing.B) {
			data := goldenBytes(b, "xgb_home_win"+ending)
			b.ReportAllocs()
			for b.Loop() {
				_, err := Read(bytes.NewReader(data))
				require.NoError(b, err)
			}
		})
	}
}
