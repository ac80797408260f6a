package main

import (
	"context"
	"fmt"
	"iter"
	"os/user"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/ops/audit"
	"github.com/script-ohio/platform/app/run"
)

type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Check that no row of the audit log was removed, altered, moved or inserted."`
	List   auditListCmd   `cmd:"" help:"List who changed or read what, the newest first. This is recorded too."`
	Export auditExportCmd `cmd:"" help:"Write the audit log as JSON lines, which --file verifies. This is recorded too."`
}

// auditLog is the log with whoever runs the command as the one who acts.
func auditLog(pool *pgxpool.Pool) *audit.Log {
	name := "ohio cli"
	if u, err := user.Current(); err == nil {
		name = u.Username + " at ohio cli"
	}
	return run.NewAudit(pool, name)
}

type auditVerifyCmd struct {
	instance
	output
	File string   `placeholder:"export.jsonl" help:"An export to verify instead of the database, or - for standard input."`
	Head []string `placeholder:"HASH@SEQ" help:"A head printed earlier and kept elsewhere, which proves that nothing up to it was cut off or written anew. May be repeated."`
}

func (c auditVerifyCmd) Run(ctx context.Context, out *console) error {
	var heads []audit.Head
	for _, text := range c.Head {
		head, err := audit.ParseHead(text)
		if err != nil {
			return err
		}
		heads = append(heads, head)
	}
	rows, closeAll, err := c.rows(ctx, out)
	if err != nil {
		return err
	}
	defer closeAll()
	report, err := audit.Verify(rows, heads...)
	if err != nil {
		return err
	}
	if report.Findings == nil {
		report.Findings = []audit.Finding{} // [] in JSON
	}
	err = c.print(out, report, func(w *tabwriter.Writer) {
		fmt.Fprintln(w, count(report.Rows, "row"))
		for _, f := range report.Findings {
			row(w, f.Kind, f.Says)
		}
		if report.OK() && report.Rows > 0 {
			sentence(w, "the chain holds; head %s", report.HeadText)
			fmt.Fprintln(out.err, "Keep the head elsewhere: with --head it proves later that nothing up to it was cut off.")
		}
	})
	if err == nil && !report.OK() {
		err = fault.New(fault.Conflict, "the audit log was tampered with: row %d %s", report.Findings[0].Seq, report.Findings[0].Kind)
	}
	return err
}

func (c auditVerifyCmd) rows(ctx context.Context, out *console) (iter.Seq2[audit.Row, error], func(), error) {
	if c.File != "" {
		file, err := out.input(c.File)
		if err != nil {
			return nil, nil, fault.Wrap(fault.NotFound, err, "the export cannot be read")
		}
		return audit.Lines(file), func() { _ = file.Close() }, nil
	}
	pool, err := c.connect(ctx)
	if err != nil {
		return nil, nil, err
	}
	return auditLog(pool).Rows(ctx), pool.Close, nil
}

type auditListCmd struct {
	instance
	output
	Actor     string `help:"Id of an API key, or system."`
	Action    string `help:"An action such as key.revoke, or with a dot at its end all that begin with it."`
	Subject   string `placeholder:"TYPE[/ID]" help:"What it was done to, such as api_key or pack/2024.1."`
	RequestID string `help:"What one request did."`
	Since     moment `placeholder:"TIME" help:"Not before: a date (2025-09-06, from midnight UTC), a time (2025-09-06T12:00:00Z) or how long ago (24h, 7d)."`
	Until     moment `placeholder:"TIME" help:"Before, said likewise."`
	Before    int64  `help:"Only rows with a lower number, for the next page."`
	Limit     int    `default:"50" help:"Most to list, up to 1,000."`
}

// Validate is called by kong.
func (c auditListCmd) Validate() error {
	if c.Limit < 1 || c.Limit > audit.MaxPage {
		return fmt.Errorf("--limit must be 1 to %d", audit.MaxPage)
	}
	return nil
}

func (c auditListCmd) Run(ctx context.Context, out *console) error {
	pool, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer pool.Close()
	now := time.Now()
	filter := audit.Filter{Actor: c.Actor, Action: c.Action, RequestID: c.RequestID, Since: c.Since.from(now), Until: c.Until.from(now), Before: c.Before, Limit: c.Limit}
	filter.SubjectType, filter.SubjectID = audit.Subject(c.Subject)
	rows, err := auditLog(pool).List(ctx, filter)
	if err != nil {
		return err
	}
	lines := make([]audit.Line, len(rows))
	for i, r := range rows {
		lines[i] = audit.LineOf(r)
	}
	return c.print(out, lines, func(w *tabwriter.Writer) {
		row(w, "ROW", "AT", "WHO", "ROLE", "FROM", "ACTION", "SUBJECT", "AFTER")
		for _, r := range rows {
			who, from := r.Actor.Name, r.Actor.ClientIP
			if r.Actor.ID != audit.System {
				who = r.Actor.ID + " " + who
			}
			row(w, r.Seq, date(&r.At), who, r.Actor.Role, from, r.Action, r.SubjectType+"/"+r.SubjectID, string(r.After))
		}
	})
}

type auditExportCmd struct {
	instance
}

func (c auditExportCmd) Run(ctx context.Context, out *console) error {
	pool, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer pool.Close()
	head, err := auditLog(pool).Export(ctx, out.out)
	if err != nil {
		return err
	}
	fmt.Fprintf(out.err, "%s; head %s\n", count(head.Seq, "row"), head)
	return nil
}
