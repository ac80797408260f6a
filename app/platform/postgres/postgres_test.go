package postgres_test

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/postgres"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

func TestSessionsHaveLimits(t *testing.T) {
	pool := postgrestest.New(t)
	for setting, want := range map[string]string{
		"statement_timeout": "30s", "idle_in_transaction_session_timeout": "1min",
		"timezone": "UTC", "application_name": "ohio",
	} {
		var got string
		require.NoError(t, pool.QueryRow(t.Context(), "select current_setting($1)", setting).Scan(&got))
		require.Equal(t, want, got, setting)
	}
}

func TestOpenDoesNotNeedTheServer(t *testing.T) {
	away := "postgres://ohio:hidden@/ohio?host=" + url.QueryEscape(filepath.Join(t.TempDir(), "nowhere"))
	pool, err := postgres.Open(t.Context(), away, postgres.Options{})
	require.NoError(t, err)
	defer pool.Close()
	err = postgres.Ping(t.Context(), pool)
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	require.ErrorContains(t, err, "PostgreSQL does not answer at ")
	require.NotContains(t, err.Error(), "hidden")

	pool, err = postgres.Open(t.Context(), postgrestest.URL(t), postgres.Options{})
	require.NoError(t, err)
	defer pool.Close()
	require.NoError(t, postgres.Ping(t.Context(), pool))
}

func TestUnreadableURL(t *testing.T) {
	for conn, hint := range map[string]string{
		"postgres://u:p@host:port/db":              "percent-encoded",
		"postgres://u:p%ss@host/db":                "percent-encoded",
		"postgres://u:p@host/db?sslmode=sometimes": "after the question mark",
		"postgres://u:p@host/db?pool_max_conns=x":  "after the question mark",
		"host=h port=99999999":                     "",
		"mysql://u:p@host/db":                      "",
	} {
		_, err := postgres.Open(t.Context(), conn, postgres.Options{})
		require.Equal(t, fault.Invalid, fault.CodeOf(err), conn)
		require.ErrorContains(t, err, "want postgres://user:password@host:port/database")
		require.ErrorContains(t, err, hint)
		_, err = postgres.Migrate(t.Context(), conn)
		require.Error(t, err, conn)
	}
}

// Whatever is wrong with the URL, the error does not show the password.
func TestNoErrorShowsThePassword(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		secret := rapid.StringMatching(`[a-zA-Z0-9%@:/? =&#'\\]{0,4}S3cr3t[a-zA-Z0-9%@:/? =&#'\\]{0,4}`).Draw(r, "secret")
		form := rapid.SampledFrom([]string{
			"postgres://u:%s@host:x/db", "postgres://u:%s@host/db?sslmode=%[1]s", "postgres://u:%s@[host/db",
			"postgres://u@host/db?password=%s&sslmode=x", "host=h password=%s port=x", "host=h password='%s port=1",
			"postgres://%s@host:x/db", "postgres:/u:%s@host/db", "%s", "postgres://u:%s@host/db?pool_max_conns=%[1]s",
			"postgres://u:p@host/db?connect_timeout=1&passfile=x&sslpassword=%s&port=x",
		}).Draw(r, "form")
		pool, err := postgres.Open(t.Context(), fmt.Sprintf(form, secret), postgres.Options{})
		if err == nil {
			pool.Close()
			return
		}
		if strings.Contains(err.Error(), "S3cr3t") {
			r.Fatalf("%v", err)
		}
	})
}

func TestTracedPoolMakesSpans(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	before := otel.GetTracerProvider()
	otel.SetTracerProvider(trace.NewTracerProvider(trace.WithSpanProcessor(spans)))
	defer otel.SetTracerProvider(before)
	pool, err := postgres.Open(t.Context(), postgrestest.URL(t), postgres.Options{Traced: true})
	require.NoError(t, err)
	defer pool.Close()
	ctx, request := otel.Tracer("test").Start(t.Context(), "request")
	_, err = pool.Exec(ctx, "select $1::text", "argument-secret")
	require.NoError(t, err)
	request.End()
	seen := false
	for _, span := range spans.Ended() {
		seen = seen || span.Name() == "SELECT"
		for _, attribute := range span.Attributes() {
			require.NotContains(t, attribute.Value.String(), "argument-secret")
		}
	}
	require.True(t, seen)
}
