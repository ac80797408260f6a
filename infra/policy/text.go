package policy

import (
	"fmt"
	"io"
	"strings"
)

// Write renders the report as aligned text, for a terminal or a code block:
// errors, warnings, then what is exempt and why, and one line for all.
func (r Report) Write(w io.Writer) error {
	var out strings.Builder
	fmt.Fprintf(&out, "Policy of stack %s under the rules of %s\n\n", r.Stack, r.Environment)
	wide := 0
	for _, f := range r.Findings {
		wide = max(wide, len(f.Rule))
	}
	counts := map[Severity]int{}
	for n, f := range r.Findings {
		if n == 0 || r.Findings[n-1].Severity != f.Severity {
			fmt.Fprintf(&out, "%s\n", strings.ToUpper(string(f.Severity)))
		}
		counts[f.Severity]++
		line := func(first, text string) {
			fmt.Fprintf(&out, "  %-*s  %s\n", wide, first, text)
		}
		line(f.Rule, place(f.URN))
		line("", strings.TrimPrefix(f.Path+": "+f.Message, ": "))
		if f.Severity != Exempt {
			line("", "because "+f.Reason)
			line("", f.Reference)
		}
		if e := f.Exemption; e != nil {
			line("", fmt.Sprintf("until %s, %s: %s", e.Until, e.Owner, e.Reason))
		}
		out.WriteString("\n")
	}
	fmt.Fprintf(&out, "%d rules, %d resources, %s\n", r.Rules, r.Resources, result(counts))
	_, err := io.WriteString(w, out.String())
	return err
}

// place is the resource of a URN as people look for it: its type without its
// parents, and its name.
func place(urn string) string {
	parts := strings.SplitN(urn, "::", 4)
	if len(parts) < 4 {
		return urn
	}
	return parts[2][strings.LastIndexAny(parts[2], "$:")+1:] + " " + parts[3]
}

func result(counts map[Severity]int) string {
	found := "no findings"
	if counts[Error]+counts[Warning] > 0 {
		found = count(counts[Error], "error") + ", " + count(counts[Warning], "warning")
	}
	if counts[Exempt] > 0 {
		found += fmt.Sprintf(", %d exempt", counts[Exempt])
	}
	return found
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprint(n, " ", what)
}
