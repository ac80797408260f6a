package main

import (
	"context"
	"io"
	"log/slog"
	"os"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/local"
	"github.com/script-ohio/platform/app/platform/postgres"
	"github.com/script-ohio/platform/app/platform/telemetry"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/pack"
	"github.com/script-ohio/platform/app/predict/serving"
	"github.com/script-ohio/platform/app/run"
)

// instance names the data directory of a local instance.
type instance struct {
	DataDir string `default:".local" env:"OHIO_DATA_DIR" help:"Data directory of the local instance; DATABASE_URL goes before it."`
}

// databaseURL is DATABASE_URL, else that of the instance running on the data
// directory.
func (i instance) databaseURL() (string, error) {
	if url := os.Getenv("DATABASE_URL"); url != "" {
		return url, nil
	}
	running, err := local.ReadInstance(i.DataDir)
	return running.DatabaseURL, err
}

// connect opens the database and makes sure that it answers.
func (i instance) connect(ctx context.Context) (*pgxpool.Pool, error) {
	url, err := i.databaseURL()
	if err != nil {
		return nil, err
	}
	pool, err := postgres.Open(ctx, url, postgres.Options{AppName: "ohio cli"})
	if err != nil {
		return nil, err
	}
	if err := postgres.Ping(ctx, pool); err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

// engine answers from a pack, continued through the database's games if
// there is a database.
func (i instance) engine(ctx context.Context, packDir string) (*serving.Engine, func(), error) {
	p, err := loadPack(packDir)
	if err != nil {
		return nil, nil, err
	}
	options := serving.Options{Logger: quiet()}
	closeAll := func() {}
	pool, err := i.connect(ctx)
	switch {
	case err == nil:
		options.Games, closeAll = football.NewStore(pool), pool.Close
	case fault.CodeOf(err) != fault.NotFound:
		return nil, nil, err
	}
	engine, err := serving.New(ctx, p, options)
	if err != nil {
		closeAll()
		return nil, nil, err
	}
	return engine, func() { engine.Close(); closeAll() }, nil
}

// loadPack loads a folder, or the embedded pack for "".
func loadPack(dir string) (*pack.Pack, error) {
	if dir == "" {
		return pack.Default()
	}
	return pack.Load(os.DirFS(dir))
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// configure reads the environment and makes the logger.
func configure(stderr io.Writer) (contract.Config, *slog.Logger, error) {
	config, err := run.LoadConfig(os.Environ())
	if err != nil {
		return config, nil, err
	}
	logger, err := telemetry.Logger(stderr, config.LogLevel)
	return config, logger, err
}
