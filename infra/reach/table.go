package reach

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// Table is who may talk to whom: rows of every pair that was judged, in the
// order of the peers, each pair's ports in order and without a gap.
type Table struct {
	Rows []Row
}

// Row is a range of ports between two peers that the policies treat alike.
type Row struct {
	From   string `json:"from"`
	To     string `json:"to"`
	Port   Port   `json:"port"`
	Extent Extent `json:"extent"`
	// Policies allow it, at either end; named namespace/name.
	Policies []string `json:"policies,omitempty"`
	// Free are the ends that no policy isolates, such as "egress of app": why a
	// connection is open that no policy allows. Foreign ends are left out.
	Free []string `json:"unisolated,omitempty"`
	// Blocked are the ends that allow none or a part of it.
	Blocked []string `json:"blocked,omitempty"`
}

// joins reports whether the next row differs in nothing but its ports, which
// follow.
func (r Row) joins(next Row) bool {
	return r.From == next.From && r.To == next.To && r.Extent == next.Extent &&
		r.Port.protocol() == next.Port.protocol() && r.Port.last()+1 == next.Port.Number &&
		slices.Equal(r.Policies, next.Policies) && slices.Equal(r.Free, next.Free) && slices.Equal(r.Blocked, next.Blocked)
}

// Extent is how far a connection is open; the least of a range of ports, None
// for what was not judged.
func (t Table) Extent(from, to string, port Port) Extent {
	least := All
	left := []Port{port}
	for _, r := range t.Rows {
		if r.From == from && r.To == to && len(r.Port.within([]Port{port}, false)) > 0 {
			least = min(least, r.Extent)
			var rest []Port
			for _, p := range left {
				rest = append(rest, p.within([]Port{r.Port}, true)...)
			}
			left = rest
		}
	}
	if len(left) > 0 {
		return None
	}
	return least
}

// Allowed are the rows of connections that are open, if only in part.
func (t Table) Allowed() []Row {
	rows := []Row{}
	for _, r := range t.Rows {
		if r.Extent != None {
			rows = append(rows, r)
		}
	}
	return rows
}

// Write renders what is allowed as aligned text, a line for each pair.
func (t Table) Write(w io.Writer) error {
	var out strings.Builder
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "FROM\tTO\tPORTS")
	rows := t.Allowed()
	partly := false
	shown := ""
	for len(rows) > 0 {
		first := rows[0]
		open := map[Extent][]Port{}
		for len(rows) > 0 && rows[0].From == first.From && rows[0].To == first.To {
			open[rows[0].Extent] = append(open[rows[0].Extent], rows[0].Port)
			rows = rows[1:]
		}
		var ports []string
		if len(open[All]) > 0 {
			ports = append(ports, list(open[All]))
		}
		if len(open[Part]) > 0 {
			partly = true
			ports = append(ports, list(open[Part])+" *")
		}
		from := first.From
		if from == shown {
			from = ""
		}
		shown = first.From
		fmt.Fprintf(table, "%s\t%s\t%s\n", from, first.To, strings.Join(ports, ", "))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if partly {
		out.WriteString("\n* for some of the addresses only\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// WriteJSON writes the rows that are allowed as one list, with the policies
// that allow them.
func (t Table) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(t.Allowed())
}
