package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	gocloud "gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/blob"
)

// RestoreFiles puts components that are no database into a bucket, below the
// backup's name. It reads and writes buckets only, so it waits for nobody and
// needs no database; where there is one, the restore is recorded in it.
func (s *Service) RestoreFiles(ctx context.Context, name string, components []Component, to *gocloud.Bucket, p Progress) (r Restored, err error) {
	if len(components) == 0 || slices.Contains(components, Database) {
		return r, fault.New(fault.Invalid, "say which components shall be put into files; %s is none of them", Database)
	}
	m, _, err := s.readManifest(ctx, name)
	if err != nil {
		return r, err
	}
	if err := m.holds(components); err != nil {
		return r, err
	}
	began := s.Clock()
	r = Restored{Backup: name, At: began.UTC()}
	err = s.restoreFiles(ctx, m, RestoreOptions{Components: components, Files: to}, &r, p)
	r.Seconds = s.Clock().Sub(began).Seconds()
	if err == nil {
		s.record(ctx, result{kind: resultRestore, backup: name, ok: true, began: began, report: r})
	}
	return r, err
}

// restoreFiles brings back what is no database.
func (s *Service) restoreFiles(ctx context.Context, m Manifest, o RestoreOptions, r *Restored, p Progress) error {
	for _, component := range o.Components {
		if component == Database {
			continue
		}
		part, _ := m.Part(component)
		for _, object := range part.Objects {
			live := component == Models && o.IntoLive && s.Models != nil
			if !live && o.Files == nil {
				return fault.New(fault.Invalid, "say where %s shall be put", component)
			}
			err := s.read(ctx, m.Name, object, p, func(plain io.Reader) error {
				switch {
				case live:
					return unpack(ctx, plain, s.Models, "", r)
				case component == Models:
					return unpack(ctx, plain, o.Files, m.Name+"/models/", r)
				}
				name := path.Join(m.Name, strings.TrimSuffix(strings.TrimSuffix(object.Key, ".age"), ".zst"))
				r.Files = append(r.Files, name)
				return blob.Upload(ctx, o.Files, name, plain, object.PlainSize)
			})
			if err != nil {
				return err
			}
			r.Checks.passed(string(component), "%s", object.Key)
		}
	}
	return nil
}

// unpack writes the files of an archive of packs into a bucket. What is there
// already as it should be is left alone; manifests, which make a pack
// visible, come last.
func unpack(ctx context.Context, archive io.Reader, bucket *gocloud.Bucket, prefix string, r *Restored) error {
	files := tar.NewReader(archive)
	manifests := map[string][]byte{}
	for {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return damage("models", "the archive of model packs cannot be read: %v", err)
		}
		if strings.Contains(header.Name, "..") || prefix == "" && !strings.HasPrefix(header.Name, contract.PrefixPacks) {
			continue // the embedded pack needs no restoring
		}
		text, err := io.ReadAll(files)
		if err != nil {
			return damage("models", "%s cannot be unpacked: %v", header.Name, err)
		}
		if path.Base(header.Name) == "manifest.json" {
			manifests[header.Name] = text
			continue
		}
		if err := place(ctx, bucket, prefix+header.Name, text, r); err != nil {
			return err
		}
	}
	for name, text := range manifests {
		if err := place(ctx, bucket, prefix+name, text, r); err != nil {
			return err
		}
	}
	return nil
}

func place(ctx context.Context, bucket *gocloud.Bucket, key string, text []byte, r *Restored) error {
	there, err := bucket.ReadAll(ctx, key)
	if err != nil && gcerrors.Code(err) != gcerrors.NotFound {
		return blob.Fault(err, "%s cannot be read", key)
	}
	want, got := sha256.Sum256(text), sha256.Sum256(there)
	if err == nil && bytes.Equal(want[:], got[:]) {
		return nil
	}
	if err := blob.WriteAll(ctx, bucket, key, text); err != nil {
		return blob.Fault(err, "%s cannot be written", key)
	}
	r.Files = append(r.Files, key)
	return nil
}
