package backup

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	gocloud "gocloud.dev/blob"
	"golang.org/x/sync/errgroup"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/blob"
)

// Entry is a backup as it is listed.
type Entry struct {
	Name         string              `json:"name"`
	At           time.Time           `json:"at"` // when it began
	Status       Status              `json:"status"`
	Bytes        int64               `json:"bytes"` // that it takes in the bucket
	Sizes        map[Component]int64 `json:"sizes,omitempty"`
	Issues       []string            `json:"issues,omitempty"`
	Safety       bool                `json:"safety,omitempty"` // made before a restore
	Verification *Verification       `json:"verification,omitempty"`
	Mark         *Mark               `json:"mark,omitempty"`

	objects  []string  // keys below the folder
	manifest *Manifest // nil when there is none that can be trusted
}

// Verified tells whether a verification has read all of the backup as it is.
func (e Entry) Verified() bool { return e.Verification != nil && e.Verification.Passed }

// folder is what lies under a backup's name, without looking inside.
type folder struct {
	name    string
	bytes   int64
	objects []string
}

func (f folder) has(object string) bool { return slices.Contains(f.objects, object) }

func listOptions(prefix string) *gocloud.ListOptions { return &gocloud.ListOptions{Prefix: prefix} }

// scan lists the folders of backups, however many objects there are.
func (s *Service) scan(ctx context.Context, prefix string) ([]folder, error) {
	var folders []folder
	byName := map[string]int{}
	objects := s.Bucket.List(listOptions(prefix))
	for {
		object, err := objects.Next(ctx)
		if errors.Is(err, io.EOF) {
			return folders, nil
		}
		if err != nil {
			return nil, blob.Fault(err, "the bucket of backups cannot be read")
		}
		name, key, ok := strings.Cut(object.Key, "/")
		if _, isBackup := timeOf(name); !ok || !isBackup {
			continue // not ours
		}
		i, known := byName[name]
		if !known {
			i = len(folders)
			byName[name] = i
			folders = append(folders, folder{name: name})
		}
		folders[i].bytes += object.Size
		folders[i].objects = append(folders[i].objects, key)
	}
}

// written lists the folders that have a manifest, newest first.
func (s *Service) written(ctx context.Context) ([]folder, error) {
	folders, err := s.scan(ctx, "backup-")
	folders = slices.DeleteFunc(folders, func(f folder) bool { return !f.has(manifestName) })
	slices.SortFunc(folders, func(a, b folder) int { return cmp.Compare(b.name, a.name) })
	return folders, err
}

// readers is how many manifests are read at a time.
const readers = 8

// List lists all backups, newest first.
func (s *Service) List(ctx context.Context) ([]Entry, error) {
	folders, err := s.scan(ctx, "backup-")
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, len(folders))
	group, reading := errgroup.WithContext(ctx)
	group.SetLimit(readers)
	for i, f := range folders {
		group.Go(func() (err error) {
			entries[i], err = s.entry(reading, f)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(b.Name, a.Name) })
	return entries, nil
}

// Show gives one backup and its manifest, which is empty when there is none
// that can be trusted.
func (s *Service) Show(ctx context.Context, name string) (Entry, Manifest, error) {
	if err := checkName(name); err != nil {
		return Entry{}, Manifest{}, err
	}
	folders, err := s.scan(ctx, name+"/")
	if err != nil {
		return Entry{}, Manifest{}, err
	}
	if len(folders) == 0 {
		return Entry{}, Manifest{}, fault.New(fault.NotFound, "no backup %s; `ohio backup list` shows them", name)
	}
	entry, err := s.entry(ctx, folders[0])
	if err != nil || entry.manifest == nil {
		return entry, Manifest{}, err
	}
	return entry, *entry.manifest, nil
}

