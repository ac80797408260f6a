// Package serving answers predictions from models and ratings that are
// resident in memory. A prediction makes no network hop: PostgreSQL is read
// only to follow new games, and what was read stays when it is away.
package serving

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/pack"
)

// Games is where the engine reads games from.
type Games interface {
	Revision(ctx context.Context) (int64, error)
	FromSeason(ctx context.Context, season int) ([]football.Game, error)
	Games(ctx context.Context, filter football.GameFilter) ([]football.Game, error)
}

// Options of an engine.
type Options struct {
	Logger   *slog.Logger
	CacheTTL time.Duration                // how long computed slates may be reused
	Cached   func(cache string, hit bool) // told of every cache look-up; may be nil
	Games    Games                        // nil: the pack's ratings only
}

// Engine is safe for concurrent use. Predictions read one immutable resident
// state, which activation and refresh replace as a whole.
type Engine struct {
	options  Options
	resident atomic.Pointer[resident]
	changing sync.Mutex // one change of the resident state at a time
	slates   *otter.Cache[slateKey, Slate]
	// replaying is held by the one replay from the first season.
	replaying chan struct{}
}

// maxSlates bounds the slate cache: some seasons of weeks.
const maxSlates = 128

// New serves a pack.
func New(ctx context.Context, p *pack.Pack, o Options) (*Engine, error) {
	if o.Cached == nil {
		o.Cached = func(string, bool) {}
	}
	if o.CacheTTL <= 0 {
		o.CacheTTL = time.Hour
	}
	slates, err := otter.New(&otter.Options[slateKey, Slate]{
		MaximumSize: maxSlates, ExpiryCalculator: otter.ExpiryWriting[slateKey, Slate](o.CacheTTL),
	})
	if err != nil {
		return nil, err
	}
	e := &Engine{options: o, slates: slates, replaying: make(chan struct{}, 1)}
	return e, e.Activate(ctx, p)
}

// Close ends the goroutine that empties the slate cache. The engine still
// answers.
func (e *Engine) Close() { e.slates.StopAllGoroutines() }

// Activate serves another pack from now on. On an error the old one serves on.
func (e *Engine) Activate(ctx context.Context, p *pack.Pack) error {
	e.changing.Lock()
	defer e.changing.Unlock()
	games, revision := e.readGames(ctx, p)
	next, err := newResident(p, games, revision)
	if err != nil {
		return err
	}
	e.resident.Store(next)
	e.options.Logger.InfoContext(ctx, "model pack active", "pack", p.Manifest.Version, "as_of", next.state.AsOf())
	return nil
}

// unknownRevision makes the next refresh read the games.
const unknownRevision = -1

func (e *Engine) readGames(ctx context.Context, p *pack.Pack) ([]football.Game, int64) {
	if e.options.Games == nil {
		return nil, unknownRevision
	}
	// The revision first: games that change in between are read again.
	revision, err := e.options.Games.Revision(ctx)
	if err == nil {
		var games []football.Game
		if games, err = e.options.Games.FromSeason(ctx, p.Manifest.LastBlock.Season); err == nil {
			return games, revision
		}
	}
	e.options.Logger.WarnContext(ctx, "no games from the database; ratings stay as the pack has them", "error", err)
	return nil, unknownRevision
}

// Refresh continues the ratings if games have changed. It reports whether
// they had; on an error the old ratings serve on. Cost: one query, and for a
// change one season's filter updates, about a second.
func (e *Engine) Refresh(ctx context.Context) (changed bool, err error) {
	if e.options.Games == nil {
		return false, nil
	}
	e.changing.Lock()
	defer e.changing.Unlock()
	now := e.resident.Load()
	revision, err := e.options.Games.Revision(ctx)
	if err != nil || revision == now.revision {
		return false, err
	}
	games, err := e.options.Games.FromSeason(ctx, now.pack.Manifest.LastBlock.Season)
	if err != nil {
		return false, err
	}
	next, err := newResident(now.pack, games, revision)
	if err != nil {
		return false, err
	}
	e.resident.Store(next)
	e.options.Logger.InfoContext(ctx, "ratings continued", "revision", revision, "as_of", next.state.AsOf(), "games", next.state.Games())
	return true, nil
}

// Ready is nil when predictions can be made.
func (e *Engine) Ready() error {
	if e.resident.Load() == nil {
		return fault.New(fault.Unavailable, "no model pack is active")
	}
	return nil
}

// PackVersion is the version of the active pack.
func (e *Engine) PackVersion() string { return e.resident.Load().pack.Manifest.Version }

// Manifest describes the active pack.
func (e *Engine) Manifest() pack.Manifest { return e.resident.Load().pack.Manifest }

// AsOf is the day of the last game that the ratings know.
func (e *Engine) AsOf() time.Time { return e.resident.Load().state.AsOf() }
