package gbt

import "math"

// derivatives are the first and second derivative of the loss of a row, or of
// many rows.
type derivatives struct{ g, h float64 }

// fixed are derivatives in fixed point. Sums of integers are exact, whatever
// their order: a parent less one child is the other child to the last bit, and
// results do not depend on who adds up what.
type fixed struct{ g, h int64 }

func (s *fixed) add(o fixed)        { s.g += o.g; s.h += o.h }
func (s fixed) minus(o fixed) fixed { return fixed{s.g - o.g, s.h - o.h} }

// packed is a row's derivatives in fixed point, small to be read fast.
type packed struct{ g, h int32 }

// scale is the size of one fixed-point unit of each derivative.
type scale derivatives

func (u scale) float(s fixed) derivatives {
	return derivatives{float64(s.g) * u.g, float64(s.h) * u.h}
}

// pack rounds derivatives to fixed point: the largest of each kind takes 30
// bits, so that an error is under a billionth of it and sums of 2^32 rows fit.
func pack(rows []derivatives, out []packed) scale {
	var most derivatives
	for _, d := range rows {
		most = derivatives{max(most.g, math.Abs(d.g)), max(most.h, d.h)}
	}
	unit := scale{unitFor(most.g), unitFor(most.h)}
	for i, d := range rows {
		out[i] = packed{int32(math.RoundToEven(d.g / unit.g)), int32(math.RoundToEven(d.h / unit.h))}
	}
	return unit
}

// unitFor is the power of two that brings most to 30 bits.
func unitFor(most float64) float64 {
	_, exponent := math.Frexp(most)
	return math.Ldexp(1, exponent-30)
}

// histogram holds the sums of a node's rows per column and bin.
type histogram [][maxBins]fixed

// fill adds up the rows of a node for the columns from lo to hi. It is where
// training spends its time: one byte, two additions per row and column.
func (h histogram) fill(bins []uint8, width int, columns []binColumn, rows []int32, gradients []packed, lo, hi int) {
	for c := lo; c < hi; c++ {
		clear(h[c][:columns[c].bins()])
	}
	part := h[lo:hi]
	for _, r := range rows {
		g, d := int64(gradients[r].g), int64(gradients[r].h)
		row := bins[int(r)*width+lo:][:len(part)]
		for c := range part {
			s := &part[c][row[c]]
			s.g += g
			s.h += d
		}
	}
}

// subtract takes a child's sums from its parent's, which leaves the other's.
func (h histogram) subtract(child histogram, columns []binColumn, lo, hi int) {
	for c := lo; c < hi; c++ {
		n := columns[c].bins()
		mine, other := h[c][:n], child[c][:n]
		for b := range mine {
			mine[b] = mine[b].minus(other[b])
		}
	}
}

// candidate is a possible split of a node.
type candidate struct {
	gain        float64
	column, bin int
	missingLeft bool
	left        fixed // sums of the rows that go left
}

// rules say which splits are allowed and what they are worth.
type rules struct {
	lambda, gamma, minChild float64
	unit                    scale
}

// weight is the best value of a leaf.
func (r *rules) weight(s derivatives) float64 {
	if s.h+r.lambda <= 0 {
		return 0
	}
	return -s.g / (s.h + r.lambda)
}

// score is twice the loss that the best leaf value saves.
func (r *rules) score(s derivatives) float64 { return -s.g * r.weight(s) }

// best finds the split of greatest gain among the columns from lo to hi; among
// equals the first. Its gain is 0 if there is none.
func (r *rules) best(h histogram, columns []binColumn, total fixed, lo, hi int) candidate {
	const leastGain = 1e-6 // XGBoost's kRtEps: below it is rounding
	found := candidate{}
	limit := max(r.gamma, leastGain)
	parent := r.score(r.unit.float(total))
	try := func(left fixed, column, bin int, missingLeft bool) {
		l, right := r.unit.float(left), r.unit.float(total.minus(left))
		if l.h <= 0 || right.h <= 0 || l.h < r.minChild || right.h < r.minChild {
			return
		}
		gain := r.score(l) + r.score(right) - parent
		if gain >= limit && gain > found.gain {
			found = candidate{gain, column, bin, missingLeft, left}
		}
	}
	for c := lo; c < hi; c++ {
		edges := len(columns[c].edges)
		var missing, left fixed
		if columns[c].missing {
			missing = h[c][edges]
		}
		none := missing == fixed{}
		for b, s := range h[c][:edges] {
			if s == (fixed{}) {
				continue // the same split as at the bin before
			}
			left.add(s)
			if none {
				// Which side missing values will take is open: the larger one.
				try(left, c, b, 2*left.h > total.h)
				continue
			}
			try(left, c, b, false)
			withMissing := left
			withMissing.add(missing)
			try(withMissing, c, b, true)
		}
	}
	return found
}
