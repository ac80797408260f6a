// Package footballtest makes up leagues for tests: seasons of games with
// teams of lasting strength, plausible scores and betting lines.
package footballtest

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/script-ohio/platform/app/predict/football"
)

// Options of a league.
type Options struct {
	Seed        uint64
	First, Last int // seasons, inclusive
	// PlayedBefore leaves games from this instant on without a score; zero
	// plays all. The games themselves do not depend on it.
	PlayedBefore time.Time
}

// Games makes the league's games by start and id: 40 FBS teams in four
// conferences, 12 pooled opponents, 258 games a season in 13
// weeks and 12 bowls. In the third season one team joins the FBS, one leaves it
// and one changes conference. Equal options give equal games.
func Games(o Options) []football.Game {
	l := newLeague(o.Seed)
	var games []football.Game
	for season := o.First; season <= o.Last; season++ {
		if season == o.First+2 {
			l.realign()
		}
		games = append(games, l.season(season)...)
	}
	slices.SortFunc(games, func(a, b football.Game) int {
		if c := a.Start.Compare(b.Start); c != 0 {
			return c
		}
		return int(a.ID - b.ID)
	})
	for i := range games {
		if !o.PlayedBefore.IsZero() && !games[i].Start.Before(o.PlayedBefore) {
			games[i].Score = nil
		}
	}
	return games
}

// Results is Games, played.
func Results(o Options) []football.Result { return football.Results(Games(o)) }

// Winter keeps what was played from a November to the next September: the end
// of one season, its bowls and the start of the next, a tenth of the work of
// two whole seasons.
func Winter(results []football.Result, season int) []football.Result {
	from, to := time.Date(season, time.November, 10, 0, 0, 0, 0, time.UTC), time.Date(season+1, time.September, 25, 0, 0, 0, 0, time.UTC)
	return slices.DeleteFunc(slices.Clone(results), func(r football.Result) bool { return r.Start.Before(from) || r.Start.After(to) })
}

type school struct {
	name     string
	strength float64 // points against an average team
}

type league struct {
	random      *rand.Rand
	conferences [][]*school
	pool        []*school
}

func conferenceNames() []string { return []string{"Big Ten", "SEC", "Pac-12", "Mountain West"} }

func newLeague(seed uint64) *league {
	l := &league{random: rand.New(rand.NewPCG(seed, 2000))}
	level := []float64{7, 8, 2, -8}
	for c, names := range [][]string{
		{"Ohio State", "Michigan", "Penn State", "Iowa", "Wisconsin", "Indiana", "Illinois", "Purdue", "Minnesota", "Michigan State"},
		{"Alabama", "Georgia", "LSU", "Florida", "Auburn", "Tennessee", "Texas A&M", "Ole Miss", "Kentucky", "Missouri"},
		{"USC", "UCLA", "Oregon", "Oregon State", "Washington", "Stanford", "California", "Arizona", "Utah", "Colorado"},
		{"Hawai'i", "San José State", "Boise State", "Wyoming", "UNLV", "New Mexico", "Miami", "Miami (OH)", "Air Force", "Fresno State"},
	} {
		l.conferences = append(l.conferences, l.schools(names, level[c]))
	}
	l.pool = l.schools([]string{
		"North Dakota State", "James Madison", "Montana", "UAlbany", "Grambling", "Nicholls",
		"Villanova", "Delaware", "Furman", "Weber State", "Cal Poly", "Idaho",
	}, -26)
	return l
}

func (l *league) schools(names []string, level float64) []*school {
	schools := make([]*school, len(names))
	for i, name := range names {
		schools[i] = &school{name, level + 8*l.random.NormFloat64()}
	}
	return schools
}

// realign moves a team to another conference, whose last team falls to the
// pool, and fills its place from the pool.
func (l *league) realign() {
	from, to := l.conferences[3], l.conferences[2]
	from[9], to[9], l.pool[1] = l.pool[1], from[9], to[9]
}

func (l *league) season(year int) []football.Game {
	l.age()
	s := &season{league: l, year: year}
	for week := 1; week <= 3; week++ {
		s.crossConferences(week)
	}
	for c := range l.conferences {
		s.roundRobin(c)
	}
	s.bowls()
	return s.games
}

