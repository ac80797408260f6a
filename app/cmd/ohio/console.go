package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"golang.org/x/term"

	"github.com/script-ohio/platform/app/platform/jobs"
)

// console is where a command talks to a person or a program.
type console struct {
	out, err    io.Writer
	interrupted <-chan struct{} // closed by a signal
	serves      bool            // a signal is how the command is meant to end
}

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

// input opens a file; "-" is standard input.
func (c *console) input(path string) (io.ReadCloser, error) {
	if path == "-" {
		return io.NopCloser(c.stdin()), nil
	}
	return os.Open(path)
}

// row writes the columns of a line. Whatever stands in them, it neither steers a
// terminal nor makes another line.
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
			fmt.Fprint(w, jobs.Line(fmt.Sprint(v)))
		}
	}
	fmt.Fprintln(w)
}

// sentence writes a line that is no row, as harmless as one.
func sentence(w io.Writer, format string, args ...any) {
	fmt.Fprintln(w, jobs.Line(fmt.Sprintf(format, args...)))
}

// count says how many of something there are.
func count[N int | int64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
