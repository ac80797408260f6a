package gbt

import (
	"bufio"
	"io"
	"maps"
	"slices"
	"strconv"
)

// schemaVersion is the version of XGBoost whose schema is written; every later
// one loads it.
var schemaVersion = [3]int64{1, 7, 4}

// WriteJSON writes the model as XGBoost JSON, in the schema of XGBoost 1.7 that
// later versions load too, and byte for byte as XGBoost spells it. Writing,
// reading and writing again gives the same bytes.
func (m *Model) WriteJSON(w io.Writer) error {
	out := &jsonSink{out: bufio.NewWriter(w)}
	m.write(out)
	return out.out.Flush()
}

// WriteUBJ writes the model as XGBoost UBJSON, in the same schema as WriteJSON.
func (m *Model) WriteUBJ(w io.Writer) error {
	out := &ubjSink{out: bufio.NewWriter(w)}
	m.write(out)
	return out.out.Flush()
}

// write lays the model out; keys stand in alphabetic order, as in XGBoost.
func (m *Model) write(s sink) {
	s.object(func() {
		s.key("learner")
		s.object(func() {
			s.key("attributes")
			texts(s, m.attributes)
			s.key("feature_names")
			s.list(len(m.features), func(i int) { s.text(m.features[i]) })
			s.key("feature_types")
			s.list(len(m.featureTypes), func(i int) { s.text(m.featureTypes[i]) })
			s.key("gradient_booster")
			m.writeBooster(s)
			s.key("learner_model_param")
			texts(s, map[string]string{
				"base_score": floatText(m.baseScore), "boost_from_average": "1", "num_class": "0",
				"num_feature": strconv.Itoa(len(m.features)), "num_target": "1",
			})
			s.key("objective")
			s.object(func() {
				s.key("name")
				s.text(string(m.objective))
				s.key("reg_loss_param")
				texts(s, map[string]string{"scale_pos_weight": m.scalePos})
			})
		})
		s.key("version")
		s.list(len(schemaVersion), func(i int) { s.integer(schemaVersion[i]) })
	})
}

func (m *Model) writeBooster(s sink) {
	s.object(func() {
		s.key("model")
		s.object(func() {
			s.key("gbtree_model_param")
			texts(s, map[string]string{
				"num_parallel_tree": strconv.Itoa(int(m.parallel)), "num_trees": strconv.Itoa(len(m.trees)),
				"size_leaf_vector": "0",
			})
			s.key("tree_info")
			s.list(len(m.trees), func(int) { s.integer(0) })
			s.key("trees")
			s.list(len(m.trees), func(t int) { m.writeTree(s, t) })
		})
		s.key("name")
		s.text("gbtree")
	})
}

func (m *Model) writeTree(s sink, t int) {
	nodes, stats := m.treeNodes(t), m.treeStats(t)
	removed := 0
	for i := range nodes {
		if nodes[i].feature == deleted {
			removed++
		}
	}
	s.object(func() {
		s.key("base_weights")
		s.floats(column(stats, func(s stat) float32 { return s.weight }))
		s.key("categories")
		s.ints(nil)
		s.key("categories_nodes")
		s.ints(nil)
		s.key("categories_segments")
		s.longs(nil)
		s.key("categories_sizes")
		s.longs(nil)
		s.key("default_left")
		s.flags(column(nodes, func(n node) int32 {
			if n.defaultLeft {
				return 1
			}
			return 0
		}))
		s.key("id")
		s.integer(int64(t))
		s.key("left_children")
		s.ints(column(nodes, func(n node) int32 { return n.left }))
		s.key("loss_changes")
		s.floats(column(stats, func(s stat) float32 { return s.gain }))
		s.key("parents")
		s.ints(column(stats, func(s stat) int32 { return s.parent }))
		s.key("right_children")
		s.ints(column(nodes, func(n node) int32 { return n.right }))
		s.key("split_conditions")
		s.floats(column(nodes, func(n node) float32 { return n.value }))
		s.key("split_indices")
		s.ints(column(nodes, func(n node) int32 { return n.feature }))
		s.key("split_type")
		s.flags(make([]int32, len(nodes)))
		s.key("sum_hessian")
		s.floats(column(stats, func(s stat) float32 { return s.cover }))
		s.key("tree_param")
		texts(s, map[string]string{
			"num_deleted": strconv.Itoa(removed), "num_feature": strconv.Itoa(len(m.features)),
			"num_nodes": strconv.Itoa(len(nodes)), "size_leaf_vector": "0",
		})
	})
}

// column takes one property from all nodes.
func column[N, T any](nodes []N, property func(N) T) []T {
	all := make([]T, len(nodes))
	for i, n := range nodes {
		all[i] = property(n)
	}
	return all
}

func texts(s sink, all map[string]string) {
	s.object(func() {
		for _, key := range slices.Sorted(maps.Keys(all)) {
			s.key(key)
			s.text(all[key])
		}
	})
}
