package backup

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

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
	opened, err := s.verify(ctx, name, &v, p)
	if err != nil {
		return v, err
	}
	failed := v.Checks.Failed()
	v.Passed, v.Seconds = len(failed) == 0, s.Clock().Sub(began).Seconds()
	if !opened {
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

// verify makes the checks. opened is false when the key is not the one that
// opens the backup.
func (s *Service) verify(ctx context.Context, name string, v *Verification, p Progress) (opened bool, err error) {
	m, digest, err := s.readManifest(ctx, name)
	v.ManifestSHA256 = digest
	switch {
	case err != nil && fault.CodeOf(err) == fault.Conflict:
		v.Checks.failed("manifest", "%v", err)
		return true, nil
	case err != nil:
		return true, err
	}
	v.Checks.passed("manifest", "%s", digest)
	if recorded := s.recordedDigest(ctx, name); recorded != "" && recorded != digest {
		v.Checks.failed("manifest-record", "the manifest is not the one that the database remembers")
	}
	if m.Status != Complete {
		v.Checks.failed("complete", "the backup is %s", m.Status)
	}
	total, before := m.Size(), int64(0)
	opened = true
	for _, part := range m.Parts {
		for _, o := range part.Objects {
			err := s.verifyObject(ctx, m, part.Name, o, func(done, _ int64, note string) { p(before+done, total, note) })
			before += o.Size
			v.Bytes += o.Size
			switch {
			case err == nil:
				v.Checks.passed(string(part.Name), "%s has been read in full, %d bytes", o.Key, o.PlainSize)
			case v.Checks.take(err):
			case fault.CodeOf(err) == fault.NotFound:
				v.Checks.failed("missing", "%s is not there", o.Key)
			case fault.CodeOf(err) == fault.Invalid:
				opened = false
				v.Checks.failed("key", "%v", err)
			default:
				return opened, err
			}
		}
	}
	return opened, nil
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
// first. Damaged ones are named in one fault.Conflict at the end.
func (s *Service) VerifyNewer(ctx context.Context, after time.Time, p Progress) (all []Verification, err error) {
	entries, err := s.List(ctx)
	if err != nil {
		return nil, err
	}
	entries = slices.DeleteFunc(entries, func(e Entry) bool {
		return !e.At.After(after) || e.Status != Complete && e.Status != Damaged
	})
	var damaged []string
	for i, e := range entries {
		v, err := s.Verify(ctx, e.Name, func(done, total int64, note string) {
			p(done, total, fmt.Sprintf("%s, %d of %d: %s", e.Name, i+1, len(entries), note))
		})
		switch {
		case err != nil && fault.CodeOf(err) == fault.Conflict:
			damaged = append(damaged, err.Error())
		case err != nil && fault.CodeOf(err) == fault.NotFound:
			continue // it was retired meanwhile
		case err != nil:
			return all, err
		}
		all = append(all, v)
	}
	if len(damaged) > 0 {
		return all, fault.New(fault.Conflict, "%d of %d backups are damaged: %v", len(damaged), len(entries), damaged)
	}
	return all, nil
}
