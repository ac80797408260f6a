// Package httpapi is the public HTTP edge: Gin routes and middleware with Huma
// operations on top, which bind and check requests and describe themselves in
// OpenAPI 3.1. It translates and guards; what an answer is, the domains know.
// The operations are those of contract.Routes, and every error is a problem
// document (RFC 9457).
package httpapi

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/contrib/instrumentation/github.com/gin-gonic/gin/otelgin"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/auth"
	"github.com/script-ohio/platform/app/platform/ratelimit"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/serving"
)

// Predictor answers from the active model pack; serving.Engine is one.
type Predictor interface {
	Predict(ctx context.Context, r serving.Request) (serving.Prediction, error)
	PredictBatch(ctx context.Context, rs []serving.Request) []serving.BatchItem
	Week(ctx context.Context, season, week int, seasonType string) (serving.Slate, error)
	Rankings(ctx context.Context, season, week int) (serving.Ranking, error)
	Teams() []serving.RankedTeam
	Team(ctx context.Context, name string) (serving.TeamCard, error)
	ModelCards() []serving.ModelCard
	ModelCard(name string) (serving.ModelCard, error)
	PackVersion() string
	Resolve(team string) (canonical string, known bool)
}

// Games is where games are looked up; football.Store is one.
type Games interface {
	Games(ctx context.Context, filter football.GameFilter) ([]football.Game, error)
	Game(ctx context.Context, id int64) (football.Game, error)
}

// Packs changes which model pack is active.
type Packs interface {
	Activate(ctx context.Context, version, by string) (PackStatus, error)
	Rollback(ctx context.Context, by string) (PackStatus, error)
}

// Authenticator says whose API key it is, with the faults of
// auth.Authenticator.
type Authenticator interface {
	Authenticate(ctx context.Context, secret string) (auth.Principal, error)
}

// ActiveUsers notes and counts the keys in use; auth.ActiveUsers is one.
type ActiveUsers interface {
	Seen(keyID string)
	Count() int
}

// Deps is what the API needs; all of it.
type Deps struct {
	Predictor     Predictor
	Games         Games
	Packs         Packs
	Jobs          Jobs
	Backups       Backups
	Outcomes      Outcomes
	Alerts        Alerts
	Audit         Audit
	Authenticator Authenticator
	Limiter       ratelimit.Limiter
	ActiveUsers   ActiveUsers
	Logger        *slog.Logger          // such as telemetry.Logger, which adds the request id
	Registerer    prometheus.Registerer // gets the metrics of HTTP, users, rate limits and predictions

	// Ready says whether requests can be answered. Its error is shown to
	// callers, joined errors one by one.
	Ready func() error
}

func (d Deps) validate() error {
	var missing []error
	for name, absent := range map[string]bool{
		"Predictor": d.Predictor == nil, "Games": d.Games == nil, "Packs": d.Packs == nil, "Audit": d.Audit == nil,
		"Jobs": d.Jobs == nil, "Backups": d.Backups == nil, "Outcomes": d.Outcomes == nil, "Alerts": d.Alerts == nil,
		"Authenticator": d.Authenticator == nil, "Limiter": d.Limiter == nil, "ActiveUsers": d.ActiveUsers == nil,
		"Logger": d.Logger == nil, "Registerer": d.Registerer == nil, "Ready": d.Ready == nil,
	} {
		if absent {
			missing = append(missing, fmt.Errorf("httpapi.Deps.%s is required", name))
		}
	}
	return errors.Join(missing...)
}

// Options of New; the zero value is ready for use.
type Options struct {
	TrustedProxies []netip.Prefix   // whose X-Forwarded-For is believed; default none
	MaxBody        int64            // bytes of a request body; default contract.MaxBodyBytes
	Timeout        time.Duration    // after which a request is given up; default 30 s
	Traced         bool             // makes a span of every request but probes
	SecretKey      []byte           // signs page cursors; default random, so they end with the process
	AlertToken     string           // that Alertmanager presents; default none, so that nobody can
	Version        string           // of the build, for /health
	Clock          func() time.Time // default time.Now
	Poll           time.Duration    // between looks at a run that is followed; default 1 s
}

func (o Options) withDefaults() Options {
	if o.MaxBody <= 0 {
		o.MaxBody = contract.MaxBodyBytes
	}
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	if len(o.SecretKey) == 0 {
		o.SecretKey = make([]byte, 32)
		_, _ = rand.Read(o.SecretKey) // never fails: crypto/rand ends the process instead
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Poll <= 0 {
		o.Poll = time.Second
	}
	return o
}

// API is the handler of the public port. It is safe for concurrent use.
type API struct {
	deps     Deps
	opts     Options
	log      *slog.Logger
	engine   *gin.Engine
	huma     huma.API
	routes   map[routeKey]*route
	unknown  map[string]*route // by method, for requests that match no route
	metrics  *metrics
	cursors  cursors
	draining atomic.Bool  // not ready any more
	hangUp   atomic.Bool  // every answer is its connection's last
	streams  atomic.Int32 // runs that are followed now

	gameReader gameReader
	bodies     sync.Pool // of *bytes.Buffer
}

// New builds the API and registers its metrics.
func New(deps Deps, opts Options) (*API, error) {
	if err := deps.validate(); err != nil {
		return nil, err
	}
	return build(deps, opts)
}

func build(deps Deps, opts Options) (*API, error) {
	opts = opts.withDefaults()
	m, err := newMetrics(deps.Registerer, deps.ActiveUsers)
	if err != nil {
		return nil, err
	}
	a := &API{
		deps: deps, opts: opts, log: deps.Logger, engine: newEngine(), metrics: m,
		routes: map[routeKey]*route{}, unknown: unknownRoutes(m), cursors: cursors{key: opts.SecretKey},
		bodies: sync.Pool{New: func() any { return new(bytes.Buffer) }},
	}
	a.engine.Use(a.begin)
	if opts.Traced {
		a.engine.Use(otelgin.Middleware(contract.ServiceName, otelgin.WithGinFilter(func(c *gin.Context) bool {
			return !callOf(c.Request.Context()).route.probe()
		})))
	}
	a.engine.Use(a.measure, a.accessLog, a.recoverPanic, a.checkText, a.checkBody, a.authenticate, a.authorize, a.limit, a.readBody)
	a.engine.NoRoute(a.notFound)
	a.engine.NoMethod(a.methodNotAllowed)

	a.huma = humagin.New(a.engine, a.humaConfig())
	a.registerOperations()
	return a, a.registerDocs()
}

func newEngine() *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.HandleMethodNotAllowed = true
	e.RedirectTrailingSlash = false
	// A name may hold an escaped slash: route first, unescape later.
	e.UseEscapedPath, e.UnescapePathValues = true, false
	_ = e.SetTrustedProxies(nil) // the only error is about the list
	return e
}

// ServeHTTP implements http.Handler. HEAD is answered like GET; net/http leaves
// the body out.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead {
		r = r.WithContext(r.Context())
		r.Method = http.MethodGet
	}
	a.engine.ServeHTTP(w, r)
}

// Drain makes /ready refuse from now on, so that load balancers look
// elsewhere; everything else goes on.
func (a *API) Drain() { a.draining.Store(true) }

// OpenAPI describes the API as an OpenAPI 3.1 document in JSON, the same bytes
// for the same build. It needs nothing to be running.
func OpenAPI() ([]byte, error) {
	a, err := build(Deps{Registerer: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler)}, Options{})
	if err != nil {
		return nil, err
	}
	return a.openAPI()
}
