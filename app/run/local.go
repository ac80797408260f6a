package run

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/auth"
	"github.com/script-ohio/platform/app/platform/local"
	"github.com/script-ohio/platform/app/platform/postgres"
	"github.com/script-ohio/platform/app/platform/redis"
)

// Local is a service with everything it needs on this machine: PostgreSQL,
// Redis in the process, folders for buckets.
type Local struct {
	*Service
	dataDir  string
	postgres *local.Postgres
	redis    *redis.Local
	// DevelopmentKey is an API key of role developer that stays the same from
	// start to start.
	DevelopmentKey string
}

// StartLocal starts all of it on a data directory. The listeners come first:
// a taken port stops everything at once.
func StartLocal(ctx context.Context, config contract.Config, build Build, dataDir string, logger *slog.Logger) (_ *Local, err error) {
	dataDir, err = filepath.Abs(dataDir)
	if err != nil {
		return nil, err
	}
	if config, err = LocalFolders(config, dataDir); err != nil {
		return nil, err
	}
	l := &Local{dataDir: dataDir}
	l.Service = New(config, build, logger)
	l.RunJobs()
	defer func() {
		if err != nil {
			_ = l.Stop(context.WithoutCancel(ctx))
		}
	}()
	if err := l.Listen(); err != nil {
		return nil, err
	}
	if l.postgres, err = local.Start(ctx, local.Options{DataDir: dataDir, Logger: logger, Durable: true}); err != nil {
		return nil, err
	}
	if _, err := postgres.Migrate(ctx, l.postgres.URL()); err != nil {
		return nil, err
	}
	if l.redis, err = redis.StartLocal(); err != nil {
		return nil, err
	}
	l.SetDatabase(l.postgres.URL(), l.redis.URL())
	if err := l.Start(ctx); err != nil {
		return nil, err
	}
	if l.DevelopmentKey, err = developmentKey(ctx, l.keys(), filepath.Join(dataDir, "development-key")); err != nil {
		return nil, err
	}
	return l, local.WriteInstance(dataDir, local.Instance{
		DatabaseURL: l.postgres.URL(), PublicURL: l.PublicURL(), InternalURL: l.InternalURL(),
		RedisURL: l.redis.URL(), StartedAt: time.Now().UTC(),
	})
}

// developmentKey reuses the key of the last start if it still works.
func developmentKey(ctx context.Context, keys *auth.Store, path string) (string, error) {
	if text, err := os.ReadFile(path); err == nil {
		secret := strings.TrimSpace(string(text))
		sum := sha256.Sum256([]byte(secret))
		if key, err := keys.Find(ctx, sum[:]); err == nil && key.RevokedAt == nil {
			return secret, nil
		}
	}
	_, secret, err := keys.Create(ctx, "development", contract.Developer, nil, "serve --local")
	if err != nil {
		return "", err
	}
	return secret, os.WriteFile(path, []byte(secret+"\n"), 0o600)
}

// Done is closed when PostgreSQL has failed for good.
func (l *Local) Done() <-chan struct{} { return l.postgres.Done() }

// Err says why.
func (l *Local) Err() error { return l.postgres.Err() }

// Stop stops the service and then what it stood on.
func (l *Local) Stop(ctx context.Context) error {
	err := l.Service.Stop(ctx)
	if l.redis != nil {
		l.redis.Close()
	}
	if l.postgres != nil {
		err = errors.Join(err, l.postgres.Stop(context.WithoutCancel(ctx)))
	}
	return err
}
