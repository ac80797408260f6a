package schema

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Problem is an input that is wrong, or that AWS would refuse.
type Problem struct {
	Path   string // such as ingress.0.cidrBlocks; empty for the whole
	Reason string
	URL    string // where AWS says so; empty for shapes
}

// Error is the path and the reason.
func (p Problem) Error() string {
	text := strings.TrimPrefix(p.Path+": "+p.Reason, ": ")
	if p.URL != "" {
		text += " (" + p.URL + ")"
	}
	return text
}

// Check reports what is wrong with the inputs of a resource that is to be
// made: properties that the type does not have, that it misses or that are of
// another type, and values that AWS refuses. What is not known before the
// deployment passes.
func Check(typ string, inputs resource.PropertyMap) []Problem {
	problems := CheckChange(typ, inputs)
	return append(problems, refusals(typ, Plain(inputs), birthLaws())...)
}

// CheckChange is Check for a resource that exists and gets other inputs.
func CheckChange(typ string, inputs resource.PropertyMap) []Problem {
	shape, known := types()[typ]
	if !known {
		return []Problem{{Reason: fmt.Sprintf("the type %s has no shape: add its arguments to infra/schema/types.go", typ)}}
	}
	problems := checkValue("", reveal(resource.NewProperty(inputs)), shape)
	return append(problems, refusals(typ, Plain(inputs), laws())...)
}

// checkValue compares a value with the Go type that the SDK has for it.
func checkValue(path string, v resource.PropertyValue, t reflect.Type) []Problem {
	if v.IsComputed() || v.IsNull() || anything(t) {
		return nil
	}
	wrong := func(want string) []Problem {
		return []Problem{{Path: path, Reason: fmt.Sprintf("is a %s and must be %s", v.TypeString(), want)}}
	}
	if text(t) {
		if !v.IsString() {
			return wrong("a text")
		}
		return nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		return checkValue(path, v, t.Elem())
	case reflect.Bool:
		if !v.IsBool() {
			return wrong("true or false")
		}
	case reflect.Int:
		if !v.IsNumber() || v.NumberValue() != math.Trunc(v.NumberValue()) {
			return wrong("a whole number")
		}
	case reflect.Float64:
		if !v.IsNumber() {
			return wrong("a number")
		}
	case reflect.Slice:
		if !v.IsArray() {
			return wrong("a list")
		}
		var problems []Problem
		for i, item := range v.ArrayValue() {
			problems = append(problems, checkValue(join(path, strconv.Itoa(i)), item, t.Elem())...)
		}
		return problems
	case reflect.Map:
		if !v.IsObject() {
			return wrong("an object")
		}
		var problems []Problem
		for _, key := range sortedKeys(v.ObjectValue()) {
			problems = append(problems, checkValue(join(path, string(key)), v.ObjectValue()[key], t.Elem())...)
		}
		return problems
	case reflect.Struct:
		if !v.IsObject() {
			return wrong("an object")
		}
		return checkObject(path, v.ObjectValue(), t)
	default:
		return wrong("a " + t.String() + ", which checks do not know: extend infra/schema/check.go")
	}
	return nil
}

func checkObject(path string, object resource.PropertyMap, t reflect.Type) []Problem {
	var problems []Problem
	fields := properties(t)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		v, given := object[resource.PropertyKey(name)]
		missing := !given || v.IsNull()
		if missing && required(fields[name]) {
			problems = append(problems, Problem{Path: join(path, name), Reason: "is required"})
		}
	}
	for _, key := range sortedKeys(object) {
		field, known := fields[string(key)]
		if !known {
			problems = append(problems, Problem{Path: join(path, string(key)), Reason: "is no property of it"})
			continue
		}
		problems = append(problems, checkValue(join(path, string(key)), object[key], field)...)
	}
	return problems
}

// properties are the types of a struct's fields by the names of their tags.
func properties(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("pulumi"), ","); name != "" {
			fields[name] = t.Field(i).Type
		}
	}
	return fields
}

// required reports whether a property of the Go type must be there.
func required(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return false
	case reflect.Interface:
		return text(t)
	}
	return true
}

// anything reports whether the SDK leaves the type open: a choice of types is
// an interface there.
func anything(t reflect.Type) bool { return t.Kind() == reflect.Interface && !text(t) }

// text reports whether values are texts: plain ones, enumerations, and the
// inputs of our own structs.
func text(t reflect.Type) bool {
	return t.Kind() == reflect.String || t == reflect.TypeFor[pulumi.StringInput]()
}

// has reports whether a type has the property at a path; * is every item of a
// list or map.
func has(t reflect.Type, path string) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if path == "" || anything(t) {
		return true
	}
	step, rest, _ := strings.Cut(path, ".")
	switch {
	case step == "*" && (t.Kind() == reflect.Slice || t.Kind() == reflect.Map):
		return has(t.Elem(), rest)
	case t.Kind() == reflect.Struct:
		field, known := properties(t)[step]
		return known && has(field, rest)
	}
	return false
}
