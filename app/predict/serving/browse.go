package serving

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/maypok86/otter/v2"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/features"
	"github.com/script-ohio/platform/app/predict/football"
	"github.com/script-ohio/platform/app/predict/pack"
	"github.com/script-ohio/platform/app/predict/ratings"
)

type slateKey struct {
	weekKey
	pack     string
	revision int64
}

// Week predicts the scheduled games of a week, each from the ratings before
// its block. A week is computed once for a pack and a revision of the games.
func (e *Engine) Week(ctx context.Context, season, week int, seasonType string) (Slate, error) {
	r := e.resident.Load()
	seasonType = cmp.Or(seasonType, football.Regular)
	key := slateKey{weekKey{season, week, seasonType}, r.pack.Manifest.Version, r.revision}
	hit := true
	slate, err := e.slates.Get(ctx, key, otter.LoaderFunc[slateKey, Slate](func(ctx context.Context, _ slateKey) (Slate, error) {
		hit = false
		return e.predictWeek(ctx, r, key.weekKey)
	}))
	e.options.Cached("slates", hit)
	return slate, err
}

func (e *Engine) predictWeek(ctx context.Context, r *resident, key weekKey) (Slate, error) {
	games, calendar, err := e.schedule(ctx, r, key)
	if err != nil {
		return Slate{}, err
	}
	slate := Slate{
		Season: key.season, Week: key.week, SeasonType: key.seasonType,
		PackVersion: r.pack.Manifest.Version, Predictions: make([]Prediction, 0, len(games)),
	}
	fixtures := map[football.BlockKey][]football.Fixture{}
	for _, g := range games {
		k := calendar.Key(g.Fixture)
		fixtures[k] = append(fixtures[k], g.Fixture)
	}
	w := workspaces.Get().(*workspace)
	defer workspaces.Put(w)
	keys := slices.SortedFunc(maps.Keys(fixtures), football.BlockKey.Compare)
	state, rest, err := e.stateBefore(ctx, r, keys[0])
	if err != nil {
		return Slate{}, err
	}
	for _, k := range keys {
		if rest, err = learnUntil(ctx, state, rest, k); err != nil {
			return Slate{}, err
		}
		block := fixtures[k]
		// The schedule's own teams are met here, so this moment is not shared.
		m, err := open(state.Clone(), football.Slate{BlockKey: k, Fixtures: block})
		if err != nil {
			return Slate{}, err
		}
		for i := range block {
			p, err := r.answer(m, w, &block[i], &Request{})
			if err != nil {
				return Slate{}, err
			}
			slate.Predictions = append(slate.Predictions, p)
		}
	}
	order := map[int64]int{}
	for i, g := range games {
		order[g.ID] = i
	}
	slices.SortFunc(slate.Predictions, func(a, b Prediction) int { return cmp.Compare(order[a.GameID], order[b.GameID]) })
	return slate, nil
}

// schedule finds a week's games: resident ones without a hop, older ones in
// the database.
func (e *Engine) schedule(ctx context.Context, r *resident, key weekKey) ([]football.Game, football.Calendar, error) {
	calendar := r.calendar
	all := r.games
	if key.season < r.pack.Manifest.LastBlock.Season && e.options.Games != nil {
		var err error
		if all, err = e.options.Games.Games(ctx, football.GameFilter{Season: key.season}); err != nil {
			return nil, calendar, err
		}
		calendar = football.NewCalendar(all)
	}
	var games []football.Game
	for _, g := range all {
		if g.Season == key.season && g.Week == key.week && g.SeasonType == key.seasonType {
			games = append(games, g)
		}
	}
	if len(games) == 0 {
		return nil, calendar, fault.New(fault.NotFound, "no %s games of season %d, week %d are known; import the schedule with `ohio games import`", key.seasonType, key.season, key.week)
	}
	return games, calendar, nil
}

