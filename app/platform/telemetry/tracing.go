package telemetry

import (
	"context"
	"log/slog"
	"net/url"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/script-ohio/platform/app/fault"
)

// Options of Tracing.
type Options struct {
	Endpoint    string  // OTLP/HTTP base URL such as http://alloy:4318; empty: no tracing
	SampleRatio float64 // share of the traces begun here that are kept, 0 to 1
	ServiceName string
	Version     string
	Logger      *slog.Logger // told when spans cannot be delivered; default none
}

// Tracing sets up the process's tracer provider and W3C propagation. A
// caller's decision to sample or not is followed; SampleRatio decides for
// the rest. Spans leave in batches and never hold up a request. shutdown
// delivers what is left. Without an endpoint nothing is traced, but contexts
// are still passed on. A bad option is fault.Invalid.
func Tracing(ctx context.Context, opts Options) (shutdown func(context.Context) error, err error) {
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))
	if !(opts.SampleRatio >= 0 && opts.SampleRatio <= 1) {
		return nil, fault.New(fault.Invalid, "the trace sample ratio %v is not between 0 and 1", opts.SampleRatio)
	}
	if opts.Endpoint == "" {
		return func(context.Context) error { return nil }, nil
	}
	u, err := url.Parse(opts.Endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fault.New(fault.Invalid, "the trace endpoint must be an http or https URL such as http://alloy:4318")
	}
	exporter, err := otlptracehttp.New(ctx,
		otlptracehttp.WithEndpointURL(u.JoinPath("v1", "traces").String()), otlptracehttp.WithTimeout(5*time.Second))
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the trace exporter could not be set up")
	}
	logger := opts.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { logger.Warn("traces are not delivered", "error", err) }))
	provider := trace.NewTracerProvider(
		trace.WithBatcher(exporter),
		trace.WithSampler(trace.ParentBased(trace.TraceIDRatioBased(opts.SampleRatio))),
		trace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", opts.ServiceName), attribute.String("service.version", opts.Version))),
	)
	otel.SetTracerProvider(provider)
	return provider.Shutdown, nil
}
