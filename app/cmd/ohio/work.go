package main

import (
	"context"
	"errors"
	"os"
	"syscall"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/run"
)

type workCmd struct {
	Queues         []contract.Queue `enum:"default,backup,security" default:"default,backup,security" placeholder:"A,B" help:"Whose jobs to run: default, backup, security; all of them if left out."`
	InternalListen string           `placeholder:"HOST:PORT" help:"Address of probes, metrics and profiles (INTERNAL_LISTEN)."`
}

// Run ends with the worker: at a signal, what is under way may go on for
// SHUTDOWN_DRAIN, then another worker takes it over.
func (c workCmd) Run(ctx context.Context, out *console) error {
	config, err := run.LoadConfig(os.Environ())
	if err != nil {
		return err
	}
	logger, done, err := run.OpenLog(config, out.err)
	if err != nil {
		return err
	}
	defer done()
	if c.InternalListen != "" {
		config.InternalListen = c.InternalListen
	}
	worker := run.NewWorker(config, build(), logger, c.Queues)
	err = worker.Start(ctx)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fault.New(fault.Conflict, "cannot listen on %s: another program uses the port; choose another with --internal-listen or INTERNAL_LISTEN", config.InternalListen)
	}
	if err != nil {
		return err
	}
	return wait(ctx, out, worker, config, nil, worker.Failed())
}
