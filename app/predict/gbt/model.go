// Package gbt holds gradient-boosted regression trees that are compatible with
// XGBoost: it reads and writes XGBoost's JSON and UBJSON files, evaluates them
// bit for bit as XGBoost does, explains them with exact TreeSHAP and trains new
// ones on histograms (Chen and Guestrin 2016, arXiv:1603.02754).
package gbt

import (
	"math"
	"slices"
)

// Objective is the loss that a model was trained for. It decides what a margin
// means.
type Objective string

// The objectives that the package knows.
const (
	Logistic     Objective = "binary:logistic"  // margin in log odds, prediction in (0,1)
	SquaredError Objective = "reg:squarederror" // margin and prediction in units of the target
)

// Model is an ensemble of regression trees. It never changes once it was read
// or trained, and so is safe for concurrent use.
type Model struct {
	objective    Objective
	features     []string
	featureTypes []string
	attributes   map[string]string
	baseScore    float32 // as stored: a probability for Logistic
	scalePos     string  // scale_pos_weight, kept for writing only
	parallel     int32   // num_parallel_tree, kept for writing only

	trees  []tree
	nodes  []node // of all trees
	stats  []stat // one per node, beside the hot array
	layout layout // the nodes once more, arranged for evaluation
}

// tree is a range of nodes; node numbers inside a tree count from its first.
type tree struct {
	first, count int32
	depth        int32 // edges on the longest path
}

// node is a split, or a leaf if left is noChild. A row goes left if
// x[feature] < value, a missing value to the default side.
type node struct {
	value       float32 // split condition, or leaf value
	feature     int32
	left, right int32 // numbers inside the tree
	defaultLeft bool
}

// stat is what training left behind: SHAP needs the cover, files all of it.
type stat struct {
	gain   float32 // loss_changes
	cover  float32 // sum_hessian
	weight float32 // base_weights
	parent int32
}

const (
	noChild    = -1
	rootParent = math.MaxInt32 // as XGBoost writes it
	deleted    = math.MaxInt32 // split index of a node that pruning took out
)

func (n *node) leaf() bool { return n.left == noChild }

// Features are the names of the inputs, in the order of a row.
func (m *Model) Features() []string { return slices.Clone(m.features) }

// NumFeatures is the width of a row.
func (m *Model) NumFeatures() int { return len(m.features) }

// NumTrees counts the trees.
func (m *Model) NumTrees() int { return len(m.trees) }

// Objective is the loss that the model was trained for.
func (m *Model) Objective() Objective { return m.objective }

// treeNodes are the nodes of tree t.
func (m *Model) treeNodes(t int) []node {
	at := m.trees[t]
	return m.nodes[at.first : at.first+at.count]
}

// treeStats are the statistics of tree t, one per node.
func (m *Model) treeStats(t int) []stat {
	at := m.trees[t]
	return m.stats[at.first : at.first+at.count]
}