func (s *Service) entry(ctx context.Context, f folder) (Entry, error) {
	at, _ := timeOf(f.name)
	e, err := s.looked(ctx, f, Entry{Name: f.name, At: at, Status: Incomplete, Bytes: f.bytes, objects: f.objects})
	if future(at, s.Clock()) {
		e.Issues = append(e.Issues, "it begins in the future: the clock that named it was wrong")
	}
	return e, err
}

// looked is an entry with what the objects in its folder tell.
func (s *Service) looked(ctx context.Context, f folder, e Entry) (Entry, error) {
	if f.has(keepName) {
		e.Mark = &Mark{} // it counts even if it cannot be read
		if _, err := s.small(ctx, f, keepName, e.Mark); err != nil {
			return e, err
		}
	}
	if !f.has(manifestName) {
		return e, nil
	}
	m, digest, err := s.readManifest(ctx, f.name)
	switch {
	case err != nil && fault.CodeOf(err) == fault.Conflict:
		e.Status, e.Issues = Damaged, []string{err.Error()}
		return e, nil
	case err != nil && fault.CodeOf(err) == fault.NotFound:
		return e, nil // it was retired while we looked
	case err != nil:
		return e, err
	}
	e.Status, e.Issues, e.Safety, e.manifest = m.Status, m.Issues, m.Safety, &m
	e.Sizes = map[Component]int64{}
	for _, p := range m.Parts {
		if p.Status == Complete {
			e.Sizes[p.Name] = p.Size()
		}
	}
	var v Verification
	read, err := s.small(ctx, f, verificationName, &v)
	if read && v.ManifestSHA256 == digest { // else it is of another manifest
		e.Verification = &v
	}
	return e, err
}

// small reads a small object, if it is there and can be read.
func (s *Service) small(ctx context.Context, f folder, object string, value any) (read bool, err error) {
	if !f.has(object) {
		return false, nil
	}
	text, err := s.get(ctx, f.name, object)
	if err != nil || text == nil {
		return false, err
	}
	if err := json.Unmarshal(text, value); err != nil {
		s.Logger.WarnContext(ctx, "an object of a backup cannot be read", "object", path.Join(f.name, object), "error", err)
		return false, nil
	}
	return true, nil
}

// ahead is how far clocks may differ: what begins later was named by a wrong
// one.
const ahead = time.Hour

func future(at, now time.Time) bool { return at.After(now.Add(ahead)) }

// Newest gives the manifest of the newest complete backup but those that were
// made before a restore: what they hold was to be replaced. Those of other
// databases, and those that begin in the future, count only if there is no
// other: sooner our own by a wrong clock than somebody else's. fault.NotFound
// when there is none.
func (s *Service) Newest(ctx context.Context) (Manifest, error) {
	m, _, err := s.newest(ctx)
	return m, err
}

// newest is Newest with the manifest's checksum.
func (s *Service) newest(ctx context.Context) (best Manifest, digest string, err error) {
	folders, err := s.written(ctx)
	if err != nil {
		return best, "", err
	}
	const none = 4
	doubt := none
	for _, f := range folders {
		m, read, err := s.readManifest(ctx, f.name)
		if err != nil && fault.CodeOf(err) != fault.Conflict && fault.CodeOf(err) != fault.NotFound {
			return Manifest{}, "", err
		}
		if err != nil || m.Status != Complete || m.Safety {
			continue
		}
		doubts := 0
		if !s.ours(m) {
			doubts += 2
		}
		if at, _ := timeOf(f.name); future(at, s.Clock()) {
			doubts++
		}
		if doubts < doubt {
			best, digest, doubt = m, read, doubts
		}
		if doubt == 0 {
			break
		}
	}
	if doubt == none {
		return best, "", fault.New(fault.NotFound, "there is no complete backup yet: `ohio backup create` makes one")
	}
	return best, digest, nil
}

// ours tells whether a backup is of the database that we serve, by its name:
// whatever else it is known by changes with a restore.
func (s *Service) ours(m Manifest) bool {
	return s.DatabaseURL == "" || m.Database == nil || m.Database.Name == s.target.Name()
}
