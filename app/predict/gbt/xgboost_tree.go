package gbt

import (
	"fmt"
	"math"
)

// columns are a tree as XGBoost stores it: one array per property of its nodes.
type columns struct {
	left, right, parents         []int32
	indices, defaultLeft, kinds  []int32
	conditions                   []float32
	gains, covers, weights       []float32
	categories, categoricalNodes []int32
	id                           int64
	param                        map[string]string
}

// tree reads tree t, checks it and appends its nodes.
func (d *decoder) tree(t int) error {
	var c columns
	if err := d.in.object(func(key string) error { return within(key, d.treeKey(&c, key)) }); err != nil {
		return err
	}
	if c.id != int64(t) {
		return fmt.Errorf("has id %d; trees must stand in the order of their ids", c.id)
	}
	if err := c.check(); err != nil {
		return err
	}
	m := &d.model
	first, n := len(m.nodes), len(c.left)
	if first+n > maxNodes {
		return fmt.Errorf("more than %d nodes in all", maxNodes)
	}
	for i := range n {
		m.nodes = append(m.nodes, node{
			value: c.conditions[i], feature: c.indices[i],
			left: c.left[i], right: c.right[i], defaultLeft: c.defaultLeft[i] != 0,
		})
		m.stats = append(m.stats, stat{c.gains[i], c.covers[i], c.weights[i], c.parents[i]})
	}
	depth, err := checkShape(m.nodes[first:], m.stats[first:])
	m.trees = append(m.trees, tree{int32(first), int32(n), depth})
	return err
}

func (d *decoder) treeKey(c *columns, key string) (err error) {
	switch key {
	case "id":
		c.id, err = d.in.integer()
	case "tree_param":
		c.param, err = d.texts()
	case "left_children":
		c.left, err = d.in.ints()
	case "right_children":
		c.right, err = d.in.ints()
	case "parents":
		c.parents, err = d.in.ints()
	case "split_indices":
		c.indices, err = d.in.ints()
	case "default_left":
		c.defaultLeft, err = d.in.ints()
	case "split_type":
		c.kinds, err = d.in.ints()
	case "categories":
		c.categories, err = d.in.ints()
	case "categories_nodes":
		c.categoricalNodes, err = d.in.ints()
	case "split_conditions":
		c.conditions, err = d.in.floats()
	case "loss_changes":
		c.gains, err = d.in.floats()
	case "sum_hessian":
		c.covers, err = d.in.floats()
	case "base_weights":
		c.weights, err = d.in.floats()
	default:
		err = d.in.skip()
	}
	return err
}

// check compares the arrays with each other and refuses what is not supported.
func (c *columns) check() error {
	if n := c.param["size_leaf_vector"]; n != "" && n != "0" && n != "1" {
		return fmt.Errorf("size_leaf_vector is %s: vector leaves are not supported", n)
	}
	n, err := count(c.param, "num_nodes", 1, maxNodes)
	if err != nil {
		return err
	}
	if len(c.kinds) == 0 { // files from before categorical splits
		c.kinds = make([]int32, len(c.left))
	}
	for _, array := range []struct {
		name string
		size int
	}{
		{"left_children", len(c.left)}, {"right_children", len(c.right)}, {"parents", len(c.parents)},
		{"split_indices", len(c.indices)}, {"default_left", len(c.defaultLeft)}, {"split_type", len(c.kinds)},
		{"split_conditions", len(c.conditions)}, {"loss_changes", len(c.gains)},
		{"sum_hessian", len(c.covers)}, {"base_weights", len(c.weights)},
	} {
		if array.size != n {
			return fmt.Errorf("num_nodes is %d, but %s has %d elements", n, array.name, array.size)
		}
	}
	if len(c.categories) > 0 || len(c.categoricalNodes) > 0 {
		return fmt.Errorf("categorical splits are not supported")
	}
	for i := range n {
		switch {
		case c.kinds[i] != 0:
			return fmt.Errorf("node %d: categorical splits are not supported", i)
		case !finite(c.conditions[i]):
			return fmt.Errorf("node %d: split_conditions is not finite", i)
		case !finite(c.gains[i]), !finite(c.weights[i]):
			return fmt.Errorf("node %d: loss_changes or base_weights is not finite", i)
		case !finite(c.covers[i]), c.covers[i] < 0:
			return fmt.Errorf("node %d: sum_hessian is negative or not finite", i)
		case c.defaultLeft[i] != 0 && c.defaultLeft[i] != 1:
			return fmt.Errorf("node %d: default_left is %d, want 0 or 1", i, c.defaultLeft[i])
		}
	}
	return nil
}

// checkShape proves that the nodes are one tree that hangs from node 0: each
// other node is the child of exactly the parent it names, or was deleted by
// pruning. It returns the depth.
func checkShape(nodes []node, stats []stat) (depth int32, err error) {
	type step struct{ at, parent, depth int32 }
	seen := make([]bool, len(nodes))
	todo := []step{{0, rootParent, 0}}
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if s.at < 0 || int(s.at) >= len(nodes) {
			return 0, fmt.Errorf("node %d: child %d does not exist", s.parent, s.at)
		}
		n := &nodes[s.at]
		switch parent := stats[s.at].parent; {
		case seen[s.at]:
			return 0, fmt.Errorf("node %d: is reached twice", s.at)
		case parent != s.parent && (s.at != 0 || parent != noChild):
			return 0, fmt.Errorf("node %d: names %d as its parent, but is a child of %d", s.at, parent, s.parent)
		case s.depth > maxTreeDepth:
			return 0, fmt.Errorf("node %d: deeper than %d", s.at, maxTreeDepth)
		case n.feature == deleted:
			return 0, fmt.Errorf("node %d: is in use but marked as deleted", s.at)
		case n.leaf() && n.right != noChild:
			return 0, fmt.Errorf("node %d: has a right child only", s.at)
		}
		seen[s.at] = true
		depth = max(depth, s.depth)
		if !n.leaf() {
			todo = append(todo, step{n.right, s.at, s.depth + 1}, step{n.left, s.at, s.depth + 1})
		}
	}
	for i := range nodes {
		if !seen[i] && nodes[i].feature != deleted {
			return 0, fmt.Errorf("node %d: hangs from no other node", i)
		}
	}
	return depth, nil
}

// checkFeatures holds the split of every node against the number of features.
func (m *Model) checkFeatures() error {
	for t := range m.trees {
		for i, n := range m.treeNodes(t) {
			if n.feature != deleted && (n.feature < 0 || int(n.feature) >= len(m.features)) {
				return fmt.Errorf("tree %d: node %d: split_indices is %d, but there are %d features",
					t, i, n.feature, len(m.features))
			}
		}
	}
	return nil
}

func finite(x float32) bool {
	return math.Abs(float64(x)) <= math.MaxFloat32
}
