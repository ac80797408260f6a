package clustertest

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// Scenario is one behaviour of the deployed objects.
type Scenario struct {
	Name   string
	Within time.Duration // 0 is a minute
	Run    func(context.Context, *Cluster) error
}

// Result is what a scenario came to.
type Result struct {
	Scenario string
	Err      error // nil if the objects behave so
	Took     time.Duration
}

// Run runs scenarios in order and prints a line for each as it ends. One that
// fails does not stop the others.
func (c *Cluster) Run(ctx context.Context, out io.Writer, scenarios ...Scenario) []Result {
	width := 0
	for _, s := range scenarios {
		width = max(width, utf8.RuneCountInString(s.Name))
	}
	results := make([]Result, 0, len(scenarios))
	for _, s := range scenarios {
		r := c.runOne(ctx, s)
		results = append(results, r)
		verdict := "ok"
		if r.Err != nil {
			verdict = "FAILED"
		}
		fmt.Fprintf(out, "%-*s  %-6s %6.1f s\n", width, r.Scenario, verdict, r.Took.Seconds())
		if r.Err != nil {
			fmt.Fprintf(out, "    %s\n", strings.ReplaceAll(r.Err.Error(), "\n", "\n    "))
		}
	}
	return results
}

func (c *Cluster) runOne(ctx context.Context, s Scenario) Result {
	within := s.Within
	if within == 0 {
		within = time.Minute
	}
	ctx, cancel := context.WithTimeoutCause(ctx, within, fmt.Errorf("it takes longer than %s", within))
	defer cancel()
	start := time.Now()
	err := s.Run(ctx, c)
	return Result{Scenario: s.Name, Err: err, Took: time.Since(start)}
}
