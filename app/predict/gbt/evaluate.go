package gbt

import "math"

const (
	// layoutDepth is the deepest tree that is padded to a perfect one.
	layoutDepth = 8
	// layoutWidth is the room for a row in both readings of missing values, so
	// that a column fits a byte and needs no bounds check.
	layoutWidth = 256
	// batchRows are evaluated together and stay in the L1 cache.
	batchRows = 8
)

// layout arranges shallow trees as perfect trees of one depth in heap order:
// the children of split i are 2i and 2i+1, and the walk is a fixed number of
// steps without a branch. Numbers are compared as integers of the same order.
// A missing value needs no branch either: a row is spelled out twice, missing
// as +Inf for splits that send it right and as -Inf for those that send it left.
type layout struct {
	start  float32 // margin before the first tree
	padded bool    // false for deep or wide models, which walk their nodes
	depth  uint
	splits []split   // 2^depth per tree, the first of each unused
	leaves []float32 // 2^depth per tree
}

// spelled is a row as a layout reads it: orderKey of each feature with missing
// as +Inf, then of each with missing as -Inf.
type spelled [layoutWidth]int64

// split packs the key of the split condition, less one, above the column of the
// spelled row that it is compared with.
type split int64

func newSplit(value float32, column int) split {
	return split((orderKey(value)-1)<<32 | int64(column))
}

// right is 1 if the row goes right, x >= value, and 0 if left: the sign of the
// difference, in five instructions.
func (s split) right(row *spelled) int {
	return int(uint64(int64(s)>>32-row[uint8(s)]) >> 63)
}

// orderKey maps floats to integers in the same order, both zeros to 0.
func orderKey(x float32) int64 {
	if x == 0 {
		return 0
	}
	b := int32(math.Float32bits(x))
	return int64(b ^ b>>31&math.MaxInt32)
}

// Margin is the raw score of one row: the base score's margin plus one leaf per
// tree, added in float32 in tree order as XGBoost does, so results are equal
// bit for bit. x has NumFeatures values, NaN means missing, and so do values
// beyond its end. Time is O(trees x depth); it does not allocate.
func (m *Model) Margin(x []float32) float32 {
	if !m.layout.padded {
		return m.walk(x)
	}
	var row spelled
	m.spell(x, &row)
	return m.layout.margin(&row)
}

// Predict is the prediction for one row: for Logistic the probability of 1, for
// SquaredError the margin. It does not allocate.
func (m *Model) Predict(x []float32) float32 {
	margin := m.Margin(x)
	if m.objective == Logistic {
		return sigmoid(margin)
	}
	return margin
}

// MarginBatch writes the margins of len(out) rows; x holds the rows one after
// another, NumFeatures values each, and must be long enough. The results are
// those of Margin. It does not allocate.
func (m *Model) MarginBatch(x []float32, out []float32) {
	width := len(m.features)
	x = x[:len(out)*width]
	if !m.layout.padded {
		for i := range out {
			out[i] = m.walk(x[i*width : (i+1)*width])
		}
		return
	}
	var rows [batchRows]spelled
	for len(out) >= batchRows {
		for r := range rows {
			m.spell(x[r*width:(r+1)*width], &rows[r])
		}
		m.layout.block(&rows, (*[batchRows]float32)(out))
		x, out = x[batchRows*width:], out[batchRows:]
	}
	for i := range out {
		out[i] = m.Margin(x[i*width : (i+1)*width])
	}
}

// block goes through the trees one at a time for a block of rows, four of which
// are on their way at once.
func (l *layout) block(rows *[batchRows]spelled, out *[batchRows]float32) {
	size := 1 << l.depth
	for i := range out {
		out[i] = l.start
	}
	splits, leaves := l.splits, l.leaves
	for len(leaves) >= size && len(splits) >= size {
		s, v := splits[:size], leaves[:size]
		for r := 0; r < batchRows; r += 4 {
			i0, i1, i2, i3 := descend(s, l.depth, &rows[r], &rows[r+1], &rows[r+2], &rows[r+3])
			out[r] += v[i0-size]
			out[r+1] += v[i1-size]
			out[r+2] += v[i2-size]
			out[r+3] += v[i3-size]
		}
		splits, leaves = splits[size:], leaves[size:]
	}
}

// descend takes four rows down one tree. It is kept out of the loop above so
// that its few values stay in registers.
//
//go:noinline
func descend(tree []split, depth uint, r0, r1, r2, r3 *spelled) (i0, i1, i2, i3 int) {
	i0, i1, i2, i3 = 1, 1, 1, 1
	_, _, _, _ = r0[0], r1[0], r2[0], r3[0] // one nil check instead of one a step
	for ; depth > 0; depth-- {
		i0 = 2*i0 + tree[i0].right(r0)
		i1 = 2*i1 + tree[i1].right(r1)
		i2 = 2*i2 + tree[i2].right(r2)
		i3 = 2*i3 + tree[i3].right(r3)
	}
	return i0, i1, i2, i3
}

