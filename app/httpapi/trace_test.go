package httpapi_test

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/script-ohio/platform/app/httpapi"
	"github.com/script-ohio/platform/app/platform/telemetry"
)

func TestTraces(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	before := otel.GetTracerProvider()
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)))
	defer otel.SetTracerProvider(before)

	var log bytes.Buffer
	deps := testDeps()
	var err error
	deps.Logger, err = telemetry.Logger(&log, "info")
	require.NoError(t, err)
	api := newAPI(t, deps, httpapi.Options{Traced: true})
	require.Equal(t, http.StatusOK, send(api, "GET", "/health", "").Code)
	require.Empty(t, spans.Ended(), "probes are not traced")
	require.Equal(t, http.StatusOK, send(api, "GET", "/v1/games", "").Code)
	require.Len(t, spans.Ended(), 1)
	require.Contains(t, spans.Ended()[0].Name(), "/v1/games")
	require.Contains(t, log.String(), spans.Ended()[0].SpanContext().TraceID().String(), "the access log names the trace")
}
