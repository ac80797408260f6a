package ratings

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/script-ohio/platform/app/predict/football"
)

// View is what a state knows before a block: fixtures can be rated with it,
// results cannot be learned through it.
type View struct{ s *State }

// Team is one team's rating. Points unless said otherwise.
type Team struct {
	Name       string
	Conference string
	FBS        bool

	Rating     float64 // Form + Level + league strength, against an average FBS team of the start
	SD         float64 // standard error of Rating
	Form       float64 // this season's part
	Level      float64 // the part that lasts for years
	League     float64 // the conference's part
	TotalShift float64 // points that its games have more than others

	Elo              float64
	Offence, Defence float64 // points scored more, and allowed less, than average

	Season int // of its last game
	Games  int // played in that season
	Wins   float64
	Last   football.Day
}

// Matchup is a fixture as the ratings see it before it is played.
type Matchup struct {
	Home, Away Team

	Margin   float64 // expected home margin of the margin filter
	Variance float64 // of that expectation, without the game's own noise
	Total    float64 // expected total points
	// Informed is the expected home margin of the filter that also knows the
	// closing lines of earlier games; without any it knows results only.
	Informed float64

	EloMargin            float64 // expected home margin by Elo
	EloProbability       float64 // of a home win by Elo
	PointsHome           float64 // expected points by offence and defence
	PointsAway           float64
	GamesHome, GamesAway int     // played in the fixture's season
	RestHome, RestAway   int     // days since the last game of the season, -1 at its start
	WinsHome, WinsAway   float64 // in the fixture's season
}

// Block is the block that the view was opened for.
func (v View) Block() football.BlockKey { return v.s.block }

// Hash names the games that the view knows.
func (v View) Hash() string { return v.s.Hash() }

// AsOf is the day of the last game that the view knows.
func (v View) AsOf() time.Time { return v.s.AsOf() }

// HomeField is the home field advantage in points and its standard error.
func (v View) HomeField() (points, sd float64) {
	return v.s.margin.x[generalIndex], math.Sqrt(v.s.margin.at(generalIndex, generalIndex))
}

// Side finds how a team of that canonical name last took the field.
func (v View) Side(name string) (football.Side, bool) {
	fbs, isFBS := v.s.byKey[name]
	pool, isPool := v.s.byKey[poolConference+name]
	switch {
	case isFBS && (!isPool || v.s.teams[fbs].lastDay >= v.s.teams[pool].lastDay):
		return football.Side{Team: name, Division: football.FBS, Conference: v.s.confName[v.s.teams[fbs].conf]}, true
	case isPool:
		return football.Side{Team: name}, true
	}
	return football.Side{}, false
}

// Names are all team names met, sorted.
func (v View) Names() []string {
	names := make([]string, 0, len(v.s.teams))
	for _, t := range v.s.teams {
		names = append(names, t.name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Rate rates a fixture; ok is false when a side has never been met. It
// allocates nothing and costs O(1).
func (v View) Rate(f *football.Fixture, m *Matchup) (ok bool) {
	h, okHome := v.s.byKey[key(f.Home)]
	a, okAway := v.s.byKey[key(f.Away)]
	if !okHome || !okAway {
		return false
	}
	home, away := &v.s.teams[h], &v.s.teams[a]
	v.fill(h, &m.Home)
	v.fill(a, &m.Away)
	d := v.s.margin.design(home.place, away.place, f.Neutral)
	m.Margin, m.Variance = v.s.margin.mean(&d), v.s.margin.variance(&d)
	m.Informed = v.s.lines.mean(&d)
	d = v.s.total.design(home.place, away.place, f.Neutral)
	m.Total = v.s.total.mean(&d)
	diff := eloAdvantage(home, away, f.Neutral)
	m.EloMargin, m.EloProbability = diff/eloPerPoint, eloProbability(diff)
	m.PointsHome, m.PointsAway = v.s.points.expect(v.pointsIndex(h), v.pointsIndex(a), f.Neutral)
	day := football.DayOf(f.Start)
	m.GamesHome, m.RestHome, m.WinsHome = home.before(f.Season, day)
	m.GamesAway, m.RestAway, m.WinsAway = away.before(f.Season, day)
	return true
}

func (v View) pointsIndex(i int) int {
	if v.s.teams[i].pooled {
		return -1
	}
	return i
}

func (t *team) before(season int, day football.Day) (games, rest int, wins float64) {
	if t.season != season || t.games == 0 {
		return 0, -1, 0
	}
	return t.games, int(day - t.lastDay), t.wins
}

func (v View) fill(i int, r *Team) {
	t, m := &v.s.teams[i], v.s.margin
	own := v.s.points.of(v.pointsIndex(i))
	*r = Team{
		Name: t.name, Conference: v.s.confName[t.conf], FBS: !t.pooled,
		Form: m.x[t.form], Level: m.x[t.form+1], League: m.x[t.conf],
		Rating:     m.x[t.form] + m.x[t.form+1] + m.x[t.conf],
		TotalShift: v.s.total.x[t.form] + v.s.total.x[t.form+1] + v.s.total.x[t.conf],
		Elo:        t.elo, Offence: own.Offence, Defence: own.Defence,
		Season: t.season, Games: t.games, Wins: t.wins, Last: t.lastDay,
	}
	index := [3]int{t.form, t.form + 1, t.conf}
	variance := 0.0
	for _, a := range index {
		for _, b := range index {
			variance += m.at(a, b)
		}
	}
	r.SD = math.Sqrt(max(variance, 0))
	if t.pooled {
		r.Conference = "" // the pool is no conference
	}
}

// Team rates one team by its canonical name.
func (v View) Team(name string) (Team, bool) {
	side, ok := v.Side(name)
	if !ok {
		return Team{}, false
	}
	var t Team
	v.fill(v.s.byKey[key(side)], &t)
	return t, true
}

// Ranking lists the FBS teams that played in the latest season learned, or in
// the one before it, best first.
func (v View) Ranking() []Team {
	latest := 0
	for i := range v.s.teams {
		latest = max(latest, v.s.teams[i].season)
	}
	var ranking []Team
	for i := range v.s.teams {
		if t := &v.s.teams[i]; !t.pooled && t.season > 0 && t.season >= latest-1 {
			var r Team
			v.fill(i, &r)
			ranking = append(ranking, r)
		}
	}
	slices.SortFunc(ranking, func(a, b Team) int {
		return cmp.Or(cmp.Compare(b.Rating, a.Rating), cmp.Compare(a.Name, b.Name))
	})
	return ranking
}