// Rankings ranks the FBS teams before a week; zeros mean now, and a past
// season without a week means its end.
func (e *Engine) Rankings(ctx context.Context, season, week int) (Ranking, error) {
	r := e.resident.Load()
	last, _ := r.state.LastBlock()
	var m *moment
	var err error
	if season != 0 && season < last.Season && week == 0 {
		m, err = e.endOf(ctx, r, season)
	} else {
		m, err = e.when(ctx, r, season, week, "")
	}
	if err != nil {
		return Ranking{}, err
	}
	block := m.view.Block()
	return Ranking{
		Season: block.Season, Week: cmp.Or(week, football.WeekOf(block.Season, block.Day)), AsOf: m.view.AsOf(),
		PackVersion: r.pack.Manifest.Version, Teams: rank(m.view),
	}, nil
}

func rank(view ratings.View) []RankedTeam {
	teams := view.Ranking()
	ranked := make([]RankedTeam, len(teams))
	for i, t := range teams {
		ranked[i] = ranking(t, view.Block().Season)
		ranked[i].Rank = i + 1
	}
	return ranked
}

func ranking(t ratings.Team, season int) RankedTeam {
	row := RankedTeam{
		Team: t.Name, Conference: t.Conference, Rating: t.Rating, SD: t.SD,
		Offence: t.Offence, Defence: t.Defence, Elo: t.Elo,
	}
	if t.Season == season {
		row.Games, row.Wins = t.Games, t.Wins
	}
	return row
}

// Teams lists the FBS teams by name.
func (e *Engine) Teams() []RankedTeam {
	teams := rank(e.resident.Load().now.view)
	slices.SortFunc(teams, func(a, b RankedTeam) int { return cmp.Compare(a.Team, b.Team) })
	return teams
}

// Resolve finds a team's canonical name by any name it is known by.
func (e *Engine) Resolve(team string) (canonical string, known bool) {
	return e.resident.Load().directory.Resolve(team)
}

// Team shows one team by any name it is known by.
func (e *Engine) Team(_ context.Context, name string) (TeamCard, error) {
	r := e.resident.Load()
	canonical, err := r.directory.Lookup("path.team", name)
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return TeamCard{}, fault.New(fault.NotFound, "%s", f.Message).With(f.Details...)
	}
	team, _ := r.now.view.Team(canonical)
	card := TeamCard{Team: canonical, Conference: team.Conference, Division: "other", History: r.history[canonical]}
	if card.History == nil {
		card.History = []pack.RatingPoint{}
	}
	if team.FBS {
		card.Division = football.FBS
	}
	for _, row := range rank(r.now.view) {
		if row.Team == canonical {
			card.Current = row
			return card, nil
		}
	}
	card.Current = ranking(team, r.now.view.Block().Season)
	return card, nil
}

// ModelCards describes the models of the active pack.
func (e *Engine) ModelCards() []ModelCard {
	m := e.resident.Load().pack.Manifest
	cards := make([]ModelCard, 0, len(Models()))
	for _, name := range Models() {
		card := ModelCard{
			Name: name, PackVersion: m.Version, Trained: fmt.Sprintf("%d-%d", m.FirstSeason, m.LastSeason),
			Features: map[string][]string{}, SchemaHash: m.Schema, Metrics: map[string]pack.Metrics{},
		}
		card.Kind, card.Purpose = describe(name)
		for _, set := range features.Sets() {
			card.Features[string(set)] = features.Names(set)
		}
		for season, byModel := range m.Metrics {
			for set, metrics := range byModel[name] {
				card.Metrics[season+"/"+set] = metrics
			}
		}
		cards = append(cards, card)
	}
	return cards
}

func describe(name string) (kind, purpose string) {
	switch name {
	case ModelRidge:
		return "ridge regression", "expected home margin"
	case ModelGBT:
		return "gradient-boosted trees", "probability of a home win, correcting the ridge's log odds"
	case ModelMLP:
		return "neural net", "expected home margin, correcting the ridge's"
	}
	return "blend of ridge, gbt and mlp", "the default answer: probability, margin and interval"
}

// ModelCard describes one model.
func (e *Engine) ModelCard(name string) (ModelCard, error) {
	for _, card := range e.ModelCards() {
		if card.Name == name {
			return card, nil
		}
	}
	return ModelCard{}, fault.New(fault.NotFound, "no model %q; there are ensemble, ridge, gbt and mlp", name)
}
