package gbt

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/fault"
)

var allowUnexported = cmp.AllowUnexported(Model{}, tree{}, node{}, stat{}, layout{})

func written(tb rapid.TB, write func(io.Writer) error) []byte {
	var out bytes.Buffer
	require.NoError(tb, write(&out))
	return out.Bytes()
}

// Any model comes back the same through either format, and is written the same
// again.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t, 5, 10)
		asJSON, asUBJ := written(t, m.WriteJSON), written(t, m.WriteUBJ)
		for _, data := range [][]byte{asJSON, asUBJ} {
			back, err := Read(bytes.NewReader(data))
			require.NoError(t, err)
			require.Equal(t, m.NumTrees(), back.NumTrees())
			require.True(t, bytes.Equal(asJSON, written(t, back.WriteJSON)))
			require.True(t, bytes.Equal(asUBJ, written(t, back.WriteUBJ)))
			x := drawRow(t, m.NumFeatures())
			require.Equal(t, m.Margin(x), back.Margin(x))
		}
	})
}

func TestBothFormatsGiveTheSameModel(t *testing.T) {
	for name := range goldenModels {
		a, b := goldenModel(t, name+".json"), goldenModel(t, name+".ubj")
		require.Empty(t, cmp.Diff(a, b, allowUnexported))
		require.Empty(t, cmp.Diff(a.features, a.Features()))
	}
}

// stump is the smallest model with a split.
func stump() *Model {
	m := &Model{
		objective: Logistic, features: []string{"elo", "rest"}, featureTypes: []string{"float", "int"},
		attributes: map[string]string{"note": "a \"quoted\" line\n"}, baseScore: 0.5, scalePos: "1", parallel: 1,
	}
	m.append(
		[]node{{value: 1.5, feature: 1, left: 1, right: 2, defaultLeft: true}, {value: -0.25, left: -1, right: -1}, {value: 1e-7, left: -1, right: -1}},
		[]stat{{12.5, 30, 0.1, rootParent}, {0, 10, -0.25, 0}, {0, 20, 1e-7, 0}},
	)
	m.arrange()
	return m
}

func TestReadAcceptsOtherSpellings(t *testing.T) {
	text := string(written(t, stump().WriteJSON))
	for name, change := range map[string][2]string{
		"base score since 3.1":    {`"base_score":"5E-1"`, `"base_score":"[5E-1]"`},
		"booleans before 1.6":     {`"default_left":[1,0,0]`, `"default_left":[true,false,false]`},
		"keys of later versions":  {`"tree_info":[0]`, `"iteration_indptr":[0,1],"cats":{"enc":[]},"tree_info":[0]`},
		"root without a parent":   {`"parents":[2147483647,`, `"parents":[-1,`},
		"leaf vectors of one":     {`"num_nodes":"3","size_leaf_vector":"0"`, `"num_nodes":"3","size_leaf_vector":"1"`},
		"no categorical columns":  {`"split_type":[0,0,0],`, ``},
		"space":                   {`{"learner":`, " {\n\t\"learner\" : "},
		"decimals":                {`1.5E0`, `1.500`},
		"names are not mandatory": {`"feature_names":["elo","rest"]`, `"feature_names":[]`},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, text, change[0])
			m, err := Read(strings.NewReader(strings.Replace(text, change[0], change[1], 1)))
			require.NoError(t, err)
			for _, x := range []float32{1.4, 1.5, 2, float32(math.NaN())} {
				row := []float32{0, x}
				require.Equal(t, stump().Margin(row), m.Margin(row))
			}
		})
	}
}

