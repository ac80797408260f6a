// Package football holds the facts of college football: teams, games, blocks
// of games, and the two signs of a point difference.
package football

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/script-ohio/platform/app/fault"
)

// Margin is home points minus away points: positive when the home side wins.
type Margin float64

// Spread is a betting line in the market's sign: negative when the home side
// is favoured. It is a type of its own so that the two signs cannot be mixed.
type Spread float64

// Margin is the home margin that the market expects.
func (s Spread) Margin() Margin { return Margin(-s) }

// Season types.
const (
	Regular    = "regular"
	Postseason = "postseason"
)

// FBS is the division of the teams that the models are about; every other
// division is pooled.
const FBS = "fbs"

// Side is one team as it enters a game.
type Side struct {
	Team       string
	Conference string
	Division   string
}

// Fixture is what is known of a game before kick-off. It has no score, so
// whatever is computed from fixtures cannot leak a result.
type Fixture struct {
	ID             int64
	Season         int
	Week           int
	SeasonType     string
	Start          time.Time // UTC
	Neutral        bool
	ConferenceGame bool
	Home, Away     Side
	Spread         *Spread  // closing line, nil when there is none
	TotalLine      *float64 // expected total points, nil when there is none
}

// IsPostseason reports whether the fixture is a bowl or play-off game.
func (f Fixture) IsPostseason() bool { return f.SeasonType == Postseason }

// BothFBS reports whether both sides are of the FBS, the games that models
// are trained and judged on.
func (f Fixture) BothFBS() bool { return f.Home.Division == FBS && f.Away.Division == FBS }

// Score is a final result in points.
type Score struct{ Home, Away int }

// Margin is home minus away.
func (s Score) Margin() Margin { return Margin(s.Home - s.Away) }

// Game is a fixture and, once played, its score.
type Game struct {
	Fixture
	Score *Score // nil until played
}

// Result is a game that has been played.
type Result struct {
	Fixture
	Score
}

// Margin is home minus away.
func (r Result) Margin() Margin { return r.Score.Margin() }

// Limits of plausible values: wider than anything in the record books
// (222-0, 1916), narrow enough to catch a column mix-up.
const (
	minSeason, maxSeason = 1869, 2200
	maxWeek              = 30
	maxPoints            = 300
	maxSpread            = 100
	maxTotal             = 300
	maxName              = 80
)

// Validate reports everything that is wrong with the game at once.
func (g Game) Validate() error {
	var details []fault.Detail
	bad := func(ok bool, location, format string, args ...any) {
		if !ok {
			details = append(details, fault.Detail{Location: location, Message: fmt.Sprintf(format, args...)})
		}
	}
	bad(g.ID > 0, "id", "must be a positive number")
	bad(g.Season >= minSeason && g.Season <= maxSeason, "season", "must be a year from %d to %d", minSeason, maxSeason)
	bad(g.Week >= 0 && g.Week <= maxWeek, "week", "must be 0 to %d", maxWeek)
	bad(g.SeasonType == Regular || g.SeasonType == Postseason, "season_type", "must be regular or postseason")
	year := g.Start.Year()
	bad(!g.Start.IsZero() && year >= g.Season && year <= g.Season+1, "start_date", "must lie in the season's year or the next")
	bad(plainName(g.Home.Team), "home_team", "must be 1 to %d printable characters", maxName)
	bad(plainName(g.Away.Team), "away_team", "must be 1 to %d printable characters", maxName)
	for _, text := range [...]struct{ location, value string }{
		{"home_conference", g.Home.Conference}, {"home_division", g.Home.Division},
		{"away_conference", g.Away.Conference}, {"away_division", g.Away.Division},
	} {
		bad(text.value == "" || plainName(text.value), text.location, "must be at most %d printable characters", maxName)
	}
	bad(g.Home.Team != g.Away.Team, "away_team", "must differ from home_team")
	if g.Score != nil {
		bad(g.Score.Home >= 0 && g.Score.Home <= maxPoints, "home_points", "must be 0 to %d", maxPoints)
		bad(g.Score.Away >= 0 && g.Score.Away <= maxPoints, "away_points", "must be 0 to %d", maxPoints)
	}
	bad(g.Spread == nil || math.Abs(float64(*g.Spread)) <= maxSpread, "spread", "must be -%d to %d", maxSpread, maxSpread)
	bad(g.TotalLine == nil || (*g.TotalLine >= 0 && *g.TotalLine <= maxTotal), "total_line", "must be 0 to %d", maxTotal)
	if len(details) == 0 {
		return nil
	}
	words := make([]string, len(details))
	for i, d := range details {
		words[i] = d.Location + " " + d.Message
	}
	return fault.New(fault.Invalid, "%s", strings.Join(words, "; ")).With(details...)
}

func plainName(s string) bool {
	return s != "" && len(s) <= maxName && strings.TrimSpace(s) == s &&
		strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\uFFFD' }) < 0
}

// Results keeps the games that have been played with a team of the FBS; other
// games would tell about the pool of lower divisions only.
func Results(games []Game) []Result {
	results := make([]Result, 0, len(games))
	for _, g := range games {
		if g.Score != nil && (g.Home.Division == FBS || g.Away.Division == FBS) {
			results = append(results, Result{g.Fixture, *g.Score})
		}
	}
	return results
}
