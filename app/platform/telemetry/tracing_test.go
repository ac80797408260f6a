package telemetry_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/telemetry"
)

// sink is an OTLP/HTTP collector that keeps what it receives.
type sink struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*collector.ExportTraceServiceRequest
}

func newSink(t *testing.T) *sink {
	s := &sink{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/base/v1/traces" {
			http.NotFound(w, r)
			return
		}
		var body io.Reader = r.Body
		if r.Header.Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(r.Body)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			body = z
		}
		data, err := io.ReadAll(body)
		request := new(collector.ExportTraceServiceRequest)
		if err == nil {
			err = proto.Unmarshal(data, request)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.mu.Lock()
		s.requests = append(s.requests, request)
		s.mu.Unlock()
	}))
	t.Cleanup(s.Close)
	return s
}

// received gives span names, and what the resource says of itself.
func (s *sink) received() (names []string, resource map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	resource = map[string]string{}
	for _, r := range s.requests {
		for _, spans := range r.ResourceSpans {
			for _, a := range spans.Resource.Attributes {
				resource[a.Key] = a.Value.GetStringValue()
			}
			for _, scope := range spans.ScopeSpans {
				for _, span := range scope.Spans {
					names = append(names, span.Name)
				}
			}
		}
	}
	return names, resource
}

// restoreGlobals puts the process-wide tracing back after a test.
func restoreGlobals(t *testing.T) {
	provider, propagator := otel.GetTracerProvider(), otel.GetTextMapPropagator()
	t.Cleanup(func() {
		otel.SetTracerProvider(provider)
		otel.SetTextMapPropagator(propagator)
		otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) {}))
	})
}

func TestSpansReachTheCollector(t *testing.T) {
	restoreGlobals(t)
	s := newSink(t)
	shutdown, err := telemetry.Tracing(t.Context(), telemetry.Options{Endpoint: s.URL + "/base/", SampleRatio: 1, ServiceName: "script-ohio", Version: "1.2.3"})
	require.NoError(t, err)
	ctx, parent := otel.Tracer("test").Start(t.Context(), "parent")
	_, child := otel.Tracer("test").Start(ctx, "child")
	child.End()
	parent.End()
	require.NoError(t, shutdown(t.Context()))

	names, resource := s.received()
	require.ElementsMatch(t, []string{"parent", "child"}, names)
	require.Equal(t, map[string]string{"service.name": "script-ohio", "service.version": "1.2.3"}, resource)
}

func TestTheCallerDecidesOnSampling(t *testing.T) {
	restoreGlobals(t)
	s := newSink(t)
	shutdown, err := telemetry.Tracing(t.Context(), telemetry.Options{Endpoint: s.URL + "/base", SampleRatio: 0})
	require.NoError(t, err)
	for name, parent := range map[string]string{
		"own":     "",
		"wanted":  "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"refused": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
	} {
		ctx := otel.GetTextMapPropagator().Extract(t.Context(), propagation.MapCarrier{"traceparent": parent})
		_, span := otel.Tracer("test").Start(ctx, name)
		span.End()
	}
	require.NoError(t, shutdown(t.Context()))
	names, _ := s.received()
	require.Equal(t, []string{"wanted"}, names)
}

func TestWithoutAnEndpointNothingIsTracedButContextsPassOn(t *testing.T) {
	restoreGlobals(t)
	shutdown, err := telemetry.Tracing(t.Context(), telemetry.Options{SampleRatio: 1})
	require.NoError(t, err)
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	ctx := otel.GetTextMapPropagator().Extract(t.Context(), propagation.MapCarrier{"traceparent": parent})
	require.True(t, trace.SpanContextFromContext(ctx).IsSampled())
	out := propagation.MapCarrier{}
	otel.GetTextMapPropagator().Inject(ctx, out)
	require.Equal(t, parent, out["traceparent"])
	require.NoError(t, shutdown(t.Context()))
}

func TestUndeliveredTracesAreLogged(t *testing.T) {
	restoreGlobals(t)
	refusing := httptest.NewServer(http.NotFoundHandler())
	defer refusing.Close()
	var log bytes.Buffer
	shutdown, err := telemetry.Tracing(t.Context(), telemetry.Options{Endpoint: refusing.URL, SampleRatio: 1, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	_, span := otel.Tracer("test").Start(t.Context(), "lost")
	span.End()
	require.NoError(t, shutdown(t.Context()))
	require.Contains(t, log.String(), "traces are not delivered")
}

func TestBadTracingOptionsAreFaults(t *testing.T) {
	restoreGlobals(t)
	for _, opts := range []telemetry.Options{
		{SampleRatio: -.1}, {SampleRatio: 1.1}, {SampleRatio: math.NaN()},
		{Endpoint: "alloy:4318"}, {Endpoint: "ftp://alloy"}, {Endpoint: "http://"}, {Endpoint: "http://u:hunter2@%zz"},
	} {
		_, err := telemetry.Tracing(t.Context(), opts)
		require.Equal(t, fault.Invalid, fault.CodeOf(err), "%+v", opts)
		require.NotContains(t, err.Error(), "hunter2")
	}
}
