package notify

import (
	"context"
	"log/slog"

	"github.com/script-ohio/platform/app/contract"
)

type logChannel struct{ logger *slog.Logger }

// NewLog writes messages to the log, where those of channels that are not
// configured end too. It never fails.
func NewLog(logger *slog.Logger) Channel { return logChannel{logger} }

// Name implements Channel.
func (logChannel) Name() string { return Log }

// Send implements Channel.
func (l logChannel) Send(ctx context.Context, m Message) error {
	level := slog.LevelInfo
	if !m.Resolved && (m.Severity == contract.Critical || m.Severity == contract.Warning) {
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{
		slog.String("title", m.Title), slog.String("severity", string(m.Severity)), slog.String("kind", m.Kind),
		slog.String("about", m.Key), slog.Bool("resolved", m.Resolved), slog.Time("at", m.At),
	}
	if m.Body != "" {
		attrs = append(attrs, slog.String("body", m.Body))
	}
	if m.Link != "" {
		attrs = append(attrs, slog.String("link", m.Link))
	}
	if len(m.Fields) > 0 {
		attrs = append(attrs, slog.Any("fields", m.Fields))
	}
	if m.InsteadOf != "" {
		attrs = append(attrs, slog.String("instead_of", m.InsteadOf))
	}
	l.logger.LogAttrs(ctx, level, "notification", attrs...)
	return nil
}
