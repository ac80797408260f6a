// Command image lints the Dockerfile and the compose file, and assembles what
// an image would hold, all without a Docker engine and without a network: what
// a Dockerfile means is asked of BuildKit's own parser, linter and converter.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

const usage = `usage:
  image lint DOCKERFILE COMPOSE_FILE
        says what is wrong with them; exit status 1 if anything is
  image assemble [-target NAME] [-arg NAME=VALUE]... DOCKERFILE BASE_DIR OUT_DIR
        runs the stages that a target copies from and fills OUT_DIR/root, on a
        copy of BASE_DIR in place of its base image; prints its configuration
        as assignments for bash
  image enter UID:GID ROOT PROGRAM [ARGUMENT]...
        runs a program in a root directory, without privileges for good
  image up
        turns on the loopback of a new network namespace
`

func main() {
	err := run(context.Background(), os.Args[1:])
	switch {
	case errors.Is(err, errUsage):
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("usage")

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errUsage
	}
	command, rest := args[0], args[1:]
	switch {
	case command == "lint" && len(rest) == 2:
		return lint(ctx, rest[0], rest[1])
	case command == "assemble":
		return assembleCommand(ctx, rest)
	case command == "enter" && len(rest) >= 3:
		return enter(rest[0], rest[1], rest[2:])
	case command == "up" && len(rest) == 0:
		return loopbackUp()
	}
	return errUsage
}

func lint(ctx context.Context, dockerfile, composeFile string) error {
	found, err := lintDockerfile(ctx, dockerfile)
	if err != nil {
		return err
	}
	more, err := lintCompose(ctx, composeFile)
	if err != nil {
		return err
	}
	found = append(found, more...)
	for _, f := range found {
		fmt.Println(f)
	}
	if len(found) > 0 {
		return fmt.Errorf("%d findings", len(found))
	}
	fmt.Printf("%s, %s: nothing found\n", dockerfile, composeFile)
	return nil
}

func assembleCommand(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("assemble", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // usage says it
	target := flags.String("target", "", "stage; default the last")
	buildArgs := map[string]string{}
	flags.Func("arg", "build argument NAME=VALUE", func(pair string) error {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return fmt.Errorf("%q is not NAME=VALUE", pair)
		}
		buildArgs[name] = value
		return nil
	})
	if err := flags.Parse(args); err != nil || flags.NArg() != 3 {
		return errUsage
	}
	image, err := assemble(ctx, flags.Arg(0), *target, buildArgs, flags.Arg(1), flags.Arg(2))
	if err != nil {
		return err
	}
	fmt.Print(image.assignments())
	return nil
}

// finding is something wrong in a file.
type finding struct {
	file    string
	line    int // 0: the file as a whole
	rule    string
	message string
}

func (f finding) String() string {
	if f.line == 0 {
		return fmt.Sprintf("%s: %s: %s", f.file, f.rule, f.message)
	}
	return fmt.Sprintf("%s:%d: %s: %s", f.file, f.line, f.rule, f.message)
}
