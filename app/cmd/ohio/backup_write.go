package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	gocloud "gocloud.dev/blob"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/ops/backup"
	"github.com/script-ohio/platform/app/platform/blob"
)

type backupCreateCmd struct{ backups }

// createMemory is what a backup is allowed of memory; it streams, and needs
// less. GOMEMLIMIT goes before it.
const createMemory = 40 << 20

// Run makes a backup. A partial one is shown and is an error.
func (c backupCreateCmd) Run(ctx context.Context, out *console) error {
	if os.Getenv("GOMEMLIMIT") == "" {
		defer debug.SetMemoryLimit(debug.SetMemoryLimit(createMemory))
	}
	s, err := c.open(ctx, out, needs{database: true, bucket: true, models: true})
	if err != nil {
		return err
	}
	defer s.Close()
	progress := meter{out: out}
	m, failure := s.Create(ctx, progress.tell)
	progress.close()
	if failure != nil && m.Status != backup.Partial {
		return failure
	}
	view := shown{Entry: backup.Entry{Name: m.Name, At: m.StartedAt, Status: m.Status, Bytes: m.Size(), Issues: m.Issues}, Manifest: &m}
	err = c.print(out, view, func(w *tabwriter.Writer) { drawBackup(w, view) })
	if failure != nil {
		return failure
	}
	return err
}

type backupRestoreCmd struct {
	backups
	Name      string   `arg:"" help:"Backup, or latest for the newest complete one."`
	Component []string `enum:"database,models,configuration,logs" default:"database" help:"What to restore, any of ${enum}."`
	Database  string   `placeholder:"NAME" help:"Name of the fresh database; one with the time in it if left out."`
	Directory string   `placeholder:"DIR" help:"Folder for models, configuration and logs, where they get a folder of the backup's name. They alone need no database."`
	IntoLive  bool     `help:"Put it in the place of the live database, which is backed up first and kept under another name."`
	Yes       bool     `help:"Replace what is live without asking."`
}

// Validate is called by kong.
func (c backupRestoreCmd) Validate() error {
	if c.IntoLive && c.Database != "" {
		return fault.New(fault.Invalid, "--database names a fresh database; it does not go with --into-live")
	}
	for _, component := range c.Component {
		live := component == string(backup.Database) || component == string(backup.Models) && c.IntoLive
		if !live && c.Directory == "" {
			return fault.New(fault.Invalid, "--directory says where %s shall be put", component)
		}
	}
	return nil
}

// filesOnly tells whether all that is restored are files.
func (c backupRestoreCmd) filesOnly() bool {
	return !c.IntoLive && !slices.Contains(c.Component, string(backup.Database))
}

// Run restores a backup.
func (c backupRestoreCmd) Run(ctx context.Context, out *console) error {
	s, err := c.open(ctx, out, needs{database: !c.filesOnly(), models: c.IntoLive})
	if err != nil {
		return err
	}
	defer s.Close()
	name, err := s.Resolve(ctx, c.Name)
	if err != nil {
		return err
	}
	if c.IntoLive {
		_, m, err := s.Show(ctx, name)
		if err != nil {
			return err
		}
		err = out.confirm(c.Yes, "this puts %s in the place of %s; its sessions end, and what was written since is left in a database under another name", whose(name, m), s.Live())
		if err != nil {
			return err
		}
	}
	options := backup.RestoreOptions{Database: c.Database, IntoLive: c.IntoLive}
	for _, component := range c.Component {
		options.Components = append(options.Components, backup.Component(component))
	}
	if c.Directory != "" {
		if options.Files, err = openFolder(ctx, c.Directory); err != nil {
			return err
		}
		defer options.Files.Close()
	}
	progress := meter{out: out}
	var r backup.Restored
	if c.filesOnly() {
		r, err = s.RestoreFiles(ctx, name, options.Components, options.Files, progress.tell)
	} else {
		r, err = s.Restore(ctx, name, options, progress.tell)
	}
	progress.close()
	if err != nil {
		return err
	}
	for i, file := range r.Files {
		if strings.HasPrefix(file, name+"/") { // else it went live
			r.Files[i] = filepath.Join(c.Directory, filepath.FromSlash(file))
		}
	}
	c.audited(ctx, out, s, "backup.restore", name, restoredInto{c.Component, r.Database, r.Replaced, r.Safety})
	return c.print(out, r, func(w *tabwriter.Writer) { drawRestored(w, r) })
}

// whose names a backup with the database that it is of, and of when.
func whose(name string, m backup.Manifest) string {
	if m.Database == nil {
		return name
	}
	return fmt.Sprintf("%s, of database %s as of %s,", name, m.Database.Name, date(&m.Database.At))
}

// restoredInto is what the audit log keeps of a restore.
type restoredInto struct {
	Components []string `json:"components"`
	Database   string   `json:"database,omitempty"`
	Replaced   string   `json:"replaced,omitempty"`
	Safety     string   `json:"safety_backup,omitempty"`
}

// openFolder opens a folder as a bucket, and makes it if it is not there.
func openFolder(ctx context.Context, dir string) (*gocloud.Bucket, error) {
	path, err := filepath.Abs(dir)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the folder %s cannot be found", dir)
	}
	bucket, err := blob.Open(ctx, (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String())
	if f, ok := errors.AsType[*fault.Error](err); ok { // it speaks of a URL
		err = fault.Wrap(f.Code, f.Cause, "the folder %s cannot be used", dir)
	}
	return bucket, err
}

