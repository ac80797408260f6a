package gbt

import (
	"math/rand/v2"
	"runtime"
	"sync"
)

// maxWorkers grow a tree, each on its share of the columns.
const maxWorkers = 2

// grower grows one tree after another on the same rows.
type grower struct {
	p       Params
	all     *binned
	workers int

	columns   []binColumn // that the tree may split on
	bins      []uint8     // of these columns, row-major
	rows      []int32     // that the tree sees, ordered by node
	spare     []int32     // for partitioning
	gradients []packed
	rules     rules
	pool      []histogram // not in use

	nodes []node
	stats []stat
}

func newGrower(data *binned, p Params) *grower {
	return &grower{
		p: p, all: data, columns: data.columns, bins: data.bins,
		workers: min(maxWorkers, runtime.GOMAXPROCS(0)),
		spare:   make([]int32, data.rows), gradients: make([]packed, data.rows),
		rules: rules{lambda: p.Lambda, gamma: p.Gamma, minChild: p.MinChildWeight},
	}
}

// branch is a node that may still be split.
type branch struct {
	id     int32
	lo, hi int // its part of rows
	total  fixed
	hist   histogram
	best   [maxWorkers]candidate // one per share of the columns
}

// family is what a split leaves to do: the histogram of the child with fewer
// rows is filled, the other's is its parent's less that.
type family struct {
	small, large *branch // large is nil at the root
}

// grow grows a tree level by level. The result is valid until the next call.
func (g *grower) grow(slopes []derivatives, random *rand.Rand) ([]node, []stat) {
	g.sample(random)
	g.rules.unit = pack(slopes, g.gradients)
	root := &branch{hi: len(g.rows)}
	for _, r := range g.rows {
		root.total.add(fixed{int64(g.gradients[r].g), int64(g.gradients[r].h)})
	}
	g.nodes, g.stats = g.nodes[:0], g.stats[:0]
	g.addNode(root, rootParent)
	root.hist = g.histogram()
	level := []family{{small: root}}
	for depth := 1; len(level) > 0; depth++ {
		g.search(level)
		level = g.splitLevel(level, depth < g.p.MaxDepth)
	}
	return g.nodes, g.stats
}

// search completes the histograms of a level and finds the best splits, each
// worker for its columns.
func (g *grower) search(level []family) {
	var all sync.WaitGroup
	for w := range g.workers {
		lo, hi := w*len(g.columns)/g.workers, (w+1)*len(g.columns)/g.workers
		all.Go(func() {
			for _, f := range level {
				s := f.small
				s.hist.fill(g.bins, len(g.columns), g.columns, g.rows[s.lo:s.hi], g.gradients, lo, hi)
				s.best[w] = g.rules.best(s.hist, g.columns, s.total, lo, hi)
				if l := f.large; l != nil {
					l.hist.subtract(s.hist, g.columns, lo, hi)
					l.best[w] = g.rules.best(l.hist, g.columns, l.total, lo, hi)
				}
			}
		})
	}
	all.Wait()
}

// splitLevel splits what is worth it and gives the next level: the children,
// if more says that they may be split in turn.
func (g *grower) splitLevel(level []family, more bool) []family {
	var next []family
	for _, f := range level {
		for _, b := range []*branch{f.small, f.large} {
			if b == nil {
				continue
			}
			left, right := g.split(b)
			if left == nil || !more || !g.splittable(left) && !g.splittable(right) {
				g.pool = append(g.pool, b.hist)
				continue
			}
			small, large := left, right
			if left.hi-left.lo > right.hi-right.lo {
				small, large = right, left
			}
			large.hist, small.hist = b.hist, g.histogram()
			next = append(next, family{small, large})
		}
	}
	return next
}

// splittable tells whether a node can have two children that weigh enough.
func (g *grower) splittable(b *branch) bool {
	return b.hi-b.lo > 1 && g.rules.unit.float(b.total).h >= 2*g.p.MinChildWeight
}

// split turns a leaf into a split by the best candidate of all workers; it
// gives nil if there is none.
func (g *grower) split(b *branch) (left, right *branch) {
	best := b.best[0]
	for _, c := range b.best[1:g.workers] {
		if c.gain > best.gain {
			best = c
		}
	}
	if best.gain == 0 {
		return nil, nil
	}
	column := &g.columns[best.column]
	middle := g.partition(b, best)
	left = &branch{lo: b.lo, hi: middle, total: best.left}
	right = &branch{lo: middle, hi: b.hi, total: b.total.minus(best.left)}
	g.addNode(left, b.id)
	g.addNode(right, b.id)
	g.nodes[b.id] = node{column.edges[best.bin], column.feature, left.id, right.id, best.missingLeft}
	g.stats[b.id].gain = float32(best.gain)
	g.stats[b.id].weight = float32(g.rules.weight(g.rules.unit.float(b.total)))
	return left, right
}

// addNode appends a leaf. Leaves keep their weight after the learning rate,
// splits before it, as in XGBoost.
func (g *grower) addNode(b *branch, parent int32) {
	b.id = int32(len(g.nodes))
	sums := g.rules.unit.float(b.total)
	value := float32(g.rules.weight(sums) * g.p.LearningRate)
	g.nodes = append(g.nodes, node{value: value, left: noChild, right: noChild})
	g.stats = append(g.stats, stat{cover: float32(sums.h), weight: value, parent: parent})
}

// partition orders the rows of a node by the side they go to, stable on both,
// and gives the place of the first that goes right.
func (g *grower) partition(b *branch, c candidate) int {
	rows := g.rows[b.lo:b.hi]
	left, right := 0, 0
	edges := len(g.columns[c.column].edges)
	for _, r := range rows {
		bin := int(g.bins[int(r)*len(g.columns)+c.column])
		goesLeft := bin <= c.bin
		if bin == edges {
			goesLeft = c.missingLeft
		}
		if goesLeft {
			rows[left] = r
			left++
		} else {
			g.spare[right] = r
			right++
		}
	}
	copy(rows[left:], g.spare[:right])
	return b.lo + left
}

// histogram takes one from the pool; fill clears what it uses.
func (g *grower) histogram() histogram {
	if n := len(g.pool); n > 0 {
		h := g.pool[n-1]
		g.pool = g.pool[:n-1]
		return h
	}
	return make(histogram, len(g.columns))
}

// sample draws the rows and the columns of the next tree.
func (g *grower) sample(random *rand.Rand) {
	g.rows = draw(g.rows[:0], g.all.rows, g.p.RowSample, random)
	if g.p.ColSample == 1 {
		return
	}
	chosen := draw(nil, g.all.width, g.p.ColSample, random)
	g.columns = make([]binColumn, 0, len(chosen))
	for _, c := range chosen {
		g.columns = append(g.columns, g.all.columns[c])
	}
	g.bins = make([]uint8, 0, g.all.rows*len(chosen))
	for r := range g.all.rows {
		row := g.all.bins[r*g.all.width:][:g.all.width]
		for _, c := range chosen {
			g.bins = append(g.bins, row[c])
		}
	}
}

// draw takes a share of the numbers below n, at least one, in rising order and
// each set of that size as likely as any other (Knuth, algorithm S).
func draw(into []int32, n int, share float64, random *rand.Rand) []int32 {
	need := max(1, int(share*float64(n)))
	for i := range n {
		if need == n-i || random.Float64()*float64(n-i) < float64(need) {
			into = append(into, int32(i))
			need--
		}
	}
	return into
}
