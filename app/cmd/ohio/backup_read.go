package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/script-ohio/platform/app/ops/backup"
)

type backupListCmd struct{ backups }

// Run lists the backups.
func (c backupListCmd) Run(ctx context.Context, out *console) error {
	s, err := c.open(ctx, out, needs{})
	if err != nil {
		return err
	}
	defer s.Close()
	entries, err := s.List(ctx)
	if err != nil {
		return err
	}
	return c.print(out, entries, func(w *tabwriter.Writer) {
		row(w, "NAME", "STATUS", "SIZE", "DATABASE", "VERIFIED", "KEPT", "ISSUES")
		for _, e := range entries {
			row(w, e.Name, status(e), size(e.Bytes), size(e.Sizes[backup.Database]), verified(e), kept(e), strings.Join(e.Issues, "; "))
		}
	})
}

// status also tells of the copies that restores make of what they replace:
// latest passes over them.
func status(e backup.Entry) string {
	if e.Safety {
		return string(e.Status) + ", safety"
	}
	return string(e.Status)
}

func verified(e backup.Entry) string {
	switch {
	case e.Verification == nil:
		return "-"
	case !e.Verification.Passed:
		return "FAILED " + date(&e.Verification.At)
	}
	return date(&e.Verification.At)
}

func kept(e backup.Entry) string {
	if e.Mark == nil {
		return ""
	}
	return e.Mark.Reason
}

type backupShowCmd struct {
	backups
	Name string `arg:"" default:"latest" help:"Backup, or latest for the newest complete one."`
}

// shown is a backup as programs see it.
type shown struct {
	backup.Entry
	Manifest *backup.Manifest `json:"manifest,omitempty"` // nil when there is none to trust
}

// Run shows a backup.
func (c backupShowCmd) Run(ctx context.Context, out *console) error {
	s, err := c.open(ctx, out, needs{})
	if err != nil {
		return err
	}
	defer s.Close()
	name, err := s.Resolve(ctx, c.Name)
	if err != nil {
		return err
	}
	entry, m, err := s.Show(ctx, name)
	if err != nil {
		return err
	}
	view := shown{Entry: entry}
	if m.Name != "" {
		view.Manifest = &m
	}
	return c.print(out, view, func(w *tabwriter.Writer) { drawBackup(w, view) })
}

func drawBackup(w *tabwriter.Writer, b shown) {
	row(w, "NAME", b.Name)
	row(w, "STATUS", status(b.Entry))
	row(w, "SIZE", size(b.Bytes))
	row(w, "VERIFIED", verified(b.Entry))
	row(w, "KEPT", kept(b.Entry))
	for _, issue := range b.Issues {
		row(w, "ISSUE", issue)
	}
	m := b.Manifest
	if m == nil {
		return
	}
	row(w, "TOOK", time.Duration(m.DurationSeconds*float64(time.Second)).Round(time.Millisecond))
	for _, tool := range slices.Sorted(maps.Keys(m.Tools)) {
		row(w, "MADE BY", tool+" "+m.Tools[tool])
	}
	fmt.Fprintln(w)
	row(w, "COMPONENT", "STATUS", "OBJECT", "SIZE", "UNPACKED", "ENCRYPTION", "SHA-256")
	for _, p := range m.Parts {
		if len(p.Objects) == 0 {
			row(w, p.Name, p.Status, p.Issue)
		}
		for _, o := range p.Objects {
			row(w, p.Name, p.Status, o.Key, size(o.Size), size(o.PlainSize), o.Encryption, o.SHA256)
		}
	}
	if m.Database == nil {
		return
	}
	d := m.Database
	fmt.Fprintln(w)
	sentence(w, "Database %s as of %s, PostgreSQL %s, schema version %d", d.Name, date(&d.At), d.ServerVersion, d.SchemaVersion)
	fmt.Fprintln(w)
	row(w, "TABLE", "ROWS")
	for _, table := range slices.Sorted(maps.Keys(d.Rows)) {
		row(w, table, d.Rows[table])
	}
}

type backupVerifyCmd struct {
	backups
	Name string `arg:"" default:"latest" help:"Backup, or latest for the newest complete one."`
}

// Run verifies a backup. What was found is printed also when it is damaged.
func (c backupVerifyCmd) Run(ctx context.Context, out *console) error {
	s, err := c.open(ctx, out, needs{})
	if err != nil {
		return err
	}
	defer s.Close()
	name, err := s.Resolve(ctx, c.Name)
	if err != nil {
		return err
	}
	m := meter{out: out}
	v, failure := s.Verify(ctx, name, m.tell)
	m.close()
	if len(v.Checks) == 0 {
		return failure
	}
	err = c.print(out, v, func(w *tabwriter.Writer) {
		row(w, "BACKUP", v.Backup)
		row(w, "READ", size(v.Bytes))
		fmt.Fprintln(w)
		drawChecks(func(columns ...any) { row(w, columns...) }, v.Checks)
	})
	if failure != nil {
		return failure
	}
	return err
}
