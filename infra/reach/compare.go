package reach

import (
	"fmt"
	"slices"
	"strings"
)

// Intended is a connection that is to be open, for all addresses of both ends.
type Intended struct {
	From, To string // names of peers
	Ports    []Port
	Why      string // what stops working without it
}

// Kind is which way a difference goes.
type Kind string

// A connection is too open when nobody intends it, and closed when somebody
// does.
const (
	TooOpen Kind = "too open"
	Closed  Kind = "closed"
)

// Difference is where the table is not the intended one.
type Difference struct {
	Kind  Kind   `json:"kind"`
	From  string `json:"from"`
	To    string `json:"to"`
	Ports []Port `json:"ports"`
	// Part: it is open, or closed, for some of the addresses only.
	Part bool `json:"part"`
	// Policies allow what is too open.
	Policies []string `json:"policies,omitempty"`
	// Reasons say in words which ends nothing isolates, or which ends block.
	Reasons []string `json:"reasons,omitempty"`
	Why     string   `json:"why,omitempty"` // of the intention that fails
}

// String is a line such as "too open: a -> b 443/TCP, by ns/policy".
func (d Difference) String() string {
	line := fmt.Sprintf("%s: %s -> %s", d.Kind, d.From, d.To)
	if len(d.Ports) > 0 {
		line += " " + list(d.Ports)
	}
	if d.Part {
		line += " for some of the addresses"
	}
	if len(d.Policies) > 0 {
		line += ", by " + strings.Join(d.Policies, ", ")
	}
	for _, reason := range d.Reasons {
		line += ", " + reason
	}
	if d.Why != "" {
		line += "; intended: " + d.Why
	}
	return line
}

type pair struct{ from, to string }

// Compare lists what is open and not intended, in the order of the table, then
// what is intended and not open, in the order of the intentions. What the table
// does not judge counts as closed. It takes one pass over the rows and, for each
// intention, one over the rows of its pair.
func Compare(t Table, intended []Intended) []Difference {
	rows := map[pair][]Row{}
	for _, r := range t.Rows {
		at := pair{r.From, r.To}
		rows[at] = append(rows[at], r)
	}
	asked := map[pair][]Port{}
	for _, i := range intended {
		at := pair{i.From, i.To}
		asked[at] = append(asked[at], i.Ports...)
	}
	var found []Difference
	for _, r := range t.Allowed() {
		over := r.Port.within(asked[pair{r.From, r.To}], true)
		if len(over) == 0 {
			continue
		}
		d := Difference{Kind: TooOpen, From: r.From, To: r.To, Ports: over, Part: r.Extent == Part, Policies: r.Policies}
		for _, end := range r.Free {
			d.Reasons = append(d.Reasons, "no policy isolates "+end)
		}
		found = d.addTo(found)
	}
	for _, i := range intended {
		var closed []Difference
		for _, d := range missing(i, rows[pair{i.From, i.To}]) {
			closed = d.addTo(closed)
		}
		found = append(found, closed...)
	}
	return found
}

// missing lists what an intention does not get.
func missing(i Intended, rows []Row) []Difference {
	closed := Difference{Kind: Closed, From: i.From, To: i.To, Why: i.Why}
	if len(i.Ports) == 0 {
		closed.Reasons = []string{"no ports are named"}
		return []Difference{closed}
	}
	var found []Difference
	left := join(cut(i.Ports, nil))
	for _, r := range rows {
		d := closed
		d.Ports, d.Part = r.Port.within(i.Ports, false), r.Extent == Part
		if len(d.Ports) == 0 {
			continue
		}
		var rest []Port
		for _, p := range left {
			rest = append(rest, p.within([]Port{r.Port}, true)...)
		}
		left = rest
		if r.Extent == All {
			continue
		}
		for _, end := range r.Blocked {
			d.Reasons = append(d.Reasons, "blocked by "+end)
		}
		found = append(found, d)
	}
	if len(left) > 0 {
		closed.Ports, closed.Reasons = left, []string{"the table does not judge it"}
		found = append(found, closed)
	}
	return found
}

// addTo appends the difference, or its ports to the last of the list where
// nothing else differs.
func (d Difference) addTo(all []Difference) []Difference {
	if n := len(all) - 1; n >= 0 {
		last := &all[n]
		if last.Kind == d.Kind && last.From == d.From && last.To == d.To && last.Part == d.Part && last.Why == d.Why &&
			slices.Equal(last.Policies, d.Policies) && slices.Equal(last.Reasons, d.Reasons) {
			last.Ports = append(last.Ports, d.Ports...)
			return all
		}
	}
	return append(all, d)
}
