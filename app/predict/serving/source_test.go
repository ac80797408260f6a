package serving_test

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/football/footballtest"
	"github.com/script-ohio/platform/app/predict/pack"
	"github.com/script-ohio/platform/app/predict/release"
	"github.com/script-ohio/platform/app/predict/serving"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The league of all tests here, and two packs trained on it: up to the end of
// a week in October 2009, and up to its Thursday games.
var (
	weekEnd  = time.Date(2009, time.October, 13, 12, 0, 0, 0, time.UTC)
	thursday = time.Date(2009, time.October, 9, 12, 0, 0, 0, time.UTC)

	atWeekEnd  = sync.OnceValues(func() (*pack.Pack, error) { return train(8, weekEnd) })
	atThursday = sync.OnceValues(func() (*pack.Pack, error) { return train(8, thursday) })
	other      = sync.OnceValues(func() (*pack.Pack, error) { return train(9, weekEnd) })
)

// league is the games of 2003 to 2009, played before an instant.
func league(seed uint64, until time.Time) []football.Game {
	return footballtest.Games(footballtest.Options{Seed: seed, First: 2003, Last: 2009, PlayedBefore: until})
}

func train(seed uint64, until time.Time) (*pack.Pack, error) {
	return release.Build(context.Background(), football.Results(league(seed, until)), release.Options{
		ToolVersion: "test", Now: func() time.Time { return until }, Progress: func(string) {}, JudgedSeasons: 1,
	})
}

func packOf(t testing.TB, build func() (*pack.Pack, error)) *pack.Pack {
	p, err := build()
	require.NoError(t, err)
	return p
}

// source is a football.Store in memory that can fail.
type source struct {
	mu       sync.Mutex
	games    []football.Game
	revision int64
	err      error
	calls    int
}

func (s *source) set(games []football.Game) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.games, s.revision = games, s.revision+1
}

func (s *source) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *source) Revision(context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	return s.revision, s.err
}

func (s *source) FromSeason(_ context.Context, season int) ([]football.Game, error) {
	return s.keep(func(g football.Game) bool { return g.Season >= season })
}

func (s *source) Games(_ context.Context, f football.GameFilter) ([]football.Game, error) {
	return s.keep(func(g football.Game) bool { return f.Season == 0 || g.Season == f.Season })
}

func (s *source) keep(keep func(football.Game) bool) ([]football.Game, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.err != nil {
		return nil, s.err
	}
	return slices.DeleteFunc(slices.Clone(s.games), func(g football.Game) bool { return !keep(g) }), nil
}

// lookups counts what an engine says of its caches.
type lookups struct {
	mu           sync.Mutex
	hits, misses map[string]int
}

func (l *lookups) cached(cache string, hit bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.hits == nil {
		l.hits, l.misses = map[string]int{}, map[string]int{}
	}
	if hit {
		l.hits[cache]++
	} else {
		l.misses[cache]++
	}
}

func (l *lookups) of(cache string) [2]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return [2]int{l.hits[cache], l.misses[cache]}
}

func options(games serving.Games, l *lookups) serving.Options {
	o := serving.Options{Logger: slog.New(slog.DiscardHandler), Games: games}
	if l != nil {
		o.Cached = l.cached
	}
	return o
}

func engine(t testing.TB, p *pack.Pack, o serving.Options) *serving.Engine {
	e, err := serving.New(context.Background(), p, o)
	require.NoError(t, err)
	t.Cleanup(e.Close)
	return e
}

// alone is an engine on the pack's own ratings.
func alone(t testing.TB) *serving.Engine { return engine(t, packOf(t, atWeekEnd), options(nil, nil)) }
