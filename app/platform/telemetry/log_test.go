package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/telemetry"
)

// logged gives the one line that f logs, without its time.
func logged(t *testing.T, f func(*slog.Logger)) map[string]any {
	t.Helper()
	var out bytes.Buffer
	logger, err := telemetry.Logger(&out, "debug")
	require.NoError(t, err)
	f(logger)
	var line map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &line))
	require.NotEmpty(t, line["time"])
	delete(line, "time")
	return line
}

func requestContext() context.Context {
	ctx := trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{15: 1}, SpanID: trace.SpanID{7: 2},
	}))
	return telemetry.WithRequestID(ctx, "r-1")
}

func TestRecordsCarryTheIDsOfTheirContext(t *testing.T) {
	ids := map[string]any{
		"level": "INFO", "msg": "hello", "request_id": "r-1",
		"trace_id": "00000000000000000000000000000001", "span_id": "0000000000000002",
	}
	with := func(more map[string]any) map[string]any {
		for k, v := range ids {
			more[k] = v
		}
		return more
	}
	for name, tc := range map[string]struct {
		log  func(*slog.Logger)
		want map[string]any
	}{
		"plain": {
			func(l *slog.Logger) { l.InfoContext(requestContext(), "hello", "n", 1) },
			with(map[string]any{"n": 1.0}),
		},
		"with attributes": {
			func(l *slog.Logger) { l.With("a", "b").InfoContext(requestContext(), "hello") },
			with(map[string]any{"a": "b"}),
		},
		"in groups, at the top level all the same": {
			func(l *slog.Logger) {
				l.With("a", "b").WithGroup("g").With("c", "d").WithGroup("h").WithGroup("").InfoContext(requestContext(), "hello", "n", 1)
			},
			with(map[string]any{"a": "b", "g": map[string]any{"c": "d", "h": map[string]any{"n": 1.0}}}),
		},
		"without any": {
			func(l *slog.Logger) { l.WithGroup("g").Info("hello", "n", 1) },
			map[string]any{"level": "INFO", "msg": "hello", "g": map[string]any{"n": 1.0}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, logged(t, tc.log)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A logger shared by requests must not mix their groups up.
func TestGroupsOfOneLoggerDoNotTouchAnother(t *testing.T) {
	line := logged(t, func(l *slog.Logger) {
		base := l.WithGroup("g").With("x", 1)
		_ = base.With("only", "left")
		base.With("only", "right").InfoContext(requestContext(), "hello")
	})
	require.Equal(t, map[string]any{"x": 1.0, "only": "right"}, line["g"])
}

func TestSecretsAreRedacted(t *testing.T) {
	for _, key := range []string{"authorization", "Authorization", "api_key", "X-API-Key", "password", "db.password", "token", "access_token", "client_secret", "Cookie"} {
		line := logged(t, func(l *slog.Logger) { l.Info("hello", key, "hunter2") })
		require.Equal(t, "[redacted]", line[key])
	}
	for _, v := range contract.Variables() {
		line := logged(t, func(l *slog.Logger) { l.Info("hello", v.Name, "hunter2") })
		require.Equal(t, v.Secret, line[v.Name] == "[redacted]", v.Name)
	}
	line := logged(t, func(l *slog.Logger) {
		l.With("password", "hunter2").WithGroup("credentials").InfoContext(requestContext(), "hello", "user", "hunter2", slog.Group("inner", "n", "hunter2"))
	})
	require.NotContains(t, line["credentials"].(map[string]any)["user"], "hunter2")
	require.Equal(t, "[redacted]", line["password"])
	require.Equal(t, "hello", line["msg"])
	require.Equal(t, map[string]any{"n": "[redacted]"}, line["credentials"].(map[string]any)["inner"])
}

func TestLevels(t *testing.T) {
	for level, lines := range map[string]int{"debug": 4, "info": 3, "WARN": 2, "error": 1} {
		var out bytes.Buffer
		logger, err := telemetry.Logger(&out, level)
		require.NoError(t, err)
		logger.Debug("m")
		logger.Info("m")
		logger.Warn("m")
		logger.Error("m")
		require.Equal(t, lines, bytes.Count(out.Bytes(), []byte("\n")), level)
	}
	for _, level := range []string{"", "loud", "info+2"} {
		_, err := telemetry.Logger(nil, level)
		require.Equal(t, fault.Invalid, fault.CodeOf(err), level)
	}
}

func TestRequestIDIsEmptyWithoutOne(t *testing.T) {
	require.Empty(t, telemetry.RequestID(t.Context()))
	require.Equal(t, "r-1", telemetry.RequestID(requestContext()))
}
