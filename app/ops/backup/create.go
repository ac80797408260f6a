package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/ops/backup/pgclient"
)

// Create makes a backup. A component that fails makes it partial, which is an
// error beside the manifest of what was copied. When it is interrupted, or
// not even the manifest can be written, no backup has come into being.
func (s *Service) Create(ctx context.Context, p Progress) (m Manifest, err error) {
	err = s.exclusive(ctx, "create", func(ctx context.Context, l *lock) error {
		m, err = s.create(ctx, l, false, p)
		return err
	})
	return m, err
}

// create is Create for whoever has the lock.
func (s *Service) create(ctx context.Context, l *lock, safety bool, p Progress) (m Manifest, err error) {
	began := s.Clock()
	s.tidy(ctx, l)
	m, claim, err := s.begin(ctx, l, began)
	if err != nil {
		return m, err
	}
	m.Safety = safety
	s.Logger.InfoContext(ctx, "a backup begins", "backup", m.Name)
	for _, name := range Components() {
		part := s.copyPart(ctx, &m, name, p)
		if ctx.Err() != nil {
			return m, errors.Join(fault.Wrap(fault.Unavailable, context.Cause(ctx), "backup %s was interrupted", m.Name), s.discard(ctx, m.Name))
		}
		m.Parts = append(m.Parts, part)
		if part.Status == Failed {
			m.Status = Partial
			m.Issues = append(m.Issues, string(name)+": "+part.Issue)
		}
	}
	if m.Status == Complete {
		m.Issues = append(append(m.Issues, s.emptied(ctx, m)...), s.neighbour(ctx)...)
	}
	m.FinishedAt = s.Clock().UTC()
	m.DurationSeconds = m.FinishedAt.Sub(m.StartedAt).Seconds()
	digest := ""
	if err = s.claimStands(ctx, m.Name, claim); err == nil {
		digest, err = s.writeManifest(ctx, m)
	}
	if err != nil {
		// Nobody can restore what there is of it, and the next one needs room.
		return m, errors.Join(fault.Wrap(fault.CodeOf(err), err, "backup %s is incomplete", m.Name), s.discard(ctx, m.Name))
	}
	s.withdraw(ctx, m.Name, claim)
	s.record(ctx, result{kind: resultBackup, backup: m.Name, ok: m.Status == Complete, began: began, digest: digest, report: backupResult(m)})
	s.Logger.InfoContext(ctx, "a backup ended", "backup", m.Name, "status", m.Status, "bytes", m.Size(), "issues", m.Issues)
	if m.Status != Complete {
		return m, fault.New(fault.Unavailable, "backup %s is partial: %s", m.Name, strings.Join(m.Issues, "; "))
	}
	return m, nil
}

// copyPart copies one component. What goes wrong stands in the part.
func (s *Service) copyPart(ctx context.Context, m *Manifest, name Component, p Progress) Part {
	part := Part{Name: name, Status: Complete, Objects: []Object{}}
	object, err := s.copiers()[name](ctx, m, p)
	var skip skipError
	switch {
	case errors.As(err, &skip):
		part.Status, part.Issue = Skipped, string(skip)
	case err != nil:
		part.Status, part.Issue = Failed, err.Error()
	default:
		part.Objects = append(part.Objects, object)
	}
	return part
}

// skipError says why there is nothing to copy.
type skipError string

// Error implements error.
func (e skipError) Error() string { return string(e) }

type copier func(context.Context, *Manifest, Progress) (Object, error)

func (s *Service) copiers() map[Component]copier {
	return map[Component]copier{Database: s.copyDatabase, Models: s.copyModels, Configuration: s.copyConfiguration, Logs: s.copyLogs}
}

// copyDatabase dumps the database and describes it meanwhile, both out of one
// snapshot.
func (s *Service) copyDatabase(ctx context.Context, m *Manifest, p Progress) (Object, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	snapshot, err := s.hold(ctx)
	if err != nil {
		return Object{}, err
	}
	defer disconnect(ctx, snapshot.conn)
	client, err := pgclient.Find(ctx, snapshot.ServerMajor)
	if err != nil {
		return Object{}, err
	}
	m.Tools[pgclient.Dump] = client.Version
	described := make(chan error, 1)
	begin := sync.OnceFunc(func() {
		go func() {
			err := describe(ctx, snapshot.conn, &snapshot.Snapshot)
			if err != nil {
				cancel(err)
			}
			described <- err
		}()
	})
	args := []string{"--format=custom", "--compress=0", "--no-password", "--snapshot=" + snapshot.id, "--lock-wait-timeout=60s"}
	object, err := s.store(ctx, m.Name, "database.dump", snapshot.size, p, func(w io.Writer) error {
		return client.Run(ctx, pgclient.Call{Program: pgclient.Dump, Args: args, Target: &s.target, Out: &starting{w, begin}})
	})
	if err != nil {
		cancel(err)
	}
	begin() // in case that pg_dump wrote nothing
	if failed := <-described; err == nil {
		err = failed
	}
	if err == nil {
		m.Database = &snapshot.Snapshot
	}
	return object, err
}

// starting calls begin at the first bytes. pg_dump has locked all tables when
// it writes them; if we locked some before it, a change of a table that waits
// for us would have pg_dump wait for itself.
type starting struct {
	w     io.Writer
	begin func()
}

// Write implements io.Writer.
func (s *starting) Write(p []byte) (int, error) {
	s.begin()
	return s.w.Write(p)
}

// clientMajor is the major version of the pg_dump that made a backup: an older
// pg_restore does not read it.
func clientMajor(m Manifest) int {
	major, _ := strconv.Atoi(strings.SplitN(m.Tools[pgclient.Dump], ".", 2)[0])
	return major
}

// emptied names the tables that had rows in the newest complete backup and
// have none now. That may be right, but somebody should look.
func (s *Service) emptied(ctx context.Context, m Manifest) (issues []string) {
	before, err := s.Newest(ctx)
	if err != nil || before.Database == nil || !s.ours(before) {
		return nil
	}
	for table, rows := range m.Database.Rows {
		if was := before.Database.Rows[table]; rows == 0 && was > 0 {
			issues = append(issues, fmt.Sprintf("%s is empty; %s had %d rows of it", table, before.Name, was))
		}
	}
	return issues
}

// neighbour says whose the newest backup in the bucket is, when it is another
// database's.
func (s *Service) neighbour(ctx context.Context) (issues []string) {
	folders, err := s.written(ctx)
	if err != nil {
		return nil
	}
	for _, f := range folders {
		m, _, err := s.readManifest(ctx, f.name)
		if err != nil || m.Database == nil {
			continue
		}
		if s.ours(m) {
			return nil
		}
		return []string{fmt.Sprintf("%s in the same bucket is of another database, %s; give each a bucket of its own", m.Name, m.Database.Name)}
	}
	return nil
}

// discard removes what there is of a backup that will not be, though the
// caller was interrupted.
func (s *Service) discard(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dropTimeout)
	defer cancel()
	objects, err := s.scan(ctx, name+"/")
	if err != nil {
		return err
	}
	for _, f := range objects {
		if err := s.remove(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

func zstdVersion() string {
	const module = "github.com/klauspost/compress"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if dep.Path == module {
				return module + " " + dep.Version
			}
		}
	}
	return module
}
