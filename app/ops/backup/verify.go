package backup

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/ops/backup/pgclient"
)

// Verification is what reading all of a backup found. It is kept beside the
// backup.
type Verification struct {
	Backup         string    `json:"backup"`
	At             time.Time `json:"at"`
	Passed         bool      `json:"passed"`
	ManifestSHA256 string    `json:"manifest_sha256"`
	Bytes          int64     `json:"bytes"` // read
	Seconds        float64   `json:"seconds"`
	Checks         Checks    `json:"checks"`
}

// Verify reads every object of a backup, decrypts and unpacks it, and has
// pg_restore read the whole dump. A backup that is not what was written is
// fault.Conflict, beside the checks; an error without any says nothing about
// the backup. The newest verdict is kept beside the backup.
func (s *Service) Verify(ctx context.Context, name string, p Progress) (v Verification, err error) {
	began := s.Clock()
	if err := checkName(name); err != nil {
		return v, err
	}
	v = Verification{Backup: name, At: began.UTC()}
	if err := s.verify(ctx, name, &v, p); err != nil {
		return v, err
	}
	failed := v.Checks.Failed()
	v.Passed, v.Seconds = len(failed) == 0, s.Clock().Sub(began).Seconds()
	if !v.Passed && !slices.ContainsFunc(failed, func(c Check) bool { return c.Name != keyCheck }) {
		// That we lack the key says nothing about the backup.
		return v, fault.New(fault.Invalid, "%s is not verified: %s", name, failed)
	}
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return v, fault.Wrap(fault.Internal, err, "the verification cannot be encoded")
	}
	if err := s.put(ctx, name, verificationName, append(text, '\n')); err != nil {
		return v, err
	}
	s.record(ctx, result{kind: resultVerification, backup: name, ok: v.Passed, began: began, digest: v.ManifestSHA256, report: v})
	if !v.Passed {
		return v, fault.New(fault.Conflict, "%s is damaged: %s", name, failed)
	}
	return v, nil
}

// keyCheck fails where the key is not the one that opens the backup. What can
// be told without it, such as checksums, is checked all the same.
const keyCheck = "key"

// verify makes the checks.
func (s *Service) verify(ctx context.Context, name string, v *Verification, p Progress) error {
	m, digest, err := s.readManifest(ctx, name)
	v.ManifestSHA256 = digest
	switch {
	case err != nil && fault.CodeOf(err) == fault.Conflict:
		v.Checks.failed("manifest", "%v", err)
		return nil
	case err != nil:
		return err
	}
	v.Checks.passed("manifest", "%s", digest)
	s.compareRecord(ctx, name, digest, &v.Checks)
	if m.Status != Complete {
		v.Checks.failed("complete", "the backup is %s", m.Status)
	}
	total, before := m.Size(), int64(0)
	for _, part := range m.Parts {
		for _, o := range part.Objects {
			err := s.verifyObject(ctx, m, part.Name, o, func(done, _ int64, note string) { p(before+done, total, note) })
			before += o.Size
			v.Bytes += o.Size
			switch {
			case err == nil:
				v.Checks.passed(string(part.Name), "%s has been read in full, %d bytes", o.Key, o.PlainSize)
			case v.Checks.take(err):
			case fault.CodeOf(err) == fault.Invalid:
				v.Checks.failed(keyCheck, "%v", err)
			default:
				return err
			}
		}
	}
	return nil
}

// compareRecord checks that a manifest is the one that the database remembers,
// if it remembers any.
func (s *Service) compareRecord(ctx context.Context, name, digest string, checks *Checks) {
	if recorded := s.recordedDigest(ctx, name); recorded != "" && recorded != digest {
		checks.failed("manifest-record", "the manifest is not the one that the database remembers")
	}
}

// verifyObject reads an object to its end. `pg_restore --list` would take a
// dump that was cut off; written out as SQL, all of it is read.
func (s *Service) verifyObject(ctx context.Context, m Manifest, component Component, o Object, p Progress) error {
	return s.read(ctx, m.Name, o, p, func(plain io.Reader) error {
		if component != Database {
			return nil
		}
		client, err := pgclient.Find(ctx, clientMajor(m))
		if err != nil {
			return err
		}
		err = client.Run(ctx, pgclient.Call{Program: pgclient.Restore, Args: []string{"--format=custom", "--file=" + os.DevNull}, In: plain})
		if err != nil && ctx.Err() == nil && fault.CodeOf(err) == fault.Unavailable {
			return damage("dump", "pg_restore cannot read %s: %v", o.Key, err)
		}
		return err
	})
}

