package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/script-ohio/platform/infra/delta"
)

// WriteText writes the report for people: a terminal or a code block of a pull
// request.
func (r *Report) WriteText(w io.Writer) error {
	var out strings.Builder
	fmt.Fprintf(&out, "Stack %s: %d resources in account %s, %s\n", r.Config.Stack, len(r.Graph.Resources), r.Config.General.Account, r.Config.General.Region)
	for _, warning := range r.Warnings {
		fmt.Fprintf(&out, "Warning: %s\n", warning)
	}
	if err := r.writeTree(&out); err != nil {
		return err
	}
	heading(&out, "Policy")
	if err := r.Policy.Write(&out); err != nil {
		return err
	}
	if r.Config.Release.Inside {
		heading(&out, "Network: who may talk to whom in the namespace of the app")
		if err := r.Traffic.Write(&out); err != nil {
			return err
		}
	}
	heading(&out, "Cost")
	if err := r.Cost.Write(&out); err != nil {
		return err
	}
	heading(&out, "Compared with "+r.Against)
	if err := r.writeDifferences(&out); err != nil {
		return err
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func heading(w io.Writer, text string) { fmt.Fprintf(w, "\n== %s ==\n\n", text) }

// writeTree shows each component with what matters of its resources; a * marks
// those that refuse to be destroyed.
func (r *Report) writeTree(w io.Writer) error {
	heading(w, "Resources, in the order of creation; * is protected")
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i, c := range components(r.Graph, r.short) {
		if i > 0 {
			fmt.Fprintln(table)
		}
		fmt.Fprintf(table, "%s: %d resources\n", c.name, c.count)
		for _, row := range c.rows {
			mark := " "
			if row.protected {
				mark = "*"
			}
			fmt.Fprintf(table, " %s%s\t%s\t%s\n", mark, row.kind, row.name, row.values)
		}
		if c.rest != "" {
			fmt.Fprintf(table, "  and %s\n", c.rest)
		}
	}
	return table.Flush()
}

// writeDifferences shows what nothing allows first, then what each
// configuration key leads to.
func (r *Report) writeDifferences(w io.Writer) error {
	if unexplained := delta.Unexplained(r.Differences); len(unexplained) > 0 {
		fmt.Fprintln(w, "Nothing allows these:")
		for _, d := range unexplained {
			fmt.Fprintf(w, "  %s\n", d)
		}
		fmt.Fprintln(w)
	}
	byKey := map[string][]delta.Difference{}
	for _, d := range r.Differences {
		if d.Key != "" {
			byKey[d.Key] = append(byKey[d.Key], d)
		}
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "key\t%s\t%s\tmeant because\tseen in\n", r.Config.Stack, r.Against)
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		differences := byKey[key]
		fmt.Fprintf(table, "%s\t%v\t%v\t%s\t%s\n", key, r.settings[key], r.otherSettings[key], differences[0].Why, where(differences))
	}
	return table.Flush()
}

// where is how many values and resources differ.
func where(differences []delta.Difference) string {
	values, whole := 0, 0
	for _, d := range differences {
		if d.Path == "" {
			whole++
		} else {
			values++
		}
	}
	var words []string
	for _, part := range []struct {
		n    int
		what string
	}{{values, "value"}, {whole, "resource"}} {
		switch part.n {
		case 0:
		case 1:
			words = append(words, "1 "+part.what)
		default:
			words = append(words, fmt.Sprintf("%d %ss", part.n, part.what))
		}
	}
	return strings.Join(words, ", ")
}
