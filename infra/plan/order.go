package plan

import (
	"fmt"
	"slices"
	"strings"
)

// Needs lists the URNs that must exist while the resource does: what it
// depends on, its parent and its providers. The engine creates them before it
// and destroys them after it.
func (r *Resource) Needs() []string {
	needs := append([]string{r.Parent, r.Provider, r.DeletedWith}, r.Dependencies...)
	for _, urn := range r.Providers {
		needs = append(needs, urn)
	}
	for _, urns := range r.PropertyDepends {
		needs = append(needs, urns...)
	}
	slices.Sort(needs)
	return slices.DeleteFunc(slices.Compact(needs), func(urn string) bool { return urn == "" })
}

// DependsOn reports whether the first needs the second, itself or through
// others. Time and memory are linear in the graph.
func (g *Graph) DependsOn(first, second *Resource) bool {
	seen := map[string]bool{}
	var reach func(urn string) bool
	reach = func(urn string) bool {
		r := g.byURN[urn]
		if r == nil || seen[urn] {
			return false
		}
		seen[urn] = true
		for _, need := range r.Needs() {
			if need == second.URN || reach(need) {
				return true
			}
		}
		return false
	}
	return reach(first.URN)
}

// DestroyedBefore reports whether every destruction of the stack removes the
// first before it removes the second.
func (g *Graph) DestroyedBefore(first, second *Resource) bool { return g.DependsOn(first, second) }

// CreatedBefore reports whether every deployment creates the first before the
// second.
func (g *Graph) CreatedBefore(first, second *Resource) bool { return g.DependsOn(second, first) }

// DestroyOrder returns the waves of a destruction: what lies in one wave may
// go at the same time, and everything that needs it went in an earlier one.
func (g *Graph) DestroyOrder() ([][]*Resource, error) {
	needed := map[string]int{} // by how many that still stand
	for _, r := range g.Resources {
		for _, need := range r.Needs() {
			needed[need]++
		}
	}
	var wave []*Resource
	for _, r := range g.Resources {
		if needed[r.URN] == 0 {
			wave = append(wave, r)
		}
	}
	var waves [][]*Resource
	gone := 0
	for len(wave) > 0 {
		waves = append(waves, wave)
		gone += len(wave)
		var next []*Resource
		for _, r := range wave {
			for _, need := range r.Needs() {
				needed[need]--
				if other := g.byURN[need]; other != nil && needed[need] == 0 {
					next = append(next, other)
				}
			}
		}
		slices.SortFunc(next, func(a, b *Resource) int { return strings.Compare(a.URN, b.URN) })
		wave = next
	}
	if gone < len(g.Resources) {
		var stuck []string
		for _, r := range g.Resources {
			if needed[r.URN] > 0 {
				stuck = append(stuck, r.URN)
			}
		}
		return nil, fmt.Errorf("these need each other in a circle: %s", strings.Join(stuck, ", "))
	}
	return waves, nil
}