func TestReadRefusesInWords(t *testing.T) {
	text := string(written(t, stump().WriteJSON))
	for _, c := range []struct{ from, to, want string }{
		{`"name":"gbtree"`, `"name":"dart"`, `booster "dart" is not supported`},
		{`"name":"gbtree"`, `"name":"gblinear"`, `booster "gblinear" is not supported`},
		{`binary:logistic`, `multi:softprob`, `objective "multi:softprob" is not supported`},
		{`"num_class":"0"`, `"num_class":"3"`, "num_class is 3"},
		{`"num_target":"1"`, `"num_target":"2"`, "num_target is 2"},
		{`"num_nodes":"3","size_leaf_vector":"0"`, `"num_nodes":"3","size_leaf_vector":"4"`, "tree 0: size_leaf_vector is 4"},
		{`"split_type":[0,`, `"split_type":[1,`, "tree 0: node 0: categorical"},
		{`"categories":[]`, `"categories":[1]`, "categorical"},
		{`["float","int"]`, `["float","c"]`, `feature "rest" is categorical`},
		{`["elo","rest"]`, `["elo"]`, "1 feature_names"},
		{`"num_feature":"2","num_target"`, `"num_feature":"9","num_target"`, "num_feature is 9"},
		{`"num_trees":"1"`, `"num_trees":"2"`, "num_trees is 2, but there are 1 trees"},
		{`"num_trees":"1"`, `"num_trees":"x"`, "num_trees"},
		{`"tree_info":[0]`, `"tree_info":[]`, "0 entries in tree_info"},
		{`"tree_info":[0]`, `"tree_info":[1]`, "tree 0: belongs to class 1"},
		{`"id":0`, `"id":1`, "tree 0: has id 1"},
		{`"num_nodes":"3"`, `"num_nodes":"2"`, "tree 0: num_nodes is 2"},
		{`"left_children":[1,`, `"left_children":[5,`, "tree 0: node 0: child 5 does not exist"},
		{`"left_children":[1,`, `"left_children":[-2,`, "tree 0: node 0: child -2 does not exist"},
		{`"left_children":[1,`, `"left_children":[0,`, "tree 0: node 0: is reached twice"},
		{`"left_children":[1,`, `"left_children":[2,`, "is reached twice"},
		{`"left_children":[1,-1,-1]`, `"left_children":[-1,-1,-1]`, "tree 0: node 0: has a right child only"},
		{`"parents":[2147483647,0,`, `"parents":[2147483647,2,`, "node 1: names 2 as its parent"},
		{`"split_indices":[1,`, `"split_indices":[2,`, "tree 0: node 0: split_indices is 2, but there are 2 features"},
		{`"split_indices":[1,`, `"split_indices":[-1,`, "split_indices is -1"},
		{`"split_indices":[1,`, `"split_indices":[2147483647,`, "marked as deleted"},
		{`"split_conditions":[1.5E0`, `"split_conditions":[1.5E99`, "tree 0: split_conditions: element 0"},
		{`"split_conditions":[1.5E0`, `"split_conditions":[null`, "split_conditions: element 0"},
		{`"split_conditions":[1.5E0`, `"split_conditions":["1"`, "split_conditions: element 0"},
		{`"split_conditions":[1.5E0,`, `"split_conditions":[`, "split_conditions has 2 elements"},
		{`"sum_hessian":[3E1`, `"sum_hessian":[-3E1`, "tree 0: node 0: sum_hessian"},
		{`"default_left":[1,`, `"default_left":[2,`, "node 0: default_left is 2"},
		{`"base_score":"5E-1"`, `"base_score":"1E0"`, "base_score 1E0 is not a probability"},
		{`"base_score":"5E-1"`, `"base_score":"nan"`, "base_score"},
		{`"base_score":"5E-1"`, `"base_score":"[1E-1,2E-1]"`, "base_score"},
		{`"scale_pos_weight":"1"`, `"scale_pos_weight":"inf"`, "scale_pos_weight"},
		{`"version":[1,7,4]}`, `"version":[1,7,4]} more`, ""},
		{`"version":[1,7,4]}`, ``, ""},
		{`{"learner":`, `{"trees":`, "booster"},
		{`{"learner":`, `binf`, "neither JSON nor UBJSON"},
	} {
		t.Run(c.to, func(t *testing.T) {
			require.Contains(t, text, c.from)
			m, err := Read(strings.NewReader(strings.Replace(text, c.from, c.to, 1)))
			require.Nil(t, m)
			require.ErrorContains(t, err, c.want)
			require.Equal(t, fault.Invalid, fault.CodeOf(err))
		})
	}
	_, err := Read(strings.NewReader(""))
	require.ErrorContains(t, err, "empty")
}

// Nodes that XGBoost's pruning deleted hang from nowhere and stay in the file.
func TestDeletedNodesAreKept(t *testing.T) {
	m := stump()
	m.nodes[0].left, m.nodes[0].right = noChild, noChild
	m.nodes[1].feature, m.nodes[2].feature = deleted, deleted
	m.arrange()
	data := written(t, m.WriteJSON)
	require.Contains(t, string(data), `"num_deleted":"2"`)
	back, err := Read(bytes.NewReader(data))
	require.NoError(t, err)
	require.Equal(t, data, written(t, back.WriteJSON))
	require.Equal(t, float32(1.5), back.Margin([]float32{0, 9}))
}

