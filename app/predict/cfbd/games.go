package cfbd

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/script-ohio/platform/app/predict/football"
)

// placeholder is how far midnight in the eastern United States, which the API
// gives when the hour is not known, may lie behind UTC.
const placeholder = 4 * time.Hour

// noon is the hour, in UTC, of games that have a day only, as in CSV files.
const noon = 18 * time.Hour

// game maps a game without its lines.
func (g Game) game(canonical func(string) string) (football.Game, error) {
	start := g.StartDate.UTC()
	if g.StartTimeTBD {
		start = start.Add(-placeholder).Truncate(24 * time.Hour).Add(noon)
	}
	out := football.Game{Fixture: football.Fixture{
		ID: g.ID, Season: g.Season, Week: g.Week, SeasonType: g.SeasonType, Start: start,
		Neutral: g.NeutralSite, ConferenceGame: g.ConferenceGame,
		Home: side(g.HomeTeam, g.HomeConference, g.HomeClassification, canonical),
		Away: side(g.AwayTeam, g.AwayConference, g.AwayClassification, canonical),
	}}
	// Points count once the game is over; until then they are the score so far.
	if g.Completed {
		if g.HomePoints == nil || g.AwayPoints == nil {
			return out, fmt.Errorf("it is said to be over and has no points")
		}
		out.Score = &football.Score{Home: *g.HomePoints, Away: *g.AwayPoints}
	}
	if out.Home.Division != football.FBS && out.Away.Division != football.FBS {
		return out, fmt.Errorf("neither %s nor %s is of the FBS", out.Home.Team, out.Away.Team)
	}
	return out, out.Validate()
}

func side(team, conference, classification string, canonical func(string) string) football.Side {
	return football.Side{
		Team:       canonical(strings.TrimSpace(team)),
		Conference: football.CanonicalConference(strings.TrimSpace(conference)),
		Division:   strings.ToLower(strings.TrimSpace(classification)),
	}
}

// market is the mean of the bookmakers' lines, to a hundredth of a point: what
// the models were trained on. Each is nil when nobody gives one. A line whose
// sign is not sure is left out.
func (l GameLines) market() (spread *football.Spread, total *float64, doubts []string) {
	var spreads, totals []float64
	for _, line := range l.Lines {
		switch s := line.Spread.value; {
		case s == nil:
		case l.contradicts(line):
			doubts = append(doubts, fmt.Sprintf("the line of %.40s is left out: it says %.60q and a home spread of %+g", line.Provider, line.FormattedSpread, *s))
		default:
			spreads = append(spreads, *s)
		}
		if t := line.OverUnder.value; t != nil && *t > 0 {
			totals = append(totals, *t)
		}
	}
	return (*football.Spread)(mean(spreads)), mean(totals), doubts
}

// contradicts tells whether the words favour the other team than the number.
func (l GameLines) contradicts(line Line) bool {
	favourite := l.HomeTeam
	switch s := *line.Spread.value; {
	case s == 0 || line.FormattedSpread == "":
		return false
	case s > 0:
		favourite = l.AwayTeam
	}
	named, _, _ := strings.Cut(line.FormattedSpread+" ", " -")
	other := l.HomeTeam
	if favourite == l.HomeTeam {
		other = l.AwayTeam
	}
	return named == other
}

func mean(values []float64) *float64 {
	if len(values) == 0 {
		return nil
	}
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	m := math.Round(100*sum/float64(len(values))) / 100
	return &m
}

// answering gives the games that a query asks for, and refuses the others.
func (q Query) answering(games []Game) (asked []Game, strays []Refusal) {
	for _, g := range games {
		if g.Season != q.Season || q.Week != 0 && g.Week != q.Week || q.SeasonType != "" && g.SeasonType != q.SeasonType {
			strays = append(strays, Refusal{g.ID, fmt.Sprintf("it is of %.80s, which was not asked for", Query{g.Season, g.Week, g.SeasonType})})
			continue
		}
		asked = append(asked, g)
	}
	return asked, strays
}

// combine maps an answer to games, each id once, with their lines. What cannot
// be used is refused; lines that cannot do not cost their game.
func combine(games []Game, lines []GameLines, canonical func(string) string) (good []football.Game, refused []Refusal) {
	byGame := map[int64]GameLines{}
	for _, l := range lines {
		if _, twice := byGame[l.ID]; twice {
			refused = append(refused, Refusal{l.ID, "its lines stand in the answer twice; the first are taken"})
			continue
		}
		byGame[l.ID] = l
	}
	seen := map[int64]bool{}
	for _, g := range games {
		game, err := g.game(canonical)
		if err == nil && seen[g.ID] {
			err = fmt.Errorf("it stands in the answer twice; the first is taken")
		}
		if err != nil {
			refused = append(refused, Refusal{g.ID, err.Error()})
			continue
		}
		seen[g.ID] = true
		spread, total, doubts := byGame[g.ID].market()
		lined := game
		lined.Spread, lined.TotalLine = spread, total
		if err := lined.Validate(); err != nil {
			doubts = append(doubts, "its lines are left out: "+err.Error())
		} else {
			game = lined
		}
		for _, doubt := range doubts {
			refused = append(refused, Refusal{g.ID, doubt})
		}
		good = append(good, game)
	}
	return good, refused
}
