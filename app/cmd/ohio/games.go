package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/pack"
)

type gamesCmd struct {
	Import gamesImportCmd `cmd:"" help:"Insert or update games from a CSV file."`
	Sync   gamesSyncCmd   `cmd:"" help:"Fetch games and betting lines from the College Football Data API."`
}

type gamesImportCmd struct {
	instance
	output
	File    string `arg:"" help:"CSV file, or - for standard input."`
	SkipBad bool   `help:"Import the good rows even when some are bad."`
}

// maxBadShown keeps the report readable.
const maxBadShown = 50

func (c gamesImportCmd) Run(ctx context.Context, out *console) error {
	games, bad, err := out.readGames(c.File)
	if err != nil {
		return err
	}
	for i, b := range bad {
		if i == maxBadShown {
			sentence(out.err, "... and %s", count(len(bad)-i, "more bad row"))
			break
		}
		sentence(out.err, "%s:%d: %s", c.File, b.Line, b.Reason)
	}
	if len(bad) > 0 && !c.SkipBad {
		return fault.New(fault.Invalid, "%s of %d; nothing was imported. Correct the file, or use --skip-bad", count(len(bad), "bad row"), len(bad)+len(games))
	}
	if err := warnOfNewTeams(out, games); err != nil {
		return err
	}
	pool, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer pool.Close()
	progress := out.newProgress("importing", len(games))
	report, err := football.NewStore(pool).Recording(auditLog(pool).Change).Import(ctx, games, progress.set)
	progress.close()
	if err != nil {
		return err
	}
	result := struct {
		football.ImportReport
		Skipped int `json:"skipped"`
	}{report, len(bad)}
	return c.print(out, result, func(w *tabwriter.Writer) {
		row(w, "INSERTED", "UPDATED", "UNCHANGED", "SKIPPED")
		row(w, report.Inserted, report.Updated, report.Unchanged, len(bad))
	})
}

// warnOfNewTeams names FBS teams that the embedded pack has never met and that
// look like a known one misspelt. They are imported: teams do join the FBS.
func warnOfNewTeams(out *console, games []football.Game) error {
	p, err := pack.Default()
	if err != nil {
		return err
	}
	directory, seen := football.NewDirectory(p.State.View().Names()), map[string]bool{}
	for _, g := range games {
		for _, side := range []football.Side{g.Home, g.Away} {
			if _, known := directory.Resolve(side.Team); known || seen[side.Team] || side.Division != football.FBS {
				continue
			}
			seen[side.Team] = true
			if near := directory.Suggest(side.Team, 3); len(near) > 0 {
				sentence(out.err, "warning: game %d: %q is a new FBS team; did you mean %s?", g.ID, side.Team, strings.Join(near, ", "))
			}
		}
	}
	return nil
}

// readGames reads a CSV file; "-" is standard input.
func (c *console) readGames(path string) ([]football.Game, []football.BadRow, error) {
	input, err := c.input(path)
	if err != nil {
		return nil, nil, fault.Wrap(fault.NotFound, err, "the games file cannot be opened")
	}
	defer input.Close()
	games, bad, err := football.ReadCSV(input)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return games, bad, nil
}

// goodResults reads files of which every row must be good, later files
// replacing games of earlier ones, and keeps what has been played.
func (c *console) goodResults(paths ...string) ([]football.Result, error) {
	byID := map[int64]int{}
	var all []football.Game
	for _, path := range paths {
		games, bad, err := c.readGames(path)
		if err != nil {
			return nil, err
		}
		if len(bad) > 0 {
			return nil, fault.New(fault.Invalid, "%s:%d: %s (%s)", path, bad[0].Line, bad[0].Reason, count(len(bad), "bad row"))
		}
		for _, g := range games {
			if i, known := byID[g.ID]; known {
				all[i] = g
				continue
			}
			byID[g.ID] = len(all)
			all = append(all, g)
		}
	}
	return football.Results(all), nil
}
