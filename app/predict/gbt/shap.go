package gbt

// Contributions writes how much each feature moves the margin of the row, its
// SHAP value, to dst, of length NumFeatures+1; the last entry is the bias, the
// margin expected over the training rows. They are exact for path-dependent
// feature perturbation with the nodes' covers (Lundberg, Erion and Lee 2018,
// arXiv:1802.03888, algorithm 2) and sum to the margin but for rounding. Time
// is O(trees x leaves x depth^2).
func (m *Model) Contributions(x []float32, dst []float64) {
	width := len(m.features)
	dst = dst[:width+1]
	clear(dst)
	dst[width] = float64(m.layout.start)
	depth := int32(0)
	for _, t := range m.trees {
		depth = max(depth, t.depth)
	}
	// The path at depth d has d+1 entries; one for each depth is alive.
	room := make([]pathEntry, (depth+1)*(depth+2)/2)
	for t := range m.trees {
		e := explainer{m.treeNodes(t), m.treeStats(t), x, dst}
		dst[width] += e.expected(0)
		e.visit(0, 0, room, pathEntry{feature: -1, zero: 1, one: 1})
	}
}

// pathEntry is a feature that was split on along the path: the share of
// training rows that pass if it is unknown, whether this row passes, and the
// weight of the subsets of each size.
type pathEntry struct {
	feature           int32
	zero, one, weight float64
}

type explainer struct {
	nodes []node
	stats []stat
	x     []float32
	phi   []float64
}

// shares are the parts of the training rows that went left and right.
func (e *explainer) shares(n *node) (left, right float64) {
	l, r := float64(e.stats[n.left].cover), float64(e.stats[n.right].cover)
	if l+r == 0 {
		return 0.5, 0.5
	}
	return l / (l + r), r / (l + r)
}

// expected is the mean leaf value below a node over the training rows.
func (e *explainer) expected(at int32) float64 {
	n := &e.nodes[at]
	if n.leaf() {
		return float64(n.value)
	}
	left, right := e.shares(n)
	return left*e.expected(n.left) + right*e.expected(n.right)
}

// visit extends the path by next and goes on below node at. room begins with
// the parent's path, of count entries, and has space for the rest.
func (e *explainer) visit(at int32, count int, room []pathEntry, next pathEntry) {
	if next.zero == 0 && next.one == 0 {
		return // neither this row nor any training row comes here
	}
	copy(room[count:], room[:count])
	room = room[count:]
	count++
	extend(room[:count], next)
	n := &e.nodes[at]
	if n.leaf() {
		for i, p := range room[1:count] {
			e.phi[p.feature] += unwoundSum(room[:count], i+1) * (p.one - p.zero) * float64(n.value)
		}
		return
	}
	zero, one := 1.0, 1.0
	for i, p := range room[:count] {
		if p.feature == n.feature { // a feature counts once, at its last split
			zero, one = p.zero, p.one
			unwind(room[:count], i)
			count--
			break
		}
	}
	left, right := e.shares(n)
	leftOne, rightOne := one, 0.0
	if n.next(e.x) == n.right {
		leftOne, rightOne = 0, one
	}
	e.visit(n.left, count, room, pathEntry{feature: n.feature, zero: zero * left, one: leftOne})
	e.visit(n.right, count, room, pathEntry{feature: n.feature, zero: zero * right, one: rightOne})
}

// extend appends an entry, the last of path, to the entries before it.
func extend(path []pathEntry, next pathEntry) {
	last := len(path) - 1
	path[last] = next
	if last == 0 {
		path[0].weight = 1
	}
	size := float64(last + 1)
	for i := last - 1; i >= 0; i-- {
		path[i+1].weight += next.one * path[i].weight * float64(i+1) / size
		path[i].weight = next.zero * path[i].weight * float64(last-i) / size
	}
}

// unwind takes entry i out again; the last entry becomes meaningless.
func unwind(path []pathEntry, i int) {
	last := len(path) - 1
	one, zero := path[i].one, path[i].zero
	size := float64(last + 1)
	next := path[last].weight
	for j := last - 1; j >= 0; j-- {
		if one != 0 {
			weight := path[j].weight
			path[j].weight = next * size / (float64(j+1) * one)
			next = weight - path[j].weight*zero*float64(last-j)/size
		} else {
			path[j].weight = path[j].weight * size / (zero * float64(last-j))
		}
	}
	for j := i; j < last; j++ {
		path[j].feature, path[j].zero, path[j].one = path[j+1].feature, path[j+1].zero, path[j+1].one
	}
}

// unwoundSum is the total weight of the path without entry i.
func unwoundSum(path []pathEntry, i int) float64 {
	last := len(path) - 1
	one, zero := path[i].one, path[i].zero
	size := float64(last + 1)
	next, total := path[last].weight, 0.0
	for j := last - 1; j >= 0; j-- {
		switch {
		case one != 0:
			weight := next * size / (float64(j+1) * one)
			total += weight
			next = path[j].weight - weight*zero*float64(last-j)/size
		default:
			total += path[j].weight * size / (zero * float64(last-j))
		}
	}
	return total
}
