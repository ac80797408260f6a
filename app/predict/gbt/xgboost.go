package gbt

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/script-ohio/platform/app/fault"
)

// Limits of a model file. They are far above any model worth serving and keep
// a hostile file from taking the memory of the process.
const (
	maxFileBytes  = 64 << 20
	maxTrees      = 20_000
	maxNodes      = 4 << 20 // of all trees
	maxTreeDepth  = 64
	maxFeatures   = 10_000
	maxAttributes = 10_000
)

// Read reads a model in XGBoost's JSON or UBJSON format, whichever it is, as
// written by XGBoost 1.6 to 3.x. It takes single-output gbtree models with the
// objectives binary:logistic and reg:squarederror and numeric splits. The whole
// file is checked before a model comes back: every reference between nodes,
// every number, every count. Errors are fault.Invalid, or fault.TooLarge beyond
// 64 MiB, and name the tree and the node.
func Read(r io.Reader) (*Model, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read the model file: %w", err)
	}
	if len(data) > maxFileBytes {
		return nil, fault.New(fault.TooLarge, "the model file is larger than %d MiB", maxFileBytes>>20)
	}
	in, err := open(data)
	if err != nil {
		return nil, invalid(err)
	}
	d := decoder{in: in}
	if err := d.document(); err != nil {
		return nil, invalid(err)
	}
	m, err := d.build()
	if err != nil {
		return nil, invalid(err)
	}
	return m, nil
}

func invalid(err error) error {
	return fault.New(fault.Invalid, "not a usable XGBoost model: %v", err)
}

// open tells the formats apart: after its first brace JSON goes on with a quote,
// space or a closing brace, UBJSON with the type of a length.
func open(data []byte) (source, error) {
	text := bytes.TrimLeft(data, " \t\r\n")
	switch {
	case len(text) == 0:
		return nil, fmt.Errorf("the file is empty")
	case text[0] != '{':
		return nil, fmt.Errorf("neither JSON nor UBJSON; save the model as .json or .ubj")
	case len(text) == 1 || strings.IndexByte("\" \t\r\n}", text[1]) >= 0:
		return newJSONSource(data), nil
	}
	return &ubjSource{data: data}, nil
}

// decoder takes what it needs from a document; unknown keys are passed over, as
// newer versions of XGBoost add some.
type decoder struct {
	in      source
	model   Model
	learner map[string]string // learner_model_param
	booster map[string]string // gbtree_model_param
	groups  []int32           // tree_info
	name    string            // of the booster
}

func (d *decoder) document() error {
	err := d.in.object(func(key string) error {
		if key == "learner" {
			return d.in.object(d.learnerKey)
		}
		return d.in.skip()
	})
	if err != nil {
		return err
	}
	return d.in.end()
}

func (d *decoder) learnerKey(key string) (err error) {
	defer func() { err = within(key, err) }()
	switch key {
	case "attributes":
		d.model.attributes, err = d.texts()
	case "feature_names":
		d.model.features, err = d.names()
	case "feature_types":
		d.model.featureTypes, err = d.names()
	case "learner_model_param":
		d.learner, err = d.texts()
	case "objective":
		err = d.in.object(d.objectiveKey)
	case "gradient_booster":
		err = d.in.object(d.boosterKey)
	default:
		err = d.in.skip()
	}
	return err
}

func (d *decoder) objectiveKey(key string) error {
	switch key {
	case "name":
		name, err := d.in.text()
		d.model.objective = Objective(name)
		return err
	case "reg_loss_param":
		param, err := d.texts()
		d.model.scalePos = param["scale_pos_weight"]
		return err
	}
	return d.in.skip()
}

func (d *decoder) boosterKey(key string) (err error) {
	switch key {
	case "name":
		d.name, err = d.in.text()
		return err
	case "model":
		return d.in.object(d.modelKey)
	}
	return d.in.skip()
}

func (d *decoder) modelKey(key string) (err error) {
	switch key {
	case "gbtree_model_param":
		d.booster, err = d.texts()
	case "tree_info":
		d.groups, err = d.in.ints()
	case "trees":
		if d.model.trees != nil {
			return fmt.Errorf("trees are given twice")
		}
		d.model.trees = []tree{}
		return d.in.list(func(i int) error {
			if i == maxTrees {
				return fmt.Errorf("more than %d trees", maxTrees)
			}
			return within("tree "+strconv.Itoa(i), d.tree(i))
		})
	default:
		err = d.in.skip()
	}
	return within(key, err)
}