// VerifyNewer verifies the complete backups that began after a time, newest
// first. One that is damaged, or that cannot be opened, keeps nobody from the
// others; all of them are named at the end, in a fault.Conflict when any is
// damaged, else with the code of the first that was not opened. It stops only
// when ctx ends or at fault.Unavailable: what all of them need is away.
func (s *Service) VerifyNewer(ctx context.Context, after time.Time, p Progress) (all []Verification, err error) {
	// What comes into being meanwhile is not remembered yet, so not missed.
	remembered, err := s.remembered(ctx, after)
	if err != nil {
		return nil, err
	}
	entries, err := s.List(ctx)
	if err != nil {
		return nil, err
	}
	entries = slices.DeleteFunc(entries, func(e Entry) bool {
		return !e.At.After(after) || e.Status != Complete && e.Status != Damaged
	})
	var damaged, unopened []string
	lost := slices.DeleteFunc(remembered, func(name string) bool {
		return slices.ContainsFunc(entries, func(e Entry) bool { return e.Name == name })
	})
	for _, name := range lost {
		v := Verification{Backup: name, At: s.Clock().UTC()}
		v.Checks.failed("missing", "the database remembers it and the bucket does not hold it")
		all = append(all, v)
		damaged = append(damaged, name+" is not in the bucket any more")
	}
	var code fault.Code // of the first that was not opened
	for i, e := range entries {
		v, err := s.Verify(ctx, e.Name, func(done, total int64, note string) {
			p(done, total, fmt.Sprintf("%s, %d of %d: %s", e.Name, i+1, len(entries), note))
		})
		switch {
		case err == nil:
		case ctx.Err() != nil || fault.CodeOf(err) == fault.Unavailable:
			return all, err
		case fault.CodeOf(err) == fault.NotFound:
			continue // it was retired meanwhile
		case fault.CodeOf(err) == fault.Conflict:
			damaged = append(damaged, named(e.Name, err))
		default:
			s.Logger.WarnContext(ctx, "a backup was not verified", "backup", e.Name, "error", err)
			code = cmp.Or(code, fault.CodeOf(err))
			unopened = append(unopened, named(e.Name, err))
		}
		all = append(all, v)
	}
	var said []string
	if len(damaged) > 0 {
		code = fault.Conflict
		said = append(said, fmt.Sprintf("%d of %d backups are damaged: %s", len(damaged), len(entries)+len(lost), strings.Join(damaged, "; ")))
	}
	if len(unopened) > 0 {
		said = append(said, fmt.Sprintf("%d of %d backups were not verified: %s", len(unopened), len(entries), strings.Join(unopened, "; ")))
	}
	if len(said) > 0 {
		return all, fault.New(code, "%s", strings.Join(said, ". "))
	}
	return all, nil
}

const rememberedSQL = `select distinct backup from public.backup_results where kind = 'backup' and ok and started_at >= $1 order by 1 desc`

// remembered names the complete backups that began after a time and that
// retention would not have touched yet, as the database remembers them.
func (s *Service) remembered(ctx context.Context, after time.Time) (names []string, err error) {
	if s.DatabaseURL == "" || s.Elsewhere {
		return nil, nil
	}
	if kept := s.Clock().Add(-s.Retention); after.Before(kept) {
		after = kept
	}
	conn, err := s.connect(ctx, "", "verify")
	if err != nil {
		return nil, err
	}
	defer disconnect(ctx, conn)
	rows, err := conn.Query(ctx, rememberedSQL, after)
	if err == nil {
		names, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the backups that were made cannot be read")
	}
	// Names count seconds, and it is by them that the bucket is judged.
	return slices.DeleteFunc(names, func(name string) bool {
		at, ok := timeOf(name)
		return !ok || !at.After(after)
	}), nil
}

// named is what the fault of a backup says, with the backup's name.
func named(name string, err error) string {
	said := err.Error()
	if f, ok := errors.AsType[*fault.Error](err); ok {
		said = f.Message
	}
	if strings.Contains(said, name) {
		return said
	}
	return name + ": " + said
}
