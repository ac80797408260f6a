package gbt

import (
	"math"
	"slices"
)

// maxBins is what a byte can tell apart.
const maxBins = 256

// binned is a dataset with its values replaced by bin numbers, row-major.
type binned struct {
	rows, width int
	bins        []uint8
	columns     []binColumn
}

// binColumn is how one feature falls into bins. A row goes left of edge i if its
// bin is at most i, which is when its value is less than edges[i]; the last
// edge is above every value. Missing values have the bin after the last edge.
type binColumn struct {
	feature int32
	edges   []float32
	missing bool
}

// bins counts the bins, the one for missing values included.
func (c *binColumn) bins() int {
	if c.missing {
		return len(c.edges) + 1
	}
	return len(c.edges)
}

// newBinned cuts every feature at quantiles of its values.
func newBinned(d *Dataset, most int) *binned {
	b := &binned{rows: len(d.Y), width: len(d.Features)}
	b.bins = make([]uint8, len(d.X))
	b.columns = make([]binColumn, b.width)
	values := make([]float32, 0, b.rows)
	for f := range b.width {
		values = values[:0]
		for i := f; i < len(d.X); i += b.width {
			if x := d.X[i]; x == x {
				values = append(values, x)
			}
		}
		c := binColumn{feature: int32(f), missing: len(values) < b.rows}
		room := most
		if c.missing {
			room--
		}
		slices.Sort(values)
		c.edges = quantileEdges(values, room)
		b.columns[f] = c
		for i := f; i < len(d.X); i += b.width {
			b.bins[i] = c.bin(d.X[i])
		}
	}
	return b
}

// bin is the bin of a value: the first whose edge is above it.
func (c *binColumn) bin(x float32) uint8 {
	if x != x {
		return uint8(len(c.edges))
	}
	at, found := slices.BinarySearch(c.edges, x)
	if found {
		at++
	}
	return uint8(at)
}

// quantileEdges cuts sorted values into at most most bins: one per distinct
// value if that is enough, else as near to the quantiles k/most as equal values
// allow that stay together. An edge lies in the middle between two values, so
// that a row whose numbers were rounded elsewhere still goes the same way; the
// last is above all values.
func quantileEdges(sorted []float32, most int) []float32 {
	var starts []int // of each run of equal values but the first
	for i := 1; i < len(sorted); i++ {
		if sorted[i] != sorted[i-1] {
			starts = append(starts, i)
		}
	}
	var edges []float32
	n, quantile := len(sorted), 1 // quantile/most is the next to be cut at
	for k, at := range starts {
		after := n
		if k+1 < len(starts) {
			after = starts[k+1]
		}
		// Cut here unless the next chance is nearer (all times n*most).
		nearer := quantile*n-at*most < after*most-quantile*n
		if len(starts) < most || quantile < most && nearer {
			edges = append(edges, between(sorted[at-1], sorted[at]))
			quantile = max(quantile, at*most/n) + 1
		}
	}
	return append(edges, math.MaxFloat32)
}

// between is the middle of a and b > a, above a.
func between(a, b float32) float32 {
	middle := float32((float64(a) + float64(b)) / 2)
	if middle > a {
		return middle
	}
	return b
}
