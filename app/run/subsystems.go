package run

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/httpapi"
	"github.com/script-ohio/platform/app/ops/backup"
	"github.com/script-ohio/platform/app/platform/auth"
	"github.com/script-ohio/platform/app/platform/blob"
	"github.com/script-ohio/platform/app/platform/postgres"
	"github.com/script-ohio/platform/app/platform/ratelimit"
	"github.com/script-ohio/platform/app/platform/redis"
	"github.com/script-ohio/platform/app/platform/telemetry"
	"github.com/script-ohio/platform/app/predict/activation"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/pack"
	"github.com/script-ohio/platform/app/predict/serving"
)

func (s *Service) traced() bool { return s.config.OTLPEndpoint != "" }

func (s *Service) openTracing(ctx context.Context) error {
	shutdown, err := telemetry.Tracing(ctx, telemetry.Options{
		Endpoint: s.config.OTLPEndpoint, SampleRatio: s.config.TraceSampleRatio,
		ServiceName: contract.ServiceName, Version: s.build.Version, Logger: s.logger,
	})
	if err != nil {
		return err
	}
	s.onClose(func(ctx context.Context) {
		if err := shutdown(ctx); err != nil {
			s.logger.WarnContext(ctx, "the last traces were not delivered", "error", err)
		}
	})
	return nil
}

// openPostgres makes the pool. It does not wait for the server: predictions
// work without it.
func (s *Service) openPostgres(ctx context.Context) error {
	pool, err := postgres.Open(ctx, s.config.DatabaseURL, postgres.Options{Traced: s.traced()})
	if err != nil {
		return err
	}
	s.pool = pool
	s.onClose(func(context.Context) { pool.Close() })
	return s.registry.Register(telemetry.PoolCollector(pool))
}

// openPrediction loads the embedded pack, follows the database to the active
// one and continues the ratings through newer games.
func (s *Service) openPrediction(ctx context.Context) error {
	embedded, err := pack.Default()
	if err != nil {
		return err
	}
	lookups, err := telemetry.Counter(s.registry, contract.CacheRequests)
	if err != nil {
		return err
	}
	s.engine, err = serving.New(ctx, embedded, serving.Options{
		Logger: s.logger, CacheTTL: s.config.CacheTTL.Duration(), Games: football.NewStore(s.pool),
		Cached: func(cache string, hit bool) {
			result := "miss"
			if hit {
				result = "hit"
			}
			lookups.WithLabelValues(cache, result).Inc()
		},
	})
	if err != nil {
		return err
	}
	s.onClose(func(context.Context) { s.engine.Close() })
	if s.config.ModelsBucket != "" {
		if s.models, err = blob.Open(ctx, s.config.ModelsBucket); err != nil {
			return err
		}
		s.onClose(func(context.Context) { _ = s.models.Close() })
	}
	activations, err := telemetry.Counter(s.registry, contract.PackActivations)
	if err != nil {
		return err
	}
	activated, refused := activations.WithLabelValues("activated"), activations.WithLabelValues("refused")
	s.packs = activation.New(s.pool, s.models, embedded, s.engine, activation.Options{
		Logger: s.logger, Record: s.audit().Change,
		Tried: func(err error) {
			if err != nil {
				refused.Inc()
			} else {
				activated.Inc()
			}
		},
	})
	if err := s.packs.Follow(ctx); err != nil {
		s.logger.WarnContext(ctx, "the active pack is not known; the embedded one serves", "error", err)
	}
	err = telemetry.GaugeFunc(s.registry, contract.RatingsAsOf, func() float64 { return float64(s.engine.AsOf().Unix()) })
	if err != nil {
		return err
	}
	return s.registry.Register(buildInfo{s.build, s.engine.PackVersion})
}

func (s *Service) openHTTP(context.Context) error {
	s.metrics = &http.Server{
		Handler: s.internalHandler(), ReadHeaderTimeout: 5 * time.Second,
		ErrorLog: slog.NewLogLogger(s.logger.Handler(), slog.LevelWarn),
	}
	if !s.api {
		return nil
	}
	authenticator := auth.NewAuthenticator(s.keys(), auth.Options{Logger: s.logger})
	s.onClose(func(context.Context) { authenticator.Close() })
	active := auth.NewActiveUsers(time.Now)
	proxies, err := trustedProxies(s.config)
	if err != nil {
		return err
	}
	api, err := httpapi.New(httpapi.Deps{
		Predictor: s.engine, Games: football.NewStore(s.pool), Packs: packs{s.packs}, Audit: s.audit(),
		Jobs: s.jobs, Backups: backup.NewCatalog(s.pool), Outcomes: backup.NewHistory(s.pool), Alerts: s.alerts, Authenticator: authenticator, Limiter: s.limiter(), ActiveUsers: active,
		Logger: s.logger, Registerer: s.registry, Ready: s.engine.Ready,
	}, httpapi.Options{
		TrustedProxies: proxies, Timeout: s.config.WorkerTimeout.Duration(), Traced: s.traced(),
		SecretKey: []byte(s.config.SecretKey), AlertToken: s.config.AlertToken, Version: s.build.Version,
	})
	if err != nil {
		return err
	}
	s.server = httpapi.NewServer(api, httpapi.ServerOptions{Pause: s.config.ShutdownPause.Duration(), Logger: s.logger})
	return nil
}

// openRedis makes the client, if there is a Redis. It does not connect.
func (s *Service) openRedis(context.Context) error {
	if s.config.RedisURL == "" {
		return nil
	}
	redis.LogTo(s.logger)
	client, err := redis.Open(s.config.RedisURL, redis.Options{Traced: s.traced()})
	if err != nil {
		return err
	}
	s.redis = client
	s.onClose(func(context.Context) { _ = client.Close() })
	return s.registry.Register(telemetry.RedisCollector(client))
}

// limiter shares limits over Redis when there is one.
func (s *Service) limiter() ratelimit.Limiter {
	options := ratelimit.Options{Logger: s.logger}
	if s.redis == nil {
		return ratelimit.NewMemory(options)
	}
	return ratelimit.NewShared(s.redis, options)
}

// packs speaks httpapi's types.
type packs struct{ *activation.Service }

func (p packs) Activate(ctx context.Context, version, by string) (httpapi.PackStatus, error) {
	status, err := p.Service.Activate(ctx, version, by)
	return httpapi.PackStatus(status), err
}

func (p packs) Rollback(ctx context.Context, by string) (httpapi.PackStatus, error) {
	status, err := p.Service.Rollback(ctx, by)
	return httpapi.PackStatus(status), err
}
