package plan

import (
	"slices"
	"strings"
)

// Resource is one registration, as the program asked for it.
type Resource struct {
	URN            string   `json:"urn"`
	Type           string   `json:"type"`
	Name           string   `json:"name"`
	Parent         string   `json:"parent"` // URN; the stack's where there is no other
	Provider       string   `json:"provider,omitempty"`
	Inputs         Values   `json:"inputs"`
	Protect        bool     `json:"protect"`
	RetainOnDelete bool     `json:"retain_on_delete"`
	Dependencies   []string `json:"dependencies"` // URNs, sorted: explicit ones and those of every property

	ID, ARN         string              `json:"-"` // made up, as the program reads them; empty for components
	Custom          bool                `json:"-"` // managed by a provider's create, update, delete
	Remote          bool                `json:"-"` // a component that a provider constructs; its children are not seen
	Providers       map[string]string   `json:"-"` // by package, for the children of a remote component
	PropertyDepends map[string][]string `json:"-"` // URNs by input property
	IgnoreChanges   []string            `json:"-"`
	ReplaceOn       []string            `json:"-"` // properties whose change replaces it
	DeleteBefore    bool                `json:"-"` // deleted before its replacement is created
	DeletedWith     string              `json:"-"` // URN whose deletion takes this one along
	SecretOutputs   []string            `json:"-"`
	Timeouts        Timeouts            `json:"-"`
	Aliases         []string            `json:"-"` // URNs it had before
}

// Timeouts are Go durations as text; empty is the provider's own.
type Timeouts struct{ Create, Update, Delete string }

// Output is what the stack hands to its callers.
type Output struct {
	Value  any  `json:"value"` // Masked for secrets
	Secret bool `json:"secret"`
}

// Graph is everything a program registered, sorted by URN. The root stack is
// no resource of it.
type Graph struct {
	Stack     Stack
	Resources []*Resource
	Outputs   map[string]Output

	byURN    map[string]*Resource
	children map[string][]*Resource
}

func newGraph(stack Stack, resources []*Resource, outputs map[string]Output) *Graph {
	slices.SortFunc(resources, func(a, b *Resource) int { return strings.Compare(a.URN, b.URN) })
	g := &Graph{
		Stack: stack, Resources: resources, Outputs: outputs,
		byURN: make(map[string]*Resource, len(resources)), children: map[string][]*Resource{},
	}
	for _, r := range resources {
		g.byURN[r.URN] = r
		g.children[r.Parent] = append(g.children[r.Parent], r)
	}
	return g
}

// ByURN returns the resource, or nil.
func (g *Graph) ByURN(urn string) *Resource { return g.byURN[urn] }

// Find returns the resource of the type with the name, or nil.
func (g *Graph) Find(typ, name string) *Resource {
	for _, r := range g.Resources {
		if r.Type == typ && r.Name == name {
			return r
		}
	}
	return nil
}

// OfType returns all resources of the type.
func (g *Graph) OfType(typ string) []*Resource {
	var found []*Resource
	for _, r := range g.Resources {
		if r.Type == typ {
			found = append(found, r)
		}
	}
	return found
}

// Roots returns what has no parent but the stack.
func (g *Graph) Roots() []*Resource {
	var roots []*Resource
	for _, r := range g.Resources {
		if g.byURN[r.Parent] == nil {
			roots = append(roots, r)
		}
	}
	return roots
}

// Children returns the direct children.
func (g *Graph) Children(r *Resource) []*Resource { return g.children[r.URN] }

// Component returns the outermost component that the resource lies in, or nil.
func (g *Graph) Component(r *Resource) *Resource {
	var outermost *Resource
	for at := r; at != nil; at = g.byURN[at.Parent] {
		if !at.Custom {
			outermost = at
		}
	}
	return outermost
}

// Package is the provider that the type belongs to, such as aws.
func (r *Resource) Package() string {
	if pkg, is := strings.CutPrefix(r.Type, "pulumi:providers:"); is {
		return pkg
	}
	pkg, _, _ := strings.Cut(r.Type, ":")
	return pkg
}

func (r *Resource) isProvider() bool { return strings.HasPrefix(r.Type, "pulumi:providers:") }
