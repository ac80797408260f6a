package schema

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Object is the inputs of a resource as maps, lists, texts, numbers (float64)
// and booleans; secrets are in the clear.
type Object map[string]any

// Unknown stands for a value that only the deployment will tell.
type Unknown struct{}

// Found is a value and where it stands.
type Found struct {
	Path  string
	Value any
}

// Plain is the inputs without the marks of secrets and outputs.
func Plain(inputs resource.PropertyMap) Object {
	object, _ := plain(resource.NewProperty(inputs)).(map[string]any)
	return object
}

// All lists the values at a path such as metadataOptions.httpTokens; * is
// every item of a list or map. Unknown ones are among them.
func (o Object) All(path string) []Found { return all("", map[string]any(o), path) }

func all(at string, v any, path string) []Found {
	if v == nil {
		return nil
	}
	if path == "" || v == (any)(Unknown{}) {
		return []Found{{at, v}}
	}
	step, rest, _ := strings.Cut(path, ".")
	var found []Found
	switch in := v.(type) {
	case map[string]any:
		keys := []string{step}
		if step == "*" {
			keys = slices.Sorted(maps.Keys(in))
		}
		for _, key := range keys {
			found = append(found, all(join(at, key), in[key], rest)...)
		}
	case []any:
		for i, item := range in {
			if n := strconv.Itoa(i); step == "*" || step == n {
				found = append(found, all(join(at, n), item, rest)...)
			}
		}
	}
	return found
}

// Has reports whether something stands at the path, known or not.
func (o Object) Has(path string) bool { return len(o.All(path)) > 0 }

// At is the first value at the path; nil where there is none.
func (o Object) At(path string) any {
	for _, found := range o.All(path) {
		return found.Value
	}
	return nil
}

// Text is the first text at the path; empty where there is none.
func (o Object) Text(path string) string {
	text, _ := o.At(path).(string)
	return text
}

// Number is the first number at the path; 0 where there is none.
func (o Object) Number(path string) float64 {
	n, _ := o.At(path).(float64)
	return n
}

// True reports whether the boolean true stands at the path.
func (o Object) True(path string) bool { return o.At(path) == true }

// reveal takes the marks of secrets and outputs off; what is unknown stays.
func reveal(v resource.PropertyValue) resource.PropertyValue {
	switch {
	case v.IsSecret():
		return reveal(v.SecretValue().Element)
	case v.IsOutput():
		if !v.OutputValue().Known {
			return resource.MakeComputed(resource.NewProperty(""))
		}
		return reveal(v.OutputValue().Element)
	case v.IsArray():
		list := make([]resource.PropertyValue, len(v.ArrayValue()))
		for i, item := range v.ArrayValue() {
			list[i] = reveal(item)
		}
		return resource.NewProperty(list)
	case v.IsObject():
		object := resource.PropertyMap{}
		for key, item := range v.ObjectValue() {
			object[key] = reveal(item)
		}
		return resource.NewProperty(object)
	}
	return v
}

func plain(v resource.PropertyValue) any {
	switch v = reveal(v); {
	case v.IsComputed():
		return Unknown{}
	case v.IsArray():
		list := make([]any, len(v.ArrayValue()))
		for i, item := range v.ArrayValue() {
			list[i] = plain(item)
		}
		return list
	case v.IsObject():
		object := map[string]any{}
		for key, item := range v.ObjectValue() {
			object[string(key)] = plain(item)
		}
		return object
	case v.IsString(), v.IsNumber(), v.IsBool():
		return v.V
	}
	return nil
}

func join(path, step string) string { return strings.TrimPrefix(path+"."+step, ".") }

func sortedKeys(m resource.PropertyMap) []resource.PropertyKey {
	return slices.Sorted(maps.Keys(m))
}
