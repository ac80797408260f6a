package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
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

// bar shows the progress of something long on standard error, if that is a
// terminal.
type bar struct {
	progress *mpb.Progress
	bar      *mpb.Bar
}

func (c *console) newBar(name string, total int) *bar {
	options := []mpb.ContainerOption{mpb.WithOutput(c.err), mpb.WithRefreshRate(100 * time.Millisecond)}
	if file, ok := c.err.(*os.File); !ok || !isTerminal(file) {
		options = []mpb.ContainerOption{mpb.WithOutput(nil)}
	}
	progress := mpb.New(options...)
	return &bar{progress, progress.AddBar(int64(total),
		mpb.PrependDecorators(decor.Name(name+" "), decor.CountersNoUnit("%d / %d")),
		mpb.AppendDecorators(decor.Elapsed(decor.ET_STYLE_GO), decor.Name(" "), decor.Percentage()))}
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (b *bar) set(n int) { b.bar.SetCurrent(int64(n)) }
func (b *bar) step()     { b.bar.Increment() }

// close ends the bar, finished or not.
func (b *bar) close() {
	b.bar.Abort(false)
	b.progress.Wait()
}

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
