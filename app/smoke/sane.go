package smoke

import (
	"errors"
	"math"
	"time"
)

// The answers, as far as callers cannot do without. What is wrong with one is
// said in words; a field that is missing is zero and fails like a wrong one.

type health struct {
	Status  string `json:"status"`
	Version string `json:"version"`
}

func saneHealth(f *found, h health) error {
	f.version = h.Version
	return all(must(h.Status == "ok", "status is %q instead of ok", h.Status), must(h.Version != "", "it does not tell its version"))
}

type readiness struct {
	Status string `json:"status"`
	Pack   string `json:"pack_version"`
}

func saneReadiness(f *found, r readiness) error {
	f.pack = r.Pack
	return all(must(r.Status == "ready", "status is %q instead of ready", r.Status), must(r.Pack != "", "it does not tell its model pack"))
}

type team struct {
	Rank   int     `json:"rank"`
	Team   string  `json:"team"`
	Rating float64 `json:"rating"`
	SD     float64 `json:"sd"`
}

func (t team) sane() error {
	return all(
		must(t.Team != "", "a team has no name"),
		must(t.Rank > 0, "%s has the rank %d", t.Team, t.Rank),
		must(t.SD > 0, "the rating of %s has the standard error %g", t.Team, t.SD),
		must(math.Abs(t.Rating) < 100, "%s has the rating %g", t.Team, t.Rating),
	)
}

type teamList struct {
	Pack  string `json:"pack_version"`
	Teams []team `json:"teams"`
}

func saneTeams(f *found, l teamList) error {
	if len(l.Teams) < 2 {
		return must(false, "there are %d teams", len(l.Teams))
	}
	for _, t := range l.Teams {
		if err := t.sane(); err != nil {
			return err
		}
	}
	if l.Teams[0].Team == l.Teams[1].Team {
		return must(false, "%s is listed twice", l.Teams[0].Team)
	}
	f.teams = []string{l.Teams[0].Team, l.Teams[1].Team}
	return must(l.Pack != "", "it does not tell its model pack")
}

type teamCard struct {
	Team    string `json:"team"`
	Current team   `json:"current"`
}

func saneTeam(f *found, c teamCard) error {
	return all(must(c.Team == f.teams[0] && c.Current.Team == c.Team, "it shows %q instead of %q", c.Team, f.teams[0]), c.Current.sane())
}

type ranking struct {
	Season int       `json:"season"`
	Week   int       `json:"week"`
	AsOf   time.Time `json:"as_of"`
	Teams  []team    `json:"teams"`
}

func saneRanking(f *found, r ranking) error {
	for i, t := range r.Teams {
		if err := t.sane(); err != nil {
			return err
		}
		if t.Rank != i+1 {
			return must(false, "place %d has the rank %d", i+1, t.Rank)
		}
		if i > 0 && t.Rating > r.Teams[i-1].Rating {
			return must(false, "%s is rated over the team before it", t.Team)
		}
	}
	f.season, f.week = r.Season, r.Week
	return all(must(len(r.Teams) > 1, "it ranks %d teams", len(r.Teams)), must(r.Season > 0, "it is of no season"), must(!r.AsOf.IsZero(), "it is of no day"))
}

type game struct {
	ID         int64     `json:"id"`
	Season     int       `json:"season"`
	Week       int       `json:"week"`
	SeasonType string    `json:"season_type"`
	Start      time.Time `json:"start_date"`
	Home       side      `json:"home"`
	Away       side      `json:"away"`
}

type side struct {
	Team string `json:"team"`
}

func (g game) sane() error {
	return all(
		must(g.ID > 0, "a game has the id %d", g.ID),
		must(g.Season > 0 && g.Week > 0 && g.SeasonType != "", "game %d is in no week", g.ID),
		must(!g.Start.IsZero(), "game %d has no start", g.ID),
		must(g.Home.Team != "" && g.Away.Team != "" && g.Home != g.Away, "game %d is %q against %q", g.ID, g.Home.Team, g.Away.Team),
	)
}

type gamePage struct {
	Games *[]game `json:"games"` // may be empty, not absent
	Next  string  `json:"next_cursor"`
}

func (p gamePage) sane(most int) error {
	if p.Games == nil {
		return errors.New("it has no list of games")
	}
	for _, g := range *p.Games {
		if err := g.sane(); err != nil {
			return err
		}
	}
	return must(len(*p.Games) <= most, "the page has %d games instead of %d at most", len(*p.Games), most)
}

func saneFirstGames(f *found, p gamePage) error {
	if err := p.sane(1); err != nil {
		return err
	}
	if len(*p.Games) > 0 {
		f.game, f.cursor = &(*p.Games)[0], p.Next
	}
	return nil
}

func saneNextGames(f *found, p gamePage) error {
	if err := p.sane(1); err != nil {
		return err
	}
	return must(len(*p.Games) == 1 && (*p.Games)[0].ID != f.game.ID && !(*p.Games)[0].Start.Before(f.game.Start), "the next page does not go on after the first")
}

func saneWeekGames(f *found, p gamePage) error {
	if err := p.sane(5); err != nil {
		return err
	}
	for _, g := range *p.Games {
		if g.Season != f.season || g.Week != f.week {
			return must(false, "game %d is in week %d of %d instead of week %d of %d", g.ID, g.Week, g.Season, f.week, f.season)
		}
	}
	f.weekAsked = true
	if len(*p.Games) > 0 {
		f.weekGame = &(*p.Games)[0]
	}
	return nil
}

func saneGame(f *found, g game) error {
	return all(g.sane(), must(g.ID == f.game.ID && g.Home == f.game.Home && g.Away == f.game.Away, "it is not the game that the list has"))
}

type model struct {
	Name string `json:"name"`
	Pack string `json:"pack_version"`
	// Features by feature set.
	Features map[string][]string `json:"features"`
}

func (m model) sane() error {
	return all(must(m.Name != "", "a model has no name"), must(m.Pack != "", "model %s is of no pack", m.Name), must(len(m.Features) > 0, "model %s has no features", m.Name))
}

type modelList struct {
	Models []model `json:"models"`
}

func saneModels(f *found, l modelList) error {
	if len(l.Models) == 0 {
		return errors.New("there are no models")
	}
	for _, m := range l.Models {
		if err := m.sane(); err != nil {
			return err
		}
	}
	f.model = l.Models[0].Name
	return nil
}

func saneModel(f *found, m model) error {
	return all(must(m.Name == f.model, "it shows %q instead of %q", m.Name, f.model), m.sane())
}
