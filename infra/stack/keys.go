package stack

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Key is one setting as the tags of Config describe it.
type Key struct {
	Group    string // component, such as Network
	Name     string // without the project
	Type     string // for readers
	Default  string
	Example  string // of a required one
	Optional bool   // may stay empty
	Doc      string
}

// Required reports whether every stack must set the key.
func (k Key) Required() bool { return k.Example != "" }

// Keys lists every setting in the order of Config.
func Keys() []Key {
	var keys []Key
	each(reflect.ValueOf(&Config{}).Elem(), func(k Key, _ reflect.Value) { keys = append(keys, k) })
	return keys
}

// Values are the settings by key, as they are typed.
func (c Config) Values() map[string]any {
	values := map[string]any{}
	each(reflect.ValueOf(&c).Elem(), func(k Key, field reflect.Value) { values[k.Name] = field.Interface() })
	return values
}

// each visits the settings of a Config.
func each(config reflect.Value, visit func(Key, reflect.Value)) {
	for i := range config.NumField() {
		group := config.Field(i)
		if group.Kind() != reflect.Struct {
			continue
		}
		for j := range group.NumField() {
			f := group.Type().Field(j)
			visit(Key{
				Group: config.Type().Field(i).Name, Name: f.Tag.Get("key"), Type: typeName(f.Type),
				Default: f.Tag.Get("default"), Example: f.Tag.Get("example"), Optional: f.Tag.Get("optional") == "true", Doc: f.Tag.Get("doc"),
			}, group.Field(j))
		}
	}
}

func typeName(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[netip.Prefix]():
		return "CIDR"
	case reflect.TypeFor[Daily]():
		return "daily window"
	case reflect.TypeFor[Weekly]():
		return "weekly window"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "whole number"
	case reflect.Slice:
		return "list of " + typeName(t.Elem())
	}
	return "text"
}

// value is a setting as text, or why it has none.
type value struct {
	text string
	err  error
}

// parse makes a Config of values by full key (script-ohio:region) and reports
// every key that is unknown, missing or unreadable. Where a value cannot be
// had, its default or example stands in, so that Validate judges the rest.
func parse(stack string, values map[string]value) (Config, error) {
	c := Config{Stack: stack}
	rest := maps.Clone(values)
	var problems []error
	each(reflect.ValueOf(&c).Elem(), func(k Key, field reflect.Value) {
		name := Project + ":" + k.Name
		given, set := rest[name]
		delete(rest, name)
		if !set {
			given.text = k.Default
		}
		var problem error
		switch {
		case given.err != nil:
			problem = fmt.Errorf("%s: %w", name, given.err)
		case given.text != "":
			if err := read(given.text, field); err != nil {
				problem = fmt.Errorf("%s: %w", name, err)
			}
		case !k.Optional:
			problem = fmt.Errorf("%s is not set: %s", name, k.Doc)
		}
		if problem == nil {
			return
		}
		problems = append(problems, problem)
		field.SetZero()
		if standIn := k.Default + k.Example; standIn != "" {
			if err := read(standIn, field); err != nil {
				problems = append(problems, fmt.Errorf("%s: its own default is wrong: %w", name, err))
			}
		}
	})
	for _, name := range slices.Sorted(maps.Keys(rest)) {
		if err := unknown(name); err != nil {
			problems = append(problems, err)
		}
	}
	return c, errors.Join(problems...)
}

// unknown explains a key that Config does not have.
func unknown(name string) error {
	space, key, _ := strings.Cut(name, ":")
	switch space {
	case "pulumi":
		return nil // the engine's own
	case Project:
		return fmt.Errorf("%s is unknown%s", name, suggestion(key))
	}
	return fmt.Errorf("%s is never read: providers are explicit and take their settings from %s", name, Project)
}

// suggestion names the key that differs by case or by a part of it.
func suggestion(key string) string {
	lower := strings.ToLower(key)
	for _, k := range Keys() {
		known := strings.ToLower(k.Name)
		if strings.Contains(known, lower) || strings.Contains(lower, known) {
			return ": is " + k.Name + " meant?"
		}
	}
	return ""
}

// read sets the field from text. Lists are JSON, as the engine hands them on,
// or comma-separated.
func read(text string, field reflect.Value) error {
	if u, ok := field.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	switch field.Kind() {
	case reflect.String:
		field.SetString(text)
	case reflect.Bool:
		switch text {
		case "true", "false":
			field.SetBool(text == "true")
		default:
			return fmt.Errorf("%q is neither true nor false", text)
		}
	case reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", text)
		}
		field.SetInt(int64(n))
	case reflect.Slice:
		items := strings.Split(text, ",")
		if strings.HasPrefix(text, "[") {
			items = nil
			if err := json.Unmarshal([]byte(text), &items); err != nil {
				return fmt.Errorf("%s is not a list of texts", text)
			}
		}
		list := reflect.MakeSlice(field.Type(), len(items), len(items))
		for i, item := range items {
			if err := read(strings.TrimSpace(item), list.Index(i)); err != nil {
				return err
			}
		}
		field.Set(list)
	default:
		return fmt.Errorf("type %s is not readable", field.Type())
	}
	return nil
}
