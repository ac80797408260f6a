package policy

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/script-ohio/platform/infra/plan"
)

// secrets: what opens something is in no plan, no state and no console.
func secrets() []Rule {
	return []Rule{{
		Name:      "no-plain-secret",
		Reason:    "inputs are shown in plans, kept in the state and returned by every read of the resource",
		Reference: "Pulumi, Secrets: https://www.pulumi.com/docs/iac/concepts/secrets/; " + hub("ECS.8"),
		check:     plainSecrets,
	}}
}

// plainSecrets looks at every value of every input and output that is not
// marked as a secret. Messages say where and what kind, never what.
func plainSecrets(i *inspection) {
	const advice said = "keep it in Secrets Manager and pass its ARN, or mark it by pulumi.ToSecret"
	for _, r := range i.Resources {
		for _, t := range i.read[r] {
			if t.secret {
				continue
			}
			if kind := cmp.Or(i.scanner.leak(t.name(r), t.value), i.scanner.shape(t.path)); kind != "" {
				i.fault(r, t.path, "%s stands here in plain: %s", kind, advice)
			} else if r.Type == "kubernetes:core/v1:Secret" && (strings.HasPrefix(t.path, "data.") || strings.HasPrefix(t.path, "stringData.")) {
				i.fault(r, t.path, "a value of a Kubernetes secret stands here in plain: let External Secrets fill it")
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(i.Outputs)) {
		output := i.Outputs[name]
		encoded, err := json.Marshal(output.Value)
		if output.Secret || err != nil {
			continue
		}
		for _, t := range unfold(text{path: name, value: string(encoded)}, depth) {
			if kind := cmp.Or(i.scanner.leak(t.last(), t.value), i.scanner.shape(t.path)); kind != "" {
				i.fault(nil, "outputs."+t.path, "%s stands in an output in plain: %s", kind, advice)
			}
		}
	}
}

// text is a string among the inputs, also one inside of JSON that an input
// holds.
type text struct {
	path    string
	value   string
	secret  bool
	sibling string // what name or key beside it says, for lists of names and values
}

// depth is how many times JSON may be wrapped in JSON.
const depth = 4

// texts lists all of them in the order of their paths.
func texts(v plan.Values) []text {
	leaves := v.Leaves()
	names := map[string]string{} // by path of the object
	for _, leaf := range leaves {
		if value, is := leaf.Value.(string); is {
			if object, key := split(leaf.Path); key == "name" || key == "key" {
				names[object] = value
			}
		}
	}
	var all []text
	for _, leaf := range leaves {
		if value, is := leaf.Value.(string); is {
			object, _ := split(leaf.Path)
			all = append(all, unfold(text{leaf.Path, value, leaf.Secret, names[object]}, depth)...)
		}
	}
	return all
}

func split(path string) (object, key string) {
	at := strings.LastIndex(path, ".")
	return path[:max(at, 0)], path[at+1:]
}

// unfold is the text, or what is in it where it is JSON.
func unfold(t text, layers int) []text {
	trimmed := strings.TrimSpace(t.value)
	if layers == 0 || !strings.HasPrefix(trimmed, "{") && !strings.HasPrefix(trimmed, "[") && !strings.HasPrefix(trimmed, `"`) {
		return []text{t}
	}
	var value any
	if json.Unmarshal([]byte(trimmed), &value) != nil {
		return []text{t}
	}
	var all []text
	var walk func(path, sibling string, value any)
	walk = func(path, sibling string, value any) {
		switch v := value.(type) {
		case map[string]any:
			name, _ := v["name"].(string)
			if name == "" {
				name, _ = v["key"].(string)
			}
			for _, key := range slices.Sorted(maps.Keys(v)) {
				walk(path+"."+key, name, v[key])
			}
		case []any:
			for n, item := range v {
				walk(path+"."+strconv.Itoa(n), "", item)
			}
		case string:
			all = append(all, unfold(text{path, v, t.secret, sibling}, layers-1)...)
		}
	}
	walk(t.path, t.sibling, value)
	return all
}

// name is what the text is called: by its property, or by the name beside it.
func (t text) name(r *plan.Resource) string {
	last := t.last()
	switch {
	case last == "value" && t.sibling != "":
		return t.sibling
	case last == "secretKey" && strings.Contains(r.Type, "external-secrets.io"):
		return "" // the key that it fills in
	case strings.HasSuffix(strings.TrimSuffix(strings.ToLower(last), "s"), "secret") && r.Package() == "kubernetes" && objectName(t.value):
		return "" // the name of a secret of Kubernetes, or one of a list of them
	}
	return last
}

// objectName reports whether an object of Kubernetes may be called so.
func objectName(value string) bool {
	return len(value) < 64 && strings.Trim(value, "abcdefghijklmnopqrstuvwxyz0123456789-.") == ""
}

// last is the last step of the path that is not the number of an item.
func (t text) last() string {
	steps := strings.Split(t.path, ".")
	for n := len(steps) - 1; n >= 0; n-- {
		if _, err := strconv.Atoi(steps[n]); err != nil {
			return steps[n]
		}
	}
	return ""
}
