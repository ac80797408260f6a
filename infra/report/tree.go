package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/script-ohio/platform/infra/plan"
)

// component is a part of the stack as a reader sees it.
type component struct {
	name  string // without the stack's part
	count int    // resources, itself included
	rows  []row  // what matters
	rest  string // the other types and how many there are
	needs []string
}

// row is one resource with what matters of it.
type row struct {
	kind, name, values string
	protected          bool
}

// components lists the parts, what others build on first.
func components(g *plan.Graph, short func(string) string) []component {
	roots := map[string]*plan.Resource{}
	members := map[string][]*plan.Resource{}
	needs := map[string]map[string]bool{}
	for _, r := range g.Resources {
		root := g.Component(r)
		if root == nil {
			continue // a provider
		}
		roots[root.URN] = root
		members[root.URN] = append(members[root.URN], r)
		for _, urn := range r.Needs() {
			if other := g.ByURN(urn); other != nil {
				if of := g.Component(other); of != nil && of != root {
					if needs[root.URN] == nil {
						needs[root.URN] = map[string]bool{}
					}
					needs[root.URN][of.URN] = true
				}
			}
		}
	}
	var all []component
	for urn, root := range roots {
		c := component{name: short(root.Name), count: len(members[urn])}
		c.rows, c.rest = rows(members[urn], root, short)
		for _, other := range slices.Sorted(maps.Keys(needs[urn])) {
			c.needs = append(c.needs, short(roots[other].Name))
		}
		all = append(all, c)
	}
	depth := depths(all)
	slices.SortFunc(all, func(a, b component) int {
		return cmp.Or(cmp.Compare(depth[a.name], depth[b.name]), cmp.Compare(a.name, b.name))
	})
	return all
}

// depths is how many steps of creation lie before each component. Components
// never need each other in a circle: the engine could not create them.
func depths(all []component) map[string]int {
	depth := map[string]int{}
	for range all {
		for _, c := range all {
			for _, other := range c.needs {
				depth[c.name] = max(depth[c.name], depth[other]+1)
			}
		}
	}
	return depth
}

// rows are the resources whose values matter, and the count of the others.
func rows(members []*plan.Resource, root *plan.Resource, short func(string) string) (rows []row, rest string) {
	known, others := shown(), map[string]int{}
	for _, r := range members {
		values, matters := known[r.Type]
		switch {
		case r == root:
		case matters:
			rows = append(rows, row{kind(r.Type), short(r.Name), describe(r, values), r.Protect})
		default:
			others[kind(r.Type)]++
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.name, b.name)) })
	var words []string
	for _, name := range slices.Sorted(maps.Keys(others)) {
		words = append(words, fmt.Sprintf("%d %s", others[name], name))
	}
	return rows, strings.Join(words, ", ")
}

// kind is a type's own name without the marks of its versions.
func kind(typ string) string {
	name := typ[strings.LastIndex(typ, ":")+1:]
	if typ == "eks:index:Cluster" {
		return "EKS cluster"
	}
	return strings.TrimSuffix(name, "V2")
}
