package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/ops/audit"
	"github.com/script-ohio/platform/app/platform/postgres"
)

type migrateCmd struct {
	Up     migrateUpCmd     `cmd:"" default:"1" help:"Apply what is missing (the default)."`
	Status migrateStatusCmd `cmd:"" help:"List the migrations and when they were applied."`
	To     migrateToCmd     `cmd:"" help:"Go to a version, also back. Going back may drop data."`
}

type migrateUpCmd struct{ instance }

func (c migrateUpCmd) Run(ctx context.Context, out *console) error {
	url, err := c.databaseURL()
	if err != nil {
		return err
	}
	report, err := postgres.Migrate(ctx, url)
	return out.migrated(ctx, url, report, err)
}

// migrated shows and audits what ran. It stands by then: who cannot record it,
// as in a schema of before the audit log, says so.
func (c *console) migrated(ctx context.Context, url string, report postgres.Report, err error) error {
	if err != nil {
		return err
	}
	if len(report.Ran) > 0 {
		if err := auditMigration(ctx, url, report); err != nil {
			sentence(c.err, "ohio: the migration is done and not in the audit log: %v", err)
		}
	}
	for _, step := range report.Ran {
		fmt.Fprintf(c.out, "%d %s in %s\n", step.Version, step.Name, step.Took.Round(time.Millisecond))
	}
	fmt.Fprintf(c.out, "schema version %d\n", report.To)
	return nil
}

func auditMigration(ctx context.Context, url string, report postgres.Report) error {
	ctx, cancel := recording(ctx)
	defer cancel()
	pool, err := postgres.Open(ctx, url, postgres.Options{})
	if err != nil {
		return err
	}
	defer pool.Close()
	type schema struct {
		Version int64 `json:"version"`
	}
	return auditLog(pool).Append(ctx, audit.Entry{
		Action: "schema.migrate", SubjectType: "database", SubjectID: pool.Config().ConnConfig.Database,
		Before: schema{report.From}, After: schema{report.To},
	})
}

type migrateStatusCmd struct {
	instance
	output
}

func (c migrateStatusCmd) Run(ctx context.Context, out *console) error {
	url, err := c.databaseURL()
	if err != nil {
		return err
	}
	steps, err := postgres.Status(ctx, url)
	if err != nil {
		return err
	}
	return c.print(out, steps, func(w *tabwriter.Writer) {
		row(w, "VERSION", "MIGRATION", "APPLIED")
		for _, s := range steps {
			applied := "-"
			if s.Applied {
				applied = date(&s.AppliedAt)
			}
			row(w, s.Version, s.Name, applied)
		}
	})
}

type migrateToCmd struct {
	instance
	Version int64 `arg:"" help:"Version to end at, from ohio migrate status."`
	Yes     bool  `help:"Do it; going back may drop data."`
}

func (c migrateToCmd) Run(ctx context.Context, out *console) error {
	url, err := c.databaseURL()
	if err != nil {
		return err
	}
	current, _, err := postgres.Version(ctx, url)
	if err != nil {
		return err
	}
	if c.Version < current && !c.Yes {
		return fault.New(fault.Conflict, "going back from version %d to %d may drop data; say --yes if that is meant", current, c.Version)
	}
	report, err := postgres.MigrateTo(ctx, url, c.Version)
	return out.migrated(ctx, url, report, err)
}
