package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"golang.org/x/term"
)

// console is where a command talks to a person or a program.
type console struct{ out, err io.Writer }

// output is the choice between a table for people and JSON for programs.
type output struct {
	Output string `enum:"table,json" default:"table" short:"o" help:"Print a ${enum}."`
}

// print shows a value as JSON, or as the table that draw makes.
func (o output) print(c *console, value any, draw func(*tabwriter.Writer)) error {
	if o.Output == "json" {
		encoder := json.NewEncoder(c.out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(value)
	}
	table := tabwriter.NewWriter(c.out, 2, 8, 2, ' ', 0)
	draw(table)
	return table.Flush()
}

// isTerminal tells whether a person is at the other end.
func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

func row(w io.Writer, columns ...any) {
	for i, c := range columns {
		if i > 0 {
			fmt.Fprint(w, "\t")
		}
		switch v := c.(type) {
		case float64:
			fmt.Fprintf(w, "%.1f", v)
		case *float64:
			if v == nil {
				fmt.Fprint(w, "-")
			} else {
				fmt.Fprintf(w, "%.4f", *v)
			}
		default:
			fmt.Fprint(w, v)
		}
	}
	fmt.Fprintln(w)
}

// count says how many of something there are.
func count[N int | int64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
