// Package telemetry makes the logs, metrics and traces of the platform, and
// serves metrics and profiles on the internal port.
package telemetry

import (
	"context"
	"io"
	"log/slog"
	"strings"

	"go.opentelemetry.io/otel/trace"

	"github.com/script-ohio/platform/app/fault"
)

// Logger writes one JSON object a line, from level (debug, info, warn or
// error; else fault.Invalid) up. A record gets request_id, trace_id and
// span_id from its context, and attributes whose key names a secret lose
// their value. Values inside structs and maps are not looked into.
func Logger(w io.Writer, level string) (*slog.Logger, error) {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	least, ok := levels[strings.ToLower(level)]
	if !ok {
		return nil, fault.New(fault.Invalid, "there is no log level %q: use debug, info, warn or error", level)
	}
	return slog.New(newContextHandler(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: least, ReplaceAttr: redact}))), nil
}

type requestIDKey struct{}

// WithRequestID gives the context of a request its id.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID is the id that WithRequestID gave, or "".
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// contextHandler adds the ids of the context at the top level of a record,
// where log queries look for them, whatever groups the logger has opened.
type contextHandler struct {
	slog.Handler              // with everything applied
	root         slog.Handler // before the first group
	grouped      []func(slog.Handler) slog.Handler
}

func newContextHandler(h slog.Handler) contextHandler { return contextHandler{Handler: h, root: h} }

// Handle implements slog.Handler.
func (h contextHandler) Handle(ctx context.Context, r slog.Record) error {
	ids := contextIDs(ctx)
	if len(ids) == 0 {
		return h.Handler.Handle(ctx, r)
	}
	if len(h.grouped) == 0 {
		r = r.Clone()
		r.AddAttrs(ids...)
		return h.Handler.Handle(ctx, r)
	}
	inner := h.root.WithAttrs(ids)
	for _, apply := range h.grouped {
		inner = apply(inner)
	}
	return inner.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h contextHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(h.grouped) == 0 {
		return newContextHandler(h.Handler.WithAttrs(attrs))
	}
	return h.then(func(to slog.Handler) slog.Handler { return to.WithAttrs(attrs) })
}

// WithGroup implements slog.Handler.
func (h contextHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return h.then(func(to slog.Handler) slog.Handler { return to.WithGroup(name) })
}

func (h contextHandler) then(apply func(slog.Handler) slog.Handler) slog.Handler {
	h.Handler = apply(h.Handler)
	h.grouped = append(h.grouped[:len(h.grouped):len(h.grouped)], apply)
	return h
}

func contextIDs(ctx context.Context) []slog.Attr {
	var ids []slog.Attr
	if id := RequestID(ctx); id != "" {
		ids = append(ids, slog.String("request_id", id))
	}
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		ids = append(ids, slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
	}
	return ids
}

// redact hides the values of attributes that are named like a secret, or stand
// in a group that is.
func redact(groups []string, a slog.Attr) slog.Attr {
	hidden := secret(a.Key)
	for _, g := range groups {
		hidden = hidden || secret(g)
	}
	if hidden {
		return slog.String(a.Key, "[redacted]")
	}
	return a
}

var separators = strings.NewReplacer("_", "", "-", "", ".", "", " ", "")

func secret(key string) bool {
	key = separators.Replace(strings.ToLower(key))
	for _, word := range []string{
		"authorization", "apikey", "password", "passwd", "passphrase", "token", "secret",
		"credential", "cookie", "privatekey", "signingkey", "routingkey", "backupidentity",
		"databaseurl", "redisurl", "webhookurl", "smtpurl", "dsn",
	} {
		if strings.Contains(key, word) {
			return true
		}
	}
	return false
}
