// Command plan tells what a deployment of a stack would make, without
// credentials and without a network: resources, policy findings, cost, and the
// differences between staging and production.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/alecthomas/kong"

	"github.com/script-ohio/platform/infra/report"
	"github.com/script-ohio/platform/infra/stack"
)

// cli is the command line; the doc strings are its help.
type cli struct {
	Stack  string    `default:"prod" help:"Stack: reads Pulumi.STACK.yaml."`
	Output string    `default:"text" enum:"text,json,svg" help:"text for people and pull requests, json for machines, svg draws it."`
	Dir    string    `type:"path" help:"Folder of the stack files; by default the nearest one above that holds Pulumi.yaml."`
	AsOf   time.Time `format:"2006-01-02" placeholder:"DATE" help:"Judge support windows and exemptions as of this day instead of today."`
}

// Exit statuses.
const (
	done    = 0
	refused = 1 // by the policy, or different in a way that nothing allows
	invalid = 2 // the command line or a stack file
)

func main() { os.Exit(execute(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) }

func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var flags cli
	status := -1
	parser, err := kong.New(&flags, kong.Name("plan"), kong.Writers(stdout, stderr), kong.Exit(func(code int) { status = code }),
		kong.Description("Tell what a deployment of a stack would make. Exit status: 0 it may be deployed, 1 the policy or the comparison refuses it, 2 bad input."))
	if err != nil {
		fmt.Fprintln(stderr, "plan:", err)
		return refused
	}
	_, err = parser.Parse(args)
	if status >= 0 { // --help has been printed
		return status
	}
	if err != nil {
		fmt.Fprintf(stderr, "plan: %v; see --help\n", err)
		return invalid
	}
	return run(ctx, flags, stdout, stderr)
}

func run(ctx context.Context, flags cli, stdout, stderr io.Writer) int {
	if flags.AsOf.IsZero() {
		flags.AsOf = time.Now()
	}
	var err error
	if flags.Dir == "" {
		if flags.Dir, err = stack.Folder(); err != nil {
			fmt.Fprintf(stderr, "plan: %v: run it in the project, or name the folder by --dir\n", err)
			return invalid
		}
	}
	r, err := report.New(ctx, flags.Dir, flags.Stack, flags.AsOf)
	if err != nil {
		fmt.Fprintln(stderr, "plan:", err)
		var config *report.ConfigError
		if errors.As(err, &config) {
			return invalid
		}
		return refused
	}
	write := map[string]func(io.Writer) error{"text": r.WriteText, "json": r.WriteJSON, "svg": r.WriteSVG}[flags.Output]
	if err := errors.Join(write(stdout), r.Err()); err != nil {
		fmt.Fprintln(stderr, "plan:", err)
		return refused
	}
	return done
}
