package serving

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/features"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/pack"
	"github.com/script-ohio/platform/app/predict/ratings"
)

// resident is everything that predictions read: a pack and its ratings,
// continued through the games that are newer. It is immutable, apart from its
// cache of moments.
type resident struct {
	pack      *pack.Pack
	revision  int64
	state     *ratings.State // after the last block learned; cloned before it moves
	directory *football.Directory
	now       *moment // the week after the last block
	history   pack.History

	games    []football.Game // of the pack's last season and later, by start
	newer    []football.Block
	calendar football.Calendar
	weeks    map[weekKey]football.BlockKey // where the schedule says a week begins
	moments  *otter.Cache[football.BlockKey, *moment]
}

type weekKey struct {
	season, week int
	seasonType   string
}

// moment is a block to predict, seen from before it.
type moment struct {
	view  ratings.View
	build features.Builder
}

// maxMoments bounds the cache; a moment holds about 5 MB.
const maxMoments = 16

func newResident(p *pack.Pack, games []football.Game, revision int64) (*resident, error) {
	r := &resident{
		pack: p, revision: revision, games: games, history: pack.History{},
		state: p.State.Clone(), calendar: football.NewCalendar(games), weeks: map[weekKey]football.BlockKey{},
	}
	for team, points := range p.History {
		r.history[team] = slices.Clip(points)
	}
	last, _ := p.State.LastBlock()
	for _, b := range r.calendar.Blocks(football.Results(games)) {
		if b = since(b, p.State.AsOf()); len(b.Fixtures) > 0 {
			b.Day = max(b.Day, last.Day) // the schedule may have moved blocks since the training
			r.newer = append(r.newer, b)
		}
	}
	for _, b := range r.newer {
		if err := r.state.Learn(b); err != nil {
			return nil, fmt.Errorf("continuing the ratings: %w", err)
		}
		r.remember(b)
	}
	for _, g := range games {
		key, week := r.calendar.Key(g.Fixture), weekKey{g.Season, g.Week, g.SeasonType}
		if first, known := r.weeks[week]; !known || key.Compare(first) < 0 {
			r.weeks[week] = key
		}
	}
	var err error
	if r.moments, err = otter.New(&otter.Options[football.BlockKey, *moment]{MaximumSize: maxMoments}); err != nil {
		return nil, err
	}
	r.directory = football.NewDirectory(r.state.View().Names())
	r.now, err = open(r.state.Clone(), pack.NextSlate(r.state))
	return r, err
}

// since keeps a block's games of later days: a pack may have been trained in
// the middle of a week.
func since(b football.Block, day time.Time) football.Block {
	later := football.Block{Slate: football.Slate{BlockKey: b.BlockKey}}
	for i, f := range b.Fixtures {
		if football.DayOf(f.Start).Time().After(day) {
			later.Fixtures, later.Scores = append(later.Fixtures, f), append(later.Scores, b.Scores[i])
		}
	}
	return later
}

// remember adds the rating that FBS teams have after a block they played in.
func (r *resident) remember(b football.Block) {
	view := r.state.View()
	for _, f := range b.Fixtures {
		for _, side := range []football.Side{f.Home, f.Away} {
			team, ok := view.Team(side.Team)
			if !ok || !team.FBS {
				continue
			}
			points, point := r.history[team.Name], pack.PointOf(team)
			if n := len(points); n == 0 || points[n-1] != point { // it may play twice in a block
				r.history[team.Name] = append(points, point)
			}
		}
	}
}

func open(state *ratings.State, slate football.Slate) (*moment, error) {
	view, err := state.Open(slate)
	if err != nil {
		return nil, err
	}
	return &moment{view, features.NewBuilder(view)}, nil
}

// when finds the moment before a week. Zero season and week mean now.
func (e *Engine) when(ctx context.Context, r *resident, season, week int, seasonType string) (*moment, error) {
	last, _ := r.state.LastBlock()
	if week == 0 && (season == 0 || season == last.Season) {
		return r.now, nil
	}
	if season == 0 {
		season = last.Season
	}
	if seasonType == "" {
		seasonType = football.Regular
	}
	key, scheduled := r.weeks[weekKey{season, max(week, 1), seasonType}]
	if !scheduled {
		key = football.BlockKey{Season: season, Day: football.WeekDay(season, max(week, 1))}
		if seasonType == football.Postseason {
			key.Day += 7 * weeksBeforeBowls
		}
	}
	return e.before(ctx, r, football.Slate{BlockKey: key})
}

