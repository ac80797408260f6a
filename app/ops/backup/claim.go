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
)

// claimed is what stands in a claim.
type claimed struct {
	Database string    `json:"database"`
	At       time.Time `json:"at"`
	Host     string    `json:"host"`
	Program  string    `json:"program"`
}

// begin takes a name that is free, also of other databases in the same bucket.
// Names count seconds. A claim lies in the folder from then on: it was alone
// there after it was written, so that whoever comes later sees it. That takes
// no more of a store than listings that are up to date; of conditional writes,
// folders only know such that two can pass at a time.
func (s *Service) begin(ctx context.Context, began time.Time) (m Manifest, claim string, err error) {
	host, _ := os.Hostname()
	text, err := json.Marshal(claimed{s.target.Name(), began.UTC(), host, s.Program})
	if err != nil {
		return m, "", fault.Wrap(fault.Internal, err, "the claim of a backup cannot be encoded")
	}
	claim = claimPrefix + strings.ToLower(rand.Text()) + ".json"
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
