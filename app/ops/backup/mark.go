package backup

import (
	"context"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/jobs"
)

// Mark keeps a backup from retention.
type Mark struct {
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	Reason string    `json:"reason"`
}

// maxReason bounds why a backup is kept, in bytes.
const maxReason = 500

// Reason is why a backup is kept, trimmed. What nobody can read in a line is
// fault.Invalid.
func Reason(text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > maxReason || !utf8.ValidString(text) || jobs.Line(text) != text {
		return "", fault.New(fault.Invalid, "say why the backup is kept: one line of text, of %d bytes at most", maxReason)
	}
	return text, nil
}

// Mark keeps a backup until Unmark, whatever its age, for a Reason.
func (s *Service) Mark(ctx context.Context, name, by, reason string) error {
	reason, err := Reason(reason)
	if err != nil {
		return err
	}
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
