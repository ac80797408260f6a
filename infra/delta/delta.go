// Package delta compares two stacks and holds their differences to a list of
// those that are meant: each one follows from a configuration key that the
// stacks set differently. What staging proves of production is no more than
// what they share.
package delta

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/stack"
)

// Side is one of the two stacks.
type Side struct {
	Config stack.Config
	Graph  *plan.Graph
}

// Difference is one value, or one resource, that the stacks do not share.
type Difference struct {
	Type string `json:"type"`
	Name string `json:"name"`           // without the stack's part
	Path string `json:"path,omitempty"` // input or option; empty for a whole resource
	// Values by stack; absent where the stack has none.
	Values map[string]any `json:"values"`
	// Key is the configuration key that the difference follows from, and Why
	// what is meant by it; empty where nothing allows it.
	Key string `json:"key,omitempty"`
	Why string `json:"why,omitempty"`
}

// String tells the difference in a line.
func (d Difference) String() string {
	var sides []string
	for _, name := range slices.Sorted(maps.Keys(d.Values)) {
		sides = append(sides, fmt.Sprintf("%s %v", name, d.Values[name]))
	}
	what := d.Type + " " + d.Name
	if d.Path != "" {
		what += " " + d.Path
	}
	return what + ": " + strings.Join(sides, ", ")
}

// Compare lists the differences, by type, name and path. Account, stack name,
// domain and zone stand for themselves: where a value differs by them alone it
// is the same.
func Compare(a, b Side) []Difference {
	ofA, ofB := a.resources(), b.resources()
	var all []Difference
	for _, id := range slices.Sorted(maps.Keys(merged(ofA, ofB))) {
		left, right := ofA[id], ofB[id]
		d := Difference{Type: id.Type(), Name: id.Name()}
		switch {
		case right == nil:
			d.Values = map[string]any{a.Config.Stack: "has it"}
			all = append(all, d)
		case left == nil:
			d.Values = map[string]any{b.Config.Stack: "has it"}
			all = append(all, d)
		default:
			for _, path := range slices.Sorted(maps.Keys(merged(left, right))) {
				if left[path] == right[path] {
					continue
				}
				d.Path, d.Values = path, map[string]any{}
				for name, values := range map[string]map[string]any{a.Config.Stack: left, b.Config.Stack: right} {
					if v, has := values[path]; has {
						d.Values[name] = v
					}
				}
				all = append(all, d)
			}
		}
	}
	changed := changedKeys(a.Config, b.Config)
	for i := range all {
		for _, allowed := range Allowances() {
			if changed[allowed.Key] && allowed.covers(all[i]) {
				all[i].Key, all[i].Why = allowed.Key, allowed.Why
				break
			}
		}
	}
	return all
}

// Unexplained are the differences that nothing allows.
func Unexplained(all []Difference) []Difference {
	return slices.DeleteFunc(slices.Clone(all), func(d Difference) bool { return d.Key != "" })
}

// identity is a resource's type and name without the stack's part.
type identity string

func (i identity) Type() string { typ, _, _ := strings.Cut(string(i), " "); return typ }
func (i identity) Name() string { _, name, _ := strings.Cut(string(i), " "); return name }

// resources are the values of every resource by path, less what stands for the
// stack itself.
func (s Side) resources() map[identity]map[string]any {
	all := map[identity]map[string]any{}
	for _, r := range s.Graph.Resources {
		values := map[string]any{"option protect": r.Protect, "option retainOnDelete": r.RetainOnDelete, "option ignoreChanges": s.neutral(strings.Join(r.IgnoreChanges, " "))}
		for _, leaf := range r.Inputs.Leaves() {
			value := leaf.Value
			if text, is := value.(string); is {
				value = s.neutral(text)
			}
			if leaf.Secret {
				value = plan.Masked
			}
			values[s.neutral(leaf.Path)] = value
		}
		all[identity(r.Type+" "+s.short(r.Name))] = values
	}
	return all
}

// short is a resource's name without the stack's part.
func (s Side) short(name string) string { return strings.TrimPrefix(name, s.Config.Name()+"-") }

// neutral replaces what stands for the stack itself.
func (s Side) neutral(text string) string {
	if text == s.Config.Stack {
		return "<stack>"
	}
	return strings.NewReplacer(
		s.Config.Name(), stack.Project+"-<stack>",
		"::"+s.Config.Stack+"::", "::<stack>::", // within a URN
		":"+s.Config.Stack+"::", ":<stack>::",
		":environment:"+s.Config.Stack, ":environment:<stack>", // of the repository
		s.Config.General.Account, "<account>",
		s.Config.Edge.Domain, "<domain>",
		s.Config.Edge.HostedZoneID, "<zone>",
	).Replace(text)
}

func merged[K comparable, V any](a, b map[K]V) map[K]V {
	both := maps.Clone(a)
	maps.Copy(both, b)
	return both
}