// Leaves writes the number of the leaf that the row reaches in each tree to
// dst, of length NumTrees. It does not allocate.
func (m *Model) Leaves(x []float32, dst []int32) {
	for t := range m.trees {
		dst[t] = leafOf(m.treeNodes(t), x)
	}
}

// margin goes through four trees at a time, whose independent steps overlap in
// the processor.
func (l *layout) margin(row *spelled) float32 {
	size := 1 << l.depth
	sum := l.start
	splits, leaves := l.splits, l.leaves
	for len(leaves) >= 4*size {
		s0, s1, s2, s3 := splits[:size], splits[size:2*size], splits[2*size:3*size], splits[3*size:4*size]
		i0, i1, i2, i3 := 1, 1, 1, 1
		for d := l.depth; d > 0; d-- {
			i0 = 2*i0 + s0[i0].right(row)
			i1 = 2*i1 + s1[i1].right(row)
			i2 = 2*i2 + s2[i2].right(row)
			i3 = 2*i3 + s3[i3].right(row)
		}
		sum += leaves[i0-size]
		sum += leaves[i1]
		sum += leaves[i2+size]
		sum += leaves[i3+2*size]
		splits, leaves = splits[4*size:], leaves[4*size:]
	}
	for len(leaves) > 0 {
		i := 1
		for range l.depth {
			i = 2*i + splits[i].right(row)
		}
		sum += leaves[i-size]
		splits, leaves = splits[size:], leaves[size:]
	}
	return sum
}

// spell writes the row for the layout.
func (m *Model) spell(x []float32, row *spelled) {
	width := len(m.features)
	high, low := row[:width], row[width:2*width]
	for f := range high {
		if f < len(x) && x[f] == x[f] {
			high[f] = orderKey(x[f])
			low[f] = high[f]
		} else {
			high[f], low[f] = math.MaxInt32, math.MinInt32
		}
	}
}

// walk is the margin from the plain nodes, for models without a layout.
func (m *Model) walk(x []float32) float32 {
	sum := m.layout.start
	for t := range m.trees {
		nodes := m.treeNodes(t)
		sum += nodes[leafOf(nodes, x)].value
	}
	return sum
}

// leafOf is the number of the leaf that the row reaches.
func leafOf(nodes []node, x []float32) int32 {
	at := int32(0)
	for !nodes[at].leaf() {
		at = nodes[at].next(x)
	}
	return at
}

// next is the child that the row goes to.
func (n *node) next(x []float32) int32 {
	missing := int(n.feature) >= len(x) || x[n.feature] != x[n.feature]
	if missing && n.defaultLeft || !missing && x[n.feature] < n.value {
		return n.left
	}
	return n.right
}

// arrange builds the layout from the nodes.
func (m *Model) arrange() {
	depth := int32(0)
	for _, t := range m.trees {
		depth = max(depth, t.depth)
	}
	m.layout = layout{start: m.startMargin()}
	if depth > layoutDepth || 2*len(m.features) > layoutWidth {
		return
	}
	size := 1 << depth
	l := layout{
		start: m.layout.start, padded: true, depth: uint(depth),
		splits: make([]split, len(m.trees)*size),
		leaves: make([]float32, len(m.trees)*size),
	}
	for t := range m.trees {
		m.place(m.treeNodes(t), 0, 1, l.splits[t*size:][:size], l.leaves[t*size:][:size])
	}
	m.layout = l
}

// place puts the subtree below node at into the heap at slot. A leaf above the
// bottom fills all leaves below it; which way its splits go does not matter.
func (m *Model) place(nodes []node, at int32, slot int, splits []split, leaves []float32) {
	n := &nodes[at]
	left, right := n.left, n.right
	switch {
	case slot >= len(splits):
		leaves[slot-len(splits)] = n.value
		return
	case n.leaf():
		left, right = at, at
	case n.defaultLeft:
		splits[slot] = newSplit(n.value, int(n.feature)+len(m.features))
	default:
		splits[slot] = newSplit(n.value, int(n.feature))
	}
	m.place(nodes, left, 2*slot, splits, leaves)
	m.place(nodes, right, 2*slot+1, splits, leaves)
}

// startMargin is the base score as a margin: its log odds for Logistic.
func (m *Model) startMargin() float32 {
	if m.objective != Logistic {
		return m.baseScore
	}
	odds := 1/m.baseScore - 1
	return float32(-math.Log(float64(odds)))
}

// sigmoid rounds once from float64, which is what a good float32 exp gives.
func sigmoid(margin float32) float32 {
	return 1 / (1 + float32(math.Exp(-float64(margin))))
}