// age lets strengths wander over a winter.
func (l *league) age() {
	for _, c := range append(slices.Clone(l.conferences), l.pool) {
		mean := 0.0
		for _, t := range c {
			mean += t.strength / float64(len(c))
		}
		for _, t := range c {
			t.strength = mean + 0.8*(t.strength-mean) + 4*l.random.NormFloat64()
		}
	}
}

type season struct {
	*league
	year  int
	games []football.Game
}

// crossConferences pairs all teams at random; in the first week some host a
// team of the pool.
func (s *season) crossConferences(week int) {
	all := slices.Concat(s.conferences...)
	s.random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for i := 0; week == 1 && i < len(s.pool); i++ {
		s.play(week, football.Regular, s.kickoff(week), false, all[i], s.pool[i])
	}
	if week == 1 {
		all = all[len(s.pool):]
	}
	for i := 0; i+1 < len(all); i += 2 {
		s.play(week, football.Regular, s.kickoff(week), s.random.IntN(12) == 0, all[i], all[i+1])
	}
}

// roundRobin plays weeks 4 to 13 of a conference by the circle method, with
// one week off.
func (s *season) roundRobin(conference int) {
	teams := slices.Clone(s.conferences[conference])
	n, week := len(teams), 4
	for round := range n - 1 {
		if round == conference+2 {
			week++
		}
		for i := range n / 2 {
			home, away := teams[i], teams[n-1-i]
			if s.random.IntN(2) == 0 {
				home, away = away, home
			}
			s.play(week, football.Regular, s.kickoff(week), false, home, away)
		}
		last := teams[n-1]
		copy(teams[2:], teams[1:n-1])
		teams[1] = last
		week++
	}
}

// bowls are 12 neutral games between the middle of December and January.
func (s *season) bowls() {
	all := slices.Concat(s.conferences...)
	s.random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	first := time.Date(s.year, time.December, 18, 21, 0, 0, 0, time.UTC)
	for i := range 12 {
		start := first.AddDate(0, 0, i+i/4)
		s.play(1, football.Postseason, start, true, all[2*i], all[2*i+1])
	}
}

// kickoff is mostly on the week's Saturday, at times on a Thursday night,
// which is Friday in UTC.
func (s *season) kickoff(week int) time.Time {
	saturday := football.WeekDay(s.year, week).Kickoff()
	if s.random.IntN(10) == 0 {
		return saturday.Add(-33 * time.Hour)
	}
	return saturday.Add(time.Duration(s.random.IntN(10)) * time.Hour)
}

const (
	homeField = 2.5 // points
	gameSD    = 14.0
)

func (s *season) play(week int, seasonType string, start time.Time, neutral bool, home, away *school) {
	expected := home.strength - away.strength
	if !neutral {
		expected += homeField
	}
	margin := expected + gameSD*s.random.NormFloat64()
	total := math.Abs(margin) + max(0, 54+14*s.random.NormFloat64()-0.6*math.Abs(margin))
	score := football.Score{Home: int(math.Round((total + margin) / 2)), Away: int(math.Round((total - margin) / 2))}
	if score.Home == score.Away {
		score.Home += 3
	}
	f := football.Fixture{
		ID: int64(s.year)*1000 + int64(len(s.games)) + 1, Season: s.year, Week: week, SeasonType: seasonType,
		Start: start, Neutral: neutral, Home: s.side(home), Away: s.side(away),
	}
	f.ConferenceGame = f.Home.Conference != "" && f.Home.Conference == f.Away.Conference && seasonType == football.Regular
	spread := football.Spread(-math.Round(2*(expected+3*s.random.NormFloat64())) / 2)
	line := math.Round(2*(54+4*s.random.NormFloat64())) / 2
	if f.BothFBS() && s.random.IntN(20) > 0 {
		f.Spread, f.TotalLine = &spread, &line
	}
	s.games = append(s.games, football.Game{Fixture: f, Score: &score})
}

func (s *season) side(t *school) football.Side {
	for c, teams := range s.conferences {
		if slices.Contains(teams, t) {
			return football.Side{Team: t.name, Conference: conferenceNames()[c], Division: football.FBS}
		}
	}
	return football.Side{Team: t.name, Division: "fcs"}
}