func TestReadStopsAtTheSizeLimit(t *testing.T) {
	_, err := Read(io.MultiReader(strings.NewReader("{"), &endless{}))
	require.Equal(t, fault.TooLarge, fault.CodeOf(err))
}

type endless struct{}

func (*endless) Read(p []byte) (int, error) { return len(p), nil }

func TestReadReportsTheReader(t *testing.T) {
	_, err := Read(io.MultiReader(strings.NewReader("{"), &failing{}))
	require.ErrorIs(t, err, io.ErrClosedPipe)
}

type failing struct{}

func (*failing) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestWriteReportsTheWriter(t *testing.T) {
	for _, write := range []func(io.Writer) error{stump().WriteJSON, stump().WriteUBJ} {
		reader, writer := io.Pipe()
		require.NoError(t, reader.Close())
		require.ErrorIs(t, write(writer), io.ErrClosedPipe)
	}
}

// Numbers are spelled as XGBoost spells them and read back to the last bit.
func TestFloatText(t *testing.T) {
	for x, want := range map[float32]string{
		0: "0E0", 0.5: "5E-1", 1: "1E0", -12.25: "-1.225E1", 1e10: "1E10", 1e-10: "1E-10",
		math.MaxFloat32: "3.4028235E38", math.SmallestNonzeroFloat32: "1E-45",
	} {
		require.Equal(t, want, floatText(x))
	}
}

// Lengths that promise more than the file holds are refused before they cost
// memory.
func TestUBJLengthsAreNotBelieved(t *testing.T) {
	good := written(t, stump().WriteUBJ)
	for _, key := range []string{"base_weights", "left_children", "tree_info", "trees", "feature_names", "default_left"} {
		at := bytes.Index(good, []byte(key))
		require.Positive(t, at)
		count := at + bytes.IndexByte(good[at:], '#') + 2
		for _, length := range [][]byte{{0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff}, {0x7f, 255, 255, 255, 255, 255, 255, 255}, {255, 255, 255, 255, 255, 255, 255, 255}} {
			bad := bytes.Clone(good)
			copy(bad[count:], length)
			_, err := Read(bytes.NewReader(bad))
			require.Equal(t, fault.Invalid, fault.CodeOf(err), key)
		}
	}
	for end := range good {
		_, err := Read(bytes.NewReader(good[:end]))
		require.Error(t, err, "cut after %d bytes", end)
	}
}

func TestSkippingDoesNotRecurseForever(t *testing.T) {
	deep := "{" + "i\x01x" + strings.Repeat("[", 1<<20)
	_, err := Read(strings.NewReader(deep))
	require.ErrorContains(t, err, "nested")
	_, err = Read(strings.NewReader(`{"x":` + strings.Repeat("[", 1<<20)))
	require.Error(t, err)
}

func FuzzReadJSON(f *testing.F) {
	f.Add(written(f, stump().WriteJSON))
	f.Add([]byte(`{"learner":{"gradient_booster":{"model":{"trees":[{}]}}}}`))
	f.Fuzz(exercise)
}

func FuzzReadUBJ(f *testing.F) {
	good := written(f, stump().WriteUBJ)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte("{i\x01x[$U#L\x00\x00\x00\x00\x00\x00\x00\x02ab}"))
	f.Add([]byte("{#i\x01i\x01x[[]{}TFZd\x00\x00\x00\x00]"))
	f.Fuzz(exercise)
}

// exercise: what Read accepts can be evaluated, explained and written, and
// comes back the same.
func exercise(t *testing.T, data []byte) {
	m, err := Read(bytes.NewReader(data))
	if err != nil {
		return
	}
	missing := float32(math.NaN())
	for _, row := range [][]float32{nil, {0}, {missing, missing}} {
		m.Predict(row)
		m.Leaves(row, make([]int32, m.NumTrees()))
		m.Contributions(row, make([]float64, m.NumFeatures()+1))
	}
	out := written(t, m.WriteJSON)
	back, err := Read(bytes.NewReader(out))
	require.NoError(t, err)
	require.Equal(t, out, written(t, back.WriteJSON))
}

// sameModel tells where the model in data differs.
func sameModel(m *Model, data []byte) error {
	back, err := Read(bytes.NewReader(data))
	if err == nil {
		if diff := cmp.Diff(m, back, allowUnexported, cmpopts.EquateEmpty()); diff != "" {
			err = errors.New(diff)
		}
	}
	return err
}
