package run

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	goredis "github.com/redis/go-redis/v9"
	gocloud "gocloud.dev/blob"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/httpapi"
	"github.com/script-ohio/platform/app/ops/alert"
	"github.com/script-ohio/platform/app/platform/auth"
	"github.com/script-ohio/platform/app/platform/jobs"
	"github.com/script-ohio/platform/app/platform/telemetry"
	"github.com/script-ohio/platform/app/predict/activation"
	"github.com/script-ohio/platform/app/predict/serving"
)

// Build says which program this is.
type Build struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Time    string `json:"build_time"`
	Go      string `json:"go_version"`
}

// Service is the prediction service with its two listeners; as a worker it has
// the internal one only and runs jobs.
type Service struct {
	config contract.Config
	build  Build
	logger *slog.Logger
	api    bool             // serves the public API
	queues []contract.Queue // whose jobs it runs

	registry  *prometheus.Registry
	public    net.Listener
	internal  net.Listener
	pool      *pgxpool.Pool
	redis     *goredis.Client // nil: there is none
	models    *gocloud.Bucket // nil: there is none
	engine    *serving.Engine
	packs     *activation.Service
	jobs      *jobs.Client
	alerts    *alert.Store
	worker    *jobs.Worker         // nil: it runs no jobs
	scheduled map[string]jobs.Work // of those that more than the database is needed for
	backups   *Backups             // nil: there are none, or another worker sees to them
	server    *httpapi.Server
	metrics   *http.Server

	closers  []func(context.Context) // in order of opening
	cancel   context.CancelFunc
	work     sync.WaitGroup
	failed   chan error
	startOne sync.Once
	startErr error
	stopOne  sync.Once
	stopErr  error
}

// New prepares a service; Start starts it.
func New(config contract.Config, build Build, logger *slog.Logger) *Service {
	return &Service{config: config, build: build, logger: logger, api: true, failed: make(chan error, 2)}
}

// Listen takes both addresses, so that a taken port is known before anything
// else starts. Start calls it if nobody has.
func (s *Service) Listen() (err error) {
	if s.internal != nil {
		return nil
	}
	if s.api {
		if s.public, err = listen(s.config.Listen); err != nil {
			return err
		}
	}
	internal, err := listen(s.config.InternalListen)
	if err != nil {
		if s.public != nil {
			_ = s.public.Close()
			s.public = nil
		}
		return err
	}
	s.internal = internal
	return nil
}

func listen(address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fault.Wrap(fault.Conflict, err, "cannot listen on %s: another program uses the port; choose another with --listen and --internal-listen", address)
	}
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "cannot listen on %s: it must be HOST:PORT of this machine", address)
	}
	return listener, nil
}

// SetDatabase gives the addresses that were not known when the service was
// made. It must come before Start.
func (s *Service) SetDatabase(databaseURL, redisURL string) {
	s.config.DatabaseURL, s.config.RedisURL = databaseURL, redisURL
}

// PublicURL is where the API answers.
func (s *Service) PublicURL() string { return urlOf(s.public) }

// InternalURL is where metrics and profiles are.
func (s *Service) InternalURL() string { return urlOf(s.internal) }

func urlOf(l net.Listener) string {
	host, port, _ := net.SplitHostPort(l.Addr().String())
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// Start opens everything and serves. A second call does nothing. When it
// fails, what had been opened is closed again; a stopped service does not
// start.
func (s *Service) Start(ctx context.Context) error {
	s.startOne.Do(func() {
		if s.startErr = s.start(ctx); s.startErr != nil {
			s.stopOne.Do(func() { s.stopErr = s.stop(ctx) })
		}
	})
	return s.startErr
}

func (s *Service) start(ctx context.Context) error {
	if s.config.DatabaseURL == "" {
		return fault.New(fault.Invalid, "DATABASE_URL is not set; set it, or use `ohio serve --local`")
	}
	if err := s.Listen(); err != nil {
		return err
	}
	s.registry = telemetry.NewRegistry()
	var background context.Context
	background, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	steps := []func(context.Context) error{s.openTracing, s.openPostgres, s.openRedis, s.openPrediction, s.openJobs, s.openNotifications, s.openScheduled, s.openWork, s.openHTTP}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	s.work.Go(func() { s.follow(background) })
	s.work.Go(func() { s.registerJobs(background) })
	if s.backups != nil {
		s.work.Go(func() { s.publishBackups(background) })
	}
	if s.api {
		s.serve("public", s.server.Serve, s.public)
	}
	s.serve("internal", s.metrics.Serve, s.internal)
	return nil
}

func (s *Service) serve(name string, serve func(net.Listener) error, l net.Listener) {
	s.work.Go(func() {
		if err := serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
			s.failed <- fmt.Errorf("%s listener: %w", name, err)
		}
	})
}

// Failed tells of a listener that gave up.
func (s *Service) Failed() <-chan error { return s.failed }

// onClose runs a function at Stop, last opened first.
func (s *Service) onClose(f func(context.Context)) { s.closers = append(s.closers, f) }

// Stop turns readiness off, pauses, drains and closes everything. ctx bounds
// the drain. A second call does nothing; a start under way is waited for.
func (s *Service) Stop(ctx context.Context) error {
	s.startOne.Do(func() { s.startErr = fault.New(fault.Conflict, "the service has been stopped") })
	s.stopOne.Do(func() { s.stopErr = s.stop(ctx) })
	return s.stopErr
}

func (s *Service) stop(ctx context.Context) (err error) {
	var both sync.WaitGroup
	var worked error
	if s.worker != nil {
		both.Go(func() { worked = s.worker.Stop(ctx) })
	}
	if s.server != nil {
		err = s.server.Shutdown(ctx)
	}
	both.Wait()
	err = errors.Join(err, worked)
	if s.cancel != nil {
		s.cancel()
	}
	if s.metrics != nil {
		_ = s.metrics.Close()
	}
	for _, l := range []net.Listener{s.public, s.internal} {
		if l != nil {
			_ = l.Close()
		}
	}
	s.work.Wait()
	for i := len(s.closers) - 1; i >= 0; i-- {
		s.closers[i](ctx)
	}
	return err
}

// followEvery is how soon new games and packs are noticed.
const followEvery = 2 * time.Second

// follow keeps ratings and pack as the database has them. Trouble is logged
// when it begins and when it ends.
func (s *Service) follow(ctx context.Context) {
	ticker := time.NewTicker(followEvery)
	defer ticker.Stop()
	away := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := s.followOnce(ctx)
		switch {
		case err != nil && !away && ctx.Err() == nil:
			s.logger.WarnContext(ctx, "new games and packs cannot be followed; predictions go on", "error", err)
		case err == nil && away:
			s.logger.InfoContext(ctx, "new games and packs are followed again")
		}
		away = err != nil
	}
}

// keys makes the store of API keys.
func (s *Service) keys() *auth.Store { return auth.NewStore(s.pool).Recording(s.audit().Change) }

// followWithin bounds one look, lest a hanging bucket keeps new games waiting.
const followWithin = time.Minute

func (s *Service) followOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, followWithin)
	defer cancel()
	_, refreshed := s.engine.Refresh(ctx)
	return errors.Join(s.packs.Follow(ctx), refreshed)
}