// build checks what only the whole document can tell and completes the model.
func (d *decoder) build() (*Model, error) {
	m := &d.model
	if d.name != "gbtree" {
		return nil, fmt.Errorf("booster %q is not supported, only gbtree", d.name)
	}
	if m.objective != Logistic && m.objective != SquaredError {
		return nil, fmt.Errorf("objective %q is not supported, only %s and %s", m.objective, Logistic, SquaredError)
	}
	if err := d.outputs(); err != nil {
		return nil, err
	}
	width, err := count(d.learner, "num_feature", 1, maxFeatures)
	if err != nil {
		return nil, err
	}
	if err := m.nameFeatures(width); err != nil {
		return nil, err
	}
	if err := m.checkFeatures(); err != nil {
		return nil, err
	}
	trees, err := count(d.booster, "num_trees", 0, maxTrees)
	if err != nil {
		return nil, err
	}
	if trees != len(m.trees) || trees != len(d.groups) {
		return nil, fmt.Errorf("num_trees is %d, but there are %d trees and %d entries in tree_info",
			trees, len(m.trees), len(d.groups))
	}
	m.parallel = 1
	if d.booster["num_parallel_tree"] != "" {
		n, err := count(d.booster, "num_parallel_tree", 1, maxTrees)
		if err != nil {
			return nil, err
		}
		m.parallel = int32(n)
	}
	if m.baseScore, err = baseScore(d.learner["base_score"], m.objective); err != nil {
		return nil, err
	}
	if m.scalePos == "" {
		m.scalePos = "1"
	}
	if x, err := strconv.ParseFloat(m.scalePos, 32); err != nil || !finite(float32(x)) {
		return nil, fmt.Errorf("scale_pos_weight %q is not a number", m.scalePos)
	}
	m.arrange()
	return m, nil
}

// outputs refuses models with more than one output.
func (d *decoder) outputs() error {
	for _, key := range []string{"num_class", "num_target"} {
		if n := d.learner[key]; n != "" && n != "0" && n != "1" {
			return fmt.Errorf("%s is %s: only models with one output are supported", key, n)
		}
	}
	if n := d.booster["size_leaf_vector"]; n != "" && n != "0" && n != "1" {
		return fmt.Errorf("size_leaf_vector is %s: vector leaves are not supported", n)
	}
	for t, group := range d.groups {
		if group != 0 {
			return fmt.Errorf("tree %d: belongs to class %d: only models with one output are supported", t, group)
		}
	}
	return nil
}

// nameFeatures completes missing names as XGBoost does: f0, f1, ...
func (m *Model) nameFeatures(width int) error {
	if len(m.features) == 0 {
		for f := range width {
			m.features = append(m.features, "f"+strconv.Itoa(f))
		}
	}
	if len(m.features) != width {
		return fmt.Errorf("num_feature is %d, but there are %d feature_names", width, len(m.features))
	}
	if n := len(m.featureTypes); n != 0 && n != width {
		return fmt.Errorf("num_feature is %d, but there are %d feature_types", width, n)
	}
	for f, kind := range m.featureTypes {
		if kind == "c" {
			return fmt.Errorf("feature %q is categorical: only numeric features are supported", m.features[f])
		}
	}
	return nil
}

// baseScore reads "5E-1", or "[5E-1]" as XGBoost writes it from 3.1 on.
func baseScore(text string, objective Objective) (float32, error) {
	if inner, ok := strings.CutPrefix(text, "["); ok {
		text = strings.TrimSuffix(inner, "]")
	}
	x, err := strconv.ParseFloat(text, 32)
	switch score := float32(x); {
	case err != nil || !finite(score):
		return 0, fmt.Errorf("base_score %q is not a number", text)
	case objective == Logistic && !(score > 0 && score < 1):
		return 0, fmt.Errorf("base_score %s is not a probability between 0 and 1", text)
	default:
		return score, nil
	}
}

func (d *decoder) texts() (map[string]string, error) {
	all := map[string]string{}
	err := d.in.object(func(key string) (err error) {
		if len(all) == maxAttributes {
			return fmt.Errorf("more than %d entries", maxAttributes)
		}
		all[key], err = d.in.text()
		return within(key, err)
	})
	return all, err
}

func (d *decoder) names() (all []string, err error) {
	err = d.in.list(func(i int) error {
		if i == maxFeatures {
			return fmt.Errorf("more than %d features", maxFeatures)
		}
		name, err := d.in.text()
		all = append(all, name)
		return err
	})
	return all, err
}

// count reads a whole number that XGBoost keeps as a string.
func count(param map[string]string, key string, least, most int) (int, error) {
	n, err := strconv.Atoi(param[key])
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%s is %q, want a whole number from %d to %d", key, param[key], least, most)
	}
	return n, nil
}

// within puts a place before an error.
func within(place string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%.80s: %w", place, err)
}
