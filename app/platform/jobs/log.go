package jobs

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// seldom passes on what a library says from a level up, the same message once
// in a while: while the database is away River complains many times a second.
type seldom struct {
	slog.Handler
	level slog.Level
	said  *said
}

// said is when messages were passed on.
type said struct {
	again time.Duration
	mu    sync.Mutex
	last  map[string]time.Time
}

// maxSaid bounds the messages that are kept in mind; a library has few.
const maxSaid = 200

func newSeldom(h slog.Handler, level slog.Level, again time.Duration) seldom {
	return seldom{h, level, &said{again: again, last: map[string]time.Time{}}}
}

// Enabled implements slog.Handler.
func (h seldom) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= h.level && h.Handler.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (h seldom) Handle(ctx context.Context, r slog.Record) error {
	if !h.said.now(r) {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

func (s *said) now(r slog.Record) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last, known := s.last[r.Message]; known && r.Time.Sub(last) < s.again {
		return false
	}
	if len(s.last) >= maxSaid {
		clear(s.last)
	}
	s.last[r.Message] = r.Time
	return true
}

// WithAttrs implements slog.Handler.
func (h seldom) WithAttrs(attrs []slog.Attr) slog.Handler {
	return seldom{h.Handler.WithAttrs(attrs), h.level, h.said}
}

// WithGroup implements slog.Handler.
func (h seldom) WithGroup(name string) slog.Handler {
	return seldom{h.Handler.WithGroup(name), h.level, h.said}
}
