package backup

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io/fs"
	mathrand "math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/blob"
)

// claimed is what stands in a claim.
type claimed struct {
	Database string    `json:"database"`
	Domain   string    `json:"domain,omitempty"` // of the lock that its maker has
	At       time.Time `json:"at"`
	Host     string    `json:"host"`
	Program  string    `json:"program"`
}

// begin takes a name that is free, also of other databases in the same bucket.
// Names count seconds. A claim lies in the folder from then on: it was alone
// there after it was written, so that whoever comes later sees it. That takes
// no more of a store than listings that are up to date; of conditional writes,
// folders only know such that two can pass at a time.
func (s *Service) begin(ctx context.Context, l *lock, began time.Time) (m Manifest, claim string, err error) {
	host, _ := os.Hostname()
	text, err := json.Marshal(claimed{s.target.Name(), l.domain, began.UTC(), host, s.Program})
	if err != nil {
		return m, "", fault.Wrap(fault.Internal, err, "the claim of a backup cannot be encoded")
	}
	claim = claimPrefix + strings.ToLower(rand.Text()) + claimSuffix
	for at := began.UTC(); ; at = at.Add(time.Second) {
		name := at.Format(nameLayout)
		free, err := s.holds(ctx, name)
		if err != nil {
			return m, "", err
		}
		if !free {
			continue
		}
		if err = s.put(ctx, name, claim, text); err != nil {
			err = fault.Wrap(fault.CodeOf(err), err, "backup %s is incomplete, as it cannot begin", name)
		} else {
			free, err = s.holds(ctx, name, claim)
		}
		if err == nil && free {
			return Manifest{
				Format: format, Name: name, Status: Complete, StartedAt: began.UTC(), Issues: []string{},
				Recipient: s.Keys.Recipient(), Tools: map[string]string{"ohio": s.Program, "zstd": zstdVersion()},
			}, claim, nil
		}
		s.withdraw(ctx, name, claim)
		if err != nil {
			return m, "", err
		}
		// Others gave way as well; not all shall meet again.
		at = at.Add(time.Duration(mathrand.IntN(claimSpread)) * time.Second)
	}
}

const (
	claimPrefix = "begun-"
	claimSuffix = ".json"
	// claimSpread is over how many names those spread who met at one.
	claimSpread = 8
)

// holds tells whether these objects, and no others, are in a folder.
func (s *Service) holds(ctx context.Context, name string, objects ...string) (bool, error) {
	folders, err := s.scan(ctx, name+"/")
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // somebody's, who took it away while we looked
	}
	if err != nil {
		return false, err
	}
	var there []string
	for _, f := range folders {
		there = append(there, f.objects...)
	}
	return slices.Equal(there, objects), nil
}

// withdraw takes a claim back. One that stays harms nobody.
func (s *Service) withdraw(ctx context.Context, name, claim string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dropTimeout)
	defer cancel()
	if err := s.delete(ctx, name, claim); err != nil {
		s.Logger.WarnContext(ctx, "the claim of a backup stays", "backup", name, "error", err)
	}
}

// claimStands refuses to go on with a backup that another run has taken for
// left behind, as it may when the lock was lost and nobody has noticed yet.
func (s *Service) claimStands(ctx context.Context, name, claim string) error {
	stands, err := s.Bucket.Exists(ctx, name+"/"+claim)
	if err != nil {
		return blob.Fault(err, "%s of %s cannot be read", claim, name)
	}
	if !stands {
		return fault.New(fault.Conflict, "another run took it for left behind")
	}
	return nil
}

// tidy removes what a killed program has left of backups of this database:
// whoever has its lock knows that nobody is at them. What cannot be removed
// stays incomplete and goes when it is old.
func (s *Service) tidy(ctx context.Context, l *lock) {
	if l.domain == "" {
		return
	}
	folders, err := s.scan(ctx, "backup-")
	if err != nil {
		return // whoever needs the bucket will say what is wrong with it
	}
	for _, f := range folders {
		if err := s.clear(ctx, l, f); err != nil {
			s.Logger.WarnContext(ctx, "what an interrupted backup left stays for now", "backup", f.name, "error", err)
		}
	}
}

func (s *Service) clear(ctx context.Context, l *lock, f folder) error {
	at := slices.IndexFunc(f.objects, func(o string) bool { return strings.HasPrefix(o, claimPrefix) && strings.HasSuffix(o, claimSuffix) })
	if at < 0 || f.has(manifestName) || f.has(keepName) {
		return nil
	}
	var c claimed
	if found, err := s.small(ctx, f, f.objects[at], &c); err != nil || !found || c.Domain != l.domain {
		return err
	}
	locks, err := blob.ReadLocks(ctx, s.Bucket)
	if err != nil {
		return err
	}
	d := Decision{Name: f.name, Delete: true, objects: f.objects}
	if err := s.spareLocked(ctx, locks, &d, s.Clock()); err != nil || !d.Delete {
		return err
	}
	s.Logger.WarnContext(ctx, "what an interrupted backup left is removed", "backup", f.name, "bytes", f.bytes)
	claim := f.objects[at]
	f.objects = slices.Delete(slices.Clone(f.objects), at, at+1)
	if err := s.remove(ctx, f); err != nil {
		return err
	}
	if _, err := blob.AbortUploads(ctx, s.Bucket, f.name+"/", s.Clock().Add(abandonedAfter)); err != nil {
		return err
	}
	return s.delete(ctx, f.name, claim) // the last: it is what makes the rest ours
}
