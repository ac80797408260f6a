package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/cfbd"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/run"
)

type gamesSyncCmd struct {
	instance
	output
	Season     int    `help:"Season; the current one if left out."`
	Week       *int   `help:"Week; all weeks of the season if left out, and without a season this week and the one before."`
	SeasonType string `enum:"regular,postseason" default:"regular" help:"One of ${enum}, for a week."`
	API        string `name:"api" default:"https://api.collegefootballdata.com" placeholder:"URL" help:"Address of the College Football Data API."`
}

// Validate is called by kong.
func (c gamesSyncCmd) Validate() error {
	if c.Week != nil && *c.Week == 0 {
		return errors.New("--week must be 1 to 30; leave it out for all weeks")
	}
	if err := (when{c.Season, c.week()}).Validate(); err != nil {
		return err
	}
	if c.SeasonType != football.Regular && c.Week == nil {
		return errors.New("--season-type needs a --week; a whole season has both")
	}
	return nil
}

// week is 0 when none is given.
func (c gamesSyncCmd) week() int {
	if c.Week == nil {
		return 0
	}
	return *c.Week
}

func (c gamesSyncCmd) queries(now time.Time) ([]cfbd.Query, error) {
	switch {
	case c.Week != nil && c.Season != 0:
		return []cfbd.Query{{Season: c.Season, Week: c.week(), SeasonType: c.SeasonType}}, nil
	case c.Week != nil:
		return []cfbd.Query{{Season: cfbd.Season(now), Week: c.week(), SeasonType: c.SeasonType}}, nil
	case c.Season != 0:
		return []cfbd.Query{{Season: c.Season}}, nil
	}
	queries := cfbd.Current(now)
	if len(queries) == 0 {
		return nil, fault.New(fault.Invalid, "no games are played from February to July; say which --season")
	}
	return queries, nil
}

// Run imports what came, shows it, and fails if anything did.
func (c gamesSyncCmd) Run(ctx context.Context, out *console) error {
	queries, err := c.queries(time.Now())
	if err != nil {
		return err
	}
	config, err := run.LoadConfig(os.Environ())
	if err != nil {
		return err
	}
	pool, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer pool.Close()
	syncer, err := run.NewSyncer(config, pool, auditLog(pool).Change, quiet(), cfbd.Options{BaseURL: c.API})
	if err != nil {
		return err
	}
	progress := out.newProgress("syncing", len(queries)*cfbd.Steps)
	report, failed := syncer.Sync(ctx, queries, func(done, _ int, _ string) { progress.set(done) })
	progress.close()
	c.complain(out, report)
	if len(report.Parts) == 0 && failed != nil {
		return failed
	}
	return errors.Join(c.print(out, report, func(w *tabwriter.Writer) { drawSync(w, report) }), failed)
}

// complain names what was left out, which teams are new and which games have
// vanished.
func (c gamesSyncCmd) complain(out *console, report cfbd.Report) {
	for _, i := range report.Issues {
		if i.Severity == contract.Warning {
			sentence(out.err, "warning: %s", i.Text)
		}
	}
	for _, p := range report.Parts {
		for _, r := range p.Refusals {
			sentence(out.err, "game %d: %s", r.GameID, r.Reason)
		}
		if more := p.Refused - len(p.Refusals); more > 0 {
			fmt.Fprintf(out.err, "... and %d more\n", more)
		}
		for _, n := range p.NewTeams {
			sentence(out.err, "note: %s", n)
		}
	}
}

func drawSync(w *tabwriter.Writer, report cfbd.Report) {
	row(w, "SEASON", "WEEK", "TYPE", "ADDED", "CHANGED", "UNCHANGED", "REFUSED", "LINES")
	for _, p := range report.Parts {
		week, kind := fmt.Sprint(p.Week), p.SeasonType
		if p.Week == 0 {
			week = "all"
		}
		if kind == "" {
			kind = "both"
		}
		row(w, p.Season, week, kind, p.Added, p.Changed, p.Unchanged, p.Refused, p.Lines)
	}
}