func drawRestored(w *tabwriter.Writer, r backup.Restored) {
	row(w, "RESTORED", r.Backup)
	row(w, "TOOK", time.Duration(r.Seconds*float64(time.Second)).Round(time.Millisecond))
	if r.Database != "" {
		row(w, "INTO DATABASE", r.Database)
		row(w, "SCHEMA VERSION", fmt.Sprintf("%d; an older one is brought up to date by `ohio migrate`", r.SchemaVersion))
	}
	if r.Safety != "" {
		row(w, "SAFETY BACKUP", r.Safety)
	}
	if r.Replaced != "" {
		row(w, "WAS LIVE", fmt.Sprintf("%s; drop it when nobody needs it any more", r.Replaced))
	}
	for _, check := range r.Checks.Failed() {
		row(w, "ISSUE", check.Detail)
	}
	for _, file := range r.Files {
		row(w, "FILE", file)
	}
	if len(r.Tables) > 0 {
		fmt.Fprintln(w)
		row(w, "TABLE", "ROWS", "IN THE BACKUP")
	}
	for _, t := range r.Tables {
		row(w, t.Table, t.Restored, t.Manifest)
	}
}

type backupDrillCmd struct{ backups }

// Run makes a drill. What was found is printed also when it failed.
func (c backupDrillCmd) Run(ctx context.Context, out *console) error {
	s, err := c.open(ctx, out, needs{database: true})
	if err != nil {
		return err
	}
	defer s.Close()
	progress := meter{out: out}
	d, failure := s.Drill(ctx, progress.tell)
	progress.close()
	if len(d.Checks) == 0 {
		return failure
	}
	err = c.print(out, d, func(w *tabwriter.Writer) {
		row(w, "BACKUP", d.Backup)
		row(w, "RECOVERY TIME", time.Duration(d.RecoverySeconds*float64(time.Second)).Round(time.Millisecond))
		row(w, "RECOVERY POINT", time.Duration(d.PointSeconds*float64(time.Second)).Round(time.Second))
		row(w, "TABLES", d.Tables)
		row(w, "ROWS", d.Rows)
		fmt.Fprintln(w)
		drawChecks(func(columns ...any) { row(w, columns...) }, d.Checks)
	})
	if failure != nil {
		return failure
	}
	return err
}

type backupPruneCmd struct {
	backups
	DryRun bool `help:"Only show what would go."`
	Yes    bool `help:"Delete without asking."`
}

// Run retires old backups.
func (c backupPruneCmd) Run(ctx context.Context, out *console) error {
	s, err := c.open(ctx, out, needs{database: !c.DryRun})
	if err != nil {
		return err
	}
	defer s.Close()
	progress := meter{out: out}
	report, err := s.Prune(ctx, true, progress.tell)
	if err == nil && !c.DryRun && report.Deleted > 0 {
		progress.close()
		drawDecisions(out, report)
		if err = out.confirm(c.Yes, "this deletes %s for good", count(report.Deleted, "backup")); err != nil {
			return err
		}
	}
	if err == nil && !c.DryRun {
		report, err = s.Prune(ctx, false, progress.tell)
	}
	progress.close()
	for _, d := range report.Retired() {
		c.audited(ctx, out, s, "backup.delete", d.Name, d.Reason)
	}
	if err != nil {
		return err
	}
	return c.print(out, report, func(w *tabwriter.Writer) {
		row(w, "NAME", "STATUS", "SIZE", "GOES", "BECAUSE")
		for _, d := range report.Decisions {
			row(w, d.Name, d.Status, size(d.Bytes), yes(d.Delete), d.Reason)
		}
	})
}

// drawDecisions shows what would go to who is asked for consent.
func drawDecisions(out *console, report backup.PruneReport) {
	if !isTerminal(os.Stdin) {
		return
	}
	for _, d := range report.Decisions {
		if d.Delete {
			sentence(out.err, "%s (%s): %s", d.Name, size(d.Bytes), d.Reason)
		}
	}
}

type backupMarkCmd struct {
	backups
	Name   string `arg:"" help:"Backup, or latest for the newest complete one."`
	Reason string `help:"Why it is kept."`
	Remove bool   `help:"Give it back to retention."`
}

// Run marks a backup.
func (c backupMarkCmd) Run(ctx context.Context, out *console) error {
	if !c.Remove && c.Reason == "" {
		return fault.New(fault.Invalid, "--reason says why the backup is kept")
	}
	s, err := c.open(ctx, out, needs{})
	if err != nil {
		return err
	}
	defer s.Close()
	name, err := s.Resolve(ctx, c.Name)
	if err != nil {
		return err
	}
	action := "backup.mark"
	if c.Remove {
		action, err = "backup.unmark", s.Unmark(ctx, name)
	} else {
		err = s.Mark(ctx, name, who(), c.Reason)
	}
	if err != nil {
		return err
	}
	c.audited(ctx, out, s, action, name, c.Reason)
	entry, _, err := s.Show(ctx, name)
	if err != nil {
		return err
	}
	return c.print(out, entry, func(w *tabwriter.Writer) {
		row(w, "NAME", entry.Name)
		row(w, "KEPT", kept(entry))
	})
}
