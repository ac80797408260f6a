package backup

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	gocloud "gocloud.dev/blob"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/ops/backup/envelope"
	"github.com/script-ohio/platform/app/platform/jobs"
)

// RestoreOptions say what to restore and where to.
type RestoreOptions struct {
	Components []Component // none means the database
	// Database is the name of the fresh database; "" makes one up.
	Database string
	// IntoLive puts the restored database in the place of the live one, which
	// is backed up first and kept beside it under another name, and the model
	// packs into their bucket.
	IntoLive bool
	// Files receives what is no database, below the backup's name; required
	// for those components, but not for models that go live.
	Files *gocloud.Bucket
	// Carry, if not nil, is called with the restored database before it goes
	// live, to bring into it what must not be lost with the other.
	Carry func(ctx context.Context, restored *pgx.Conn) error
}

// Restored tells what a restore brought back.
type Restored struct {
	Backup        string    `json:"backup"`
	At            time.Time `json:"at"`
	Seconds       float64   `json:"seconds"`
	Database      string    `json:"database,omitempty"`      // that was made
	Safety        string    `json:"safety_backup,omitempty"` // of what was live before
	Replaced      string    `json:"replaced,omitempty"`      // name that the live database has now
	SchemaVersion int64     `json:"schema_version,omitempty"`
	Tables        []Counted `json:"tables,omitempty"`
	Files         []string  `json:"files,omitempty"`
	Checks        Checks    `json:"checks"`
}

// Counted is a table with its rows in the manifest and in the database.
type Counted struct {
	Table    string `json:"table"`
	Manifest int64  `json:"manifest"`
	Restored int64  `json:"restored"`
}

// Restore brings components of a backup back. Nothing that is there is
// touched before all of the database has been restored and compared with the
// manifest; when anything differs, it ends with fault.Conflict and leaves
// nothing behind.
func (s *Service) Restore(ctx context.Context, name string, o RestoreOptions, p Progress) (r Restored, err error) {
	if len(o.Components) == 0 {
		o.Components = []Component{Database}
	}
	m, digest, err := s.readManifest(ctx, name)
	if err != nil {
		return r, err
	}
	began := s.Clock()
	r = Restored{Backup: name, At: began.UTC()}
	if err := m.holds(o.Components); err != nil {
		return r, err
	}
	s.compareRecord(ctx, name, digest, &r.Checks)
	if failed := r.Checks.Failed(); o.IntoLive && len(failed) > 0 {
		return r, fault.New(fault.Conflict, "nothing was restored: %s of %s: %s; restore it into a fresh database and look", manifestName, name, failed)
	}
	err = s.exclusive(ctx, "restore", func(ctx context.Context, l *lock) error { return s.restore(ctx, l, m, o, &r, p) })
	r.Seconds = s.Clock().Sub(began).Seconds()
	if err == nil {
		s.record(ctx, result{kind: resultRestore, backup: name, ok: true, began: began, report: r})
		s.Logger.InfoContext(ctx, "a backup was restored", "backup", name, "database", r.Database, "replaced", r.Replaced)
	}
	return r, err
}

func (s *Service) restore(ctx context.Context, l *lock, m Manifest, o RestoreOptions, r *Restored, p Progress) error {
	if o.IntoLive {
		if err := s.replaceable(ctx); err != nil {
			return err
		}
		if err := s.openable(ctx, m, o.Components); err != nil {
			return fault.Wrap(fault.CodeOf(err), err, "nothing was restored")
		}
		safety, err := s.create(ctx, l, true, p)
		if err != nil {
			return fault.Wrap(fault.CodeOf(err), err, "nothing was restored: what is live could not be backed up first; if it cannot be at all, restore into a fresh database and swap the names yourself, as docs/backups.md has it")
		}
		r.Safety = safety.Name
	}
	scratch := ""
	if slices.Contains(o.Components, Database) {
		var err error
		if scratch, err = s.restoreDatabase(ctx, m, o, r, p); err != nil {
			return err
		}
	}
	err := s.restoreFiles(ctx, m, o, r, p)
	if err == nil && scratch != "" {
		// The lock's own session is in the live database too.
		l.unwatch()
		err = s.goLive(ctx, scratch, r)
	}
	if err != nil && scratch != "" {
		err = errors.Join(err, s.dropAlways(ctx, scratch))
	}
	if err != nil && r.Safety != "" {
		s.Logger.WarnContext(ctx, "nothing was restored; what is live was backed up before", "safety_backup", r.Safety)
	}
	return err
}

