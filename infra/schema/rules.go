package schema

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// law is what AWS wants of the inputs of some types.
type law struct {
	types []string
	url   string // where AWS says so
	rules []rule
}

// rule holds for every known value at a path; * is every item of a list. An
// empty path is the whole of the inputs.
type rule struct {
	path  string
	must  string // what AWS wants, in words that follow "must" or "wants"
	holds test
}

// test judges a value within the inputs that it stands in.
type test func(v any, in Object) bool

// laws are all of them. They know less than AWS: what is not here may be
// refused nonetheless.
var laws = sync.OnceValue(func() []law {
	return slices.Concat(networkLaws(), addressLaws(), databaseLaws(), cacheLaws(), storageLaws(), identityLaws(), clusterLaws(), guardLaws(), edgeLaws())
})

// refusals are the rules that the inputs break.
func refusals(typ string, in Object, laws []law) []Problem {
	var problems []Problem
	for _, l := range laws {
		if !slices.Contains(l.types, typ) {
			continue
		}
		for _, r := range l.rules {
			for _, found := range in.All(r.path) {
				if found.Value != (any)(Unknown{}) && !r.holds(found.Value, in) {
					problems = append(problems, Problem{Path: found.Path, Reason: r.says(found.Value), URL: l.url})
				}
			}
		}
	}
	return problems
}

func (r rule) says(v any) string {
	switch v.(type) {
	case string, float64, bool:
		return fmt.Sprintf("%v is refused: %s", v, r.must)
	}
	return "refused: " + r.must
}

// The tests that rules are made of. A value of another kind passes: shapes
// are judged elsewhere.

func ifText(holds func(string) bool) test {
	return func(v any, _ Object) bool {
		s, is := v.(string)
		return !is || holds(s)
	}
}

func ifNumber(holds func(float64) bool) test {
	return func(v any, _ Object) bool {
		n, is := v.(float64)
		return !is || holds(n)
	}
}

// matches takes texts that the expression matches from end to end.
func matches(expression string) test {
	pattern := regexp.MustCompile(`^(?:` + expression + `)$`)
	return ifText(pattern.MatchString)
}

func oneOf(values ...any) test {
	return func(v any, _ Object) bool {
		return reflect.TypeOf(v) != reflect.TypeOf(values[0]) || slices.Contains(values, v)
	}
}

func between(least, most float64) test {
	return ifNumber(func(n float64) bool { return n >= least && n <= most })
}

func longest(characters int) test {
	return ifText(func(s string) bool { return len(s) <= characters })
}

// document takes JSON objects up to a size, without white space as IAM counts.
func document(characters int) test {
	return ifText(func(s string) bool {
		var object map[string]any
		return json.Unmarshal([]byte(s), &object) == nil && len(strings.Join(strings.Fields(s), "")) <= characters
	})
}

// network takes IPv4 networks of a size, written by their first address.
func network(shortest, longest int) test {
	return ifText(func(s string) bool {
		p, err := netip.ParsePrefix(s)
		return err == nil && p.Addr().Is4() && p.Masked() == p && p.Bits() >= shortest && p.Bits() <= longest
	})
}

// both takes what passes all tests.
func both(tests ...test) test {
	return func(v any, in Object) bool {
		return !slices.ContainsFunc(tests, func(t test) bool { return !t(v, in) })
	}
}

// whole judges the inputs as such.
func whole(holds func(in Object) bool) test {
	return func(_ any, in Object) bool { return holds(in) }
}

// within judges an object below the inputs, such as an item of a list.
func within(holds func(item Object) bool) test {
	return func(v any, _ Object) bool {
		item, is := v.(map[string]any)
		return !is || holds(item)
	}
}

// exactlyOne takes inputs with one of the properties.
func exactlyOne(in Object, properties ...string) bool { return count(in, properties...) == 1 }

func count(in Object, properties ...string) int {
	n := 0
	for _, property := range properties {
		if in.Has(property) {
			n++
		}
	}
	return n
}
