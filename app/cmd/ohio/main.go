// Command ohio is the prediction service and its command line.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"reflect"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/script-ohio/platform/app/fault"
)

// cli is every command; the doc strings are its help.
type cli struct {
	Serve       serveCmd       `cmd:"" help:"Serve predictions over HTTP."`
	Work        workCmd        `cmd:"" help:"Run the scheduled jobs, without the API."`
	Migrate     migrateCmd     `cmd:"" help:"Bring the database schema up to date, or to a version."`
	Local       localCmd       `cmd:"" help:"Manage local data directories."`
	Keys        keysCmd        `cmd:"" help:"Create, list and revoke API keys."`
	Games       gamesCmd       `cmd:"" help:"Import games."`
	Predict     predictCmd     `cmd:"" help:"Predict one game."`
	Rank        rankCmd        `cmd:"" help:"Show the power ranking."`
	Models      modelsCmd      `cmd:"" help:"Show the models of the pack and their scores."`
	Train       trainCmd       `cmd:"" help:"Train a model pack from games."`
	Pack        packCmd        `cmd:"" help:"Verify and upload model packs."`
	Backtest    backtestCmd    `cmd:"" help:"Judge the models season by season, without looking ahead."`
	Model       modelCmd       `cmd:"" help:"Work with XGBoost model files."`
	Backup      backupCmd      `cmd:"" help:"Make, verify, restore and retire backups."`
	Maintenance maintenanceCmd `cmd:"" help:"Run maintenance jobs, look at them and read their reports."`
	Smoke       smokeCmd       `cmd:"" help:"Ask a running service whether every route does what it is for; changes nothing."`
	Notify      notifyCmd      `cmd:"" help:"Test notification channels, list notifications and retry dead ones."`
	Audit       auditCmd       `cmd:"" help:"Verify, list and export the audit log."`
	Config      configCmd      `cmd:"" help:"Describe the configuration."`
	OpenAPI     openAPICmd     `cmd:"" name:"openapi" help:"Print the OpenAPI 3.1 document of the API."`
	Version     versionCmd     `cmd:"" help:"Print version, commit, build time and pack version."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	status := execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// execute runs one command line and gives the exit status: see fault.ExitCode,
// and statusInterrupted when ctx was ended.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var commands cli
	status, terminal := -1, &console{out: stdout, err: stderr, interrupted: ctx.Done()}
	parser, err := kong.New(&commands, append(grammar(),
		kong.Writers(stdout, stderr), kong.Exit(func(code int) { status = code }), kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(terminal))...)
	if err != nil {
		fmt.Fprintln(stderr, "ohio:", err)
		return 1
	}
	command, err := parser.Parse(args)
	if status >= 0 { // --help has been printed
		return status
	}
	if err == nil {
		err = unsaid(command)
	}
	if err != nil {
		sentence(stderr, "ohio: %v; see `ohio --help`", err)
		return fault.ExitCode(fault.New(fault.Invalid, "usage"))
	}
	err = command.Run()
	if ctx.Err() != nil && !terminal.serves {
		reportInterrupt(ctx, stderr, err)
		return statusInterrupted
	}
	if err != nil {
		report(stderr, err)
	}
	return fault.ExitCode(err)
}

// unsaid refuses a choice that was named and not made; kong takes it for the
// empty one that stands for a flag that was left out.
func unsaid(command *kong.Context) error {
	for _, part := range command.Path {
		if f := part.Flag; f != nil && f.Enum != "" && f.Target.Kind() == reflect.String && f.Target.Len() == 0 {
			return fmt.Errorf("--%s needs a value: one of %s", f.Name, strings.TrimSuffix(f.Enum, ","))
		}
	}
	return nil
}

// grammar is how command lines are read.
func grammar() []kong.Option {
	return []kong.Option{
		kong.Name("ohio"),
		kong.Description("College football predictions. Exit status: 0 done, 2 bad input, 3 not found, 4 conflict, 5 unavailable, 6 not allowed, 7 too many requests, 130 interrupted, 1 anything else."),
		kong.WithHyphenPrefixedParameters(true), // a spread may be negative
	}
}

// report prints an error in a line, and its details in one each.
func report(w io.Writer, err error) {
	sentence(w, "ohio: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return
	}
	for _, d := range f.Details {
		if d.Message != f.Message {
			sentence(w, "  %s: %s", d.Location, d.Message)
		}
	}
}