// restoreDatabase restores into a scratch database and, unless it is to go
// live, gives it its name: until then nobody sees it. What is to go live is
// returned.
func (s *Service) restoreDatabase(ctx context.Context, m Manifest, o RestoreOptions, r *Restored, p Progress) (scratch string, err error) {
	if !o.IntoLive {
		if o.Database, err = s.freshName(ctx, o.Database, m, r.At); err != nil {
			return "", err
		}
	}
	scratch, err = s.newScratch(ctx, m)
	if err != nil {
		return "", err
	}
	known := len(r.Checks) // a manifest unlike the record is told, and no more
	restored, err := s.restoreInto(ctx, m, scratch, o.IntoLive, &r.Checks, p)
	if failed := r.Checks[known:].Failed(); err == nil && len(failed) > 0 {
		err = fault.New(fault.Conflict, "nothing was restored, because %s is not what was backed up: %s", m.Name, failed)
	}
	if err != nil {
		return "", errors.Join(err, s.dropAlways(ctx, scratch))
	}
	if err := s.settle(ctx, scratch, o); err != nil {
		return "", errors.Join(err, s.dropAlways(ctx, scratch))
	}
	r.SchemaVersion = restored.SchemaVersion
	for table, rows := range m.Database.Rows {
		r.Tables = append(r.Tables, Counted{table, rows, restored.Rows[table]})
	}
	slices.SortFunc(r.Tables, func(a, b Counted) int { return cmp.Compare(a.Table, b.Table) })
	if o.IntoLive {
		return scratch, nil
	}
	if err := s.rename(ctx, scratch, o.Database); err != nil {
		return "", errors.Join(err, s.dropAlways(ctx, scratch))
	}
	r.Database = o.Database
	return "", nil
}

// settle makes a restored database one that the program can go on with.
func (s *Service) settle(ctx context.Context, scratch string, o RestoreOptions) error {
	conn, err := s.connect(ctx, scratch, "settle")
	if err != nil {
		return err
	}
	defer disconnect(ctx, conn)
	if err := jobs.Settle(ctx, conn); err != nil || !o.IntoLive || o.Carry == nil {
		return err
	}
	return o.Carry(ctx, conn)
}

func renameSQL(from, to string) string {
	return `alter database ` + pgx.Identifier{from}.Sanitize() + ` rename to ` + pgx.Identifier{to}.Sanitize()
}

func (s *Service) rename(ctx context.Context, from, to string) error {
	conn, err := s.connect(ctx, "", "rename")
	if err != nil {
		return err
	}
	defer disconnect(ctx, conn)
	_, err = conn.Exec(ctx, renameSQL(from, to))
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok && refusal.Code == "42P04" {
		return taken(to)
	}
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "the restored database cannot be named %s", to)
	}
	return nil
}

// openable opens the objects of components, without reading on: what cannot
// be opened needs no safety backup first.
func (s *Service) openable(ctx context.Context, m Manifest, components []Component) error {
	for _, component := range components {
		part, _ := m.Part(component)
		for _, object := range part.Objects {
			if err := s.open(ctx, m.Name, object); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) open(ctx context.Context, name string, o Object) error {
	source, err := s.stored(ctx, name, o)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	opened, err := envelope.Open(source, o.Compression, o.Encryption, s.Keys)
	if _, ours := errors.AsType[*fault.Error](err); ours {
		return fault.Wrap(fault.CodeOf(err), err, "%s cannot be opened", o.Key)
	}
	if err != nil {
		return damage("envelope", "%s cannot be opened: %v", o.Key, err)
	}
	return opened.Close()
}