// weeksBeforeBowls is how many weeks a regular season has when no schedule
// tells.
const weeksBeforeBowls = 15

// before gives the moment before a block. Later blocks follow from the
// resident ratings, earlier ones are replayed.
func (e *Engine) before(ctx context.Context, r *resident, slate football.Slate) (*moment, error) {
	hit := true
	found, err := r.moments.Get(ctx, slate.BlockKey, otter.LoaderFunc[football.BlockKey, *moment](
		func(ctx context.Context, key football.BlockKey) (*moment, error) {
			hit = false
			state, _, err := e.stateBefore(ctx, r, key)
			if err != nil {
				return nil, err
			}
			return open(state, slate)
		}))
	e.options.Cached("ratings", hit)
	return found, err
}

// ended is the day that stands for the end of a season.
const ended football.Day = -1

// endOf gives the moment after a past season's last block, before anything
// has faded.
func (e *Engine) endOf(ctx context.Context, r *resident, season int) (*moment, error) {
	hit := true
	found, err := r.moments.Get(ctx, football.BlockKey{Season: season, Day: ended}, otter.LoaderFunc[football.BlockKey, *moment](
		func(ctx context.Context, _ football.BlockKey) (*moment, error) {
			hit = false
			next := football.BlockKey{Season: season + 1, Day: football.WeekDay(season+1, 1) - 14}
			state, _, err := e.stateBefore(ctx, r, next)
			if err != nil {
				return nil, err
			}
			return &moment{view: state.View()}, nil
		}))
	e.options.Cached("ratings", hit)
	return found, err
}

// stateBefore gives the ratings before a block, and the blocks from it on that
// could be learned next.
func (e *Engine) stateBefore(ctx context.Context, r *resident, key football.BlockKey) (*ratings.State, []football.Block, error) {
	last, _ := r.state.LastBlock()
	if key.Compare(last) > 0 {
		if key.Season < last.Season || key.Season > last.Season+maxSeasonsAhead {
			return nil, nil, fault.New(fault.Invalid, "season %d is too far from the ratings, which end in %d", key.Season, last.Season)
		}
		return r.state.Clone(), nil, nil
	}
	packEnd, _ := r.pack.State.LastBlock()
	state, blocks := r.pack.State.Clone(), r.newer
	if key.Compare(packEnd) <= 0 {
		var err error
		if blocks, err = e.olderBlocks(ctx, key); err != nil {
			return nil, nil, err
		}
		state = ratings.NewState()
		// A replay of all seasons keeps a processor busy for some seconds:
		// one at a time, so that predictions keep theirs.
		select {
		case e.replaying <- struct{}{}:
			defer func() { <-e.replaying }()
		case <-ctx.Done():
			return nil, nil, fault.Wrap(fault.Unavailable, ctx.Err(), "other replays of the ratings took too long")
		}
	}
	rest, err := learnUntil(ctx, state, blocks, key)
	return state, rest, err
}

// learnUntil learns the blocks before key and gives those that are left.
func learnUntil(ctx context.Context, state *ratings.State, blocks []football.Block, key football.BlockKey) ([]football.Block, error) {
	for len(blocks) > 0 && blocks[0].Compare(key) < 0 {
		if err := state.Learn(blocks[0]); err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, fault.Wrap(fault.Unavailable, err, "the replay of the ratings was given up")
		}
		blocks = blocks[1:]
	}
	return blocks, nil
}

// maxSeasonsAhead is how far ratings may be rolled on without a game.
const maxSeasonsAhead = 5

// settlingSeasons of games must be there before ratings mean something.
const settlingSeasons = 3

func (e *Engine) olderBlocks(ctx context.Context, key football.BlockKey) ([]football.Block, error) {
	missing := fault.New(fault.Invalid, "predictions as of season %d need the games of at least %d seasons before it; import them with `ohio games import`", key.Season, settlingSeasons)
	if e.options.Games == nil {
		return nil, missing
	}
	games, err := e.options.Games.FromSeason(ctx, 0)
	if err != nil {
		return nil, err
	}
	blocks := football.NewCalendar(games).Blocks(football.Results(games))
	if len(blocks) == 0 || blocks[0].Season > key.Season-settlingSeasons {
		return nil, missing
	}
	return blocks, nil
}
