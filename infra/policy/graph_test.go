package policy_test

import (
	"maps"
	"strconv"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/plan/plantest"
	"github.com/script-ohio/platform/infra/policy"
	"github.com/script-ohio/platform/infra/program"
	"github.com/script-ohio/platform/infra/stack"
)

// graph is a recorded stack that a test may spoil.
type graph struct {
	*plan.Graph
	t *testing.T
}

func record(t *testing.T, config stack.Config) graph {
	t.Helper()
	g, err := program.Record(t.Context(), config, plantest.Day())
	require.NoError(t, err)
	return graph{g, t}
}

// copy is a graph that can be spoiled without the first one.
func (g graph) copy(t *testing.T) graph {
	c := *g.Graph
	c.Resources = make([]*plan.Resource, len(g.Resources))
	for n, r := range g.Resources {
		other := *r
		other.Inputs = plan.Values{Map: deep(resource.NewProperty(r.Inputs.Map)).ObjectValue()}
		other.Providers, other.PropertyDepends = maps.Clone(r.Providers), maps.Clone(r.PropertyDepends)
		c.Resources[n] = &other
	}
	return graph{&c, t}
}

func deep(v resource.PropertyValue) resource.PropertyValue {
	switch {
	case v.IsSecret():
		return resource.MakeSecret(deep(v.SecretValue().Element))
	case v.IsOutput():
		o := v.OutputValue()
		o.Element = deep(o.Element)
		return resource.NewProperty(o)
	case v.IsObject():
		object := make(resource.PropertyMap, len(v.ObjectValue()))
		for key, item := range v.ObjectValue() {
			object[key] = deep(item)
		}
		return resource.NewProperty(object)
	case v.IsArray():
		list := make([]resource.PropertyValue, len(v.ArrayValue()))
		for n, item := range v.ArrayValue() {
			list[n] = deep(item)
		}
		return resource.NewProperty(list)
	}
	return v
}

// get finds the resource by a part of its type, such as rds/instance, and its
// name without project and stack.
func (g graph) get(kind, name string) *plan.Resource {
	g.t.Helper()
	for _, r := range g.Resources {
		local := strings.TrimPrefix(r.Name, g.Stack.Project+"-"+g.Stack.Name+"-")
		if local == name && (r.Type == kind || strings.Contains(r.Type, ":"+kind+":")) {
			return r
		}
	}
	require.Failf(g.t, "not in the graph", "%s %s", kind, name)
	return nil
}

// set gives an input another value; the path is as in findings.
func (g graph) set(kind, name, path string, value any) {
	g.t.Helper()
	change(g.t, g.get(kind, name), path, value)
}

func change(t *testing.T, r *plan.Resource, path string, value any) {
	t.Helper()
	require.True(t, steps(path).Set(resource.NewProperty(r.Inputs.Map), resource.NewPropertyValue(value)), path)
}

func (g graph) unset(kind, name, path string) {
	g.t.Helper()
	require.True(g.t, steps(path).Delete(resource.NewProperty(g.get(kind, name).Inputs.Map)), path)
}

func steps(path string) resource.PropertyPath {
	var all resource.PropertyPath
	for _, step := range strings.Split(path, ".") {
		if n, err := strconv.Atoi(step); err == nil {
			all = append(all, n)
		} else {
			all = append(all, step)
		}
	}
	return all
}

// replace exchanges a part of a text, which must be there.
func (g graph) replace(kind, name, path, before, after string) {
	g.t.Helper()
	text := g.get(kind, name).Inputs.Text(path)
	require.Contains(g.t, text, before)
	g.set(kind, name, path, strings.ReplaceAll(text, before, after))
}

// allow adds a statement, as JSON, to a policy.
func (g graph) allow(kind, name, path, statement string) {
	g.t.Helper()
	g.replace(kind, name, path, `"Statement":[`, `"Statement":[`+statement+",")
}

// drop takes resources away: all of the type where no name is given.
func (g graph) drop(kind string, names ...string) {
	g.t.Helper()
	var rest []*plan.Resource
	for _, r := range g.Resources {
		gone := len(names) == 0 && strings.Contains(r.Type, kind)
		for _, name := range names {
			gone = gone || r == g.get(kind, name)
		}
		if !gone {
			rest = append(rest, r)
		}
	}
	require.Less(g.t, len(rest), len(g.Resources))
	g.Resources = rest
}

// add registers a resource with the provider of the stack's region.
func (g graph) add(typ, name string, inputs map[string]any, depends ...*plan.Resource) *plan.Resource {
	r := &plan.Resource{
		URN: "urn:pulumi:prod::script-ohio::" + typ + "::" + name, Type: typ, Name: name, Custom: true,
		Provider: g.get("pulumi:providers:aws", "aws").URN, Inputs: plan.Values{Map: resource.NewPropertyMapFromMap(inputs)},
		PropertyDepends: map[string][]string{},
	}
	for key := range inputs {
		for _, on := range depends {
			r.PropertyDepends[key] = append(r.PropertyDepends[key], on.URN)
		}
	}
	g.Resources = append(g.Resources, r)
	return r
}

// judge is the report of a production stack today.
func (g graph) judge() policy.Report { return policy.Check(g.Graph, stack.Prod, plantest.Day()) }

// of lists the findings of a rule.
func of(r policy.Report, rule string) []policy.Finding {
	var found []policy.Finding
	for _, f := range r.Findings {
		if f.Rule == rule {
			found = append(found, f)
		}
	}
	return found
}
