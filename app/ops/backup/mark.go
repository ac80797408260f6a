package backup

import (
	"context"
	"encoding/json"
	"time"

	"github.com/script-ohio/platform/app/fault"
)

// Mark keeps a backup from retention.
type Mark struct {
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	Reason string    `json:"reason"`
}

// Mark keeps a backup until Unmark, whatever its age.
func (s *Service) Mark(ctx context.Context, name, by, reason string) error {
	if _, _, err := s.Show(ctx, name); err != nil {
		return err
	}
	text, err := json.MarshalIndent(Mark{s.Clock().UTC(), by, reason}, "", "  ")
	if err != nil {
		return fault.Wrap(fault.Internal, err, "the mark cannot be encoded")
	}
	if err := s.put(ctx, name, keepName, append(text, '\n')); err != nil {
		return err
	}
	s.published(ctx)
	return nil
}

// Unmark gives a backup back to retention.
func (s *Service) Unmark(ctx context.Context, name string) error {
	if _, _, err := s.Show(ctx, name); err != nil {
		return err
	}
	if err := s.delete(ctx, name, keepName); err != nil {
		return err
	}
	s.published(ctx)
	return nil
}
