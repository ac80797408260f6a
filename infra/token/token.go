// Package token registers resources by their type token, from small structs of
// our own, where the SDK's typed package costs more to compile than the rest
// of the program together.
package token

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Inputs turns a struct whose fields carry `pulumi:"name"` tags into the
// inputs of a resource. A pointer, list, map or input that is nil is left out;
// everything else is sent, zero or not. Fields are text, numbers, booleans,
// inputs, and structs, lists and maps of them; another kind panics, for it is
// a mistake in the struct's declaration that its first use shows.
func Inputs(args any) pulumi.Map {
	v := reflect.Indirect(reflect.ValueOf(args))
	inputs := pulumi.Map{}
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("pulumi"), ",")
		if input := convert(v.Field(i)); name != "" && input != nil {
			inputs[name] = input
		}
	}
	return inputs
}

func convert(v reflect.Value) pulumi.Input {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer, reflect.Slice, reflect.Map:
		if v.IsNil() {
			return nil
		}
	}
	if input, is := v.Interface().(pulumi.Input); is {
		return input
	}
	switch v.Kind() {
	case reflect.Pointer:
		return convert(v.Elem())
	case reflect.String:
		return pulumi.String(v.String())
	case reflect.Bool:
		return pulumi.Bool(v.Bool())
	case reflect.Int:
		return pulumi.Int(v.Int())
	case reflect.Float64:
		return pulumi.Float64(v.Float())
	case reflect.Struct:
		return Inputs(v.Interface())
	case reflect.Slice:
		list := pulumi.Array{}
		for i := range v.Len() {
			list = append(list, convert(v.Index(i)))
		}
		return list
	case reflect.Map:
		object := pulumi.Map{}
		for _, key := range v.MapKeys() {
			object[key.String()] = convert(v.MapIndex(key))
		}
		return object
	}
	panic(fmt.Sprintf("a %s is no input of a resource", v.Type()))
}
