package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/run"
)

type serveCmd struct {
	Local          bool   `help:"Bring PostgreSQL, Redis and buckets along, in the data directory."`
	Listen         string `placeholder:"HOST:PORT" help:"Address of the public API (LISTEN)."`
	InternalListen string `placeholder:"HOST:PORT" help:"Address of metrics and profiles (INTERNAL_LISTEN)."`
	DataDir        string `default:".local" env:"OHIO_DATA_DIR" help:"Where --local keeps its data."`
}

// localListen keeps a local instance to this machine.
const (
	localHost  = "127.0.0.1"
	localPause = 1 // second; nobody balances load here
)

func (c serveCmd) Run(ctx context.Context, out *console) error {
	config, err := run.LoadConfig(os.Environ())
	if err != nil {
		return err
	}
	if c.Local {
		if config, err = run.LocalFolders(config, c.DataDir); err != nil {
			return err
		}
	}
	c.address(&config)
	logger, done, err := run.OpenLog(config, out.err)
	if err != nil {
		return err
	}
	defer done()
	if !c.Local {
		service := run.New(config, build(), logger)
		if err := service.Start(ctx); err != nil {
			return err
		}
		return wait(ctx, out, service, config, nil, service.Failed())
	}
	local, err := run.StartLocal(ctx, config, build(), c.DataDir, logger)
	if err != nil {
		return err
	}
	welcome(out.out, local, c.DataDir)
	return wait(ctx, out, local, config, local.Done(), local.Failed())
}

// address applies the flags, and for --local the defaults of one machine.
func (c serveCmd) address(config *contract.Config) {
	if c.Local {
		if os.Getenv("LISTEN") == "" {
			config.Listen = fmt.Sprintf("%s:%d", localHost, contract.PublicPort)
		}
		if os.Getenv("INTERNAL_LISTEN") == "" {
			config.InternalListen = fmt.Sprintf("%s:%d", localHost, contract.InternalPort)
		}
		if os.Getenv("SHUTDOWN_PAUSE") == "" {
			config.ShutdownPause = localPause
		}
	}
	if c.Listen != "" {
		config.Listen = c.Listen
	}
	if c.InternalListen != "" {
		config.InternalListen = c.InternalListen
	}
}

type stopper interface{ Stop(context.Context) error }

// wait serves until a signal comes or something fails for good, then stops
// within the drain time.
func wait(ctx context.Context, out *console, s stopper, config contract.Config, done <-chan struct{}, failed <-chan error) error {
	out.serves = true
	var failure error
	select {
	case <-ctx.Done():
	case <-done:
		failure = fmt.Errorf("PostgreSQL does not stay up; see its log in the data directory")
	case failure = <-failed:
	}
	limit := config.ShutdownPause.Duration() + config.ShutdownDrain.Duration()
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	if err := s.Stop(stopping); failure == nil {
		failure = err
	}
	return failure
}

func welcome(w io.Writer, l *run.Local, dataDir string) {
	fmt.Fprintf(w, `
Script Ohio serves on %[1]s  (docs: %[1]s/docs, metrics: %[2]s%[3]s)

Development API key: %[4]s

Try it:
  curl -s %[1]s/v1/predictions -H 'Authorization: Bearer %[4]s' \
    -H 'Content-Type: application/json' -d '{"home_team": "Ohio State", "away_team": "Michigan"}'

Data lies in %[5]s. Stop with Ctrl-C.
`, l.PublicURL(), l.InternalURL(), contract.MetricsPath, l.DevelopmentKey, dataDir)
}
