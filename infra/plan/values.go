package plan

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Masked stands for a secret wherever values are shown.
const Masked = "[secret]"

// Values are the inputs of a resource; secrets in them are marked.
type Values struct{ Map resource.PropertyMap }

// MarshalJSON writes the values with secrets masked.
func (v Values) MarshalJSON() ([]byte, error) { return json.Marshal(v.Plain()) }

// Plain is the values as maps, slices, strings, numbers (float64) and
// booleans, with secrets masked.
func (v Values) Plain() map[string]any {
	plain, _ := plain(resource.NewProperty(v.Map)).(map[string]any)
	return plain
}

// At returns the value at a path such as metadataOptions.httpTokens or
// ingress.0.cidrBlocks, as Plain shows it; nil where there is none.
func (v Values) At(path string) any {
	var at any = v.Plain()
	for _, step := range strings.Split(path, ".") {
		switch in := at.(type) {
		case map[string]any:
			at = in[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(in) {
				return nil
			}
			at = in[i]
		default:
			return nil
		}
	}
	return at
}

// Text is the string at a path; empty where there is none.
func (v Values) Text(path string) string {
	text, _ := v.At(path).(string)
	return text
}

// True reports whether the boolean true stands at a path.
func (v Values) True(path string) bool { return v.At(path) == true }

// Number is the number at a path; 0 where there is none.
func (v Values) Number(path string) float64 {
	n, _ := v.At(path).(float64)
	return n
}

// Texts are the strings of the list at a path.
func (v Values) Texts(path string) []string {
	list, _ := v.At(path).([]any)
	texts := make([]string, 0, len(list))
	for _, item := range list {
		if text, is := item.(string); is {
			texts = append(texts, text)
		}
	}
	return texts
}

// Leaf is a string, number or boolean with its path. The value of a secret is
// there, for rules that look for it; do not show it.
type Leaf struct {
	Path   string
	Value  any
	Secret bool
}

// Leaves lists every value in the order of its path.
func (v Values) Leaves() []Leaf {
	var leaves []Leaf
	var walk func(path string, value resource.PropertyValue, secret bool)
	walk = func(path string, value resource.PropertyValue, secret bool) {
		below := func(step string) string { return strings.TrimPrefix(path+"."+step, ".") }
		switch {
		case value.IsSecret():
			walk(path, value.SecretValue().Element, true)
		case value.IsOutput():
			o := value.OutputValue()
			walk(path, o.Element, secret || o.Secret)
		case value.IsObject():
			for _, key := range sortedKeys(value.ObjectValue()) {
				walk(below(string(key)), value.ObjectValue()[key], secret)
			}
		case value.IsArray():
			for i, item := range value.ArrayValue() {
				walk(below(strconv.Itoa(i)), item, secret)
			}
		case value.IsString(), value.IsNumber(), value.IsBool():
			leaves = append(leaves, Leaf{path, value.V, secret})
		}
	}
	walk("", resource.NewProperty(v.Map), false)
	return leaves
}

// Secret reports whether the value at a top-level property is or contains a
// secret.
func (v Values) Secret(property string) bool {
	return v.Map[resource.PropertyKey(property)].ContainsSecrets()
}

func sortedKeys(m resource.PropertyMap) []resource.PropertyKey {
	return slices.Sorted(maps.Keys(m))
}

func plain(value resource.PropertyValue) any {
	switch {
	case value.IsSecret():
		return Masked
	case value.IsOutput():
		if o := value.OutputValue(); !o.Secret {
			return plain(o.Element)
		}
		return Masked
	case value.IsObject():
		object := make(map[string]any, len(value.ObjectValue()))
		for key, item := range value.ObjectValue() {
			object[string(key)] = plain(item)
		}
		return object
	case value.IsArray():
		list := make([]any, len(value.ArrayValue()))
		for i, item := range value.ArrayValue() {
			list[i] = plain(item)
		}
		return list
	case value.IsString(), value.IsNumber(), value.IsBool():
		return value.V
	case value.IsResourceReference():
		return string(value.ResourceReferenceValue().URN)
	case value.IsAsset(), value.IsArchive():
		return fmt.Sprintf("[%s]", value.TypeString())
	}
	return nil
}
