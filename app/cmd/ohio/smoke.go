package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/smoke"
)

type smokeCmd struct {
	URL     string        `arg:"" optional:"" placeholder:"URL" help:"The service, such as http://127.0.0.1:8000."`
	Self    bool          `help:"Ask only the service on this machine, at LISTEN, whether it lives and is ready; for HEALTHCHECK."`
	Key     string        `env:"OHIO_API_KEY" placeholder:"KEY" help:"API key to ask with. Without one, what needs a key is skipped."`
	Timeout time.Duration `default:"10s" help:"Of each request; 2s at most with --self."`
	Wait    time.Duration `placeholder:"TIME" help:"First wait this long for the service to be ready."`
	Output  string        `enum:"table,json,junit" default:"table" short:"o" help:"Print a ${enum}."`
}

// selfTimeout keeps a health check within the time that a container runtime
// gives it.
const selfTimeout = 2 * time.Second

// Run ends with exit status 0 when everything passed and 1 when anything
// failed; any other says that there was nothing to judge: 5 without a service,
// 6 with a wrong key. With --self it is 0 or 1, which is all that a
// HEALTHCHECK may say.
func (c smokeCmd) Run(ctx context.Context, out *console) error {
	switch {
	case c.Self && c.URL != "":
		return fault.New(fault.Invalid, "say a URL or --self, not both")
	case c.Self:
		return c.self(ctx, out)
	case c.URL == "":
		return fault.New(fault.Invalid, "say which service: a URL such as http://127.0.0.1:%d, or --self", contract.PublicPort)
	case c.Timeout <= 0 || c.Wait < 0:
		return fault.New(fault.Invalid, "--timeout must be more than 0, --wait not less")
	}
	options := smoke.Options{Key: c.Key, Timeout: c.Timeout}
	if c.Wait > 0 {
		if err := smoke.Wait(ctx, c.URL, options, c.Wait); err != nil {
			return err
		}
	}
	report, err := smoke.Run(ctx, c.URL, options)
	if err != nil {
		return err
	}
	if err := c.print(out, report); err != nil {
		return err
	}
	if !report.Passed {
		return fmt.Errorf("smoke test failed: %s", strings.Join(report.Failed(), ", "))
	}
	return nil
}

func (c smokeCmd) self(ctx context.Context, out *console) error {
	listen := cmp.Or(os.Getenv("LISTEN"), fmt.Sprintf(":%d", contract.PublicPort))
	if err := smoke.Self(ctx, listen, min(c.Timeout, selfTimeout)); err != nil {
		return errors.New(err.Error()) // status 1, whatever it is
	}
	fmt.Fprintln(out.out, "ready")
	return nil
}

func (c smokeCmd) print(out *console, report smoke.Report) error {
	if c.Output == "junit" {
		return report.WriteJUnit(out.out)
	}
	return output{c.Output}.print(out, report, func(w *tabwriter.Writer) {
		row(w, "VERDICT", "ROUTE", "CHECK", "STATUS", "TIME", "WHY")
		for _, r := range report.Results {
			status, took := "-", "-"
			if r.Status != 0 {
				status = fmt.Sprint(r.Status)
			}
			if r.Verdict != smoke.Skipped {
				took = fmt.Sprintf("%.1f ms", float64(r.Took().Microseconds())/1000)
			}
			row(w, r.Verdict, r.Route, r.Says, status, took, r.Reason)
		}
		fmt.Fprintln(w)
		sentence(w, "%s %s, pack %s", report.URL, report.Version, report.PackVersion)
		sentence(w, "%s", report.Verdict)
	})
}
