package gbt

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// synthetic is a learnable table: the target depends on the first columns and
// on their interplay, a tenth of the values is missing.
func synthetic(rows, width int, objective Objective, seed uint64) Dataset {
	random := rand.New(rand.NewPCG(seed, 0))
	var d Dataset
	for f := range width {
		d.Features = append(d.Features, "x"+strconv.Itoa(f))
	}
	for range rows {
		x := make([]float64, width)
		for f := range x {
			x[f] = random.NormFloat64()
		}
		y := 2*x[0] - x[1%width] + 1.5*x[0]*x[2%width] + random.NormFloat64()
		if objective == Logistic {
			y = math.Round(1 / (1 + math.Exp(-y)))
		}
		for _, v := range x {
			if random.IntN(10) == 0 {
				v = math.NaN()
			}
			d.X = append(d.X, float32(v))
		}
		d.Y = append(d.Y, float32(y))
	}
	return d
}

// drawModel makes any valid model: trees of any shape, and covers that agree
// with none of the values, zero among them.
func drawModel(t *rapid.T, maxWidth, maxDepth int) *Model {
	width := rapid.IntRange(1, maxWidth).Draw(t, "width")
	m := &Model{
		objective: rapid.SampledFrom([]Objective{Logistic, SquaredError}).Draw(t, "objective"),
		baseScore: rapid.Float32Range(0.01, 0.99).Draw(t, "base"),
		scalePos:  "1", parallel: 1,
		attributes: rapid.MapOfN(rapid.String(), rapid.String(), 0, 2).Draw(t, "attributes"),
	}
	for f := range width {
		m.features = append(m.features, rapid.String().Draw(t, "name")+strconv.Itoa(f))
	}
	for range rapid.IntRange(0, 6).Draw(t, "trees") {
		g := &grower{}
		drawNode(t, g, rootParent, width, rapid.IntRange(0, maxDepth).Draw(t, "depth"))
		m.append(g.nodes, g.stats)
	}
	m.arrange()
	return m
}

func drawNode(t *rapid.T, g *grower, parent int32, width, depth int) int32 {
	id := int32(len(g.nodes))
	n := node{value: rapid.Float32Range(-4, 4).Draw(t, "value"), left: noChild, right: noChild}
	s := stat{cover: float32(rapid.IntRange(0, 9).Draw(t, "cover")), weight: n.value, parent: parent}
	g.nodes, g.stats = append(g.nodes, n), append(g.stats, s)
	if depth > 0 && rapid.IntRange(0, 4).Draw(t, "split") > 0 {
		n.value = drawValue(t)
		n.feature = int32(rapid.IntRange(0, width-1).Draw(t, "feature"))
		n.defaultLeft = rapid.Bool().Draw(t, "default left")
		n.left = drawNode(t, g, id, width, depth-1)
		n.right = drawNode(t, g, id, width, depth-1)
		g.nodes[id], g.stats[id].gain = n, 1
	}
	return id
}

// drawValue gives few different numbers, so that rows meet split conditions
// exactly.
func drawValue(t *rapid.T) float32 {
	return rapid.SampledFrom([]float32{
		0, float32(math.Copysign(0, -1)), 1, -1, math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32,
		math.MaxFloat32, -math.MaxFloat32, 0.5,
	}).Draw(t, "value")
}

// drawRow also holds what no split condition is: missing and infinite values.
func drawRow(t *rapid.T, width int) []float32 {
	inf := float32(math.Inf(1))
	x := make([]float32, width)
	for f := range x {
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			x[f] = float32(math.NaN())
		case 1:
			x[f] = inf
		case 2:
			x[f] = -inf
		default:
			x[f] = drawValue(t)
		}
	}
	return x
}
